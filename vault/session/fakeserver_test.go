package session_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// fakeServer is a Tideover server in memory. It signs real leases, because the
// cache believes no others, and counts what it is asked.
type fakeServer struct {
	t                testing.TB
	root, lease, tpm *ecdsa.PrivateKey
	keys             []wire.SubKey
	issuer, user     vault.ID
	seq              uint64
	policy           lease.Policy
	content          *vault.Content
	clock            *fakeClock

	down      atomic.Bool // nothing answers; set while somebody asks
	kind      session.Kind
	passwords map[string]string
	otp       string // wanted as the second factor, if any
	device    wire.Device
	allowed   bool
	comment   bool // wanted for a cache
	token     string
	inUse     string
	journal   []wire.JournalEvent
	calls     map[string]int
	expires   time.Time
	proved    uint64
	cleared   uint64
	expiry    time.Time // of the offline package
	run       wire.DryRun
	facts     map[vault.ID]*wire.Facts // of the tree

	refusesJournal bool
	losesJournal   bool             // the way is lost when it is sent
	losesCleared   bool             // likewise, of the word that a cache is gone
	forgot         bool             // the device is not known when it is asked for
	welcome        wire.DeviceState // of a device that comes after one that was revoked
	publicKeys     map[string]bool
	escrowed       []*wire.Escrow    // with each cache that was asked for
	declared       wire.CacheRequest // the last of them
}

var errTest = errors.New("test")

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newServer(t testing.TB, clock *fakeClock) *fakeServer {
	t.Helper()
	s := &fakeServer{
		t: t, root: newKey(t), lease: newKey(t), tpm: newKey(t), issuer: vault.NewID(), user: vault.NewID(),
		clock: clock, kind: session.Tideover, passwords: map[string]string{user: account, "carol": "carols password"},
		device: wire.Device{State: wire.DeviceApproved}, allowed: true, calls: map[string]int{}, publicKeys: map[string]bool{},
		content: testContent(), run: wire.DryRun{Total: 3, Cached: 3}, facts: map[vault.ID]*wire.Facts{},
		policy: lease.Policy{
			Days: 7, PoweredOn: 7 * 24 * 3600, Boots: 20, Session: 3600, Idle: 300, Clipboard: 20,
			Reveal: true, Copy: true, Export: true, OfflineEdits: lease.EditsOverlay, MinLevel: binding.LevelB0,
			MasterPassword: lease.MasterRules{MinLength: 12, MinScore: 3},
			AllowVirtual:   true, Checks: []string{},
		},
	}
	for _, k := range []struct {
		use lease.Use
		key *ecdsa.PrivateKey
	}{{lease.UseLease, s.lease}, {lease.UseTPM, s.tpm}} {
		sub, err := lease.SignSubKey(s.root, k.use, &k.key.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		s.keys = append(s.keys, wire.SubKey{KID: sub.KID, Use: string(sub.Use), Public: sub.Public, Signature: sub.Signature[:]})
	}
	return s
}

func (s *fakeServer) spki() []byte {
	spki, err := x509.MarshalPKIXPublicKey(&s.root.PublicKey)
	if err != nil {
		s.t.Fatal(err)
	}
	return spki
}

func (s *fakeServer) pin() string { return lease.Pin(s.spki()) }

// ask counts a request, and is how the server is away.
func (s *fakeServer) ask(what string) error {
	s.calls[what]++
	if s.down.Load() {
		return vault.Fail(vault.Unreachable, "%s", url)
	}
	return nil
}

func (s *fakeServer) authorised(what string) error {
	if err := s.ask(what); err != nil {
		return err
	}
	if s.inUse == "" || s.inUse != s.token {
		return vault.NotSignedIn
	}
	return nil
}

// target is the server as a person names it who knows the pin.
func (s *fakeServer) target() session.Target { return session.Target{URL: url, Pin: s.pin()} }

func (s *fakeServer) Probe(context.Context) (session.Identity, error) {
	if err := s.ask("probe"); err != nil {
		return session.Identity{}, err
	}
	if s.kind == session.Pleasant {
		return session.Identity{Kind: session.Pleasant}, nil
	}
	return session.Identity{Kind: session.Tideover, Pin: s.pin(), Server: &wire.Server{
		Kind: wire.KindTideover, Incarnation: s.issuer, Epoch: 1, Identity: s.spki(), Keys: s.keys, Time: s.clock.now,
	}}, nil
}

func (s *fakeServer) SignIn(_ context.Context, c session.Credentials) (session.Token, error) {
	if err := s.ask("sign in"); err != nil {
		return session.Token{}, err
	}
	if want, ok := s.passwords[c.User]; !ok || want != c.Password.Text() {
		return session.Token{}, vault.WrongCredentials
	}
	if s.otp != "" && c.OTP.IsEmpty() {
		return session.Token{}, vault.Fail(vault.SecondFactor, "authenticator-app")
	}
	if s.otp != c.OTP.Text() {
		return session.Token{}, vault.WrongCredentials
	}
	s.token = "token " + vault.NewID().String()
	return session.Token{Access: vault.SecretText(s.token), Expires: s.expires}, nil
}

func (s *fakeServer) UseToken(access vault.Secret) { s.inUse = access.Text() }

func (s *fakeServer) Me(context.Context) (wire.Me, error) {
	pol, err := json.Marshal(s.policy)
	if err != nil {
		s.t.Fatal(err)
	}
	n := s.content.Root.Count()
	return wire.Me{UserID: s.user, Name: "Bob", OfflineEnabled: s.allowed, OfflineEntries: n, Policy: pol}, s.authorised("me")
}

func (s *fakeServer) Tree(context.Context) (*wire.Stream, error) {
	if err := s.authorised("tree"); err != nil {
		return nil, err
	}
	c := testContent()
	for _, e := range all(c) {
		for i := range e.Fields {
			if e.Fields[i].Protected {
				e.Fields[i].Value = vault.Secret{}
			}
		}
		e.History = nil
	}
	return &wire.Stream{Head: wire.Head{At: s.clock.now}, Content: c, Facts: s.facts}, nil
}

func (s *fakeServer) Entry(_ context.Context, id vault.ID) (*wire.EntryAnswer, error) {
	if err := s.authorised("entry"); err != nil {
		return nil, err
	}
	for _, e := range all(testContent()) {
		if e.ID == id {
			return &wire.EntryAnswer{Entry: e}, nil
		}
	}
	return nil, vault.NotFound
}

func (s *fakeServer) Reveal(_ context.Context, id vault.ID, _ string) (*vault.Entry, error) {
	if err := s.authorised("reveal"); err != nil {
		return nil, err
	}
	for _, e := range all(testContent()) {
		if e.ID == id {
			return e, nil
		}
	}
	return nil, vault.NotFound
}

func (s *fakeServer) Attachment(_ context.Context, entry, attachment vault.ID, _ string) ([]byte, error) {
	if err := s.authorised("attachment"); err != nil {
		return nil, err
	}
	for _, e := range all(testContent()) {
		for _, a := range e.Attachments {
			if e.ID == entry && a.ID == attachment {
				return a.Binary.Data, nil
			}
		}
	}
	return nil, vault.NotFound
}

func (s *fakeServer) CreateEntry(_ context.Context, _ vault.ID, e *vault.Entry, _ string) (vault.ID, error) {
	return vault.NewID(), s.authorised("create " + e.Title())
}

func (s *fakeServer) UpdateEntry(_ context.Context, _ vault.ID, e *vault.Entry, comment string) error {
	return s.authorised("update " + e.Title() + comment)
}

func (s *fakeServer) MoveEntry(_ context.Context, entry, group vault.ID, comment string) error {
	return s.authorised("move " + entry.String() + " to " + group.String() + comment)
}

func (s *fakeServer) DeleteEntry(_ context.Context, _ vault.ID, comment string) error {
	return s.authorised("delete" + comment)
}

func (s *fakeServer) CreateGroup(_ context.Context, _ vault.ID, name, comment string) (vault.ID, error) {
	return vault.NewID(), s.authorised("create group " + name + comment)
}

func (s *fakeServer) RenameGroup(_ context.Context, _ vault.ID, name, comment string) error {
	return s.authorised("rename group " + name + comment)
}

func (s *fakeServer) DeleteGroup(_ context.Context, _ vault.ID, whole bool, comment string) error {
	if err := s.authorised("delete group" + comment); err != nil || whole {
		return err
	}
	return vault.Fail(vault.Unconfirmed, "it holds 1 entries and 1 groups")
}
