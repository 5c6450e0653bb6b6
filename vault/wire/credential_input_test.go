package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

func TestPatchChangesOnlyWhatItNames(t *testing.T) {
	want, got := databaseEntry(), databaseEntry()
	got.ID = want.ID
	patch := readInput(t, `{"Name":"db-new","Expires":null,"Id":"","Attachments":[]}`)
	patch.Apply(got, false)
	want.Set(vault.FieldTitle, vault.SecretText("db-new"), false)
	want.Times.Expires, want.Times.Expiry = false, time.Time{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A client that reads an entry and puts it back sends nulls and empty values
// where the server withheld them. Nothing may be lost by that.
func TestPutOfWhatWasReadChangesNothing(t *testing.T) {
	want, got := databaseEntry(), databaseEntry()
	got.ID = want.ID
	body := append(wire.NewCredential(want, vault.NewID(), nil, wire.Metadata).Append([]byte(`{"Item":`)), `,"Comment":"tidy up"}`...)
	item, comment, err := wire.ReadPut[wire.CredentialInput](body)
	if err != nil || comment != "tidy up" {
		t.Fatal(comment, err)
	}
	item.Apply(got, true)
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b vault.Field) bool { return a.Name < b.Name })); diff != "" {
		t.Error(diff)
	}
}

func TestPutEmptiesWhatItLeavesOut(t *testing.T) {
	e := databaseEntry()
	item, comment, err := wire.ReadPut[wire.CredentialInput]([]byte(`{"name":"db","UsageComment":"v4"}`))
	if err != nil || comment != "v4" {
		t.Fatal(comment, err)
	}
	item.Apply(e, true)
	if e.Username() != "" || e.Field("Owner") != nil || len(e.Tags) != 0 || e.Times.Expires || e.Icon != (vault.Icon{}) {
		t.Errorf("left: %+v", e)
	}
	if p := e.Password(); p.Text() != `p"w\1&<ü>` {
		t.Error("the password is gone, which the client had no way to send back")
	}
	if f := e.Field("PIN"); f == nil || f.Value.IsEmpty() || !f.Protected {
		t.Errorf("the protected field is gone, which the client was not shown: %+v", f)
	}
	none, _, err := wire.ReadPut[wire.CredentialInput]([]byte(`{"Name":"db","CustomUserFields":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	none.Apply(e, true)
	if e.Field("PIN") != nil {
		t.Error("a protected field stays that was left out by name")
	}
}

// Who may move an entry need not be one who may change it.
func TestOnlyMoves(t *testing.T) {
	for body, want := range map[string]bool{
		`{"GroupId":"` + vault.NewID().String() + `"}`:                                    true,
		`{"GroupId":"` + vault.NewID().String() + `","UsageComment":"why","Modified":""}`: true,
		`{"GroupId":"` + vault.NewID().String() + `","Password":""}`:                      false,
		`{"GroupId":"` + vault.NewID().String() + `","Expires":null}`:                     false,
		`{"GroupId":"` + vault.NewID().String() + `","Tags":[]}`:                          false,
		`{"UsageComment":"why"}`:                                                          false,
	} {
		var in wire.CredentialInput
		if err := json.Unmarshal([]byte(body), &in); (err == nil && in.OnlyMoves()) != want {
			t.Errorf("%s: %t, %v", body, in.OnlyMoves(), err)
		}
	}
	for body, want := range map[string]bool{
		`{"ParentId":"` + vault.NewID().String() + `","UsageComment":"why"}`: true,
		`{"ParentId":"` + vault.NewID().String() + `","Notes":""}`:           false,
		`{"Name":"x"}`: false,
	} {
		var in wire.GroupInput
		if err := json.Unmarshal([]byte(body), &in); err != nil || in.OnlyMoves() != want {
			t.Errorf("%s: %t, %v", body, in.OnlyMoves(), err)
		}
	}
}

// Whoever may change an entry but not see its protected values must not get
// them into the tree by calling them unprotected.
func TestProtectionIsNotTakenOffAnUnseenValue(t *testing.T) {
	for _, body := range []string{
		`{"CustomUserFields":{"PIN":""},"ProtectedFields":[]}`,
		`{"CustomUserFields":{"PIN":null},"ProtectedFields":[]}`,
		`{"ProtectedFields":[]}`,
		`{"CustomUserFields":{"PIN":"new"}}`,
	} {
		e := databaseEntry()
		readInput(t, body).Apply(e, false)
		if f := e.Field("PIN"); f == nil || !f.Protected {
			t.Errorf("%s: %+v", body, f)
		}
	}
	e := databaseEntry()
	readInput(t, `{"CustomUserFields":{"PIN":"public","Key":"k"},"ProtectedFields":["Key"]}`).Apply(e, false)
	if f := e.Field("PIN"); f.Protected || f.Value.Text() != "public" {
		t.Errorf("a new value for a field that is no secret any more: %+v", f)
	}
	if f := e.Field("Key"); !f.Protected || e.Field("Owner") != nil {
		t.Errorf("key: %+v", f)
	}
}

func TestChangesApplied(t *testing.T) {
	before := databaseEntry()
	for name, edit := range map[string]func(*vault.Entry){
		"nothing":   func(*vault.Entry) {},
		"title":     func(e *vault.Entry) { e.Set(vault.FieldTitle, vault.SecretText("x"), false) },
		"password":  func(e *vault.Entry) { e.Set(vault.FieldPassword, vault.SecretText("new"), true) },
		"no tags":   func(e *vault.Entry) { e.Tags = nil },
		"a field":   func(e *vault.Entry) { e.Set("Extra", vault.SecretText("1"), true) },
		"icon":      func(e *vault.Entry) { e.Icon.Standard = 3 },
		"auto-type": func(e *vault.Entry) { e.AutoType.Enabled = true; e.AutoType.Associations = nil },
		"otp": func(e *vault.Entry) {
			e.Set(vault.FieldOTP, vault.SecretText("otpauth://totp/svc?secret=MFRGG&period=30&digits=6"), true)
		},
		"another account": func(e *vault.Entry) {
			e.Set(vault.FieldOTP, vault.SecretText("otpauth://totp/site:other@example?secret=MFRGG&period=30&digits=6&issuer=site"), true)
		},
		"another hash": func(e *vault.Entry) {
			e.Set(vault.FieldOTP, vault.SecretText("otpauth://totp/svc?secret=MFRGG&algorithm=SHA256"), true)
		},
		"no otp": func(e *vault.Entry) {
			e.Fields = slices.DeleteFunc(e.Fields, func(f vault.Field) bool { return f.Name == vault.FieldOTP })
		},
		"no expiry": func(e *vault.Entry) { e.Times.Expires, e.Times.Expiry = false, time.Time{} },
	} {
		after, got := databaseEntry(), databaseEntry()
		edit(after)
		in := wire.Changes(before, after)
		if in.IsEmpty() != (name == "nothing") {
			t.Errorf("%s: empty is %t", name, in.IsEmpty())
		}
		b, err := wire.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		readInput(t, string(b)).Apply(got, false)
		ids := cmpopts.IgnoreFields(vault.Entry{}, "ID")
		sorted := cmpopts.SortSlices(func(a, b vault.Field) bool { return a.Name < b.Name })
		if diff := cmp.Diff(after, got, ids, sorted, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A server that knows only the documented members must not be given less than
// was asked for.
func TestPlainInput(t *testing.T) {
	for name, tc := range map[string]struct {
		field vault.Field
		want  error
	}{
		"open field":      {vault.Field{Name: "Owner", Value: vault.SecretText("me")}, nil},
		"protected field": {vault.Field{Name: "PIN", Value: vault.SecretText("4711"), Protected: true}, vault.Unsupported},
		"one-time code":   {vault.Field{Name: vault.FieldOTP, Value: vault.SecretText("otpauth://totp/x?secret=MFRGG"), Protected: true}, nil},
		"Steam":           {vault.Field{Name: vault.FieldOTP, Value: vault.SecretText("otpauth://totp/x?secret=MFRGG&encoder=steam"), Protected: true}, vault.Unsupported},
	} {
		in := wire.NewInput(&vault.Entry{Fields: []vault.Field{tc.field}}, vault.NewID())
		if err := in.Plain(); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
		b, err := wire.Marshal(in)
		if tc.want == nil && (err != nil || bytes.Contains(b, []byte("OneTimeCode")) || bytes.Contains(b, []byte("ProtectedFields"))) {
			t.Errorf("%s: %s, %v", name, b, err)
		}
	}
}

func TestNewInputHoldsEverything(t *testing.T) {
	want := databaseEntry()
	group := vault.NewID()
	b, err := wire.Marshal(wire.NewInput(want, group))
	if err != nil {
		t.Fatal(err)
	}
	in := readInput(t, string(b))
	got := &vault.Entry{ID: want.ID, Times: vault.Times{Created: want.Times.Created, Modified: want.Times.Modified}}
	in.Apply(got, true)
	sorted := cmpopts.SortSlices(func(a, b vault.Field) bool { return a.Name < b.Name })
	if diff := cmp.Diff(want, got, sorted, cmpopts.EquateEmpty()); diff != "" || vault.ID(*in.GroupID) != group {
		t.Error(diff)
	}
}

func readInput(t *testing.T, body string) *wire.CredentialInput {
	t.Helper()
	var in wire.CredentialInput
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return &in
}
