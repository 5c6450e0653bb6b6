package cache_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
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
