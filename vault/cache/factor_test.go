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

// holder is the person at the keys, and what is plugged in.
type holder struct {
	plugged []*fidotest.Key
	pin     string
	out     [][]byte // what the keys gave, which is shared and not copied
}

func (h *holder) Find() ([]fido.Device, error) {
	var all []fido.Device
	for _, k := range h.plugged {
		all = append(all, k.Plug())
	}
	return all, nil
}

func (h *holder) PIN(context.Context, fido.Tries) (vault.Secret, error) { return secret(h.pin), nil }

func (h *holder) Touch() {}

func (h *holder) Register(ctx context.Context, r fido.Registration, a fido.Asker) (fido.Registered, error) {
	return fido.NewHID(h).Register(ctx, r, a)
}

func (h *holder) Evaluate(ctx context.Context, keys []fido.Key, a fido.Asker) (int, vault.Secret, error) {
	slot, output, err := fido.NewHID(h).Evaluate(ctx, keys, a)
	h.out = append(h.out, output.Bytes())
	return slot, output, err
}

// add enrols a new key, which stays plugged in alone.
func (h *holder) add(t *testing.T, label string, o fidotest.Options, existing ...fido.Key) (*fidotest.Key, fido.Key) {
	t.Helper()
	key := fidotest.New(o)
	h.plugged, h.pin = []*fidotest.Key{key}, o.PIN
	added, err := fido.Enrol(t.Context(), h, fido.EnrolRequest{Label: label, Verified: o.PIN != "", Existing: existing}, h)
	if err != nil {
		t.Fatal(err)
	}
	return key, added
}

// with opens the cache with what the holder has plugged in.
func (w *world) with(h *holder, password string) (*cache.Opened, error) {
	return w.store().Unlock(w.t.Context(), cache.UnlockRequest{User: userName, Password: secret(password), Keys: h, Asker: h})
}

// mustOpen wants the cache to open with a key.
func (w *world) mustOpen(h *holder) *cache.Opened {
	w.t.Helper()
	o, err := w.with(h, master)
	if err != nil {
		w.t.Fatalf("with the key: %v", err)
	}
	w.t.Cleanup(o.Close)
	return o
}

// shut wants it not to open, for that reason, and that nothing was spent.
func (w *world) shut(h *holder, want error) {
	w.t.Helper()
	before := w.status()
	o, err := w.with(h, master)
	if err == nil {
		o.Close()
	}
	if !errors.Is(err, want) {
		w.t.Fatalf("got %v, want %v", err, want)
	}
	after := w.status()
	if after.Tries != before.Tries || !cmp.Equal(after.Verdict.OpensLeft, before.Verdict.OpensLeft) {
		w.t.Errorf("%v cost something: tries %+v, %+v before; openings %v, %v before", want, after.Tries, before.Tries, after.Verdict.OpensLeft, before.Verdict.OpensLeft)
	}
}

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

// File, machine, chip and master password are not enough.
func TestEverythingButTheKey(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	_, added := h.add(t, "blue", fidotest.Options{})
	w.keys = []fido.Key{added}
	w.cache(content("one"), nil)
	machine, err := w.store().MachineSecret(t.Context(), secret(master))
	if err != nil {
		t.Fatal(err)
	}
	read := func(second []byte) error {
		doc, _, err := kdbx.Read(t.Context(), bytes.NewReader(w.read("cache.kdbx")), kdbx.CompositeKey([]byte(master), second), kdbx.DefaultLimits())
		if err == nil {
			doc.Wipe()
		}
		return err
	}
	if err := read(machine); !errors.Is(err, vault.WrongPassword) {
		t.Errorf("with the chip's secret alone: %v", err)
	}
	record, err := fido.ParseRecord(cache.KeyItem(t, w.read("cache.kdbx")))
	if err != nil {
		t.Fatal(err)
	}
	factor, _, err := fido.Unlock(t.Context(), h, record, h)
	if err != nil {
		t.Fatal(err)
	}
	mixed, err := fido.Mix(record.Binding, vault.NewSecret(machine), factor)
	if err != nil {
		t.Fatal(err)
	}
	if err := read(mixed.Bytes()); err != nil { // so the one before was the right secret
		t.Errorf("with the key: %v", err)
	}
	if err := read(factor.Bytes()); !errors.Is(err, vault.WrongPassword) {
		t.Errorf("with the factor alone: %v", err)
	}
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

func TestRemovedKey(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	lost, first := h.add(t, "lost", fidotest.Options{})
	kept, second := h.add(t, "kept", fidotest.Options{}, first)
	w.keys = []fido.Key{first, second}
	w.cache(content("one"), nil)
	older := w.read("cache.kdbx")
	o := w.mustOpen(h)
	w.keys = o.SecurityKeys()[1:]
	o.Close()
	h.plugged = nil // none is needed to leave one out
	w.cache(content("two"), nil)
	h.plugged = []*fidotest.Key{lost}
	w.shut(h, vault.KeyUnknown)
	// The slot that opened once is put back into the next generation, with the
	// client state edited to fit.
	good := w.read("cache.kdbx")
	was := cache.KeyItem(t, older)
	for name, change := range map[string]func(item string, value []byte) []byte{
		"keys of the generation before": func(item string, value []byte) []byte { return instead(item, "tideover.fido", value, was) },
		"and the record to fit": func(item string, value []byte) []byte {
			if item == "tideover.record" {
				return cache.FactorOf(t, value, was)
			}
			return instead(item, "tideover.fido", value, was)
		},
	} {
		bad := rewrite(t, good, change)
		w.plant(good, bad)
		if w.shut(h, vault.Damaged); t.Failed() {
			t.Fatal(name)
		}
		w.plant(bad, good)
	}
	h.plugged = []*fidotest.Key{kept}
	w.mustOpen(h).Close()
	if keys, err := w.store().SignedKeys(t.Context()); err != nil || len(keys) != 1 || keys[0].Label != "kept" {
		t.Errorf("keys that the lease proves: %v, %v", keys, err)
	}
	w.write("cache.kdbx", older) // an older copy has the lost key, and proves nothing
	if keys, err := w.store().SignedKeys(t.Context()); err != nil || keys != nil {
		t.Errorf("keys of an older copy: %v, %v", keys, err)
	}
}

func instead(item, of string, value, with []byte) []byte {
	if item == of {
		return with
	}
	return value
}

// Whatever is done to the item or to what the record says of it is damage, told
// before a key is asked, and never a wrong password.
func TestKeysInTheHeader(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	_, added := h.add(t, "blue", fidotest.Options{})
	w.keys = []fido.Key{added}
	w.cache(content("one"), nil)
	good := w.read("cache.kdbx")
	item := cache.KeyItem(t, good)
	record, err := fido.ParseRecord(item)
	if err != nil {
		t.Fatal(err)
	}
	_, strange := h.add(t, "thief", fidotest.Options{})
	other, _, err := fido.Seal(record.Binding, []fido.Key{strange})
	if err != nil {
		t.Fatal(err)
	}
	thief, err := other.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	asked := len(h.out)
	for name, change := range map[string]func(item string, value []byte) []byte{
		"deleted":              func(item string, value []byte) []byte { return instead(item, "tideover.fido", value, nil) },
		"a thief's":            func(item string, value []byte) []byte { return instead(item, "tideover.fido", value, thief) },
		"not an item":          func(item string, value []byte) []byte { return instead(item, "tideover.fido", value, []byte{0x30, 0}) },
		"the record without":   func(item string, value []byte) []byte { return unkeyed(t, item, value, value) },
		"record and item gone": func(item string, value []byte) []byte { return unkeyed(t, item, value, nil) },
		"a thief's, and the record to fit": func(item string, value []byte) []byte {
			if item == "tideover.record" {
				return cache.FactorOf(t, value, thief)
			}
			return instead(item, "tideover.fido", value, thief)
		},
	} {
		bad := rewrite(t, good, change)
		w.plant(good, bad)
		if st := w.status(); st.State != cache.Damaged {
			t.Errorf("%s: %s, %v", name, st.State, st.Problem)
		}
		w.shut(h, vault.Damaged)
		w.plant(bad, good)
	}
	if len(h.out) != asked {
		t.Errorf("a key was asked %d times", len(h.out)-asked)
	}
}

// unkeyed takes the factor out of the record, and makes the item another.
func unkeyed(t *testing.T, item string, value, keys []byte) []byte {
	switch item {
	case "tideover.record":
		return cache.FactorOf(t, value, nil)
	case "tideover.fido":
		return keys
	}
	return value
}

// Where no server signs the record, the key of the file proves it: the same
// forgeries open nothing either.
func TestKeysInTheHeaderOfALocalCache(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	blue, added := h.add(t, "blue", fidotest.Options{})
	make1 := func(keys []fido.Key, want error) {
		t.Helper()
		r := w.request()
		r.Trust, r.Local = nil, &cache.Local{Expires: w.now.AddDate(0, 0, 7), Policy: policy()}
		r.Keys = keys
		if want != nil {
			r.Local.Policy.SecurityKey = lease.KeyRequired
		}
		p, err := w.store().Prepare(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Discard()
		if _, err := p.Commit(t.Context(), content("one"), ""); !errors.Is(err, want) {
			t.Fatalf("commit: %v, want %v", err, want)
		}
	}
	make1([]fido.Key{added}, nil)
	make1(nil, vault.KeyRequired)
	good := w.read("cache.kdbx")
	binding := fido.Binding{Cache: w.status().Cache, Generation: 1}
	thiefKey, strange := h.add(t, "thief", fidotest.Options{})
	forged := func(b fido.Binding) []byte {
		r, _, err := fido.Seal(b, []fido.Key{strange})
		if err != nil {
			t.Fatal(err)
		}
		der, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	moved, err := fido.ParseRecord(cache.KeyItem(t, good))
	if err != nil {
		t.Fatal(err)
	}
	moved.Slots[0].Wrapped = mustSeal(t, fido.Binding{Cache: binding.Cache, Generation: 2}, added) // of another generation
	of2, err := moved.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		item []byte
		key  *fidotest.Key
	}{
		"no keys":                    {nil, blue},
		"a thief's":                  {forged(binding), thiefKey},
		"of another generation":      {forged(fido.Binding{Cache: binding.Cache, Generation: 2}), thiefKey},
		"of another cache":           {forged(fido.Binding{Cache: vault.NewID(), Generation: 1}), thiefKey},
		"slot of another generation": {of2, blue},
	} {
		bad := rewrite(t, good, func(item string, value []byte) []byte {
			switch item {
			case "tideover.record":
				return cache.FactorOf(t, value, c.item)
			case "tideover.fido":
				return c.item
			}
			return value
		})
		w.plant(good, bad)
		h.plugged = []*fidotest.Key{c.key}
		o, err := w.with(h, master)
		if err == nil {
			o.Close()
		}
		if !errors.Is(err, vault.Damaged) {
			t.Errorf("%s: %v", name, err)
		}
		w.plant(bad, good)
	}
	h.plugged = []*fidotest.Key{blue}
	w.mustOpen(h)
	if keys, err := w.store().SignedKeys(t.Context()); err != nil || keys != nil {
		t.Errorf("nobody signed them: %v, %v", keys, err)
	}
}

func mustSeal(t *testing.T, b fido.Binding, k fido.Key) []byte {
	t.Helper()
	r, _, err := fido.Seal(b, []fido.Key{k})
	if err != nil {
		t.Fatal(err)
	}
	return r.Slots[0].Wrapped
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
