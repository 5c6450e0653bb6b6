package session

import (
	"slices"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
)

// merging puts what a person did to an entry into the entry as the server has
// it now, so that nothing is written back that somebody else has changed since
// it was listed.
//
// A secret value is not shown by a server and cannot be compared: one that the
// person sets counts as changed by somebody else if anything of the entry was.
type merging struct {
	base    *vault.Entry // as it was listed, secret values withheld
	seen    *vault.Entry // base with the secret values that were revealed
	after   *vault.Entry // what the person made of seen
	current *vault.Entry // as the server has it, secret values withheld

	lost []string // names of the parts that both have changed
}

// merge returns the entry to be stored; it shares its values with after and
// current. Conflict names what both have changed, each to something else.
func (m *merging) merge() (*vault.Entry, error) {
	e := *m.current
	e.History = nil
	e.Fields, e.Attachments = m.fields(), m.attachments()
	e.Tags = choose(m, "tags", slices.Equal, func(e *vault.Entry) []string { return e.Tags })
	end := choose(m, "expiry", expiry.same, func(e *vault.Entry) expiry { return expiry{e.Times.Expires, e.Times.Expiry} })
	e.Times.Expires, e.Times.Expiry = end.on, end.at
	e.Icon = choose(m, "icon", equal, func(e *vault.Entry) vault.Icon { return e.Icon })
	e.Foreground = choose(m, "foreground", equal, func(e *vault.Entry) string { return e.Foreground })
	e.Background = choose(m, "background", equal, func(e *vault.Entry) string { return e.Background })
	e.OverrideURL = choose(m, "override URL", equal, func(e *vault.Entry) string { return e.OverrideURL })
	e.NoQualityCheck = choose(m, "quality check", equal, func(e *vault.Entry) bool { return e.NoQualityCheck })
	e.AutoType = choose(m, "auto-type", sameAutoType, func(e *vault.Entry) vault.AutoType { return e.AutoType })
	e.CustomData = choose(m, "custom data", slices.Equal, func(e *vault.Entry) []vault.CustomDatum { return e.CustomData })
	if len(m.lost) > 0 {
		slices.Sort(m.lost)
		return nil, vault.Fail(vault.Conflict, "%s", strings.Join(m.lost, ", "))
	}
	return &e, nil
}

// choose returns a part of an entry as it is to be stored: the person's if they
// changed it, the server's otherwise.
func choose[T any](m *merging, name string, same func(a, b T) bool, part func(*vault.Entry) T) T {
	base, after, current := part(m.base), part(m.after), part(m.current)
	if same(base, after) {
		return current
	}
	if !same(base, current) && !same(after, current) {
		m.lost = append(m.lost, name)
	}
	return after
}

func equal[T comparable](a, b T) bool { return a == b }

// expiry is when an entry expires; at means nothing unless on.
type expiry struct {
	on bool
	at time.Time
}

func (x expiry) same(o expiry) bool { return x.on == o.on && (!x.on || x.at.Equal(o.at)) }

func sameAutoType(a, b vault.AutoType) bool {
	return a.Enabled == b.Enabled && a.Obfuscation == b.Obfuscation && a.DefaultSequence == b.DefaultSequence &&
		slices.Equal(a.Associations, b.Associations)
}

// fields returns the fields in the person's order, those that somebody else has
// added behind them.
func (m *merging) fields() []vault.Field {
	var fields []vault.Field
	for _, f := range m.after.Fields {
		if m.touched(f.Name) {
			fields = append(fields, f)
		} else if now := m.current.Field(f.Name); now != nil {
			fields = append(fields, untold(*now))
		}
	}
	for _, now := range m.current.Fields {
		if m.after.Field(now.Name) == nil && !m.touched(now.Name) {
			fields = append(fields, untold(now))
		}
	}
	for _, f := range m.seen.Fields {
		m.check(f.Name)
	}
	for _, f := range m.after.Fields {
		if m.seen.Field(f.Name) == nil {
			m.check(f.Name)
		}
	}
	return fields
}

// touched reports whether the person changed, added or removed a field.
func (m *merging) touched(name string) bool {
	return !sameField(m.seen.Field(name), m.after.Field(name))
}

// check notes a field that both have changed, each in another way.
func (m *merging) check(name string) {
	if m.touched(name) && m.moved(name) && !sameField(m.after.Field(name), m.current.Field(name)) {
		m.lost = append(m.lost, name)
	}
}

// moved reports whether a field is not what was listed, or may not be.
func (m *merging) moved(name string) bool {
	base, now := m.base.Field(name), m.current.Field(name)
	hidden := func(f *vault.Field) bool {
		if f == nil { // old servers do not say in a list that they have these two
			return name == vault.FieldPassword || name == vault.FieldOTP
		}
		return secretField(f)
	}
	if hidden(base) && hidden(now) {
		return !m.base.Times.Modified.Equal(m.current.Times.Modified)
	}
	return !sameField(base, now)
}

// sameField compares two fields of a name. A standard one that is empty is as
// good as none.
func sameField(a, b *vault.Field) bool {
	none := func(f *vault.Field) bool {
		return f == nil || vault.IsStandard(f.Name) && f.Value.IsEmpty() && !secretField(f)
	}
	if none(a) || none(b) {
		return none(a) && none(b)
	}
	return a.Protected == b.Protected && a.Value.Equal(b.Value)
}

// untold is a field without its value if that is a secret: a server keeps what
// it is not told.
func untold(f vault.Field) vault.Field {
	if secretField(&f) {
		f.Value = vault.Secret{}
	}
	return f
}

// attachments returns the attachments in the person's order, those that somebody
// else has added behind them.
func (m *merging) attachments() []vault.Attachment {
	var files []vault.Attachment
	for _, a := range m.after.Attachments {
		base, now := fileOf(m.base, a), fileOf(m.current, a)
		switch {
		case base == nil || a.Binary != nil:
			files = append(files, a)
		case a.Name != base.Name:
			if now == nil { // with another name or other bytes it is another file
				m.lost = append(m.lost, base.Name)
			}
			files = append(files, a)
		case now != nil:
			files = append(files, *now)
		}
	}
	for _, now := range m.current.Attachments {
		if fileOf(m.base, now) != nil {
			continue
		}
		if m.names(now.Name) {
			m.lost = append(m.lost, now.Name)
		}
		files = append(files, now)
	}
	return files
}

// names reports whether the person added an attachment of that name, or gave
// the name to one.
func (m *merging) names(name string) bool {
	return slices.ContainsFunc(m.after.Attachments, func(a vault.Attachment) bool {
		base := fileOf(m.base, a)
		return a.Name == name && (base == nil || a.Binary != nil || base.Name != name)
	})
}

// fileOf returns the attachment of e that a is, whatever its name, or nil. Old
// servers give them no identifiers.
func fileOf(e *vault.Entry, a vault.Attachment) *vault.Attachment {
	i := slices.IndexFunc(e.Attachments, func(b vault.Attachment) bool {
		return a.ID == b.ID && (!a.ID.IsZero() || a.Name == b.Name)
	})
	if i < 0 {
		return nil
	}
	return &e.Attachments[i]
}
