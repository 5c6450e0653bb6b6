package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// groupsInFile is how many groups hold the entries: what an IT department has
// after some years.
const groupsInFile = 200

// Parts of invented entries. Their number is no power of two, so that they
// combine differently throughout.
var (
	places   = []string{"Hamburg", "Bremen", "Kiel", "Lübeck", "Rostock", "Emden", "Stralsund", "Wismar", "Husum", "Cuxhaven", "Flensburg"}
	kinds    = []string{"router", "mail server", "database", "backup host", "web shop", "firewall", "switch", "wiki", "build agent", "file share", "printer", "telephone system", "payroll"}
	users    = []string{"root", "admin", "svc-backup", "operator", "m.petersen", "j.hansen", "dba"}
	surnames = []string{"Petersen", "Hansen", "Jansen", "Claasen", "Thomsen"}
)

// content makes n entries in groups, some of them with earlier forms.
func content(n int) *vault.Group {
	now := time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)
	times := vault.Times{Created: now, Modified: now, Accessed: now, LocationChanged: now, Expiry: now}
	root := &vault.Group{ID: vault.NewID(), Name: "Entries", Times: times, Expanded: true}
	groups := []*vault.Group{root} // KeePassXC opens a file at its root
	for i := 1; i < min(groupsInFile, n); i++ {
		g := &vault.Group{ID: vault.NewID(), Name: places[i%len(places)] + " " + strconv.Itoa(i), Times: times, Expanded: i%10 == 1}
		above := root
		if i%10 != 1 { // nine below each tenth
			above = groups[i-(i+9)%10]
		}
		above.Groups = append(above.Groups, g)
		groups = append(groups, g)
	}
	r := letters{state: uint64(n)}
	for i := range n {
		g := groups[i%len(groups)]
		e := entry(i, &r, times)
		if i%10 == 0 {
			for range 1 + i/10%3 {
				before := entry(i, &r, times)
				before.ID = e.ID
				e.History = append(e.History, before)
			}
		}
		g.Entries = append(g.Entries, e)
	}
	return root
}

// entry is the nth.
func entry(n int, r *letters, times vault.Times) *vault.Entry {
	place, kind, number := places[n%len(places)], kinds[n%len(kinds)], strconv.Itoa(n)
	notes := fmt.Sprintf("Contact: %s, extension %d.\nMaintenance on day %d of each month; announce it in the wiki.\n%s",
		surnames[n%len(surnames)], 1000+n%9000, 1+n%28, r.take(40))
	return &vault.Entry{
		ID: vault.NewID(), Times: times, AutoType: vault.AutoType{Enabled: true}, Tags: []string{kind},
		Fields: []vault.Field{
			{Name: vault.FieldTitle, Value: vault.SecretText(place + " " + kind + " " + number)},
			{Name: vault.FieldUsername, Value: vault.SecretText(users[n%len(users)])},
			{Name: vault.FieldPassword, Value: vault.NewSecret(r.take(20)), Protected: true},
			{Name: vault.FieldURL, Value: vault.SecretText("https://host" + number + ".example.org/login")},
			{Name: vault.FieldNotes, Value: vault.SecretText(notes)},
			{Name: "Asset", Value: vault.SecretText("A-" + number)},
		},
	}
}

// letters makes text that is the same every time and does not compress well
// (a linear congruential generator, Knuth's MMIX constants).
type letters struct{ state uint64 }

func (l *letters) take(n int) []byte {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -"
	b := make([]byte, n)
	for i := range b {
		l.state = l.state*6364136223846793005 + 1442695040888963407
		b[i] = alphabet[l.state>>58]
	}
	return b
}

// writeFile writes entries as KDBX with a cost of the key derivation.
func writeFile(ctx context.Context, name string, root *vault.Group, cost kdbx.KDFParams) error {
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	opt := kdbx.DefaultOptions()
	opt.KDF = cost
	if err := kdbx.Write(ctx, out, kdbx.NewDocument(root), kdbx.CompositeKey([]byte(filePassword), nil), opt); err != nil {
		_ = out.Close() // the first error counts
		return err
	}
	return out.Close()
}

// costOf reads what the key of a file costs.
func costOf(name string) (kdbx.KDFParams, error) {
	f, err := os.Open(name)
	if err != nil {
		return kdbx.KDFParams{}, err
	}
	defer func() { _ = f.Close() }() // only read
	h, err := kdbx.ReadHeader(f, kdbx.DefaultLimits())
	if err != nil {
		return kdbx.KDFParams{}, err
	}
	return h.Options().KDF, nil
}
