package present_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

func TestDetail(t *testing.T) {
	it := item("Title", "zeta", "z", vault.FieldNotes, strings.Repeat("ü", 30_000), vault.FieldURL, "", vault.FieldUsername, "erika", "alpha", "a")
	it.Entry.Set("PIN", vault.SecretText("0815"), true)
	it.Entry.Set(vault.FieldPassword, vault.Secret{}, true)
	it.Entry.Attachments = []vault.Attachment{{Name: "id.pem"}, {Name: "unknown"}}
	it.Entry.Times = vault.Times{Modified: noon, Expires: true, Expiry: noon.Add(3 * 24 * time.Hour)}
	it.HasPassword, it.HasOTP, it.Digits, it.Period, it.History, it.AttachmentSizes = true, true, 6, 30*time.Second, 3, []int64{1234}
	it.Path = []string{"Servers", "Web", "Title"}
	no := false
	it.Offline, it.Reason = &no, "time_limited"
	words := present.Load("en")
	d := present.NewDetail(words, it, noon)
	var fields []string
	for _, f := range d.Fields {
		value := f.Value
		if len(value) > 20 {
			value = fmt.Sprint(len(value), len(f.Full))
		}
		fields = append(fields, fmt.Sprintf("%s %s=%q %v %s", f.Kind, f.Label, value, f.Protected, f.Code))
	}
	want := []string{
		`user User name="erika" false `, `password Password="" true `, `notes Notes="20003 60000" false `,
		`code One-time code="" true 6 digits, every 30 seconds`, `text zeta="z" false `, `text alpha="a" false `, `text PIN="" true `,
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Error(diff)
	}
	if d.Path != "/Servers/Web" || d.Urgency != present.Warning || !strings.HasPrefix(d.Expires, "expires in 3 days (") || d.History != "3 earlier versions" ||
		d.OfflineYes || d.OfflineWhy != "Your access to it is limited in time." || d.Draft != "" || d.Created != "" || d.Attachments[0].Size != "1.2 kB" {
		t.Errorf("%+v", d)
	}
	it.Edit = cache.Edited
	if d := present.NewDetail(words, it, noon); d.Draft != "Draft: will be dropped at Connect…" || d.Offline != "" {
		t.Errorf("%q %q", d.Draft, d.Offline)
	}
	spoken(t, present.NewDetail(present.Load("de"), it, noon.AddDate(1, 0, 0)))
	empty := present.NewDetail(words, &session.Item{Entry: &vault.Entry{}}, noon)
	if empty.Title != "(no title)" || len(empty.Fields) != 0 || empty.Path != "/" {
		t.Errorf("%+v", empty)
	}
	s := present.SelectionOf(present.State{}, []*session.Item{it})
	if s.Selected != 1 || !s.HasUser || s.HasURL || !s.HasPassword || !s.HasOTP || s.Fields != 3 || s.Attachments != 2 {
		t.Errorf("%+v", s)
	}
	if s := present.SelectionOf(s, nil); s.Selected != 0 || s.HasUser || s.Fields != 0 {
		t.Errorf("%+v", s)
	}
}
