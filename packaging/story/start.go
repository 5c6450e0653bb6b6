package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/tideover/tideover/packaging/demo"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// findChip takes this machine's TPM if this user may use it, and else starts a
// software TPM and says so.
func (p *player) findChip(context.Context) error {
	const device = "/dev/tpmrm0"
	if f, err := os.OpenFile(device, os.O_RDWR, 0); err == nil {
		p.tpm = "auto"
		p.say("This machine's TPM is used (%s).", device)
		return f.Close()
	}
	m, err := tpmtest.Launch(p.file("tpm"))
	if err != nil {
		return fmt.Errorf("start a software TPM: %w", err)
	}
	p.stops = append(p.stops, m.Stop)
	p.tpm = m.Spec()
	p.say("There is no TPM here that this user may use: a software TPM (swtpm) stands in.\nIt shows how the product works; it protects nothing.")
	return nil
}

// startDemo starts `tideover-server demo` and waits for its ready line.
func (p *player) startDemo(ctx context.Context) (*demo.Server, error) {
	p.say("A server with invented entries starts:\n    $ tideover-server demo --data %s --json", p.data())
	s, err := p.start(ctx, "demo", "--data", p.data(), "--json")
	if err == nil {
		fmt.Printf("      %s, identity %s\n", s.Ready.URL, s.Ready.Pin)
	}
	return s, err
}

// serveAgain starts the server on the demo's data at the address that it had.
func (p *player) serveAgain(ctx context.Context, d demo.Ready) (*demo.Server, error) {
	u, err := url.Parse(d.URL)
	if err != nil {
		return nil, err
	}
	fmt.Printf("    $ tideover-server serve --data %s --listen %s --json\n", p.data(), u.Host)
	s, err := p.start(ctx, "serve", "--data", p.data(), "--listen", u.Host, "--json")
	if err != nil {
		return nil, err
	}
	if s.Ready.URL != d.URL || s.Ready.Pin != d.Pin {
		return nil, fmt.Errorf("the server came back as another: %+v", s.Ready)
	}
	return s, nil
}

// start runs a server until the end of the story at the latest.
func (p *player) start(ctx context.Context, args ...string) (*demo.Server, error) {
	s, err := demo.Start(ctx, p.bin, p.file("server.log"), args...)
	if err == nil {
		p.stops = append(p.stops, s.Stop)
	}
	return s, err
}

// writeTeamFile makes the KeePass file that the team is said to have had.
func (p *player) writeTeamFile(ctx context.Context) (password string, err error) {
	password = rand.Text()
	f, err := os.OpenFile(p.file("team.kdbx"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	opt := kdbx.DefaultOptions()
	opt.KDF = kdbx.KDFParams{Kind: kdbx.Argon2id, MemoryBytes: 16 << 20, Iterations: 2, Parallelism: 2}
	err = kdbx.Write(ctx, f, teamFile(), kdbx.CompositeKey([]byte(password), nil), opt)
	return password, errors.Join(err, f.Close())
}

func teamFile() *kdbx.Document {
	now := time.Now().UTC().Truncate(time.Second)
	entry := func(title, user, password, url string, more ...vault.Field) *vault.Entry {
		e := &vault.Entry{ID: vault.NewID(), Times: vault.Times{Created: now, Modified: now, Accessed: now}, AutoType: vault.AutoType{Enabled: true}}
		e.Set(vault.FieldTitle, vault.SecretText(title), false)
		e.Set(vault.FieldUsername, vault.SecretText(user), false)
		e.Set(vault.FieldPassword, vault.SecretText(password), true)
		e.Set(vault.FieldURL, vault.SecretText(url), false)
		e.Set(vault.FieldNotes, vault.SecretText(""), false)
		e.Fields = append(e.Fields, more...)
		return e
	}
	group := func(name string, entries ...*vault.Entry) *vault.Group {
		return &vault.Group{ID: vault.NewID(), Name: name, Times: vault.Times{Created: now, Modified: now}, Entries: entries}
	}
	router := entry("Router", "admin", "Kai-mauer 7", "https://192.0.2.1",
		vault.Field{Name: vault.FieldOTP, Value: vault.SecretText("otpauth://totp/Router:admin?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Router"), Protected: true},
		vault.Field{Name: "Recovery key", Value: vault.SecretText("MOLE-PIER-1871"), Protected: true})
	router.Tags = []string{"network"}
	router.Attachments = []vault.Attachment{{Name: "config.txt", Binary: &vault.Binary{Data: []byte("interface dsl0\n mtu 1492\n")}}}
	root := group("Team")
	root.Groups = []*vault.Group{
		group("Network", router, entry("Access point", "admin", "Boje 12 & Anker", "https://192.0.2.2")),
		group("Büro", entry("Drucker", "hafen", "Möwe <3 Fisch", ""), entry("Türcode", "", "4711", "")),
	}
	doc := kdbx.NewDocument(root)
	doc.Meta.Name = "Team"
	return doc
}
