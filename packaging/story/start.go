package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

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
func (p *player) startDemo(ctx context.Context) (demoReady, error) {
	p.say("A server with invented entries starts:\n    $ tideover-server demo --data %s --json", p.data())
	line, stop, err := p.start(ctx, "demo", "--data", p.data(), "--json")
	if err != nil {
		return demoReady{}, err
	}
	d, err := parseReady(line)
	if err != nil {
		return d, errors.Join(err, stop())
	}
	d.stop = stop
	fmt.Printf("      %s, identity %s\n", d.URL, d.Pin)
	return d, nil
}

// serveAgain starts the server on the demo's data at the address that it had.
func (p *player) serveAgain(ctx context.Context, d demoReady) (stop func() error, err error) {
	u, err := url.Parse(d.URL)
	if err != nil {
		return nil, err
	}
	fmt.Printf("    $ tideover-server serve --data %s --listen %s --json\n", p.data(), u.Host)
	line, stop, err := p.start(ctx, "serve", "--data", p.data(), "--listen", u.Host, "--json")
	if err != nil {
		return nil, err
	}
	if again, err := parseReady(line); err != nil || again.URL != d.URL || again.Pin != d.Pin {
		return nil, errors.Join(fmt.Errorf("the server came back as another: %s", line), err, stop())
	}
	return stop, nil
}

// start runs a server in the background. The first line it prints comes back,
// and a function that ends it with SIGTERM, which must give exit code 0.
func (p *player) start(ctx context.Context, args ...string) ([]byte, func() error, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "tideover-server"), args...)
	log, err := os.OpenFile(p.file("server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stopped := false
	stop := func() error {
		if stopped {
			return nil
		}
		stopped = true
		err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait(), log.Close())
		if err != nil {
			return fmt.Errorf("tideover-server %s: %w", args[0], err)
		}
		return nil
	}
	p.stops = append(p.stops, stop)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil { // it has ended: nobody else closes its output
		text, _ := os.ReadFile(log.Name())
		return nil, nil, fmt.Errorf("tideover-server %s printed nothing: %s", args[0], text)
	}
	return line, stop, nil
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
