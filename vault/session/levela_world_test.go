package session_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// provisioner is the chip as caches of level A want it.
type provisioner struct {
	*tpm.Chip
	refuse error  // of Provision; nil: it does
	commit func() // is called before the counter commits to a generation
}

func (p *provisioner) With(s binding.Slots) (cache.Indexed, error) {
	x, err := p.WithIndices(s)
	if err != nil {
		return nil, err
	}
	if p.commit != nil {
		return committing{x, p.commit}, nil
	}
	return x, nil
}

// committing tells of a commit.
type committing struct {
	cache.Indexed
	before func()
}

func (c committing) Commit(ctx context.Context, n uint64) error {
	c.before()
	return c.Indexed.Commit(ctx, n)
}

func (p *provisioner) Provision(ctx context.Context, s binding.Slots, owner []byte) error {
	if p.refuse != nil {
		return p.refuse
	}
	return p.Chip.Provision(ctx, s, owner)
}

// copyproof is a client whose caches can be of level A, beside a real server.
type copyproof struct {
	*governed
	machine *tpmtest.Machine
	indices *provisioner
	between *between // the session and its server

	withoutIndices bool // a program that cannot reach them
	away           bool // the chip
}

// between stands between a session and the permits of its server.
type between struct {
	cut    func(at string) error                                            // ends a call "before …" or "after …" it
	signed func(r binding.PermitRequest, signature []byte) (instead []byte) // of a permit
	asked  []binding.PermitRequest
}

type betweenClient struct {
	*client.Client
	b *between
}

func (c betweenClient) meet(what string, call func() error) error {
	if c.b.cut == nil {
		return call()
	}
	if err := c.b.cut("before " + what); err != nil {
		return err
	}
	return errors.Join(call(), c.b.cut("after "+what))
}

func (c betweenClient) Indices(ctx context.Context, x binding.Indices, s session.Signer) error {
	return c.meet("indices", func() error { return c.Client.Indices(ctx, x, s) })
}

func (c betweenClient) Permit(ctx context.Context, want binding.PermitRequest, s session.Signer) (func(context.Context, binding.PermitRequest) ([]byte, error), error) {
	send, err := c.Client.Permit(ctx, want, s)
	return func(ctx context.Context, r binding.PermitRequest) (signature []byte, err error) {
		err = c.meet(string(r.Kind), func() (err error) {
			c.b.asked = append(c.b.asked, r)
			signature, err = send(ctx, r)
			if c.b.signed != nil {
				signature = c.b.signed(r, signature)
			}
			return err
		})
		return signature, err
	}, err
}

func (c betweenClient) Register(ctx context.Context, r wire.DeviceRequest) (d wire.Device, err error) {
	err = c.meet("register", func() (err error) {
		d, err = c.Client.Register(ctx, r)
		return err
	})
	return d, err
}

func (c betweenClient) Enrol(ctx context.Context, d vault.ID, e wire.Enrolment, s session.Signer) (challenge wire.Challenge, err error) {
	err = c.meet("enrol", func() (err error) {
		challenge, err = c.Client.Enrol(ctx, d, e, s)
		return err
	})
	return challenge, err
}

func (c betweenClient) Cleared(ctx context.Context, d vault.ID, generation uint64, s session.Signer) error {
	return c.meet("cleared", func() error { return c.Client.Cleared(ctx, d, generation, s) })
}

func (c betweenClient) Reading(ctx context.Context, x binding.Indices, k binding.IndexKind, s session.Signer, certify func(context.Context, [32]byte) (binding.Statement, error)) error {
	return c.meet("reading of "+string(k), func() error { return c.Client.Reading(ctx, x, k, s, certify) })
}

// newCopyproof returns a client whose user is signed in. change, if not nil, is
// called with the machine before the client starts.
func newCopyproof(t *testing.T, change func(*tpmtest.Machine)) *copyproof {
	t.Helper()
	return newCopyproofOf(t, nil, change)
}

// newCopyproofOf is newCopyproof at a server that believes a maker of chips.
func newCopyproofOf(t *testing.T, maker *tpmtest.Maker, change func(*tpmtest.Machine)) *copyproof {
	t.Helper()
	m := tpmtest.Start(t)
	if change != nil {
		change(m)
	}
	c := &copyproof{machine: m, between: &between{}}
	c.governed = newGovernedWith(t, governedOptions{chip: m.Open(t), maker: maker, session: func(g *governed) *session.Session {
		c.governed = g
		return c.start()
	}})
	return c
}

func newMaker(t *testing.T) *tpmtest.Maker {
	t.Helper()
	maker, err := tpmtest.NewMaker()
	if err != nil {
		t.Fatal(err)
	}
	return maker
}

// newProven is newCopyproof with a chip of a maker whom the server believes.
func newProven(t *testing.T, maker *tpmtest.Maker) *copyproof {
	t.Helper()
	return newCopyproofOf(t, maker, func(m *tpmtest.Machine) { m.Ship(maker, tpmtest.Intel) })
}

// start returns another process of the client.
func (c *copyproof) start() *session.Session {
	c.t.Helper()
	if c.indices == nil {
		c.indices = &provisioner{Chip: c.chip}
	}
	config := session.Config{
		Home: c.home, Chip: c.chip, Indices: c.indices, Prover: c.chip, Keeper: c.chip, Clock: c, Cost: cache.FloorCost(),
		Name: "test", OS: "linux", Version: "0",
		Dial: func(t session.Target) (session.Remote, error) {
			remote, err := client.New(client.Config{URL: t.URL, Pin: t.Pin, Kind: t.Kind})
			return betweenClient{remote, c.between}, err
		},
	}
	if c.withoutIndices || c.away {
		config.Indices = nil
	}
	if c.away {
		config.Chip, config.Keeper, config.Prover = nil, nil, nil
	}
	s := session.New(config)
	c.t.Cleanup(s.Close)
	return s
}

// again starts the program anew.
func (c *copyproof) again() {
	c.s.Close()
	c.s = c.start()
}

func (c *copyproof) signIn() {
	c.t.Helper()
	c.must(c.s.SignIn(c.ctx(), session.SignInRequest{
		Target: session.Target{URL: c.url(), Pin: c.id.Pin()}, Credentials: session.Credentials{User: user, Password: secret(accountPassword)},
	}))
}

// disconnect makes a cache with a master password.
func (c *copyproof) disconnect(password string) (session.Cached, error) {
	return c.s.Disconnect(c.ctx(), session.CacheRequest{Master: newMaster(password)})
}

// atA makes a cache, which has to be of level A.
func (c *copyproof) atA() session.Cached {
	c.t.Helper()
	made, err := c.disconnect(master)
	c.must(err)
	if st := c.status(); made.Level != binding.LevelA || st.Cache.Level != binding.LevelA || made.WhyNotA != nil || made.Lease.Level != binding.LevelA {
		c.t.Fatalf("made %+v, cache %+v", made, st.Cache)
	}
	return made
}

// opens opens the cache, and locks it again.
func (c *copyproof) opens(password string) {
	c.t.Helper()
	c.must(c.s.Unlock(c.ctx(), session.UnlockRequest{Master: ask(password)}))
	c.s.Lock()
}

// wrong opens the cache with a wrong password.
func (c *copyproof) wrong(want vault.Cause) {
	c.t.Helper()
	c.refused(c.s.Unlock(c.ctx(), session.UnlockRequest{Master: ask("not the password")}), want)
}

func (c *copyproof) refused(err error, want vault.Cause) {
	c.t.Helper()
	if !errors.Is(err, want) {
		c.t.Fatalf("got %v, want %s", err, want)
	}
}

// inChip returns how many indices of ours the chip has.
func (c *copyproof) inChip() int {
	c.t.Helper()
	found, err := c.chip.Indices(c.ctx())
	c.must(err)
	return len(found)
}

// online goes back online, with the account password.
func (c *copyproof) online() session.Connected {
	c.t.Helper()
	done, err := c.s.Connect(c.ctx(), session.ConnectRequest{Password: secret(accountPassword)})
	c.must(err)
	return done
}

// details returns what the audit says of an action, the oldest first.
func (c *copyproof) details(action string) []string {
	c.t.Helper()
	var out []string
	for r, err := range c.catalog.Audit(c.ctx(), c.op, catalog.AuditQuery{Action: action}) {
		c.must(err)
		out = append(out, r.Detail)
	}
	return out
}

// store is the account's cache as another process has it.
func (c *copyproof) store() *cache.Store {
	c.t.Helper()
	folders, err := filepath.Glob(filepath.Join(c.home, "accounts", "*"))
	c.must(err)
	if len(folders) != 1 {
		c.t.Fatalf("accounts: %q", folders)
	}
	store, err := cache.Open(cache.Options{Dir: folders[0], Now: c.Now, Chip: c.chip, Indices: c.indices})
	c.must(err)
	c.t.Cleanup(func() { c.must(store.Close()) })
	return store
}

// deviceEnded wants the server to have the chip's word on the end of the device's
// cache, the chip to have no index left, and a copy of the cache to open no more.
func (c *copyproof) deviceEnded(copied string) {
	c.t.Helper()
	c.receipt()
	if n := c.inChip(); n != 0 {
		c.t.Errorf("%d indices of a device that has ended", n)
	}
	c.copyShut(copied, master)
}

// copyShut wants a copy of a cache that has ended not to open.
func (c *copyproof) copyShut(copied, password string) {
	c.t.Helper()
	if err := c.s.ImportCache(c.ctx(), copied, session.UnlockRequest{Master: ask(password)}); err == nil {
		c.t.Error("a copy opened")
	}
}

// copyCache copies the cache file to where nobody deletes it.
func (c *copyproof) copyCache() string {
	c.t.Helper()
	to := filepath.Join(c.t.TempDir(), "copy.kdbx")
	raw, err := os.ReadFile(c.status().Cache.Path)
	c.must(err)
	c.must(os.WriteFile(to, raw, 0o600))
	return to
}
