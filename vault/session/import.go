package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// ErrNoFile says of a NotFound problem that it is a file of this computer which
// is not there; its Detail is the path.
var ErrNoFile = errors.New("there is no such file")

// ImportCache puts a cache file in the place of its account's, after it has been
// opened with its master password, and leaves it open. The account is the one
// that the file names; a client that was set up anew learns it, and its server,
// from the file. The mode stays. r.Master is called when everything but the
// password and the security key is in order.
//
// Errors: NotFound with ErrNoFile where there is no file; Damaged, Hostile,
// Unsupported for one that is no cache; then those of Unlock: OtherMachine for a file of another chip, Superseded for one that is
// not the current generation of a cache that is known here; IdentityChanged if
// the server was pinned with another identity; SomeoneOffline while the client
// is offline for another user.
func (s *Session) ImportCache(ctx context.Context, path string, r UnlockRequest) error {
	label, err := cache.ReadLabel(path)
	if errors.Is(err, vault.NoCache) {
		return &vault.Problem{Cause: vault.NotFound, Detail: path, Err: ErrNoFile}
	}
	if err != nil {
		return err
	}
	st, err := s.home.load()
	if err != nil {
		return err
	}
	a, err := s.addressee(ctx, st, label, r.User)
	if err != nil {
		return err
	}
	if a.Key != st.Current {
		if mode, err := s.mode(ctx, st); err != nil || mode == Offline {
			return errors.Join(err, someoneOffline(st.current()))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lockNow()
	store, err := s.store(st, a)
	if err != nil {
		return err
	}
	request := cache.UnlockRequest{User: r.User, KeepTries: r.KeepTries, Keys: s.platform(), Asker: r.Asker}
	status, err := store.Importable(ctx, path, request)
	if err != nil {
		_ = store.Close() // the first error is the one to tell
		return err
	}
	if request.Password, err = r.Master(ctx, status); err != nil {
		return errors.Join(err, store.Close())
	}
	defer request.Password.Wipe()
	opened, err := store.Import(ctx, path, request)
	if err != nil {
		_ = store.Close() // the first error is the one to tell
		return err
	}
	l := opened.Lease()
	ofA := l != nil && l.Level == binding.LevelA
	if st, err = s.home.update(ctx, func(st *state) error {
		st.learnAccount(a, label)
		st.account(a.Key).LevelA = ofA || st.account(a.Key).LevelA
		return nil
	}); err != nil {
		opened.Close()
		return errors.Join(err, store.Close())
	}
	s.open = s.newUnlocked(ctx, st, a, store, opened)
	return nil
}

// addressee returns the account that a file belongs to: one that is known, or a
// new one that is not yet in the state.
func (s *Session) addressee(ctx context.Context, st *state, label cache.Label, user string) (*account, error) {
	if label.User == "" { // a file that does not say
		if len(st.Accounts) > 0 {
			return st.owner(user)
		}
		machine, err := s.machine(ctx)
		if err != nil {
			return nil, fmt.Errorf("measure this machine: %w", err)
		}
		if string(machine.RootName) != string(label.RootName) {
			return nil, vault.Fail(vault.OtherMachine, "made with another chip, or the chip was cleared")
		}
		return nil, vault.NoCache
	}
	if user != "" && !cache.SameUser(user, label.User) {
		return nil, noCacheOf(user)
	}
	for i := range st.Accounts {
		if a := &st.Accounts[i]; a.Server == label.Server && a.cachedFor(label.User) {
			return a, nil
		}
	}
	key := accountKey(label.Server, label.User)
	if a := st.account(key); a != nil {
		return a, nil
	}
	return &account{Key: key, Server: label.Server, User: label.User}, nil
}

// learnAccount notes whose cache was imported. What is known stays; the device's
// key, if there was one, is gone, and the next sign-in enrols another.
func (s *state) learnAccount(a *account, label cache.Label) {
	if s.account(a.Key) == nil {
		s.Accounts = append(s.Accounts, *a)
	}
	if s.Current == "" {
		s.Current = a.Key
	}
	if label.User == "" {
		return
	}
	s.account(a.Key).CachedAs = label.User
	if s.server(label.Server) == nil {
		srv := server{URL: label.Server, Kind: Pleasant, Pin: label.Pin, Root: label.Identity}
		if label.Governed {
			srv.Kind = Tideover
		}
		s.Servers = append(s.Servers, srv)
	}
}
