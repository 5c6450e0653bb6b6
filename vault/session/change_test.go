package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/session"
)

// webID is /Servers/web of testContent.
var webID = vault.ID{6: 0x40, 8: 0x80, 15: 1}

// place is where entries are changed.
type place struct {
	s        *session.Session
	pleasant bool
	// reveal returns what is stored. The server that stands in for Pleasant's
	// gives one-time codes to its own clients only, so it is asked itself.
	reveal func(*testing.T, vault.ID) *vault.Entry
}

// eachPlace runs a test at a Tideover server, at a Pleasant one and offline.
func eachPlace(t *testing.T, test func(*testing.T, place)) {
	own := func(s *session.Session) place {
		return place{s: s, reveal: func(t *testing.T, id vault.ID) *vault.Entry { return revealed(t, s, id) }}
	}
	t.Run("tideover", func(t *testing.T) { test(t, own(newOnline(t, session.Tideover).s)) })
	t.Run("pleasant", func(t *testing.T) {
		o := newOnline(t, session.Pleasant)
		test(t, place{o.s, true, func(t *testing.T, id vault.ID) *vault.Entry {
			e, err := o.catalog.Reveal(t.Context(), o.op, id, "")
			o.must(err)
			return e.Entry
		}})
	})
	t.Run("offline", func(t *testing.T) {
		w := newWorld(t)
		w.disconnect()
		w.unlock()
		test(t, own(w.s))
	})
}

// item lists, and returns an entry.
func item(t *testing.T, s *session.Session, id vault.ID) *session.Item {
	t.Helper()
	l, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := l.Item(id)
	if i == nil {
		t.Fatalf("%s is not listed", id)
	}
	return i
}

func revealed(t *testing.T, s *session.Session, id vault.ID) *vault.Entry {
	t.Helper()
	e, err := s.Reveal(t.Context(), id, session.ToShow, "")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// looks is what a dialog shows of an entry: the fields, secret ones with a star,
// the files with their bytes, and the rest.
func looks(t *testing.T, p place, id vault.ID) map[string]string {
	t.Helper()
	s := p.s
	i, e := item(t, s, id), p.reveal(t, id)
	out := map[string]string{}
	for _, f := range e.Fields {
		name := f.Name
		if f.Protected && !vault.IsStandard(name) && name != vault.FieldOTP {
			name += "*"
		}
		if !f.Value.IsEmpty() {
			out[name] = f.Value.Text()
		}
	}
	for _, a := range i.Entry.Attachments {
		data, err := s.Attachment(t.Context(), i, a.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		out["file "+a.Name] = string(data)
	}
	for _, tag := range i.Entry.Tags {
		out["tag "+tag] = ""
	}
	if i.Entry.Times.Expires {
		out["expires"] = i.Entry.Times.Expiry.UTC().Format(time.RFC3339)
	}
	if n := i.Entry.Icon.Standard; n != 0 {
		out["icon"] = string(rune('0' + n%10))
	}
	return out
}

const (
	codeURI  = "otpauth://totp/Web:admin?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&period=30&digits=6&issuer=Web"
	otherURI = "otpauth://totp/Web:admin?secret=JBSWY3DPEHPK3PXP&period=60&digits=8&issuer=Web"
)

// dialogEdits are what a dialog changes, one after the other, and what is
// different then. An empty value: it is gone.
var dialogEdits = []struct {
	name   string
	whole  bool // the value of a secret field goes somewhere else
	own    bool // not at Pleasant's, which has no protected fields, and whose stand-in hides one-time codes
	change func(*vault.Entry)
	diff   map[string]string
}{
	{"text", false, false, func(e *vault.Entry) {
		e.Set(vault.FieldTitle, secret("web 2"), false)
		e.Set(vault.FieldUsername, secret("admin"), false)
		e.Set(vault.FieldURL, secret("https://x.example/?a=1&b=2"), false)
		e.Set(vault.FieldNotes, secret("line 1\nline 2"), false)
	}, map[string]string{"Title": "web 2", "UserName": "admin", "URL": "https://x.example/?a=1&b=2", "Notes": "line 1\nline 2"}},
	{"text emptied", false, false, func(e *vault.Entry) {
		e.Set(vault.FieldURL, secret(""), false)
		e.Set(vault.FieldNotes, secret(""), false)
	}, map[string]string{"URL": "", "Notes": ""}},
	{"password", false, false, func(e *vault.Entry) { e.Set(vault.FieldPassword, secret(`n\"e w`), true) }, map[string]string{"Password": `n\"e w`}},
	{"open field added", false, false, func(e *vault.Entry) { e.Set("Owner", secret("ops"), false) }, map[string]string{"Owner": "ops"}},
	{"open field changed", false, false, func(e *vault.Entry) { e.Set("Rack", secret("C 1"), false) }, map[string]string{"Rack": "C 1"}},
	{"open field renamed", false, false, func(e *vault.Entry) { e.Field("Rack").Name = "Cabinet" }, map[string]string{"Rack": "", "Cabinet": "C 1"}},
	{"open field removed", false, false, func(e *vault.Entry) { without(e, "Owner") }, map[string]string{"Owner": ""}},
	{"secret field added", false, true, func(e *vault.Entry) { e.Set("PUK", secret("999"), true) }, map[string]string{"PUK*": "999"}},
	{"secret field changed", false, true, func(e *vault.Entry) { e.Set("PIN", secret("1234"), true) }, map[string]string{"PIN*": "1234"}},
	{"secret field renamed", true, true, func(e *vault.Entry) { e.Field("PIN").Name = "Code" }, map[string]string{"PIN*": "", "Code*": "1234"}},
	{"secret field opened", true, true, func(e *vault.Entry) { e.Field("Code").Protected = false }, map[string]string{"Code*": "", "Code": "1234"}},
	{"open field made secret", false, true, func(e *vault.Entry) { e.Field("Code").Protected = true }, map[string]string{"Code": "", "Code*": "1234"}},
	{"secret field removed", false, true, func(e *vault.Entry) { without(e, "PUK") }, map[string]string{"PUK*": ""}},
	{"file added", false, false, func(e *vault.Entry) {
		e.Attachments = append(e.Attachments, vault.Attachment{Name: "ü.txt", Binary: &vault.Binary{Data: []byte("hi")}})
	}, map[string]string{"file ü.txt": "hi"}},
	{"file renamed", false, false, func(e *vault.Entry) { e.Attachments[1].Name = "b.txt" }, map[string]string{"file ü.txt": "", "file b.txt": "hi"}},
	{"file replaced", false, false, func(e *vault.Entry) {
		e.Attachments[1] = vault.Attachment{Name: "b.txt", Binary: &vault.Binary{Data: []byte("ho")}}
	}, map[string]string{"file b.txt": "ho"}},
	{"file removed", false, false, func(e *vault.Entry) { e.Attachments = e.Attachments[:1] }, map[string]string{"file b.txt": ""}},
	{"tags", false, false, func(e *vault.Entry) { e.Tags = []string{"a", "b c"} }, map[string]string{"tag prod": "", "tag a": " ", "tag b c": " "}},
	{"expiry", false, false, func(e *vault.Entry) {
		e.Times.Expires, e.Times.Expiry = true, time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	}, map[string]string{"expires": "2031-02-03T04:05:06Z"}},
	{"no expiry", false, false, func(e *vault.Entry) { e.Times.Expires = false }, map[string]string{"expires": ""}},
	{"one-time code", false, false, func(e *vault.Entry) { e.Set(vault.FieldOTP, secret(codeURI), true) }, map[string]string{"otp": codeURI}},
	{"one-time code changed", false, false, func(e *vault.Entry) { e.Set(vault.FieldOTP, secret(otherURI), true) }, map[string]string{"otp": otherURI}},
	{"one-time code removed", false, true, func(e *vault.Entry) { without(e, vault.FieldOTP) }, map[string]string{"otp": ""}},
	{"icon", false, false, func(e *vault.Entry) { e.Icon.Standard = 17 }, map[string]string{"icon": "7"}},
}

func without(e *vault.Entry, name string) {
	e.Fields = slices.DeleteFunc(e.Fields, func(f vault.Field) bool { return f.Name == name })
}

// Everything that a dialog offers reaches the server, or the drafts, and leaves
// the rest alone.
func TestEverythingInADialogCanBeChanged(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, p place) {
		s := p.s
		want := looks(t, p, webID)
		for _, c := range dialogEdits {
			if c.own && p.pleasant {
				continue
			}
			edit := s.Edit
			if c.whole {
				edit = s.EditWhole
			}
			if err := edit(t.Context(), item(t, s, webID), func(e *vault.Entry) error { c.change(e); return nil }); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			for name, value := range c.diff {
				switch value {
				case "":
					delete(want, name)
				case " ":
					want[name] = ""
				default:
					want[name] = value
				}
			}
			if diff := cmp.Diff(want, looks(t, p, webID)); diff != "" {
				t.Fatalf("%s:\n%s", c.name, diff)
			}
		}
	})
}

// A secret value that was not shown is not lost by giving its field another
// name, or by opening it: that takes EditWhole.
func TestEditRefusesToLoseASecret(t *testing.T) {
	t.Parallel()
	s := newOnline(t, session.Tideover).s
	for _, change := range []func(*vault.Field){
		func(f *vault.Field) { f.Name = "Code" },
		func(f *vault.Field) { f.Protected = false },
	} {
		err := s.Edit(t.Context(), item(t, s, webID), func(e *vault.Entry) error { change(e.Field("PIN")); return nil })
		if !errors.Is(err, vault.Usage) {
			t.Errorf("got %v", err)
		}
	}
	if e := revealed(t, s, webID); e.Value("PIN").Text() != "4711" {
		t.Error("the value is gone")
	}
}

// A file that counts as a password does so at the server, also with a new entry.
func TestProtectedFileStaysProtected(t *testing.T) {
	t.Parallel()
	o := newOnline(t, session.Tideover)
	keys := vault.Attachment{Name: "keys", Binary: &vault.Binary{Data: []byte("K"), Protected: true}}
	e := &vault.Entry{Attachments: []vault.Attachment{keys}}
	e.Set(vault.FieldTitle, secret("new"), false)
	added, err := o.s.Add(t.Context(), o.catalog.Root(), e)
	o.must(err)
	o.must(o.s.Edit(t.Context(), item(t, o.s, webID), func(e *vault.Entry) error {
		keys.Binary = &vault.Binary{Data: []byte("K"), Protected: true} // Add has wiped the other one
		e.Attachments = append(e.Attachments, keys, vault.Attachment{Name: "open", Binary: &vault.Binary{Data: []byte("O")}})
		return nil
	}))
	for id, want := range map[vault.ID]map[string]bool{webID: {"key.pem": false, "keys": true, "open": false}, added: {"keys": true}} {
		files, err := o.catalog.Files(t.Context(), o.op, id, catalog.FileQuery{Bytes: 1 << 20})
		o.must(err)
		got := map[string]bool{}
		for _, f := range files {
			got[f.Name] = f.Protected
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestOnlineEditsGoToTheServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.must(w.s.Edit(w.ctx(), w.find("/Servers/web"), func(e *vault.Entry) error {
		e.Set(vault.FieldTitle, secret("www"), false)
		return nil
	}))
	w.must(w.s.Remove(w.ctx(), w.find("/Servers/web")))
	e := &vault.Entry{}
	e.Set(vault.FieldTitle, secret("fresh"), false)
	_, err := w.s.Add(w.ctx(), w.list().Root.ID, e)
	w.must(err)
	for _, call := range []string{"update www", "delete", "create fresh"} {
		if w.server.calls[call] != 1 {
			t.Errorf("%s: %d", call, w.server.calls[call])
		}
	}
	if w.server.calls["reveal"] != 0 {
		t.Error("an edit revealed the entry")
	}
}
