package wire_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

func TestDateReads(t *testing.T) {
	at := time.Date(2024, 3, 5, 15, 15, 17, 0, time.UTC)
	for _, tc := range []struct {
		json string
		want time.Time
	}{
		{`"2024-03-05T09:15:17-06:00"`, at},
		{`"2024-03-05T09:15:17.336084-06:00"`, at.Add(336084 * time.Microsecond)},
		{`"2024-03-05T08:15:17.8218898-07:00"`, at.Add(821889800 * time.Nanosecond)},
		{`"2024-03-05T15:15:17Z"`, at},
		{`"2024-03-05T15:15:17"`, at},
		{`"2024-03-05T15:15:17.5"`, at.Add(time.Second / 2)},
		{`"2030-12-31"`, time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC)},
		{`""`, time.Time{}},
		{`null`, time.Time{}},
		{`"0001-01-01T00:00:00"`, time.Time{}},
		{`"0001-01-01T00:00:00+00:00"`, time.Time{}},
	} {
		var d wire.Date
		if err := json.Unmarshal([]byte(tc.json), &d); err != nil {
			t.Errorf("%s: %v", tc.json, err)
		} else if !d.Equal(tc.want) {
			t.Errorf("%s: got %v, want %v", tc.json, d.Time, tc.want)
		}
	}
	for _, bad := range []string{`"yesterday"`, `17`, `"2024-13-05T09:15:17Z"`, `{}`} {
		if err := json.Unmarshal([]byte(bad), new(wire.Date)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestDateWrites(t *testing.T) {
	zone := time.FixedZone("", -6*3600)
	for _, tc := range []struct {
		date wire.Date
		want string
	}{
		{wire.Date{}, `null`},
		{wire.Never(), `"9999-12-31T23:59:59.9999999+00:00"`},
		{wire.Date{Time: time.Date(9999, 12, 31, 23, 0, 0, 0, zone).UTC()}, `"9999-12-31T23:59:59.9999999+00:00"`},
		{wire.Date{Time: time.Date(2024, 3, 5, 9, 15, 17, 0, zone)}, `"2024-03-05T09:15:17-06:00"`},
		{wire.Date{Time: time.Date(2024, 3, 5, 9, 15, 17, 821889800, time.UTC)}, `"2024-03-05T09:15:17.8218898+00:00"`},
	} {
		got, err := wire.Marshal(tc.date)
		if err != nil || string(got) != tc.want {
			t.Errorf("got %s, %v, want %s", got, err, tc.want)
		}
	}
	var never wire.Date
	if err := json.Unmarshal([]byte(`"9999-12-31T23:59:59.9999999+00:00"`), &never); err != nil || !never.IsNever() {
		t.Errorf("never is not never: %v %v", never, err)
	}
}

func TestGUIDLeniency(t *testing.T) {
	id := vault.ID{0x3f, 0x0c, 0x1f, 0x6e, 0x52, 0xa1, 0x4b, 0x7e, 0x9d, 0x35, 0x6a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f}
	for _, tc := range []struct {
		json string
		want vault.ID
	}{
		{`"3f0c1f6e-52a1-4b7e-9d35-6a1b2c3d4e5f"`, id},
		{`"3F0C1F6E-52A1-4B7E-9D35-6A1B2C3D4E5F"`, id},
		{`"{3F0C1F6E-52A1-4B7E-9D35-6A1B2C3D4E5F}"`, id},
		{`""`, vault.ID{}},
		{`null`, vault.ID{}},
		{`"00000000-0000-0000-0000-000000000000"`, vault.ID{}},
		{`"00000000-0000-0000-0000-00000000000"`, vault.ID{}}, // 35 characters, as the documentation has it
	} {
		var got wire.GUID
		if err := json.Unmarshal([]byte(tc.json), &got); err != nil || vault.ID(got) != tc.want {
			t.Errorf("%s: got %v, %v", tc.json, vault.ID(got), err)
		}
	}
	for _, bad := range []string{`"3f0c1f6e"`, `7`, `"3f0c1f6e-52a1-4b7e-9d35-6a1b2c3d4e5g"`} {
		if err := json.Unmarshal([]byte(bad), new(wire.GUID)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
	if got, _ := wire.Marshal(wire.GUID(id)); string(got) != `"3f0c1f6e-52a1-4b7e-9d35-6a1b2c3d4e5f"` {
		t.Errorf("written as %s", got)
	}
}

// Other people's clients cut the first and the last character of a bare string
// and take the rest as the password, so nothing may be escaped that need not
// be, and nothing may follow the quotation mark.
func TestBareStringsAreRaw(t *testing.T) {
	got, err := wire.Marshal(wire.Secret{Secret: vault.SecretText("a&b<c>ü\u2028")})
	if want := "\"a&b<c>ü\u2028\""; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestBareReads(t *testing.T) {
	for _, tc := range []struct{ body, want string }{
		{`"p\"w\\1"`, `p"w\1`},
		{`"p"` + "\n", `p`},
		{"\xef\xbb\xbf\"p\"", `p`},
		{`"\u00fc\ud83d\ude00\u0026\/\b\f\n\r\t"`, "ü😀&/\b\f\n\r\t"},
		{`""`, ``},
		{``, ``},
		{`plain text `, `plain text `},
		{`true`, `true`},
	} {
		got, err := wire.Bare([]byte(tc.body))
		if err != nil || string(got) != tc.want {
			t.Errorf("%q: got %q, %v, want %q", tc.body, got, err, tc.want)
		}
	}
	for _, bad := range []string{`"`, `"a`, `"a"b`, `"\x"`, `"\ud800"`, `"\ud800\u0041"`, "\"\xff\"", "\xff", "\"a\nb\"", `"\`, `"\u12`} {
		got, err := wire.Bare([]byte(bad))
		if err == nil {
			t.Errorf("%q: got %q, want an error", bad, got)
		} else if strings.Contains(err.Error(), "a") && bad == `"a` && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: the error repeats it: %v", bad, err)
		}
	}
}

func TestSecretsArePrintedOnlyByTheWire(t *testing.T) {
	in := wire.CredentialInput{Password: &wire.Secret{Secret: vault.SecretText("hunter2")}}
	if text := fmt.Sprintf("%v %+v %#v", in, *in.Password, in.Password); strings.Contains(text, "hunter2") {
		t.Errorf("fmt shows the password: %s", text)
	}
	b, err := wire.Marshal(in)
	if err != nil || string(b) != `{"Password":"hunter2"}` {
		t.Errorf("got %s, %v", b, err)
	}
}

func TestInputIsReadInAnyCase(t *testing.T) {
	body := `{"GROUPID":"","userName":"svc","password":"p","Title":"ignored","Attachments":null,
		"HasModifyEntriesAccess":true,"expires":"","totpDigits":"","tags":[{"name":"a"},"b"],"customUserFields":{"n":1,"m":null,"o":"x"}}`
	var in wire.CredentialInput
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		t.Fatal(err)
	}
	if *in.Username != "svc" || in.Password.Text() != "p" || !vault.ID(*in.GroupID).IsZero() || *in.TOTPDigits != 0 {
		t.Errorf("read %+v", in)
	}
	if !in.Expires.Present || !in.Expires.Date.IsZero() {
		t.Errorf("expires: %+v", in.Expires)
	}
	if diff := cmp.Diff(wire.Tags{{Name: "a"}, {Name: "b"}}, *in.Tags); diff != "" {
		t.Error(diff)
	}
	var fields []string
	for _, m := range *in.CustomUserFields {
		fields = append(fields, m.Name+"="+m.Value.Text())
	}
	if diff := cmp.Diff([]string{"n=1", "m=", "o=x"}, fields); diff != "" {
		t.Error(diff)
	}
}

func TestExpiresNullIsNotAbsent(t *testing.T) {
	var null, absent wire.CredentialInput
	if err := json.Unmarshal([]byte(`{"Expires":null}`), &null); err != nil || !null.Expires.Present {
		t.Errorf("null: %+v %v", null.Expires, err)
	}
	if err := json.Unmarshal([]byte(`{}`), &absent); err != nil || absent.Expires.Present {
		t.Errorf("absent: %+v %v", absent.Expires, err)
	}
	if b, _ := wire.Marshal(null); string(b) != `{"Expires":null}` {
		t.Errorf("null is written as %s", b)
	}
	if b, _ := wire.Marshal(absent); string(b) != `{}` {
		t.Errorf("absent is written as %s", b)
	}
}
