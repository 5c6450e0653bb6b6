package session_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// strong is a master password that the rules of a real server take.
const strong = "Kranich stolpert 41 Luefter"

// believer is a real server that believes one maker of chips.
type believer struct {
	*realServer
	url   string
	later atomic.Int64 // nanoseconds that the server's time was moved on
}

// twoHours is more than any network takes, and than a nonce lives.
const twoHours = 2 * time.Hour

// wait moves the server's time on.
func (b *believer) wait(d time.Duration) { b.later.Add(int64(d)) }

func newBeliever(t *testing.T) *believer {
	t.Helper()
	maker, err := tpmtest.NewMaker()
	if err != nil {
		t.Fatal(err)
	}
	b := &believer{}
	b.realServer = newRealServer(t, maker, func() time.Time { return time.Now().Add(time.Duration(b.later.Load())) })
	b.must(b.catalog.Set(t.Context(), b.op, "auto_approve", "on"))
	handler, err := server.New(t.Context(), server.Config{Identity: b.id, Catalog: b.catalog, Version: "test"})
	b.must(err)
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

// pc is a computer with a chip whose maker the server believes.
type pc struct {
	*believer
	machine *tpmtest.Machine
	chip    *tpm.Chip
	home    string
	prover  session.Prover
	old     bool     // the server knows nothing of chips
	remote  *fragile // of the session that runs
	s       *session.Session
}

func (b *believer) newPC(id string) *pc {
	b.t.Helper()
	p := &pc{believer: b, machine: tpmtest.Start(b.t), home: b.t.TempDir()}
	p.machine.Ship(b.maker, id)
	p.chip = p.machine.Open(b.t)
	p.prover = p.chip
	p.run()
	return p
}

// run starts the program anew, as after its end.
func (p *pc) run() {
	p.t.Helper()
	if p.s != nil {
		p.s.Close()
	}
	p.remote = &fragile{old: p.old}
	p.s = session.New(session.Config{
		Home: p.home, Chip: p.chip, Prover: p.prover, Keeper: p.chip, Clock: &fakeClock{time.Now()}, Cost: cache.FloorCost(),
		Name: "test", OS: "linux", Version: "0",
		Dial: func(t session.Target) (session.Remote, error) {
			c, err := client.New(client.Config{URL: t.URL, Pin: t.Pin, Kind: t.Kind})
			return fragileClient{c, p.remote}, err
		},
	})
	p.t.Cleanup(p.s.Close)
}

func (p *pc) signIn() error {
	return p.s.SignIn(p.t.Context(), session.SignInRequest{
		Target: session.Target{URL: p.url}, Credentials: session.Credentials{User: user, Password: secret(accountPassword)},
	})
}

func (p *pc) disconnect() (session.Cached, error) {
	return p.s.Disconnect(p.t.Context(), session.CacheRequest{Master: newMaster(strong)})
}

func (p *pc) status() session.Status {
	p.t.Helper()
	st, err := p.s.Status(p.t.Context())
	p.must(err)
	return st
}

// devices returns what the server has of them.
func (b *believer) devices() []store.Device {
	b.t.Helper()
	all, err := b.catalog.Devices(b.t.Context(), b.op)
	b.must(err)
	return all
}

// journals counts the events that the server has, by device.
func (b *believer) journals() map[vault.ID]int {
	b.t.Helper()
	all := map[vault.ID]int{}
	for _, d := range b.devices() {
		events, err := b.catalog.Journal(b.t.Context(), b.op, d.ID)
		b.must(err)
		all[d.ID] = len(events)
	}
	return all
}

// step is a place at which a program may be killed.
type step string

const (
	beforeRegister step = "before the device is registered"
	afterRegister  step = "after the device was registered"
	beforeEnrol    step = "before the chip is enrolled"
	afterEnrol     step = "after the challenge came"
	afterAttest    step = "after the answer was sent"
)

var errKilled = errors.New("killed")

// fragile kills what runs at a step.
type fragile struct {
	at  step
	old bool
}

type fragileClient struct {
	*client.Client
	f *fragile
}

// past runs a call between two steps.
func past(f *fragile, before, after step, call func() error) error {
	if f.at != "" && f.at == before {
		panic(errKilled)
	}
	err := call()
	if f.at == after {
		panic(errKilled)
	}
	return err
}

func (c fragileClient) Register(ctx context.Context, r wire.DeviceRequest) (d wire.Device, err error) {
	err = past(c.f, beforeRegister, afterRegister, func() error {
		d, err = c.Client.Register(ctx, r)
		return err
	})
	return d, err
}

func (c fragileClient) Enrol(ctx context.Context, d vault.ID, e wire.Enrolment, s wire.Signer) (ch wire.Challenge, err error) {
	if c.f.old {
		return ch, vault.NotFound
	}
	err = past(c.f, beforeEnrol, afterEnrol, func() error {
		ch, err = c.Client.Enrol(ctx, d, e, s)
		return err
	})
	return ch, err
}

func (c fragileClient) Attest(ctx context.Context, d vault.ID, a wire.Answer, s wire.Signer) (p wire.Proven, err error) {
	err = past(c.f, "", afterAttest, func() error {
		p, err = c.Client.Attest(ctx, d, a, s)
		return err
	})
	return p, err
}

// killed runs fn, which has to be killed.
func (p *pc) killed(fn func()) {
	p.t.Helper()
	defer func() {
		if r := recover(); r != any(errKilled) {
			p.t.Fatalf("was not killed: %v", r)
		}
	}()
	fn()
}
