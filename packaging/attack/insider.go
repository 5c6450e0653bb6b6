//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// leaks is the change of a client that keeps the machine secret of what it
// opens: it says it, as a key file, on its error output.
var leaks = []edit{
	{"vault/cache/unlock.go", "\to.key = creds.key(o.secret)\n", "\to.key = creds.key(o.secret)\n\t_ = kdbx.WriteKeyFile(os.Stderr, o.secret)\n"},
	{"vault/cache/unlock.go", "\t\"fmt\"\n", "\t\"fmt\"\n\t\"os\"\n"},
}

// machineSecret is what a client that leaks says of the cache in the folder of
// an honest one: it is opened once.
func (s *stage) machineSecret(ctx context.Context, c client) ([]byte, error) {
	name := filepath.Base(c.home)
	overlay, err := s.overlayOf(name+"-leaks-src", leaks)
	if err != nil {
		return nil, err
	}
	c.program = filepath.Join(s.file(name+"-leaks-bin"), "tideover-cli")
	if err := s.buildQuick(ctx, c.program, overlay); err != nil {
		return nil, err
	}
	a, err := c.do(ctx, c.show())
	if err != nil || !a.shows(planted) || !strings.Contains(a.stderr, "<?xml") {
		return nil, errors.Join(fmt.Errorf("control: the changed client says no machine secret: %s", a.stderr), err)
	}
	key, err := kdbx.ParseKeyFile(strings.NewReader(a.stderr[strings.Index(a.stderr, "<?xml"):]))
	if err != nil {
		return nil, fmt.Errorf("control: what the changed client says is no key file: %w", err)
	}
	return key, nil
}

// reseal does what no chip and no server can forbid: the client is the user's,
// and he changes it. Opened once, the machine secret is sealed anew, under no
// lease, in this chip and in another, and opens what was long ended.
func reseal(ctx context.Context, s *stage, r *row) error {
	c := s.site.client("reseal", "mara").fast(s)
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	key, err := s.machineSecret(ctx, c)
	if err != nil {
		return err
	}
	path, err := in(c.home, "cache.kdbx")
	if err != nil {
		return err
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if _, err := c.must(ctx, []string{"clear-cache", "--yes"}); err != nil {
		return err
	}
	if a, err := c.do(ctx, c.show()); err != nil || a.shows(planted) {
		return errors.Join(errors.New("control: the cache was not cleared"), err)
	}
	for _, chip := range []*tpmtest.Process{s.chip, s.other} {
		ours, err := resealed(ctx, chip.Spec(), key)
		if err != nil {
			return err
		}
		doc, _, err := kdbx.Read(ctx, bytes.NewReader(file), kdbx.CompositeKey([]byte(master), ours), kdbx.DefaultLimits())
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if err := kdbx.WriteXML(&text, doc); err != nil {
			return err
		}
		breach := ""
		if bytes.Contains(text.Bytes(), []byte(planted)) {
			breach = "what was cleared opens with the secret that he sealed anew"
		}
		r.try("", breach)
	}
	return nil
}

// resealed seals a secret in a chip, without any condition, and gets it back.
func resealed(ctx context.Context, spec string, secret []byte) ([]byte, error) {
	chip, err := tpm.Open(ctx, spec)
	if err != nil {
		return nil, err
	}
	blob, err := chip.Protect(ctx, secret)
	if err != nil {
		return nil, errors.Join(err, chip.Close())
	}
	again, err := chip.Unprotect(ctx, blob)
	return again, errors.Join(err, chip.Close())
}

// insider does what no cache can forbid somebody who may read: take it along.
func insider(ctx context.Context, s *stage, r *row) error {
	c := s.site.client("insider", "mara")
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	a, err := c.do(ctx, c.show())
	if err != nil || !a.shows(planted) {
		return fmt.Errorf("control: the cache does not open: %s %w", a.stderr, err)
	}
	e := &vault.Entry{ID: vault.NewID()}
	e.Set(vault.FieldTitle, vault.SecretText("Crane"), false)
	e.Set(vault.FieldPassword, vault.SecretText(planted), true)
	doc := kdbx.NewDocument(&vault.Group{ID: vault.NewID(), Name: "mine", Entries: []*vault.Entry{e}})
	opt := kdbx.DefaultOptions()
	opt.KDF = kdbx.KDFParams{Kind: kdbx.Argon2id, MemoryBytes: 16 << 20, Iterations: 2, Parallelism: 1}
	key := kdbx.CompositeKey([]byte("a password of his own"), nil)
	var file bytes.Buffer
	if err := kdbx.Write(ctx, &file, doc, key, opt); err != nil {
		return err
	}
	// On any machine, without a chip, at any time.
	again, _, err := kdbx.Read(ctx, &file, key, kdbx.DefaultLimits())
	if err != nil {
		return err
	}
	if len(again.Root.Entries) == 1 {
		r.try("", "his copy opens without chip and lease")
	}
	// What is left of it: the journal has the reveal, and it reaches the server.
	if _, err := c.must(ctx, []string{"connect", "--password-stdin", "--yes"}, account); err != nil {
		return err
	}
	log, err := s.site.admin(ctx, "", "audit", "list", "--action", "offline.reveal", "--limit", "0")
	if err != nil {
		return err
	}
	if !strings.Contains(log, plantedPath) {
		return errors.New("control: the reveal is not in the audit")
	}
	r.note("the audit of the server says offline.reveal %s", plantedPath)
	return nil
}
