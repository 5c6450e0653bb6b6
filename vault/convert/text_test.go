package convert_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/convert"
)

// flat is what a table can say about an entry.
type flat struct {
	Path   string
	Fields map[string]string
	Hidden []string
	Tags   []string
}

func flatten(t *testing.T, c *vault.Content) []flat {
	t.Helper()
	var all []flat
	err := c.Root.Walk(func(path []string, g *vault.Group) error {
		for _, e := range g.Entries {
			f := flat{Path: strings.Join(append(path, e.Title()), "/"), Fields: map[string]string{}, Tags: e.Tags}
			for _, field := range e.Fields {
				if field.Value.IsEmpty() || field.Name == vault.FieldTitle {
					continue
				}
				f.Fields[field.Name] = field.Value.Text()
				if field.Protected {
					f.Hidden = append(f.Hidden, field.Name)
				}
			}
			all = append(all, f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTextForms(t *testing.T) {
	pw := []string{vault.FieldPassword}
	tests := []struct {
		name, file string
		format     convert.Format
		notes      int
		want       []flat
	}{
		{
			name: "keepass 1 csv",
			file: "\"Account\",\"Login Name\",\"Password\",\"Web Site\",\"Comments\"\r\n\"db\",\"svc\",\"a,b\\\"c\\\\d\",\"https://db\",\"two\r\nlines\"\r\n",
			want: []flat{{"db", map[string]string{"UserName": "svc", "Password": `a,b"c\d`, "URL": "https://db", "Notes": "two\nlines"}, pw, nil}}, format: convert.KeePassCSV,
		},
		{
			name:   "keepassxc csv",
			file:   "\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"TOTP\",\"Icon\",\"Last Modified\",\"Created\"\n\"Team/Net\",\"r\",\"u\",\"p\",\"\",\"\",\"otpauth://totp/x?secret=AAAA\",\"0\",\"2024-01-02T03:04:05Z\",\"2024-01-02T03:04:05Z\"\n",
			format: convert.XCCSV,
			want:   []flat{{"Net/r", map[string]string{"UserName": "u", "Password": "p", "otp": "otpauth://totp/x?secret=AAAA"}, []string{"Password", "otp"}, nil}},
		},
		{
			name:   "bitwarden csv",
			file:   "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\nA/B,,login,n,,\"k: v\nk: w\",0,https://x,u,p,AAAA\n,,card,visa,,,0,,,,\n",
			format: convert.BitwardenCS, notes: 1,
			want: []flat{
				{"visa", map[string]string{}, nil, nil},
				{"A/B/n", map[string]string{"URL": "https://x", "UserName": "u", "Password": "p", "otp": "AAAA", "k": "v", "k 2": "w"}, []string{"Password", "otp", "k", "k 2"}, nil},
			},
		},
		{
			name:   "1password csv with byte order mark",
			file:   "\ufeffTitle,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes\nt,https://x,u,p,,false,false,\"a,b\",n\n",
			format: convert.OnePassword,
			want:   []flat{{"t", map[string]string{"URL": "https://x", "UserName": "u", "Password": "p", "Notes": "n"}, pw, []string{"a", "b"}}},
		},
		{
			name: "bitwarden json",
			file: `{"encrypted":false,"folders":[{"id":"f1","name":"Ops/Net"}],"items":[
 {"type":1,"name":"r","notes":"hi","folderId":"f1","favorite":true,"fields":[{"name":"pin","value":"1","type":1},{"name":"link","type":3}],
  "login":{"username":"u","password":"p","totp":"AAAA","uris":[{"uri":"https://a"},{"uri":"https://b"}],"fido2Credentials":[{}]},
  "passwordHistory":[{"lastUsedDate":"2024-02-02T00:00:00.000Z","password":"new"},{"lastUsedDate":"2024-01-01T00:00:00.000Z","password":"old"}]},
 {"type":3,"name":"card","card":{"number":"4111","code":"123","brand":"V"}}]}`,
			format: convert.Bitwarden, notes: 2,
			want: []flat{
				{"card", map[string]string{"number": "4111", "code": "123", "brand": "V"}, []string{"code", "number"}, nil},
				{"Ops/Net/r", map[string]string{"UserName": "u", "Password": "p", "URL": "https://a", "KP2A_URL_1": "https://b", "Notes": "hi", "otp": "AAAA", "pin": "1"}, []string{"Password", "otp", "pin"}, []string{"Favorite"}},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, report, err := convert.Open(context.Background(), strings.NewReader(tt.file), convert.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, flatten(t, c)); diff != "" {
				t.Error(diff)
			}
			if report.Format != tt.format || len(report.Notes) != tt.notes || report.Entries != len(tt.want) {
				t.Errorf("report = %+v, want format %s and %d notes", report, tt.format, tt.notes)
			}
		})
	}
}

func TestBitwardenHistoryIsOldestFirst(t *testing.T) {
	file := `{"items":[{"type":1,"name":"r","login":{"password":"now"},"passwordHistory":[{"lastUsedDate":"2024-02-02T00:00:00Z","password":"new"},{"lastUsedDate":"2024-01-01T00:00:00Z","password":"old"}]}]}`
	c, _, err := convert.Open(context.Background(), strings.NewReader(file), convert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range c.Root.Entries[0].History {
		got = append(got, h.Password().Text()+" "+h.Times.Modified.Format("2006-01-02"))
	}
	if diff := cmp.Diff([]string{"old 2024-01-01", "new 2024-02-02"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTextRefusals(t *testing.T) {
	tests := []struct {
		name, file string
		want       vault.Cause
	}{
		{"empty", "", vault.Damaged},
		{"html", "<!DOCTYPE html><html><body>Sign in</body></html>", vault.Unsupported},
		{"other csv", "a,b,c\n1,2,3\n", vault.Unsupported},
		{"binary", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c", vault.Unsupported},
		{"cut json", `{"items":[{"name":"x"`, vault.Damaged},
		{"json of something else", `{"a":1}`, vault.Unsupported},
		{"encrypted bitwarden", `{"encrypted":true,"data":"x"}`, vault.Unsupported},
		{"json array in place of a name", `{"items":[{"name":[]}]}`, vault.Damaged},
		{"open quote", "Title,Username,Password\n\"x,y,z\n", vault.Damaged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _, err := convert.Open(context.Background(), strings.NewReader(tt.file), convert.Options{})
			if !errors.Is(err, tt.want) || c != nil {
				t.Errorf("Open = %v, %v, want %v", c, err, tt.want)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add("Title,Url,Username,Password\na,b,c,d\n")
	f.Add(`{"items":[{"type":1,"name":"r","login":{"password":"now"}}]}`)
	f.Add("\"Group\",\"Title\",\"Username\",\"Password\"\n\"a/b\",\"\\\"\",\"\",\"\"\n")
	f.Fuzz(func(t *testing.T, s string) {
		c, report, err := convert.Open(context.Background(), strings.NewReader(s), convert.Options{})
		if err == nil && c.Root.Count() != report.Entries {
			t.Errorf("%d entries, report says %d", c.Root.Count(), report.Entries)
		}
	})
}
