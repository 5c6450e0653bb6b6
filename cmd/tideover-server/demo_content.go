package main

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
)

// Folders of the demo that grants and flags refer to.
const (
	demoTeam     = "Team"
	demoBreak    = "Break glass"
	demoVendors  = "Vendors"
	demoComments = "Databases"
)

// demoEntries is how many entries a demo has if nobody says.
const demoEntries = 60

// perGroup is how many entries lie in one generated folder.
const perGroup = 25

// demoContent returns invented entries: every kind of value that a client
// shows, and the rest to make up the number.
func demoContent(n int, now time.Time) *vault.Content {
	d := demoMaker{now: now.UTC().Truncate(time.Second), left: n}
	root := d.group("Demo")
	servers, databases, web := d.group("Servers"), d.group(demoComments), d.group("Web")
	team := d.group(demoTeam)
	team.Groups = []*vault.Group{servers, databases, web}
	vendors, glass := d.group(demoVendors), d.group(demoBreak)
	root.Groups = []*vault.Group{team, vendors, glass}

	d.put(servers, "db-prod.example", d.whole)
	d.put(servers, "mail.example", d.withFile)
	d.put(databases, "warehouse", nil)
	d.put(web, "Registrar / DNS", d.withCode)
	d.put(web, "Straße & Söhne <Shop>", d.awkward)
	d.put(vendors, "Lift maintenance", d.expiring)
	d.put(vendors, "Printer lease", nil)
	d.put(glass, "Domain administrator", nil)
	for i := 1; d.left > 0; i++ {
		more := d.group(fmt.Sprintf("Site %03d", i))
		for j := 1; j <= perGroup && d.left > 0; j++ {
			d.put(more, fmt.Sprintf("host-%03d-%02d.example", i, j), nil)
		}
		team.Groups = append(team.Groups, more)
	}
	return &vault.Content{Root: root}
}

type demoMaker struct {
	now  time.Time
	left int
	made int
}

func (d *demoMaker) group(name string) *vault.Group {
	return &vault.Group{ID: vault.NewID(), Name: name, Times: d.times(), Expanded: true}
}

func (d *demoMaker) times() vault.Times {
	then := d.now.AddDate(0, 0, -d.made%300)
	return vault.Times{Created: then, Modified: then, Accessed: then, LocationChanged: then}
}

// put adds an entry, if there is one left to add.
func (d *demoMaker) put(g *vault.Group, title string, more func(*vault.Entry)) {
	if d.left <= 0 {
		return
	}
	d.left--
	d.made++
	e := &vault.Entry{ID: vault.NewID(), Times: d.times(), AutoType: vault.AutoType{Enabled: true}}
	e.Set(vault.FieldTitle, vault.SecretText(title), false)
	e.Set(vault.FieldUsername, vault.SecretText(fmt.Sprintf("svc-%d", d.made)), false)
	e.Set(vault.FieldPassword, randomPassword(), true)
	e.Set(vault.FieldURL, vault.SecretText("https://"+strings.ToLower(strings.Fields(title)[0])), false)
	if more != nil {
		more(e)
	}
	g.Entries = append(g.Entries, e)
}

// whole fills in one of everything.
func (d *demoMaker) whole(e *vault.Entry) {
	e.Set(vault.FieldNotes, vault.SecretText("Failover runs on the second node.\nCall before restarting."), false)
	e.Set("Owner", vault.SecretText("team-db"), false)
	e.Set("Recovery key", randomPassword(), true)
	e.Tags = []string{"prod", "db"}
	e.Icon = vault.Icon{Standard: 6}
	e.AutoType.Associations = []vault.Association{{Window: "db-prod*", Sequence: "{USERNAME}{TAB}{PASSWORD}{ENTER}"}}
	d.withCode(e)
	d.withFile(e)
	old := *e
	old.Fields = nil
	for _, f := range e.Fields {
		f.Value = f.Value.Clone()
		old.Fields = append(old.Fields, f)
	}
	old.Set(vault.FieldPassword, randomPassword(), true)
	old.Times.Modified = d.now.AddDate(-1, 0, 0)
	e.History = []*vault.Entry{&old}
}

func (d *demoMaker) withFile(e *vault.Entry) {
	text := "-----BEGIN DEMO-----\n" + randomPassword().Text() + "\n-----END DEMO-----\n"
	e.Attachments = append(e.Attachments,
		vault.Attachment{ID: vault.NewID(), Name: "key.pem", Binary: &vault.Binary{Data: []byte(text), Protected: true}},
		vault.Attachment{ID: vault.NewID(), Name: "readme.txt", Binary: &vault.Binary{Data: []byte("Rotate every quarter.\n")}},
	)
}

func (d *demoMaker) withCode(e *vault.Entry) {
	uri := "otpauth://totp/Demo:svc?secret=" + randomBase32() + "&period=30&digits=6&issuer=Demo"
	e.Set(vault.FieldOTP, vault.NewSecret([]byte(uri)), true)
}

// awkward has what clients tend to break on their way.
func (d *demoMaker) awkward(e *vault.Entry) {
	e.Set(vault.FieldPassword, vault.NewSecret([]byte(`a&b<c>"d\e`+"\u00fc\u20ac"+randomBase32()[:8])), true)
	e.Set(vault.FieldNotes, vault.SecretText("Zeile 1\r\nZeile 2\t\u2713 \U0001F511"), false)
}

func (d *demoMaker) expiring(e *vault.Entry) {
	e.Times.Expires, e.Times.Expiry = true, d.now.AddDate(0, 1, 0)
}

// randomPassword returns 26 letters and digits, 128 bits and more.
func randomPassword() vault.Secret {
	return vault.NewSecret([]byte(strings.ToLower(randomBase32()[:26])))
}

// randomBase32 returns 160 random bits in 32 characters.
func randomBase32() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails (Go 1.24)
	return base32.StdEncoding.EncodeToString(b[:])
}
