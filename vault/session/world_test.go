package session_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// The session is used with the real chip.
var (
	_ session.Chip   = (*tpm.Chip)(nil)
	_ session.Keeper = (*tpm.Chip)(nil)
	_ session.Keeper = (*session.Keychain)(nil)
)

const (
	url     = "https://vault.example.com:10001"
	user    = "bob@example.com"
	account = "account password 1"
	master  = "correct horse battery staple"
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

	down      bool // nothing answers
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
	forgot         bool             // the device is not known when it is asked for
	welcome        wire.DeviceState // of a device that comes after one that was revoked
	publicKeys     map[string]bool
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
	if s.down {
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

func (s *fakeServer) Register(_ context.Context, r wire.DeviceRequest) (wire.Device, error) {
	if s.device.ID.IsZero() {
		s.device.ID = vault.NewID()
	}
	if len(r.PublicKey) == 0 {
		return wire.Device{}, errTest
	}
	ended := s.device.State == wire.DeviceRevoked || s.device.State == wire.DeviceWiped
	if ended && len(s.publicKeys) > 0 && !s.publicKeys[string(r.PublicKey)] { // another key is another device
		s.device = wire.Device{ID: vault.NewID(), State: s.welcome}
	}
	s.publicKeys[string(r.PublicKey)] = true
	return s.device, s.authorised("register")
}

func (s *fakeServer) Device(context.Context, vault.ID) (wire.Device, error) {
	if s.forgot {
		return wire.Device{}, vault.NotFound
	}
	return s.device, s.authorised("device")
}

func (s *fakeServer) DeviceState(ctx context.Context, d vault.ID, signer session.Signer) (wire.Device, error) {
	if err := s.ask("device state"); err != nil {
		return wire.Device{}, err
	}
	if _, err := signer.Sign(ctx, [32]byte{2}); err != nil {
		return wire.Device{}, err
	}
	if s.forgot || d != s.device.ID {
		return wire.Device{}, vault.NotSignedIn
	}
	return s.device, nil
}

func (s *fakeServer) DryRun(context.Context, vault.ID) (wire.DryRun, error) {
	return s.run, s.authorised("dry run")
}

func (s *fakeServer) Cache(ctx context.Context, d vault.ID, r wire.CacheRequest, signer session.Signer, progress func(done, total int)) (*vault.Content, string, error) {
	if err := s.authorised("cache"); err != nil {
		return nil, "", err
	}
	if s.comment && r.Comment == "" {
		return nil, "", vault.CommentRequired
	}
	if _, err := signer.Sign(ctx, [32]byte{1}); err != nil {
		return nil, "", err
	}
	content := testContent()
	n := content.Root.Count()
	if progress != nil {
		progress(n, n)
	}
	return content, s.issue(d, r, n), nil
}

func (s *fakeServer) issue(d vault.ID, r wire.CacheRequest, n int) string {
	s.t.Helper()
	s.seq++
	key, err := binding.KeyOf(&s.tpm.PublicKey)
	if err != nil {
		s.t.Fatal(err)
	}
	p := s.policy
	bounds := binding.Bounds{ClockMS: r.ClockMS + uint64(p.PoweredOn)*1000, Resets: r.Resets + p.Boots}
	terms := binding.Terms{Level: r.Level, Governed: true, Key: key, Device: d, Cache: r.Cache, Generation: r.Generation}
	approval, err := binding.Approve(s.tpm, terms, bounds)
	if err != nil {
		s.t.Fatal(err)
	}
	l := lease.Lease{
		Version: lease.Version, Issuer: s.issuer, ID: vault.NewID(), Seq: s.seq,
		Issued: lease.At(s.clock.now), Expires: lease.At(s.clock.now.AddDate(0, 0, p.Days)),
		User: s.user, Username: r.UserName, Device: d, Cache: r.Cache, Generation: r.Generation,
		Record: lease.Hash(r.RecordSHA256), Root: r.RootName, Level: r.Level, Epoch: 1, Policy: p, Entries: n,
		Chip: &lease.Chip{ClockMS: r.ClockMS, Resets: r.Resets, Bounds: bounds, Digest: approval.Digest},
	}
	copy(l.Chip.Signature[:], approval.Signature)
	token, err := lease.Sign(s.lease, s.keys[0].KID, l)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

func (s *fakeServer) Proof(_ context.Context, _ vault.ID, generation uint64, _ session.Signer) error {
	s.proved = generation
	return s.ask("proof")
}

func (s *fakeServer) Cleared(_ context.Context, _ vault.ID, generation uint64, _ session.Signer) error {
	s.cleared = generation
	return s.ask("cleared")
}

func (s *fakeServer) Journal(_ context.Context, _ vault.ID, events []wire.JournalEvent, _ session.Signer) (uint64, error) {
	if err := s.ask("journal"); err != nil {
		return 0, err
	}
	if s.losesJournal {
		return 0, vault.Unreachable
	}
	if s.refusesJournal {
		return 0, vault.Fail(vault.Damaged, "gap")
	}
	s.journal = append(s.journal, events...)
	return events[len(events)-1].Seq, nil
}

func (s *fakeServer) OfflineAvailable(context.Context) (bool, error) {
	return s.allowed, s.authorised("offline available")
}

func (s *fakeServer) OfflinePackage(context.Context, string) (*vault.Content, time.Time, error) {
	return testContent(), s.expiry, s.authorised("package")
}

// fakeClock is a clock that tests set.
type fakeClock struct{ now time.Time }

func (c *fakeClock) Now() time.Time { return c.now }

// testContent is a tree with what a listing has to tell apart. Its identifiers
// are the same each time.
func testContent() *vault.Content {
	id := func(n byte) vault.ID { return vault.ID{6: 0x40, 8: 0x80, 15: n} }
	entry := func(n byte, title, username, password string) *vault.Entry {
		e := &vault.Entry{ID: id(n)}
		e.Set(vault.FieldTitle, vault.SecretText(title), false)
		e.Set(vault.FieldUsername, vault.SecretText(username), false)
		e.Set(vault.FieldPassword, vault.SecretText(password), true)
		return e
	}
	web := entry(1, "web", "root", "pass web")
	web.Set("PIN", vault.SecretText("4711"), true)
	web.Set("Rack", vault.SecretText("B 12"), false)
	web.Tags = []string{"prod"}
	web.History = []*vault.Entry{entry(1, "web", "root", "pass before")}
	web.Attachments = []vault.Attachment{{ID: id(21), Name: "key.pem", Binary: &vault.Binary{Data: []byte("PEM")}}}
	mail := entry(2, "a/b", "postmaster", "pass mail")
	mail.Set(vault.FieldOTP, vault.SecretText("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), true)
	old := entry(3, "web", "admin", "pass old")
	twins := []*vault.Entry{old, entry(4, "twin", "romulus", ""), entry(5, "twin", "remus", "")}
	return &vault.Content{Root: &vault.Group{
		ID: id(10), Name: "Root", Entries: []*vault.Entry{mail},
		Groups: []*vault.Group{{
			ID: id(11), Name: "Servers", Entries: []*vault.Entry{web},
			Groups: []*vault.Group{{ID: id(12), Name: "Old", Entries: twins}},
		}},
	}}
}

func all(c *vault.Content) []*vault.Entry {
	var entries []*vault.Entry
	_ = c.Root.Walk(func(_ []string, g *vault.Group) error {
		entries = append(entries, g.Entries...)
		return nil
	})
	return entries
}

// world is one computer with its chip, its clock and its server.
type world struct {
	t       *testing.T
	machine *tpmtest.Machine
	chip    *tpm.Chip
	server  *fakeServer
	clock   *fakeClock
	home    string
	s       *session.Session
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, machine: tpmtest.Start(t), home: t.TempDir(), clock: &fakeClock{time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}}
	w.chip = w.machine.Open(t)
	w.server = newServer(t, w.clock)
	w.run()
	return w
}

// run starts the program anew, as after its end.
func (w *world) run() {
	w.t.Helper()
	if w.s != nil {
		w.s.Close()
	}
	w.s = w.start()
	w.t.Cleanup(w.s.Close)
}

// start returns another process of the same home.
func (w *world) start() *session.Session {
	return session.New(session.Config{
		Home: w.home, Chip: w.chip, Keeper: w.chip, Clock: w.clock, Cost: cache.FloorCost(),
		Name: "test", OS: "linux", Version: "0",
		Dial: func(t session.Target) (session.Remote, error) {
			if t.Pin != w.server.pin() && w.server.kind == session.Tideover {
				return strange{w.server, t.Pin}, nil
			}
			return w.server, nil
		},
	})
}

// strange is the server as a client meets it that expects another identity.
type strange struct {
	*fakeServer
	pin string
}

func (s strange) Probe(context.Context) (session.Identity, error) {
	if s.pin == "" {
		return session.Identity{}, vault.Fail(vault.IdentityUnknown, "%s", s.fakeServer.pin())
	}
	return session.Identity{}, vault.Fail(vault.IdentityChanged, "%s", s.fakeServer.pin())
}

func (w *world) ctx() context.Context { return w.t.Context() }

func secret(s string) vault.Secret { return vault.SecretText(s) }

// ask is a person who knows one master password.
func ask(password string) session.Ask {
	return func(context.Context, cache.Status) (vault.Secret, error) { return secret(password), nil }
}

func newMaster(password string) func(context.Context, policy.MasterRules) (vault.Secret, error) {
	return func(context.Context, policy.MasterRules) (vault.Secret, error) { return secret(password), nil }
}

func (w *world) signIn() {
	w.t.Helper()
	w.must(w.s.SignIn(w.ctx(), session.SignInRequest{
		Target: w.server.target(), Credentials: session.Credentials{User: user, Password: secret(account)},
	}))
}

// disconnect signs in and makes a cache.
func (w *world) disconnect() session.Cached {
	w.t.Helper()
	w.signIn()
	made, err := w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.must(err)
	return made
}

func (w *world) unlock() {
	w.t.Helper()
	w.must(w.s.Unlock(w.ctx(), session.UnlockRequest{Master: ask(master)}))
}

func (w *world) list() *session.Listing {
	w.t.Helper()
	l, err := w.s.List(w.ctx())
	w.must(err)
	return l
}

func (w *world) find(ref string) *session.Item {
	w.t.Helper()
	i, err := w.list().Find(ref)
	w.must(err)
	return i
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, cause vault.Cause) {
	w.t.Helper()
	if !errors.Is(err, cause) {
		w.t.Fatalf("got %v, want %s", err, cause)
	}
}

func (w *world) mode(want session.Mode) {
	w.t.Helper()
	if got, err := w.s.Mode(w.ctx()); got != want || err != nil {
		w.t.Fatalf("mode %s, %v; want %s", got, err, want)
	}
}

// stateBytes is what is on disk beside the cache.
func (w *world) stateBytes() []byte {
	w.t.Helper()
	raw, err := os.ReadFile(w.home + "/state.json")
	w.must(err)
	return raw
}
