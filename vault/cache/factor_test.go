package cache_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/lease"
)

func TestSecurityKey(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	blue, first := h.add(t, "blue", fidotest.Options{PIN: "1234", Permissions: true})
	if _, err := fido.Enrol(t.Context(), h, fido.EnrolRequest{Existing: []fido.Key{first}}, h); !errors.Is(err, vault.Conflict) {
		t.Errorf("the same key twice: %v", err)
	}
	red, second := h.add(t, "red \"one\"", fidotest.Options{}, first)
	w.keys = []fido.Key{first, second}
	budget := func(l *lease.Lease) { l.Policy.Opens = 9 }
	w.cache(content("one"), budget)
	if st := w.status(); !cmp.Equal(st.Keys, []string{"blue", "red \"one\""}) || st.State != cache.Usable {
		t.Errorf("status: %q, %s", st.Keys, st.State)
	}

	h.pin = "1234"
	for name, plugged := range map[string]*fidotest.Key{"blue": blue, "red": red} {
		h.plugged = []*fidotest.Key{fidotest.New(fidotest.Options{}), plugged}
		o := w.mustOpen(h)
		if len(o.SecurityKeys()) != 2 || o.Content().Root.Entries[0].Title() != "one" {
			t.Errorf("%s: %d keys", name, len(o.SecurityKeys()))
		}
		o.Close()
	}
	if !bytes.Equal(h.out[len(h.out)-1], make([]byte, 32)) {
		t.Error("the key's output is still in memory")
	}
	j, err := audit.ReadJournal(w.file("journal"))
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range j.Events {
		said = append(said, e.Detail)
	}
	if got := strings.Join(said, "; "); !strings.Contains(got, `security_key="blue"`) || !strings.Contains(got, `security_key="red \"one\""`) {
		t.Errorf("the journal does not name the keys: %s", got)
	}

	h.plugged = nil
	w.shut(h, vault.KeyMissing)
	h.plugged = []*fidotest.Key{fidotest.New(fidotest.Options{})}
	w.shut(h, vault.KeyUnknown)
	h.pin, h.plugged = "4321", []*fidotest.Key{blue}
	w.shut(h, vault.WrongPIN)
	if blue.Retries() != 7 {
		t.Errorf("a wrong PIN left %d tries", blue.Retries())
	}
	if _, err := w.unlock(master); !errors.Is(err, vault.Unsupported) {
		t.Errorf("without a way to keys: %v", err)
	}
	// With the key, a wrong password is what it always was.
	h.plugged = []*fidotest.Key{red}
	left := w.status().Tries.Left
	if _, err := w.with(h, "wrong"); !errors.Is(err, vault.WrongPassword) || w.status().Tries.Left != left-1 {
		t.Errorf("a wrong password: %v, %d tries left of %d", err, w.status().Tries.Left, left)
	}
}

// A label may be anything, and each character of it four in the journal's quotes.
func TestLongestLabel(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	_, added := h.add(t, strings.Repeat("\x01", fido.MaxLabel), fidotest.Options{})
	w.keys = []fido.Key{added}
	w.cache(content("one"), nil)
	w.mustOpen(h)
	events, err := w.store().Unsent(t.Context(), 10)
	if err != nil || len(events) != 1 || !strings.HasPrefix(events[0].Detail, `security_key="\x01\x01`) {
		t.Errorf("%+v, %v", events, err)
	}
}

func TestSecurityKeyNotTouched(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	untouched, added := h.add(t, "slow", fidotest.Options{})
	w.keys = []fido.Key{added}
	w.cache(content("one"), nil)
	_ = untouched
	lazy := fidotest.New(fidotest.Options{Untouched: true})
	h.plugged = []*fidotest.Key{lazy}
	w.shut(h, vault.KeyUnknown) // it is not asked for a touch: it is none of ours
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.plugged = []*fidotest.Key{untouched}
	before := w.status().Tries
	if _, err := w.store().Unlock(ctx, cache.UnlockRequest{Password: secret(master), Keys: h, Asker: h}); !errors.Is(err, context.Canceled) || w.status().Tries != before {
		t.Errorf("cancelled: %v, %+v", err, w.status().Tries)
	}
	w.mustOpen(h)
}

// What the key opened is the escrow file, too.
func TestKeyFileOfACacheWithAKey(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	_, added := h.add(t, "blue", fidotest.Options{})
	w.keys = []fido.Key{added}
	w.cache(content("one"), nil)
	o := w.mustOpen(h)
	var keyx bytes.Buffer
	if err := o.ExportKeyFile(t.Context(), &keyx); err != nil {
		t.Fatal(err)
	}
	o.Close()
	key, err := kdbx.ParseKeyFile(&keyx)
	if err != nil {
		t.Fatal(err)
	}
	doc, _, err := kdbx.Read(t.Context(), bytes.NewReader(w.read("cache.kdbx")), kdbx.CompositeKey([]byte(master), key), kdbx.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	doc.Wipe()
	// Drafts are under the same key.
	o = w.mustOpen(h)
	e := content("draft").Root.Entries[0]
	if err := o.SaveOverlay(t.Context(), []cache.Edit{{Op: cache.Added, ID: e.ID, Group: vault.NewID(), Entry: e, At: w.now}}); err != nil {
		t.Fatal(err)
	}
	o.Close()
	o = w.mustOpen(h)
	if edits, err := o.Overlay(t.Context()); err != nil || len(edits) != 1 {
		t.Errorf("%d drafts, %v", len(edits), err)
	}
}

// A policy that wants a key is not had around by an older lease.
func TestRequiredKey(t *testing.T) {
	w := newWorld(t)
	required := func(l *lease.Lease) { l.Policy.SecurityKey = lease.KeyRequired }
	w.cache(content("one"), nil)
	if err := w.try(content("two"), required); !errors.Is(err, vault.KeyRequired) {
		t.Fatalf("made without a key: %v", err)
	}
	w.opens("one")
	w.now = w.now.Add(time.Hour)
	w.last.Generation, w.last.Record = 1, sha256.Sum256(itemsOf(t, w.read("cache.kdbx"))["tideover.record"])
	if _, err := w.store().Renew(t.Context(), w.server.issue(t, w.device, w.last, 1, w.now, required)); err != nil {
		t.Fatal(err)
	}
	w.refuses(vault.KeyRequired, cache.KeyRequired)
	if err := os.Remove(w.file("cache.kdbx.gov")); err != nil { // the lease inside asks for none
		t.Fatal(err)
	}
	w.refuses(vault.Expired, cache.Expired)
	w.now = w.now.Add(time.Hour)
	if _, err := w.store().Renew(t.Context(), w.server.issue(t, w.device, w.last, 1, w.now, nil)); err != nil {
		t.Fatal(err)
	}
	w.opens("one") // the administrator has thought again

	h := &holder{}
	_, added := h.add(t, "blue", fidotest.Options{})
	w.keys = []fido.Key{added}
	w.cache(content("three"), required)
	o := w.mustOpen(h)
	if err := o.ExportKeyFile(t.Context(), &bytes.Buffer{}); !errors.Is(err, vault.NotPermitted) {
		t.Errorf("the key file is exported where a key is required: %v", err)
	}
}

func TestSecurityKeyAtLevelA(t *testing.T) {
	w := newWorldA(t)
	h := &holder{}
	lost, first := h.add(t, "lost", fidotest.Options{})
	kept, second := h.add(t, "kept", fidotest.Options{}, first)
	w.keys = []fido.Key{first, second}
	w.cacheA("one")
	h.plugged = []*fidotest.Key{fidotest.New(fidotest.Options{})}
	w.shut(h, vault.KeyUnknown)
	h.plugged = []*fidotest.Key{lost}
	o := w.mustOpen(h)
	w.keys = o.SecurityKeys()[1:]
	o.Close()
	w.cacheA("two")
	w.shut(h, vault.KeyUnknown)
	h.plugged = []*fidotest.Key{kept}
	w.mustOpen(h).Close()
	// The file comes back from elsewhere.
	copied := filepath.Join(t.TempDir(), "copy.kdbx")
	if err := os.WriteFile(copied, w.read("cache.kdbx"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := w.store().Import(t.Context(), copied, cache.UnlockRequest{Password: secret(master), Keys: h, Asker: h})
	if err != nil {
		t.Fatal(err)
	}
	o.Close()
}
