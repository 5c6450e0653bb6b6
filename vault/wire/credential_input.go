package wire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/tideover/tideover/vault"
)

// ReadPut reads the body of PUT entries/{id} (T CredentialInput) or
// folders/{id} (T GroupInput) in either form: {"Item":…,"Comment":…}, or the
// object alone, whose comment is its UsageComment.
func ReadPut[T CredentialInput | GroupInput](body []byte) (item T, comment string, err error) {
	var wrapped struct {
		Item    json.RawMessage
		Comment *string
	}
	if err := json.Unmarshal(body, &wrapped); err != nil {
		return item, "", err
	}
	if wrapped.Item != nil && !bytes.Equal(wrapped.Item, []byte("null")) {
		body = wrapped.Item
	}
	var usage struct{ UsageComment string }
	_ = json.Unmarshal(body, &usage) // the next call reports what is wrong
	if comment = usage.UsageComment; wrapped.Comment != nil {
		comment = *wrapped.Comment
	}
	return item, comment, json.Unmarshal(body, &item)
}

// Apply changes an entry by what was sent. A member that was not sent changes
// nothing (PATCH) or, with replace, takes its zero value (PUT). What the server
// withholds on reading is the exception, for clients send back what they got:
// the password and the one-time code stay unless a value is sent, and a
// protected custom field stays while its value is empty, or while no custom
// field is sent at all. A field loses its
// protection only together with its value: whoever may not see it cannot
// uncover it. Times are left to the server, but for Expires. The entry takes
// over the secrets.
func (in *CredentialInput) Apply(e *vault.Entry, replace bool) {
	in.applyText(e, vault.FieldTitle, in.Name, replace)
	in.applyText(e, vault.FieldUsername, in.Username, replace)
	in.applyText(e, vault.FieldURL, in.URL, replace)
	in.applyText(e, vault.FieldNotes, in.Notes, replace)
	if in.Password != nil {
		e.Set(vault.FieldPassword, in.Password.Secret, true)
	}
	if in.Tags != nil || replace {
		e.Tags = nil
		if in.Tags != nil {
			e.Tags = tagNames(*in.Tags)
		}
	}
	if in.CustomUserFields != nil {
		in.applyFields(e, *in.CustomUserFields)
	} else if replace {
		in.applyFields(e, withheldFields(e))
	}
	if in.ProtectedFields != nil {
		for _, name := range *in.ProtectedFields {
			if f := e.Field(customName(name)); f != nil {
				f.Protected = true
			}
		}
	}
	if in.CustomApplicationFields != nil {
		applyApplicationFields(e, *in.CustomApplicationFields)
	} else if replace {
		applyApplicationFields(e, nil)
	}
	in.applyTOTP(e)
	if in.Expires.Present || replace {
		e.Times.Expires, e.Times.Expiry = false, time.Time{}
		if d := in.Expires.Date; !d.IsZero() && !d.IsNever() {
			e.Times.Expires, e.Times.Expiry = true, second(d)
		}
	}
}

// OnlyMoves reports whether nothing was sent but where the entry is to go.
func (in *CredentialInput) OnlyMoves() bool {
	rest := *in
	rest.ID, rest.GroupID, rest.UsageComment = nil, nil, nil
	rest.Created, rest.Modified = Date{}, Date{}
	return in.GroupID != nil && reflect.ValueOf(rest).IsZero()
}

// OnlyMoves reports whether nothing was sent but where the folder is to go.
func (in *GroupInput) OnlyMoves() bool {
	rest := *in
	rest.ID, rest.ParentID, rest.UsageComment = nil, nil, nil
	return in.ParentID != nil && reflect.ValueOf(rest).IsZero()
}

// withheldFields returns the protected custom fields of e as the server shows
// them, without their values: sent back, they stay.
func withheldFields(e *vault.Entry) Fields {
	var out Fields
	for _, f := range e.Fields {
		if f.Protected && !vault.IsStandard(f.Name) && f.Name != vault.FieldOTP {
			out = append(out, Member{Name: f.Name})
		}
	}
	return out
}

func (in *CredentialInput) applyText(e *vault.Entry, name string, value *string, replace bool) {
	switch {
	case value != nil:
		e.Set(name, vault.SecretText(*value), false)
	case replace:
		e.Set(name, vault.Secret{}, false)
	}
}

// applyFields makes the custom fields of e those that were sent, in their
// order.
func (in *CredentialInput) applyFields(e *vault.Entry, sent Fields) {
	var protect map[string]bool
	if in.ProtectedFields != nil {
		protect = set(*in.ProtectedFields)
	}
	kept := e.Fields[:0:0]
	for _, f := range e.Fields {
		if vault.IsStandard(f.Name) || f.Name == vault.FieldOTP {
			kept = append(kept, f)
		}
	}
	for _, m := range sent {
		f := vault.Field{Name: customName(m.Name), Value: m.Value.Secret, Protected: protect[m.Name]}
		if old := e.Field(f.Name); old != nil && old.Protected {
			if m.Value.IsEmpty() {
				f = *old
			} else if protect == nil {
				f.Protected = true
			}
		}
		kept = append(kept, f)
	}
	e.Fields = kept
}

func (in *CredentialInput) applyTOTP(e *vault.Entry) {
	if in.OneTimeCode != nil {
		if in.OneTimeCode.IsEmpty() {
			e.Fields = slices.DeleteFunc(e.Fields, func(f vault.Field) bool { return f.Name == vault.FieldOTP })
			return
		}
		e.Set(vault.FieldOTP, in.OneTimeCode.Secret, true)
		return
	}
	if in.TOTPIssuer == nil && in.TOTPSecret == nil && in.TOTPDigits == nil && in.TOTPPeriod == nil {
		return
	}
	t, ok := parseTOTP(e.Value(vault.FieldOTP).Bytes())
	if !ok && (in.TOTPSecret == nil || in.TOTPSecret.IsEmpty()) {
		return // there is none, or one that these members cannot say
	}
	if in.TOTPSecret != nil && !in.TOTPSecret.IsEmpty() {
		clear(t.secret)
		t.secret = in.TOTPSecret.Bytes()
	}
	if in.TOTPIssuer != nil {
		t.issuer = *in.TOTPIssuer
	}
	if in.TOTPDigits != nil {
		t.digits = int(*in.TOTPDigits)
	}
	if in.TOTPPeriod != nil {
		t.period = int(*in.TOTPPeriod)
	}
	e.Set(vault.FieldOTP, t.withDefaults().field(e.Username()), true)
	clear(t.secret)
}

// NewInput returns everything of an entry that the server can store, for
// creating it in a group. It shares the entry's secrets.
func NewInput(e *vault.Entry, group vault.ID) *CredentialInput {
	in := Changes(&vault.Entry{AutoType: vault.AutoType{Enabled: true}}, e)
	id := GUID(group)
	title := e.Title()
	in.GroupID, in.Name = &id, &title // the server asks for both
	return in
}

// Changes returns the members in which two states of one entry differ, for
// PATCH. It shares the secrets of after. A protected field without a value in
// after was withheld, and is not a change.
func Changes(before, after *vault.Entry) *CredentialInput {
	in := &CredentialInput{}
	text := func(name string) *string {
		if before.Value(name).Equal(after.Value(name)) {
			return nil
		}
		value := after.Value(name).Text()
		return &value
	}
	in.Name, in.Username = text(vault.FieldTitle), text(vault.FieldUsername)
	in.URL, in.Notes = text(vault.FieldURL), text(vault.FieldNotes)
	if p := after.Field(vault.FieldPassword); p != nil && !p.Value.Equal(before.Password()) {
		in.Password = &Secret{p.Value}
	}
	if !slices.Equal(before.Tags, after.Tags) {
		tags := Tags{}
		for _, name := range after.Tags {
			tags = append(tags, Tag{Name: name})
		}
		in.Tags = &tags
	}
	was, _ := customFields(before)
	now, protected := customFields(after)
	if !slices.EqualFunc(was, now, func(a, b vault.Field) bool {
		return a.Name == b.Name && a.Protected == b.Protected && a.Value.Equal(b.Value)
	}) {
		fields := Fields{}
		for _, f := range now {
			fields = append(fields, Member{Name: f.Name, Value: Secret{f.Value}})
		}
		in.CustomUserFields = &fields
		if len(protected) > 0 || slices.ContainsFunc(was, func(f vault.Field) bool { return f.Protected }) {
			in.ProtectedFields = &protected
		}
	}
	if apps := applicationFields(after); !slices.EqualFunc(applicationFields(before), apps, sameMember) {
		in.CustomApplicationFields = &apps
	}
	in.changeOTP(before, after)
	if before.Times.Expires != after.Times.Expires || after.Times.Expires && !before.Times.Expiry.Equal(after.Times.Expiry) {
		in.Expires.Present = true
		if after.Times.Expires {
			in.Expires.Date = Date{after.Times.Expiry}
		}
	}
	return in
}

// changeOTP says the one-time code in the TOTP members, and as it is where they
// would change it: another hash, Steam's alphabet, an account of its own.
func (in *CredentialInput) changeOTP(before, after *vault.Entry) {
	otp := after.Value(vault.FieldOTP)
	switch {
	case after.Field(vault.FieldOTP) == nil && before.Field(vault.FieldOTP) != nil:
		in.TOTPSecret, in.OneTimeCode = &Secret{}, &Secret{}
		return
	case otp.IsEmpty() || otp.Equal(before.Value(vault.FieldOTP)):
		return
	}
	t, ok := parseTOTP(otp.Bytes())
	if ok {
		digits, period := Number(t.digits), Number(t.period)
		in.TOTPIssuer, in.TOTPDigits, in.TOTPPeriod = &t.issuer, &digits, &period
		in.TOTPSecret = &Secret{vault.NewSecret(t.secret)}
		again := t.field(after.Username())
		ok = again.Equal(otp)
		again.Wipe()
	}
	if !ok {
		in.OneTimeCode = &Secret{otp}
	}
}

// Plain takes Tideover's own members out, for another server. What cannot be
// said without them is an Unsupported problem: nothing is dropped in silence.
func (in *CredentialInput) Plain() error {
	switch {
	case in.ProtectedFields != nil && len(*in.ProtectedFields) > 0:
		return vault.Fail(vault.Unsupported, "this server has no protected fields")
	case in.OneTimeCode != nil && in.TOTPSecret == nil:
		return vault.Fail(vault.Unsupported, "this server has no one-time codes of this kind")
	}
	in.ProtectedFields, in.OneTimeCode = nil, nil
	return nil
}

// IsEmpty reports whether nothing at all would be changed.
func (in *CredentialInput) IsEmpty() bool {
	b, err := Marshal(in)
	return err == nil && string(b) == "{}"
}

func sameMember(a, b Member) bool { return a.Name == b.Name && a.Value.Equal(b.Value.Secret) }

func customFields(e *vault.Entry) (fields []vault.Field, protected []string) {
	protected = []string{}
	for _, f := range e.Fields {
		if vault.IsStandard(f.Name) || f.Name == vault.FieldOTP {
			continue
		}
		fields = append(fields, f)
		if f.Protected {
			protected = append(protected, f.Name)
		}
	}
	return fields, protected
}

func tagNames(tags Tags) []string {
	var out []string
	for _, t := range tags {
		if t.Name != "" {
			out = append(out, t.Name)
		}
	}
	return out
}
