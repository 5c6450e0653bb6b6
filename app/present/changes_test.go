package present_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
)

// stored is an entry as a server lists it: its secret values stay there.
func stored() *vault.Entry {
	e := &vault.Entry{ID: vault.ID{1}, Tags: []string{"mail"}}
	e.Fields = []vault.Field{
		{Name: vault.FieldTitle, Value: vault.SecretText("Mail")},
		{Name: vault.FieldUsername, Value: vault.SecretText("ada")},
		{Name: vault.FieldPassword, Protected: true},
		{Name: vault.FieldURL, Value: vault.SecretText("https://mail.example.org")},
		{Name: vault.FieldNotes, Value: vault.SecretText("note")},
		{Name: vault.FieldOTP, Protected: true},
		{Name: "Account", Value: vault.SecretText("4711")},
		{Name: "PIN", Protected: true},
	}
	e.Attachments = []vault.Attachment{{ID: vault.ID{2}, Name: "a.txt"}, {ID: vault.ID{3}, Name: "b.txt"}}
	return e
}

// written puts an entry down as lines, to compare.
func written(e *vault.Entry) []string {
	var out []string
	for _, f := range e.Fields {
		out = append(out, fmt.Sprintf("%s=%s %v", f.Name, f.Value.Text(), f.Protected))
	}
	out = append(out, fmt.Sprintf("tags=%q expires=%v icon=%d", e.Tags, e.Times.Expires, e.Icon.Standard))
	if e.Times.Expires {
		out = append(out, e.Times.Expiry.Format(time.RFC3339))
	}
	for _, a := range e.Attachments {
		data := "unread"
		if a.Binary != nil {
			data = string(a.Binary.Data)
		}
		out = append(out, fmt.Sprintf("%s %d %s", a.Name, a.ID[0], data))
	}
	return out
}

func text(s string) *string { return &s }

func secretOf(s string) *vault.Secret {
	v := vault.SecretText(s)
	return &v
}

func TestApply(t *testing.T) {
	at := time.Date(2027, 3, 31, 18, 0, 0, 0, time.UTC)
	icon := uint32(7)
	tests := []struct {
		name    string
		changes present.Changes
		// gone and come are the lines that differ.
		gone, come []string
	}{
		{name: "nothing"},
		{
			name: "open fields", changes: present.Changes{Title: text("Post"), User: text(""), Notes: text("a\nb")},
			gone: []string{"Title=Mail false", "UserName=ada false", "Notes=note false"},
			come: []string{"Title=Post false", "UserName= false", "Notes=a\nb false"},
		},
		{
			name: "a new password leaves the other secrets alone", changes: present.Changes{Password: secretOf("new")},
			gone: []string{"Password= true"}, come: []string{"Password=new true"},
		},
		{
			name: "no password any more", changes: present.Changes{Password: secretOf("")},
			gone: []string{"Password= true"},
		},
		{
			name: "tags, expiry, icon", changes: present.Changes{Tags: &[]string{"x", "y"}, Expiry: &present.Expiry{On: true, At: at}, Icon: &icon},
			gone: []string{`tags=["mail"] expires=false icon=0`},
			come: []string{`tags=["x" "y"] expires=true icon=7`, "2027-03-31T18:00:00Z"},
		},
		{
			name: "a field is added, one renamed, one removed",
			changes: present.Changes{Fields: []present.FieldChange{
				{Was: "Account", Name: "Customer"}, {Name: "Key", Value: secretOf("k"), Protected: true},
			}},
			gone: []string{"Account=4711 false", "PIN= true"}, come: []string{"Customer=4711 false", "Key=k true"},
		},
		{
			name: "two fields change places and a value",
			changes: present.Changes{Fields: []present.FieldChange{
				{Was: "PIN", Name: "PIN", Value: secretOf("1234"), Protected: true}, {Was: "Account", Name: "Account", Protected: true},
			}},
			gone: []string{"PIN= true", "Account=4711 false"}, come: []string{"PIN=1234 true", "Account=4711 true"},
		},
		{
			name: "all fields go", changes: present.Changes{Fields: []present.FieldChange{}},
			gone: []string{"Account=4711 false", "PIN= true"},
		},
		{
			name: "the one-time code goes", changes: present.Changes{Code: &present.CodeChange{}},
			gone: []string{"otp= true"},
		},
		{
			name: "another one-time code", changes: present.Changes{Code: &present.CodeChange{Setting: vault.SecretText("otpauth://x")}},
			gone: []string{"otp= true"}, come: []string{"otp=otpauth://x true"},
		},
		{
			name: "files",
			changes: present.Changes{Files: []present.FileChange{
				{Was: "a.txt"}, {Was: "b.txt", Name: "c.txt"}, {Name: "a.txt", Data: []byte("new")},
			}},
			gone: []string{"a.txt 2 unread", "b.txt 3 unread"}, come: []string{"c.txt 3 unread", "a.txt 0 new"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := stored()
			before := written(e)
			if err := tt.changes.Apply(e); err != nil {
				t.Fatal(err)
			}
			var gone, come []string
			after := written(e)
			for _, l := range before {
				if !slices.Contains(after, l) {
					gone = append(gone, l)
				}
			}
			for _, l := range after {
				if !slices.Contains(before, l) {
					come = append(come, l)
				}
			}
			if d := cmp.Diff(sorted(tt.gone), sorted(withoutAll(gone, tt.come))); d != "" {
				t.Errorf("gone (-want +got):\n%s", d)
			}
			if d := cmp.Diff(sorted(tt.come), sorted(come)); d != "" {
				t.Errorf("came (-want +got):\n%s", d)
			}
			if tt.name == "nothing" != tt.changes.IsEmpty() {
				t.Errorf("IsEmpty is %v", tt.changes.IsEmpty())
			}
		})
	}
}

func withoutAll(list, those []string) []string {
	var out []string
	for _, l := range list {
		if !slices.Contains(those, l) {
			out = append(out, l)
		}
	}
	return out
}

func sorted(list []string) string {
	list = slices.Clone(list)
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// What is refused changes nothing, and its words name no secret.
func TestApplyRefuses(t *testing.T) {
	many := make([]present.FieldChange, 501)
	for i := range many {
		many[i] = present.FieldChange{Name: fmt.Sprint(i)}
	}
	tests := []struct {
		name    string
		changes present.Changes
		part    present.EntryPart
		topic   string
	}{
		{"control character", present.Changes{Title: text("a\x00b")}, present.PartTitle, "control"},
		{"not UTF-8", present.Changes{Notes: text("\xff")}, present.PartNotes, "control"},
		{"password with an escape", present.Changes{Password: secretOf("hunter2\x1b")}, present.PartPassword, "control"},
		{"too long a line", present.Changes{URL: text(strings.Repeat("x", 65<<10))}, present.PartURL, "too_long"},
		{"too long notes", present.Changes{Notes: text(strings.Repeat("x", 1<<20+1))}, present.PartNotes, "too_long"},
		{"tag with a semicolon", present.Changes{Tags: &[]string{"a;b"}}, present.PartTags, "tag"},
		{"empty tag", present.Changes{Tags: &[]string{" "}}, present.PartTags, "no_name"},
		{"the same tag", present.Changes{Tags: &[]string{"a", "a"}}, present.PartTags, "twice"},
		{"expiry before all time", present.Changes{Expiry: &present.Expiry{On: true}}, present.PartExpiry, "bad_expiry"},
		{"field without a name", present.Changes{Fields: []present.FieldChange{{Name: " "}}}, present.PartFields, "no_name"},
		{"long name", present.Changes{Fields: []present.FieldChange{{Name: strings.Repeat("n", 256)}}}, present.PartFields, "name_long"},
		{"name of two lines", present.Changes{Fields: []present.FieldChange{{Name: "a\nb"}}}, present.PartFields, "control"},
		{"two of one name", present.Changes{Fields: []present.FieldChange{{Name: "a"}, {Name: "a"}}}, present.PartFields, "twice"},
		{"standard name", present.Changes{Fields: []present.FieldChange{{Name: "Password"}}}, present.PartFields, "reserved"},
		{"name of the code", present.Changes{Fields: []present.FieldChange{{Name: "otp"}}}, present.PartFields, "reserved"},
		{"value with a control character", present.Changes{Fields: []present.FieldChange{{Name: "a", Value: secretOf("\x01")}}}, present.PartFields, "control"},
		{"secret field emptied", present.Changes{Fields: []present.FieldChange{{Was: "PIN", Name: "PIN", Value: secretOf(""), Protected: true}}}, present.PartFields, "empty_secret"},
		{"too many", present.Changes{Fields: many}, present.PartFields, "too_many"},
		{"file of a taken name", present.Changes{Files: []present.FileChange{{Name: "a.txt", Data: []byte("x")}}}, present.PartFiles, "twice"},
		{"renamed to a taken name", present.Changes{Files: []present.FileChange{{Was: "a.txt", Name: "b.txt"}}}, present.PartFiles, "twice"},
		{"file in a folder", present.Changes{Files: []present.FileChange{{Name: "../x", Data: []byte("x")}}}, present.PartFiles, "file_name"},
		{"file too large", present.Changes{Files: []present.FileChange{{Name: "x", Data: make([]byte, present.MaxAttachment+1)}}}, present.PartFiles, "file_large"},
		{"file without bytes", present.Changes{Files: []present.FileChange{{Name: "x"}}}, present.PartFiles, "file_empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := stored()
			tt.changes.Icon = new(uint32)
			err := tt.changes.Apply(e)
			var p *present.EntryProblem
			if !errors.As(err, &p) || !errors.Is(err, vault.Usage) {
				t.Fatalf("%v, want an EntryProblem of %s", err, vault.Usage)
			}
			if p.Part != tt.part || p.Err.Topic != "entry."+tt.topic {
				t.Errorf("%s: %s, want %s: entry.%s", p.Part, p.Err.Topic, tt.part, tt.topic)
			}
			if d := cmp.Diff(written(stored()), written(e)); d != "" {
				t.Errorf("the entry changed:\n%s", d)
			}
			for _, l := range present.Languages() {
				n := present.Load(l).Failure(err)
				spoken(t, *n)
				if n.Remedy != present.Load(l).Explain(err).Remedy {
					t.Errorf("the remedy is that of the cause: %s", n.Remedy)
				}
				if strings.Contains(n.Message+n.Remedy, "hunter2") {
					t.Errorf("the words hold the secret: %s", n.Message)
				}
			}
		})
	}
}

// Only what cannot be done without a secret asks for it.
func TestWhole(t *testing.T) {
	tests := []struct {
		name  string
		field present.FieldChange
		want  bool
	}{
		{"as it is", present.FieldChange{Was: "PIN", Name: "PIN", Protected: true}, false},
		{"another name", present.FieldChange{Was: "PIN", Name: "Code", Protected: true}, true},
		{"no secret any more", present.FieldChange{Was: "PIN", Name: "PIN"}, true},
		{"with a new value", present.FieldChange{Was: "PIN", Name: "Code", Value: secretOf("1")}, false},
		{"an open one", present.FieldChange{Was: "Account", Name: "Customer", Protected: true}, false},
		{"a new one", present.FieldChange{Name: "New", Value: secretOf("1"), Protected: true}, false},
	}
	for _, tt := range tests {
		c := present.Changes{Fields: []present.FieldChange{tt.field}}
		if got := c.Whole(stored()); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestParseExpiry(t *testing.T) {
	day := func(h, m int) time.Time { return time.Date(2027, 3, 31, h, m, 0, 0, time.Local) }
	tests := []struct {
		date, clock string
		want        time.Time
	}{
		{"2027-03-31", "18:00", day(18, 0)},
		{" 31.3.2027 ", "", day(23, 59)},
		{"31.03.2027", "7:05", day(7, 5)},
		{"2027/3/31", "18.30", day(18, 30)},
		{"31 Mar 2027", "00:00", day(0, 0)},
		{"", "", time.Time{}},
		{"tomorrow", "", time.Time{}},
		{"2027-02-30", "", time.Time{}},
		{"2027-03-31", "25:00", time.Time{}},
		{"1969-03-31", "", time.Time{}},
	}
	for _, tt := range tests {
		got, err := present.ParseExpiry(tt.date, tt.clock)
		var p *present.EntryProblem
		if bad := tt.want.IsZero(); bad != (err != nil) || bad && !errors.As(err, &p) || !bad && !got.Equal(tt.want) {
			t.Errorf("%q %q: %v, %v", tt.date, tt.clock, got, err)
		}
	}
	if d, c := present.ExpiryText(day(7, 5)); d != "2027-03-31" || c != "07:05" {
		t.Errorf("%q %q", d, c)
	}
}

func TestCodeSetting(t *testing.T) {
	const key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	tests := []struct {
		name, typed     string
		digits, seconds int
		wantDigits      int // 0: refused
		wantSeconds     int
		topic           string
	}{
		{"bare", "gezd gnbv gy3t qojq gezd gnbv gy3t qojq", 0, 0, 6, 30, ""},
		{"bare with choices", key, 8, 60, 8, 60, ""},
		{"address", "otpauth://totp/a?digits=7&period=15&secret=" + key, 0, 0, 7, 15, ""},
		{"address, other choices", "otpauth://totp/a?digits=7&secret=" + key, 6, 30, 6, 30, ""},
		{"Steam keeps its five", "otpauth://totp/a?encoder=steam&secret=" + key, 8, 30, 5, 30, ""},
		{"not base32", "hunter2!", 0, 0, 0, 0, "bad_code"},
		{"empty", " ", 0, 0, 0, 0, "bad_code"},
		{"by a counter", "otpauth://hotp/a?counter=1&secret=" + key, 0, 0, 0, 0, "code_kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := present.CodeSetting([]byte(tt.typed), tt.digits, tt.seconds)
			if tt.topic != "" {
				var p *present.EntryProblem
				if !errors.As(err, &p) || p.Err.Topic != "entry."+tt.topic || strings.Contains(err.Error(), "hunter2") {
					t.Fatalf("%v, want %s", err, tt.topic)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			digits, seconds, ok := present.CodeParts(s.Bytes())
			if digits != tt.wantDigits || seconds != tt.wantSeconds || !ok {
				t.Errorf("%d digits, %d s, %v", digits, seconds, ok)
			}
		})
	}
}

func TestFreeName(t *testing.T) {
	taken := map[string]bool{"key.pem": true, "key (2).pem": true, "key": true}
	for name, want := range map[string]string{"key.pem": "key (3).pem", "key": "key (2)", "new.pem": "new.pem"} {
		if got := present.FreeName(name, taken); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestWipeChanges(t *testing.T) {
	pw, value, data := secretOf("pw"), secretOf("v"), []byte("data")
	c := present.Changes{Password: pw, Fields: []present.FieldChange{{Name: "a", Value: value}}, Files: []present.FileChange{{Name: "f", Data: data}}, Code: &present.CodeChange{Setting: vault.SecretText("otpauth://x")}}
	e := &vault.Entry{}
	if err := c.Apply(e); err != nil {
		t.Fatal(err)
	}
	c.Wipe()
	if !pw.IsEmpty() || !value.IsEmpty() || string(data) != "\x00\x00\x00\x00" || !c.Code.Setting.IsEmpty() {
		t.Error("something is still there")
	}
	if e.Password().Text() != "pw" || e.Value("a").Text() != "v" || string(e.Attachments[0].Binary.Data) != "data" {
		t.Error("the entry went with it")
	}
}
