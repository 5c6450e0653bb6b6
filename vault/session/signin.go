package session

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// SignInRequest is what a person signs in with.
type SignInRequest struct {
	// Target is the server. An empty Pin and CAFile mean what the first sign-in
	// pinned; given ones that differ from it are IdentityChanged as long as
	// there is a cache from that server.
	Target Target
	Credentials
}

// SignIn signs a user in at a server and makes the client Online. Another
// user's session ends with it. The password is sent to a server whose identity
// is known only: IdentityUnknown carries the pin to confirm as its Detail.
//
// Errors: SomeoneOffline while the client is offline, for everybody;
// NoSecretStore; IdentityUnknown, IdentityChanged; Unreachable, BadAnswer;
// WrongCredentials, SecondFactor.
func (s *Session) SignIn(ctx context.Context, r SignInRequest) error {
	st, srv, remote, err := s.meet(ctx, r.Target)
	if err != nil {
		return err
	}
	fresh, err := s.authenticate(ctx, st, srv, remote, r.Credentials)
	if err != nil {
		return s.lost(ctx, err)
	}
	s.lockCache() // an unlocked cache of whoever was there before
	_, err = s.happened(ctx, SignIn, true, func(st *state) error {
		if mode, err := s.mode(ctx, st); err != nil || mode == Offline {
			return errors.Join(err, someoneOffline(st.current()))
		}
		fresh.settle(st)
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.attest(ctx, fresh.account.Key, remote, proving{again: true}); err != nil {
		return err
	}
	// The journal was written by somebody who is told about it by Connect.
	if _, err = s.contact(ctx, remote); err != nil {
		return err
	}
	_ = s.refill(ctx, &fresh.account, remote, false) // Refill says why not
	return nil
}

// Meet finds out whether SignIn at a server can go on, before anybody is asked
// for a password: whether anybody may sign in now, whether the session could be
// kept, and who the server is. The errors are those of SignIn.
func (s *Session) Meet(ctx context.Context, t Target) error {
	_, _, _, err := s.meet(ctx, t)
	return err
}

func (s *Session) meet(ctx context.Context, t Target) (*state, server, Remote, error) {
	t.URL = strings.TrimRight(t.URL, "/")
	st, err := s.home.load()
	if err != nil {
		return nil, server{}, nil, err
	}
	mode, err := s.mode(ctx, st)
	if err != nil {
		return nil, server{}, nil, err
	}
	if mode == Offline {
		return nil, server{}, nil, someoneOffline(st.current())
	}
	if _, err := s.needKeeper(); err != nil {
		return nil, server{}, nil, err
	}
	srv, remote, err := s.meetServer(ctx, st, t)
	if err != nil {
		return nil, server{}, nil, s.lost(ctx, err)
	}
	return st, srv, remote, nil
}

// meetServer probes a server and returns its record: a new one, or the one we
// have, whose kind and identity it must still be.
func (s *Session) meetServer(ctx context.Context, st *state, t Target) (server, Remote, error) {
	known := st.server(t.URL)
	given := t.Pin != "" || t.CAFile != ""
	if known != nil {
		t.Kind = known.Kind
	}
	if known != nil && !given {
		t = known.target()
	}
	// Another way to trust the same identity root is no other identity: that is
	// seen when the server has said who it is.
	another := known != nil && given && (t.Pin != known.Pin || t.CAFile != known.CAFile)
	if another && (known.Root == "" || t.Pin != "" && t.Pin != known.Root) {
		if err := s.mayPinAnew(ctx, st, t.URL); err != nil {
			return server{}, nil, err
		}
	}
	remote, err := s.dial(t)
	if err != nil {
		return server{}, nil, err
	}
	id, err := remote.Probe(ctx)
	if known == nil && t.Pin != "" && errors.Is(err, vault.IdentityChanged) {
		// Nothing has changed that was known before.
		err = &vault.Problem{Cause: vault.IdentityChanged, Detail: "the server's identity is not the one given with --pin", Err: err}
	}
	if err != nil {
		return server{}, nil, err
	}
	if known != nil && known.Kind != id.Kind {
		return server{}, nil, vault.Fail(vault.IdentityChanged, "it was a %s server and says it is a %s server", known.Kind, id.Kind)
	}
	met := server{URL: t.URL, Kind: id.Kind, Pin: t.Pin, CAFile: t.CAFile}
	if id.Server != nil {
		met.Governance = governanceURL(t.URL, id.Server.Governance)
	}
	if t.CAFile == "" { // the identity that was proved is the one from now on
		met.Pin = id.Pin
	}
	if id.Server != nil {
		met.Root = lease.Pin(id.Server.Identity)
	}
	if another && known.Root != met.Root {
		if err := s.mayPinAnew(ctx, st, t.URL); err != nil {
			return server{}, nil, err
		}
	}
	if known != nil && !given && known.Root != met.Root {
		return server{}, nil, vault.Fail(vault.IdentityChanged, "%s", met.Root)
	}
	return met, remote, nil
}

// mayPinAnew reports whether the identity of a server may be replaced by one
// that the user gives: not while a cache exists that the old one governs.
func (s *Session) mayPinAnew(ctx context.Context, st *state, url string) error {
	for i := range st.Accounts {
		a := &st.Accounts[i]
		if a.Server != url {
			continue
		}
		status, err := s.cacheStatus(ctx, st, a)
		if err != nil {
			return err
		}
		if status != nil {
			return vault.Fail(vault.IdentityChanged, "clear the offline cache of %s before you pin another identity", a.User)
		}
	}
	return nil
}

// arrival is a sign-in that the server has accepted and that the state file
// does not know yet.
type arrival struct {
	server  server
	account account // Key is set; of an account that is known, its newest form
}

// settle writes the arrival into the state: the session of everybody else ends.
func (n arrival) settle(st *state) {
	if known := st.server(n.server.URL); known != nil {
		*known = n.server
	} else {
		st.Servers = append(st.Servers, n.server)
	}
	for i := range st.Accounts {
		st.Accounts[i].Token = nil
	}
	if known := st.account(n.account.Key); known != nil {
		known.User, known.UserID = n.account.User, n.account.UserID
		known.Device.takeOver(n.account.Device)
		known.Token, known.TokenExpires, known.SignedIn = n.account.Token, n.account.TokenExpires, n.account.SignedIn
	} else {
		st.Accounts = append(st.Accounts, n.account)
	}
	st.Current = n.account.Key
}

// authenticate signs in, enrols the device at a Tideover server, and seals the
// token. Nothing is written.
func (s *Session) authenticate(ctx context.Context, st *state, srv server, remote Remote, c Credentials) (arrival, error) {
	before := st.find(srv.URL, c.User, vault.ID{})
	if before != nil && srv.Kind == Tideover {
		c.Device = before.Device.ID
	}
	token, err := remote.SignIn(ctx, c)
	var ordered *wire.Ordered
	if errors.As(err, &ordered) && before != nil {
		return arrival{}, s.barred(ctx, st, before, remote, ordered)
	}
	if err != nil {
		return arrival{}, err
	}
	defer token.Access.Wipe()
	remote.UseToken(token.Access)
	var user vault.ID
	if srv.Kind == Tideover {
		me, err := remote.Me(ctx)
		if err != nil {
			return arrival{}, fmt.Errorf("ask who signed in: %w", err)
		}
		user = me.UserID
	}
	a := account{Key: accountKey(srv.URL, c.User), Server: srv.URL, User: c.User, UserID: user}
	if known := st.find(srv.URL, c.User, user); known != nil {
		a = *known
		a.User, a.UserID = c.User, user
	}
	if srv.Kind == Tideover {
		if a.Device, err = s.enrol(ctx, &a, remote); err != nil {
			return arrival{}, err
		}
	} else if a.Device.ID.IsZero() {
		a.Device.ID = vault.NewID() // no server names it; the cache needs a name that stays
	}
	if a.Token, err = s.seal(ctx, token, c.Password); err != nil {
		return arrival{}, err
	}
	a.TokenExpires, a.SignedIn = token.Expires, s.now()
	return arrival{srv, a}, nil
}

// barred carries out what a server orders whose user is no longer in use, and
// says so.
func (s *Session) barred(ctx context.Context, st *state, a *account, remote Remote, o *wire.Ordered) error {
	id, err := remote.Probe(ctx)
	if err != nil {
		return o
	}
	c := s.governedBy(st, a, remote, id.Server)
	if c == nil {
		return o
	}
	carried := false
	c.g.tell = func(n News) { carried = carried || n.Kind == CacheRevoked || n.Kind == CacheWiped }
	for _, token := range o.Orders {
		if err := c.carryOut(ctx, token); err != nil {
			return err
		}
	}
	if !carried {
		return o
	}
	_ = c.report(ctx) // what does not arrive now does with the next contact
	return vault.Fail(vault.Revoked, "%s", a.User)
}

// find returns the account of a user, who may type the name in several forms
// where the server tells which user it is.
func (s *state) find(url, user string, id vault.ID) *account {
	for i := range s.Accounts {
		a := &s.Accounts[i]
		if a.Server == url && (a.User == user || !id.IsZero() && a.UserID == id) {
			return a
		}
	}
	return nil
}

// SignOut ends the session. What is on disk of the cache stays, and so does
// Offline; everything unlocked is locked.
func (s *Session) SignOut(ctx context.Context) error {
	s.Lock()
	_, err := s.happened(ctx, SignOut, true, func(st *state) error {
		for i := range st.Accounts {
			st.Accounts[i].Token = nil
		}
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remote != nil {
		s.remote.UseToken(vault.Secret{})
	}
	return err
}

// SetAutoCache sets the flag "cache automatically on connect" of the current
// account. NotSignedIn if there never was one.
func (s *Session) SetAutoCache(ctx context.Context, on bool) error {
	_, err := s.home.update(ctx, func(st *state) error {
		a := st.current()
		if a == nil {
			return vault.NotSignedIn
		}
		a.AutoCache = on
		return nil
	})
	return err
}
