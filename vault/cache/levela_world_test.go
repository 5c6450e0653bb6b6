package cache_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// Limits of the caches of these tests.
const (
	testTries = 4
	testOpens = 40
)

// provisioner is *tpm.Chip as a cache wants it.
type provisioner struct{ *tpm.Chip }

func (p provisioner) With(s binding.Slots) (cache.Indexed, error) { return p.WithIndices(s) }

// authority gives permits as a server does, for one cache after the other: the
// first write once for each index, and another password only where the chip has
// shown that nothing approved is left.
type authority struct {
	t        testing.TB
	key      *ecdsa.PrivateKey
	chip     *tpm.Chip
	attester []byte // blob of the attestation key
	device   []byte // blob of the device's key, which signs requests
	public   *ecdsa.PublicKey

	approved map[[16]byte]uint64              // highest generation with a lease, by cache
	given    map[[16]byte]map[string]bool     // first writes
	dead     map[[16]byte]uint64              // what the counter was last shown to be
	asked    []binding.PermitRequest          // all that were signed
	written  map[string]binding.PermitRequest // not yet shown by a reading
	refuse   error                            // of Permit
	unread   error                            // of Reading
	named    map[[16]byte]binding.Indices
	receipts []uint64 // what the counter was shown to be
}

var errRefused = errors.New("the server gives no permit")

func newAuthority(t testing.TB, key *ecdsa.PrivateKey, chip *tpm.Chip) *authority {
	t.Helper()
	ak, err := chip.NewAttestationKey(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	// TPMT_PUBLIC ends with the two coordinates, each behind its length.
	p := ak.Public[len(ak.Public)-68:]
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, p[2:34]...), p[36:]...))
	if err != nil {
		t.Fatal(err)
	}
	device, _, err := chip.NewSigningKey(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return &authority{
		t: t, key: key, chip: chip, attester: ak.Blob, device: device, public: public,
		approved: map[[16]byte]uint64{}, given: map[[16]byte]map[string]bool{}, dead: map[[16]byte]uint64{}, written: map[string]binding.PermitRequest{}, named: map[[16]byte]binding.Indices{},
	}
}

// Permit signs and states with the chip, as the requests of a device do: in the
// chip's session that would wait for itself.
func (a *authority) Permit(ctx context.Context, want binding.PermitRequest) (func(context.Context, binding.PermitRequest) ([]byte, error), error) {
	if _, err := a.chip.Sign(ctx, a.device, [32]byte{1}); err != nil {
		return nil, err
	}
	if _, err := a.chip.Present(ctx, a.attester, [32]byte{2}); err != nil {
		return nil, err
	}
	sent := false
	return func(_ context.Context, r binding.PermitRequest) ([]byte, error) {
		nonce := r.Nonce
		if r.Nonce = nil; !reflect.DeepEqual(r, want) || sent {
			return nil, fmt.Errorf("prepared was %+v, the chip asks for %+v: %w", want, r, errRefused)
		}
		sent, r.Nonce = true, nonce
		return a.permit(r)
	}, nil
}

func (a *authority) permit(r binding.PermitRequest) ([]byte, error) {
	if a.refuse != nil {
		return nil, a.refuse
	}
	id := r.Indices.Cache
	if a.named[id] != r.Indices {
		return nil, fmt.Errorf("other indices than were named: %w", errRefused)
	}
	switch r.Kind {
	case binding.PermitFirstWrite:
		if a.given[id] == nil {
			a.given[id] = map[string]bool{}
		}
		if a.given[id][string(r.Index)] {
			return nil, errRefused
		}
		a.given[id][string(r.Index)] = true
	case binding.PermitRewrite:
		if w, ok := a.written[string(r.Index)]; ok && w.Kind != binding.PermitRekey {
			return nil, fmt.Errorf("the last write was not shown: %w", errRefused)
		}
	case binding.PermitRekey:
		if n := a.approved[id]; n > 0 && a.dead[id] <= n {
			return nil, errRefused
		}
	}
	a.asked = append(a.asked, r)
	a.written[string(r.Index)] = r
	return binding.Permit(a.key, r)
}

func (a *authority) Indices(_ context.Context, x binding.Indices) error {
	if before, ok := a.named[x.Cache]; ok && before != x {
		return errRefused
	}
	a.named[x.Cache] = x
	return nil
}

func (a *authority) Reading(ctx context.Context, x binding.Indices, k binding.IndexKind, certify cache.Certify) error {
	if a.unread != nil {
		return a.unread
	}
	nonce := make([]byte, 20)
	rand.Read(nonce) //nolint:errcheck // never returns an error
	q := binding.Qualify(binding.SubjectCounter, nonce, x.Terms(0).LeaseRef())
	said, err := certify(ctx, a.attester, q)
	if err != nil {
		return err
	}
	reading, err := said.Reading(binding.ReadingWant{Key: a.public, Qualified: q, Name: x.Name(k, true)})
	if err != nil {
		return err
	}
	if k == binding.Counter {
		a.dead[x.Cache] = reading.Value
		a.receipts = append(a.receipts, reading.Value)
		if reading.Value <= a.approved[x.Cache] {
			a.t.Errorf("a receipt for generation %d, and the counter is at %d", a.approved[x.Cache], reading.Value)
		}
		return nil
	}
	if w, ok := a.written[string(k)]; ok && w.Kind != binding.PermitRekey {
		delete(a.written, string(k))
		return reading.Shows(w)
	}
	return nil
}

// count is how many permits of a kind were given for an index.
func (a *authority) count(kind binding.PermitKind, k binding.IndexKind) int {
	n := 0
	for _, r := range a.asked {
		if r.Kind == kind && r.Index == k {
			n++
		}
	}
	return n
}

// worldA is a world whose caches are of level A.
type worldA struct {
	*world
	chip      *tpm.Chip
	authority *authority
	at        fault // where the next process dies
}

func newWorldA(t testing.TB) *worldA {
	t.Helper()
	m := tpmtest.Start(t)
	chip := m.Open(t)
	s := newServer(t)
	w := &worldA{
		world: &world{
			t: t, machine: m, chip: chip, server: s, device: vault.NewID(), indices: provisioner{chip},
			dir: filepath.Join(t.TempDir(), "account"), now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
		},
		chip: chip, authority: newAuthority(t, s.tpm, chip),
	}
	w.a = &cache.LevelA{Server: w.authority, Tries: testTries, Opens: testOpens}
	return w
}

// cacheA makes a generation, and the authority remembers what it approved.
func (w *worldA) cacheA(title string) {
	w.t.Helper()
	if err := w.tryA(title); err != nil {
		w.t.Fatal(err)
	}
}

func (w *worldA) tryA(title string) error {
	err := w.try(content(title), nil)
	if w.last.Indices != nil {
		w.authority.approved[w.last.Cache] = max(w.authority.approved[w.last.Cache], w.last.Generation)
	}
	return err
}

// indexed is the chip with the indices of the last generation.
func (w *worldA) indexed() *tpm.Indexed {
	w.t.Helper()
	x, err := w.chip.WithIndices(cache.Slots(w.dir))
	if err != nil {
		w.t.Fatal(err)
	}
	return x
}

func (w *worldA) counter() uint64 {
	w.t.Helper()
	n, err := w.indexed().Counter(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}
