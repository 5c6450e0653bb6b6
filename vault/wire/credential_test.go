package wire_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

func databaseEntry() *vault.Entry {
	e := &vault.Entry{
		ID: vault.NewID(), Tags: []string{"prod", "db"},
		Icon: vault.Icon{Standard: 17}, Foreground: "#FF0000", Background: "#00FF00",
		OverrideURL: "cmd://ssh {URL}",
		Times: vault.Times{
			Created: time.Date(2024, 3, 5, 15, 15, 17, 0, time.UTC), Modified: time.Date(2024, 3, 6, 16, 0, 0, 0, time.UTC),
			Expires: true, Expiry: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
		},
		AutoType: vault.AutoType{
			Enabled: false, DefaultSequence: "{USERNAME}{ENTER}",
			Associations: []vault.Association{{Window: "PuTTY*", Sequence: "{PASSWORD}"}},
		},
		CustomData: []vault.CustomDatum{{Key: "Team", Value: "7"}},
	}
	for _, f := range []struct {
		name, value string
		protected   bool
	}{
		{vault.FieldTitle, "db-prod", false},
		{vault.FieldUsername, "svc", false},
		{vault.FieldPassword, `p"w\1&<ü>`, true},
		{vault.FieldURL, "https://db.example", false},
		{vault.FieldNotes, "line\nline", false},
		{"Owner", "team-db", false},
		{"PIN", "4711", true},
		{vault.FieldOTP, "otpauth://totp/db.example:svc?secret=JBSWY3DPEHPK3PXP&period=60&digits=8&issuer=db.example", true},
	} {
		e.Set(f.name, vault.SecretText(f.value), f.protected)
	}
	return e
}

func overTheWire(t *testing.T, c *wire.Credential) *wire.Credential {
	t.Helper()
	b, err := wire.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var out wire.Credential
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return &out
}

func TestEntryThereAndBack(t *testing.T) {
	want := databaseEntry()
	facts := &wire.Facts{Modify: true, ViewPassword: true, CommentViewPassword: true, CommentMove: true}
	got, gotFacts := overTheWire(t, wire.NewCredential(want, vault.NewID(), facts, wire.Complete)).Entry()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(facts, gotFacts); diff != "" {
		t.Error(diff)
	}
}

func TestTreesHoldNoSecrets(t *testing.T) {
	want := databaseEntry()
	b, err := wire.Marshal(wire.NewCredential(want, vault.NewID(), nil, wire.Metadata))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"JBSWY3DPEHPK3PXP", "4711", `p\"w`} {
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("the tree holds %s: %s", secret, b)
		}
	}
	if !bytes.Contains(b, []byte(`"Password":null`)) || !bytes.Contains(b, []byte(`"PIN":""`)) {
		t.Errorf("a withheld member is missing: %s", b)
	}
	var c wire.Credential
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	got, _ := c.Entry()
	if f := got.Field("PIN"); f == nil || !f.Protected {
		t.Errorf("PIN: %+v", f)
	}
	if f := got.Field(vault.FieldPassword); f == nil || !f.Protected {
		t.Errorf("password: %+v", f)
	}
}

// Other people's clients index every one of these members, so none may be
// left out, whatever the entry holds.
func TestEveryMemberIsThere(t *testing.T) {
	keys := func(b []byte) []string {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		var out []string
		for k, v := range m {
			out = append(out, k)
			if string(v) == "null" && !slices.Contains([]string{"Password", "UsageComment", "Created", "Modified", "Expires", "Notes", "FileData"}, k) {
				t.Errorf("%s is null", k)
			}
		}
		slices.Sort(out)
		return out
	}
	members := func(t reflect.Type, without ...string) []string {
		var out []string
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" {
				name = f.Name
			}
			if !slices.Contains(without, name) {
				out = append(out, name)
			}
		}
		slices.Sort(out)
		return out
	}
	entry, err := wire.Marshal(wire.NewCredential(&vault.Entry{}, vault.ID{}, nil, wire.Metadata))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(members(reflect.TypeFor[wire.Credential](), "ProtectedFields", "-"), keys(entry)); diff != "" {
		t.Error(diff)
	}
	group, err := wire.Marshal(wire.NewCredentialGroup(&vault.Group{Name: "Root"}, vault.ID{}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(members(reflect.TypeFor[wire.CredentialGroup]()), keys(group)); diff != "" {
		t.Error(diff)
	}
	if !bytes.Contains(group, []byte(`"Notes":null`)) || !bytes.Contains(group, []byte(`"ParentId":"00000000-0000-0000-0000-000000000000"`)) {
		t.Errorf("the root is not recognisable: %s", group)
	}
	file, err := json.Marshal(wire.Attachment{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(members(reflect.TypeFor[wire.Attachment]()), keys(file)); diff != "" {
		t.Error(diff)
	}
	if string((&wire.Attachment{}).Append(nil)) != string(file) {
		t.Errorf("two spellings of an attachment: %s and %s", file, (&wire.Attachment{}).Append(nil))
	}
}

func TestGroupsThereAndBack(t *testing.T) {
	want := &vault.Group{
		ID: vault.NewID(), Name: "Root", Expanded: true, Notes: "all", Tags: []string{"t"}, Icon: vault.Icon{Custom: vault.NewID()},
		CustomData: []vault.CustomDatum{{Key: "k", Value: "v"}, {Key: "CustomUserFields/Owner", Value: "me"}},
	}
	out := wire.NewCredentialGroup(want, vault.ID{}, nil)
	sub := &vault.Group{ID: vault.NewID(), Name: "Infra", Expanded: true}
	entry := databaseEntry()
	child := wire.NewCredentialGroup(sub, want.ID, nil)
	child.Credentials = []wire.Credential{*wire.NewCredential(entry, sub.ID, nil, wire.Complete)}
	out.Children = []wire.CredentialGroup{*child}
	sub.Entries = []*vault.Entry{entry}
	want.Groups = []*vault.Group{sub}

	var back wire.CredentialGroup
	if err := json.Unmarshal(out.Append(nil), &back); err != nil {
		t.Fatal(err)
	}
	got, facts, err := back.Content(wire.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Root, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if facts[entry.ID] == nil || facts[entry.ID].Modify {
		t.Errorf("facts: %+v", facts[entry.ID])
	}
	limits := wire.DefaultLimits()
	limits.GroupDepth = 1
	if _, _, err := back.Content(limits); err == nil {
		t.Error("no limit of depth")
	}
}

func TestOneTimeCodes(t *testing.T) {
	for _, tc := range []struct {
		name, field, secret string
		digits, period      wire.Number
	}{
		{"KeePassXC", "otpauth://totp/Site:me?secret=JBSWY3DP&period=30&digits=6&issuer=Site", "JBSWY3DP", 6, 30},
		{"upper-case scheme", "OTPAUTH://TOTP/x?secret=JBSWY3DP", "JBSWY3DP", 6, 30},
		{"padding", "otpauth://totp/x?secret=JBSWY3DPEA%3D%3D%3D%3D%3D%3D", "JBSWY3DPEA======", 6, 30},
		{"other hash", "otpauth://totp/x?secret=JBSWY3DP&algorithm=SHA256", "", 6, 30},
		{"Steam", "otpauth://totp/x?secret=JBSWY3DP&encoder=steam", "", 6, 30},
		{"counter", "otpauth://hotp/x?secret=JBSWY3DP&counter=1", "", 6, 30},
		{"nothing", "", "", 6, 30},
		{"digits", "otpauth://totp/x?secret=JBSWY3DP&digits=1e9", "", 6, 30},
	} {
		e := &vault.Entry{}
		e.Set(vault.FieldOTP, vault.SecretText(tc.field), true)
		c := wire.NewCredential(e, vault.ID{}, nil, wire.Complete)
		if c.TOTPSecret.Text() != tc.secret || c.TOTPDigits != tc.digits || c.TOTPPeriod != tc.period {
			t.Errorf("%s: %q, %d digits, %d s", tc.name, c.TOTPSecret.Text(), c.TOTPDigits, c.TOTPPeriod)
		}
	}
}

func TestAccessLevels(t *testing.T) {
	want := wire.AccessLevel{ID: wire.GUID(vault.NewID()), Name: "Read-Only", Rights: map[string]bool{"ViewOffline": true, "GrantViewOffline": true}}
	b, err := wire.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var flat map[string]any
	if err := json.Unmarshal(b, &flat); err != nil || len(flat) != 2+2*len(wire.AccessRights())-1 || flat["AddEntries"] != false {
		t.Errorf("%v, %d members: %s", err, len(flat), b)
	}
	var got wire.AccessLevel
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
