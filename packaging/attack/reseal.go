//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault/kdbx"
)

// edit is a change of one place in a source file.
type edit struct{ file, old, now string }

// overlayOf writes a file for go build's -overlay that makes the edits. Each
// must fit one place.
func (s *stage) overlayOf(name string, edits []edit) (string, error) {
	dir := s.file(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	texts := map[string]string{}
	for _, e := range edits {
		path, err := filepath.Abs(e.file)
		if err != nil {
			return "", err
		}
		if _, ok := texts[path]; !ok {
			b, err := os.ReadFile(path)
			if err != nil {
				return "", err
			}
			texts[path] = string(b)
		}
		if n := strings.Count(texts[path], e.old); n != 1 {
			return "", fmt.Errorf("%s has %d places like %q", e.file, n, e.old)
		}
		texts[path] = strings.Replace(texts[path], e.old, e.now, 1)
	}
	replace := map[string]string{}
	for path, text := range texts {
		to := filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "-"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[path] = to
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, b, 0o600)
}

// leaks is the change of a client that keeps the machine secret of what it
// opens: it says it, as a key file, on its error output.
var leaks = []edit{
	{"vault/cache/unlock.go", "\to.key = creds.key(o.secret)\n", "\to.key = creds.key(o.secret)\n\t_ = kdbx.WriteKeyFile(os.Stderr, o.secret)\n"},
	{"vault/cache/unlock.go", "\t\"fmt\"\n", "\t\"fmt\"\n\t\"os\"\n"},
}

// reseal does what no chip and no server can forbid: the client is the user's,
// and he changes it. Opened once, the machine secret is sealed anew, under no
// lease, in this chip and in another, and opens what was long ended.
func reseal(ctx context.Context, s *stage, r *row) error {
	c := s.site.client("reseal", "mara").fast(s)
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	overlay, err := s.overlayOf("reseal-src", leaks)
	if err != nil {
		return err
	}
	changed := c
	changed.program = filepath.Join(s.file("reseal-bin"), "tideover-cli")
	if err := s.buildQuick(ctx, changed.program, overlay); err != nil {
		return err
	}
	a, err := changed.do(ctx, changed.show())
	if err != nil || !a.shows(planted) {
		return errors.Join(fmt.Errorf("control: the changed client does not open the cache: %s", a.stderr), err)
	}
	key, err := kdbx.ParseKeyFile(strings.NewReader(a.stderr[strings.Index(a.stderr, "<?xml"):]))
	if err != nil {
		return fmt.Errorf("control: the changed client says no machine secret: %w", err)
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
	if a, err = c.do(ctx, c.show()); err != nil || a.shows(planted) {
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
