package cache_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/lease"
)

// The package is used with the real chip.
var _ cache.Chip = (*tpm.Chip)(nil)

const (
	master   = "correct horse battery"
	userName = "bob@example.com"
	url      = "https://vault.example.com:10001"
)

// server is a governing server as far as a cache can see it.
type server struct {
	root, lease, tpm *ecdsa.PrivateKey
	keys             []lease.SubKey
	issuer, user     vault.ID
	seq, epoch       uint64
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{root: newKey(t), lease: newKey(t), tpm: newKey(t), issuer: vault.NewID(), user: vault.NewID(), epoch: 1}
	for _, k := range []struct {
		use lease.Use
		key *ecdsa.PrivateKey
	}{{lease.UseLease, s.lease}, {lease.UseTPM, s.tpm}} {
		sub, err := lease.SignSubKey(s.root, k.use, &k.key.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		s.keys = append(s.keys, sub)
	}
	return s
}

func (s *server) rootSPKI(t testing.TB) []byte {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(&s.root.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return spki
}

func (s *server) trust(t testing.TB) cache.Trust {
	return cache.Trust{Root: s.rootSPKI(t), Keys: s.keys, Epoch: s.epoch}
}

// policy is what most tests run under.
func policy() lease.Policy {
	return lease.Policy{
		Days: 7, PoweredOn: 7 * 24 * 3600, Boots: 20, Session: 3600, Idle: 300, Clipboard: 20,
		Reveal: true, Copy: true, Export: true, OfflineEdits: lease.EditsOverlay, MinLevel: binding.LevelB0,
		AllowVirtual: true, Checks: []string{},
	}
}

// issue signs a lease for what the client declared.
func (s *server) issue(t testing.TB, device vault.ID, d cache.Declaration, n int, at time.Time, change func(*lease.Lease)) string {
	t.Helper()
	s.seq++
	key, err := binding.KeyOf(&s.tpm.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	terms := binding.Terms{Level: d.Level, Governed: true, Key: key, Device: device, Cache: d.Cache, Generation: d.Generation}
	if d.Indices != nil {
		terms = d.Indices.Terms(d.Generation)
	}
	p := policy()
	l := lease.Lease{
		Version: lease.Version, Issuer: s.issuer, ID: vault.NewID(), Seq: s.seq,
		Issued: lease.At(at), Expires: lease.At(at.AddDate(0, 0, p.Days)),
		User: s.user, Username: d.User, Device: device, Cache: d.Cache, Generation: d.Generation,
		Record: d.Record, Root: d.RootName, Level: d.Level, Epoch: s.epoch, Policy: p, Entries: n,
		Chip: &lease.Chip{ClockMS: d.Clock.MS, Resets: d.Clock.Resets, Bounds: binding.Bounds{
			ClockMS: d.Clock.MS + uint64(p.PoweredOn)*1000, Resets: d.Clock.Resets + p.Boots,
		}},
	}
	if !d.Level.Sealed() {
		l.Chip = nil
	}
	if change != nil {
		change(&l)
	}
	if l.Chip != nil {
		a, err := binding.Approve(s.tpm, terms, l.Chip.Bounds)
		if err != nil {
			t.Fatal(err)
		}
		l.Chip.Digest = a.Digest
		copy(l.Chip.Signature[:], a.Signature)
	}
	token, err := lease.Sign(s.lease, lease.KeyID(s.keys[0].Public), l)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// world is one computer with its chip, its clock, its server and one cache.
type world struct {
	t       testing.TB
	machine *tpmtest.Machine
	chip    cache.Chip
	chain   *keychain // the only thing there is, on a machine without a chip
	server  *server
	device  vault.ID
	dir     string
	now     time.Time
	disk    cache.Disk
	last    cache.Declaration
	indices cache.Provisioner // level A
	a       *cache.LevelA
	keys    []fido.Key // security keys of new caches
}

func newWorld(t testing.TB) *world {
	t.Helper()
	m := tpmtest.Start(t)
	return &world{
		t: t, machine: m, chip: m.Open(t), server: newServer(t), device: vault.NewID(),
		dir: filepath.Join(t.TempDir(), "account"), now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
	}
}

// store opens the store anew, as another run of the program would.
func (w *world) store() *cache.Store {
	w.t.Helper()
	opt := cache.Options{Dir: w.dir, Chip: w.chip, Now: func() time.Time { return w.now }, Disk: w.disk, Indices: w.indices}
	if w.chain != nil {
		opt.Keychain, opt.NoChip = w.chain, w.chip == nil
	}
	s, err := cache.Open(opt)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) request() cache.PrepareRequest {
	trust := w.server.trust(w.t)
	r := cache.PrepareRequest{
		Server: url, User: userName, Device: w.device, Password: secret(master), Trust: &trust, Cost: cache.FloorCost(), A: w.a, Keys: w.keys,
	}
	if w.chain != nil {
		r.MinLevel = binding.LevelC
	}
	return r
}

// try makes a generation and returns what went wrong.
func (w *world) try(content *vault.Content, change func(*lease.Lease)) error {
	w.t.Helper()
	p, err := w.store().Prepare(context.Background(), w.request())
	if err != nil {
		return err
	}
	defer p.Discard()
	w.last = p.Declaration()
	_, err = p.Commit(context.Background(), content, w.server.issue(w.t, w.device, w.last, content.Root.Count(), w.now, change))
	return err
}

// cache makes a generation.
func (w *world) cache(content *vault.Content, change func(*lease.Lease)) {
	w.t.Helper()
	if err := w.try(content, change); err != nil {
		w.t.Fatal(err)
	}
}

// giveUp seals a number that is never used.
func (w *world) giveUp() {
	w.t.Helper()
	p, err := w.store().Prepare(context.Background(), w.request())
	if err != nil {
		w.t.Fatal(err)
	}
	p.Discard()
}

func (w *world) unlock(password string) (*cache.Opened, error) {
	return w.store().Unlock(context.Background(), cache.UnlockRequest{User: userName, Password: secret(password)})
}

// mustUnlock opens the cache until the end of the test.
func (w *world) mustUnlock() *cache.Opened {
	w.t.Helper()
	o, err := w.unlock(master)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(o.Close)
	return o
}

// refuses wants a cause from Unlock, and that Status says the same.
func (w *world) refuses(cause vault.Cause, state cache.State) {
	w.t.Helper()
	o, err := w.unlock(master)
	if err == nil {
		o.Close()
	}
	if !errors.Is(err, cause) {
		w.t.Fatalf("Unlock: %v, want %s", err, cause)
	}
	got := w.status()
	if got.State != state || !errors.Is(got.Problem, cause) {
		w.t.Fatalf("Status: %s (%v), want %s (%s)", got.State, got.Problem, state, cause)
	}
}

// opens wants the cache to open and to hold that first title.
func (w *world) opens(title string) {
	w.t.Helper()
	o, err := w.unlock(master)
	if err != nil {
		w.t.Fatalf("Unlock: %v", err)
	}
	defer o.Close()
	if got := o.Content().Root.Entries[0].Title(); got != title {
		w.t.Fatalf("opened %q, want %q", got, title)
	}
	if got := w.status(); got.State != cache.Usable {
		w.t.Fatalf("Status: %s (%v), want usable", got.State, got.Problem)
	}
}

func (w *world) status() cache.Status {
	w.t.Helper()
	st, err := w.store().Status(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return st
}

func (w *world) file(name string) string { return filepath.Join(w.dir, name) }

func (w *world) read(name string) []byte {
	w.t.Helper()
	b, err := os.ReadFile(w.file(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) write(name string, b []byte) {
	w.t.Helper()
	if err := os.WriteFile(w.file(name), b, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func secret(s string) vault.Secret { return vault.NewSecret([]byte(s)) }

// content returns a small vault whose first entry has that title.
func content(title string) *vault.Content {
	e := &vault.Entry{ID: vault.NewID()}
	e.Set(vault.FieldTitle, secret(title), false)
	e.Set(vault.FieldPassword, secret("s3cret of "+title), true)
	return &vault.Content{Root: &vault.Group{ID: vault.NewID(), Name: "Vault", Entries: []*vault.Entry{e}}}
}

// rich returns a vault with one of everything.
func rich() *vault.Content {
	c := content("mail")
	icon := vault.CustomIcon{ID: vault.NewID(), Data: []byte("\x89PNG picture"), Name: "logo"}
	c.Icons = []vault.CustomIcon{icon}
	at := time.Date(2025, 3, 1, 10, 20, 30, 0, time.UTC)
	e := c.Root.Entries[0]
	e.Set(vault.FieldUsername, secret("bob"), false)
	e.Set(vault.FieldURL, secret("https://mail.example.com/?a=1&b=<2>"), false)
	e.Set(vault.FieldNotes, secret("line one\nline two – ünï 🔑"), false)
	e.Set(vault.FieldOTP, secret("otpauth://totp/mail?secret=JBSWY3DPEHPK3PXP"), true)
	e.Set("PIN", secret("1234"), true)
	e.Set("Colour", secret("blue"), false)
	e.Tags, e.Icon = []string{"home", "post"}, vault.Icon{Custom: icon.ID}
	e.CustomData = []vault.CustomDatum{{Key: "app.field", Value: "7"}}
	e.Times = vault.Times{Created: at, Modified: at, Accessed: at, LocationChanged: at, Expires: true, Expiry: at}
	e.Attachments = []vault.Attachment{{Name: "letter.txt", Binary: &vault.Binary{Data: []byte("Dear Bob"), Protected: true}}}
	old := &vault.Entry{ID: e.ID, Times: e.Times}
	old.Set(vault.FieldTitle, secret("mail (old)"), false)
	old.Set(vault.FieldPassword, secret("before"), true)
	e.History = []*vault.Entry{old}
	plain := &vault.Entry{ID: vault.NewID(), Times: e.Times}
	plain.Set(vault.FieldTitle, secret("plain"), false)
	sub := &vault.Group{ID: vault.NewID(), Name: "Sub/with slash", Entries: []*vault.Entry{plain}, Times: vault.Times{Created: at}}
	c.Root.Groups = []*vault.Group{sub}
	return c
}

// sameSecret compares secrets by their bytes: cmp must not print them.
func sameSecret() cmp.Option {
	return cmp.Comparer(func(a, b vault.Secret) bool { return bytes.Equal(a.Bytes(), b.Bytes()) })
}
