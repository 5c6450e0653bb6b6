package cache_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/escrow"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
	"github.com/tideover/tideover/vault/kdbx"
)

// TestEscrow takes the chip away: the file, the master password and what was
// escrowed open it in KeePassXC, and two of the three do not.
func TestEscrow(t *testing.T) {
	program, err := exec.LookPath("keepassxc-cli")
	if err != nil {
		t.Fatal("keepassxc-cli is needed: apt-get install keepassxc")
	}
	w := newWorld(t)
	organisation := newKey(t)
	p, err := w.store().Prepare(context.Background(), w.request())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Discard()
	d := p.Declaration()
	wrapped, err := p.Escrow(cache.EscrowTo{Key: &organisation.PublicKey, User: w.server.user})
	if err != nil || p.NeedsKeys() {
		t.Fatalf("escrow: %v, needs keys %v", err, p.NeedsKeys())
	}
	token := w.server.issue(t, w.device, d, rich().Root.Count(), w.now, nil)
	if _, err := p.Commit(context.Background(), rich(), token); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Escrow(cache.EscrowTo{Key: &organisation.PublicKey, User: w.server.user}); err == nil {
		t.Error("escrowed after the end")
	}
	w.machine.Clear() // the board breaks
	if o, err := w.unlock(master); err == nil {
		o.Close()
		t.Error("it opens without its chip")
	}

	b := escrow.Binding{Device: w.device, Cache: d.Cache, Generation: d.Generation, Record: d.Record, User: w.server.user}
	secret, err := escrow.Open(organisation, b, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := kdbx.WriteKeyFile(&file, secret.Bytes()); err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(t.TempDir(), "released.keyx")
	if err := os.WriteFile(keyFile, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(password string, args ...string) (string, error) {
		cmd := exec.Command(program, append(append([]string{"show", "-q", "-s", "-a", "Password"}, args...), w.file("cache.kdbx"), "mail")...)
		cmd.Env = append(os.Environ(), "QT_QPA_PLATFORM=offscreen", "LC_ALL=C.UTF-8")
		cmd.Stdin = strings.NewReader(password + "\n")
		out, err := cmd.Output()
		return string(out), err
	}
	if out, err := run(master, "-k", keyFile); err != nil || out != "s3cret of mail\n" {
		t.Errorf("password and key file: %q, %v", out, err)
	}
	if out, err := run(master); err == nil {
		t.Errorf("without the key file: %q", out)
	}
	if out, err := run("wrong", "-k", keyFile); err == nil {
		t.Errorf("with a wrong password: %q", out)
	}
}

// TestNoEscrowPastASecurityKey: what a policy demands, two administrators do not
// stand in for.
func TestNoEscrowPastASecurityKey(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	_, key := h.add(t, "blue", fidotest.Options{})
	w.keys = []fido.Key{key}
	p, err := w.store().Prepare(context.Background(), w.request())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Discard()
	wrapped, err := p.Escrow(cache.EscrowTo{Key: &newKey(t).PublicKey, User: w.server.user})
	if !errors.Is(err, vault.KeyRequired) || wrapped != nil || !p.NeedsKeys() {
		t.Errorf("escrowed %d bytes, %v, needs keys %v", len(wrapped), err, p.NeedsKeys())
	}
}
