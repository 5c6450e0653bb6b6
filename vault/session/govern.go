package session

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// Rhythm of the governance of a client that runs.
const (
	// pollDefault is how often the server is asked where the policy does not say.
	pollDefault = 15 * time.Minute
	// pollLeast bounds what a policy can ask for: every client asks so often.
	pollLeast = 30 * time.Second
	// againFirst and againMost bound the pauses after a server that was not
	// reached; they double. Clients that a restarted server lost come back apart.
	againFirst, againMost = time.Second, 5 * time.Minute
	// busyPause is how long a process that has the cache open is given to lock it.
	busyPause = 200 * time.Millisecond
	// lastWord is how long a program that ends goes on telling what it has wiped.
	lastWord = 3 * time.Second
	// renewEvery is the age from which a lease that is like the one that would
	// come is renewed: a stream that comes and goes costs no lease each time.
	renewEvery = 10 * time.Minute
)

// Govern keeps the client under its server's governance while the program runs,
// in every mode: it follows orders and carries them out, renews the lease, sends
// journal and receipts, and tells of all this, of a server that answers, and of
// a lease that is about to end. Whoever calls it has no need to ask the server
// again and again beside it. It returns when ctx does. It never holds up anything that a person does:
// whatever waits for the network holds no lock. One call for each program; tell
// is called by it alone.
func (s *Session) Govern(ctx context.Context, tell func(News)) {
	g := &governing{s: s, tell: func(n News) {
		if n.Kind != "" {
			tell(n)
		}
	}, pause: againFirst}
	for ctx.Err() == nil {
		g.round(ctx)
	}
}

// governing is the state of one Govern.
type governing struct {
	s    *Session
	tell func(News)

	pause  time.Duration // after the next server that is not reached
	away   bool          // that nobody answers was told
	warned warned
}

// warned is the warning that was given last, by the end that it was about.
type warned struct {
	until time.Time
	left  Ending
}

// round asks once, then follows the stream until it is time to ask again, or
// something has changed.
func (g *governing) round(ctx context.Context) {
	soonest := g.warn(ctx)
	c, err := g.meet(ctx)
	switch {
	case err != nil:
		g.lost(ctx, err, soonest)
		return
	case c == nil: // nobody governs this client, or not yet
		if g.wait(ctx, least(soonest, pollDefault)) {
			g.tell(News{Kind: Ungoverned})
		}
		return
	}
	if err := c.contact(ctx); err != nil {
		g.lost(ctx, err, soonest)
		return
	}
	g.away = false
	met := News{Kind: ServerMet}
	if c.apart {
		met.Kind = ServerAway
	}
	g.tell(met)
	c.follow(ctx, least(g.warn(ctx), apart(c.poll)))
}

// lost tells, once, that nobody could be asked, and waits before the next try.
func (g *governing) lost(ctx context.Context, err error, soonest time.Duration) {
	if !g.away && ctx.Err() == nil {
		g.away = true
		g.tell(News{Kind: GovernorAway, Err: err})
	}
	g.wait(ctx, least(soonest, apart(g.pause)))
	g.pause = min(2*g.pause, againMost)
}

// least returns the shorter of two times; 0 is none.
func least(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// apart returns about d: clients that began together do not stay so.
func apart(d time.Duration) time.Duration {
	return d - d/5 + rand.N(2*d/5+1)
}

// wait waits for a time, 0 for as long as it takes, or until somebody has done
// something. It reports whether it was the time.
func (g *governing) wait(ctx context.Context, d time.Duration) bool {
	var after <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		after = t.C
	}
	select {
	case <-ctx.Done():
	case <-g.s.poke:
		g.pause = againFirst
	case <-after:
		return true
	}
	return false
}

// warn tells that the lease is about to end, once for each end and nearness, and
// returns when that is due again; 0: not as things are.
func (g *governing) warn(ctx context.Context) time.Duration {
	st, err := g.s.Status(ctx)
	if err != nil || st.Cache == nil {
		return 0
	}
	if left := st.Ending; left != EndingLater && (g.warned != warned{st.Cache.Verdict.Until, left}) {
		g.warned = warned{st.Cache.Verdict.Until, left}
		g.tell(News{Kind: LeaseEnding, Left: left, Until: st.Cache.Verdict.Until})
	}
	return untilWarning(st.Cache)
}

// contacting is the governance of one account over one way to its server.
type contacting struct {
	g       *governing
	account string // account.Key
	server  server
	remote  Remote
	met     *wire.Server
	keys    lease.KeySet
	signer  Signer
	device  vault.ID
	poll    time.Duration
	apart   bool // the way leads where devices alone are answered
}

// meet finds the current account's server: where the vault is, or, if that is
// out of reach, where devices alone are answered. nil: nobody governs this
// client. It changes no mode.
func (g *governing) meet(ctx context.Context) (*contacting, error) {
	st, err := g.s.home.load()
	if err != nil {
		return nil, err
	}
	a := st.current()
	if a == nil {
		return nil, nil //nolint:nilnil // no account has no governor, which is no error
	}
	srv := st.server(a.Server)
	if srv == nil || srv.Kind != Tideover {
		return nil, nil //nolint:nilnil // as above
	}
	if a.Device.ID.IsZero() || len(a.Device.KeyBlob) == 0 { // before the Keeper is asked for
		return nil, nil //nolint:nilnil // as above: a device that is not enrolled
	}
	signer, err := g.s.signer(a)
	if err != nil {
		return nil, err
	}
	c := &contacting{g: g, account: a.Key, server: *srv, signer: signer, device: a.Device.ID, poll: pollDefault}
	away := c.reach(ctx, srv.target())
	if errors.Is(away, vault.Unreachable) || errors.Is(away, vault.BadAnswer) {
		if there := srv.Governance; there != "" {
			target := srv.target()
			target.URL = there
			away = c.reach(ctx, target)
			c.apart = away == nil
		}
	}
	if away != nil {
		return nil, away
	}
	return c, nil
}

// governedBy returns the governance of an account over a way that was found by
// somebody else; nil: the device is not enrolled, or the server is another one.
func (s *Session) governedBy(st *state, a *account, remote Remote, met *wire.Server) *contacting {
	srv := st.server(a.Server)
	signer, err := s.signer(a)
	if srv == nil || err != nil {
		return nil
	}
	keys, err := orderKeys(srv, met)
	if err != nil {
		return nil
	}
	return &contacting{
		g: &governing{s: s, tell: func(News) {}}, account: a.Key, server: *srv,
		remote: remote, met: met, keys: keys, signer: signer, device: a.Device.ID,
	}
}

// reach meets a server and proves that it is the one that governs.
func (c *contacting) reach(ctx context.Context, t Target) error {
	remote, err := c.g.s.cfg.Dial(t) // its own: nobody's token is in it
	if err != nil {
		return err
	}
	id, err := remote.Probe(ctx)
	if err != nil {
		return err
	}
	keys, err := orderKeys(&c.server, id.Server)
	if err != nil {
		return err
	}
	c.remote, c.met, c.keys = remote, id.Server, keys
	return nil
}

// governanceURL returns where devices alone are answered, as the server at base
// says; empty: nowhere.
func governanceURL(base, said string) string {
	switch {
	case strings.HasPrefix(said, ":"):
		u, err := url.Parse(base)
		if err != nil {
			return ""
		}
		u.Host, u.Path = u.Hostname()+said, ""
		if strings.Contains(u.Hostname(), ":") { // IPv6
			u.Host = "[" + u.Hostname() + "]" + said
		}
		return u.String()
	case strings.HasPrefix(said, "https://"), strings.HasPrefix(said, "http://"):
		return said
	}
	return ""
}
