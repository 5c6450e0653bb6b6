package auth_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/auth"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

const password = "Kranich 41 stolpert"

// bench is an authenticator over a real database, with a clock that the test
// turns and seeds that lie in clear.
type bench struct {
	t     *testing.T
	db    store.Store
	auth  *auth.Authenticator
	hash  *auth.Hasher
	alice store.User

	mu  sync.Mutex
	now time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	ctx := context.Background()
	db, err := sqlstore.Open(ctx, filepath.Join(t.TempDir(), "server.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bench{t: t, db: db, hash: auth.NewHasher(0), now: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	b.auth = auth.New(auth.Config{
		Store: db, Hasher: b.hash, Now: b.clock,
		Office: auth.Lockout{After: 60, First: time.Second, Longest: time.Minute, Forget: time.Hour},
		Seed:   clearSeed,
	})
	phc, err := b.hash.Hash(ctx, vault.SecretText(password))
	if err != nil {
		t.Fatal(err)
	}
	b.alice = store.User{ID: vault.NewID(), Name: "Alice@Corp", PasswordHash: phc, State: store.UserActive, Source: store.SourceLocal, Created: b.now, Modified: b.now}
	b.update(func(tx store.Tx) error { return tx.AddUser(ctx, b.alice) })
	return b
}

// clearSeed opens a seed that lies in clear.
func clearSeed(f store.Factor) (vault.Secret, error) {
	return vault.NewSecret(f.Secret.Data).Clone(), nil
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) wait(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func (b *bench) update(fn func(store.Tx) error) {
	b.t.Helper()
	if err := b.db.Update(context.Background(), fn); err != nil {
		b.t.Fatal(err)
	}
}

// try signs in, and returns the cause of the refusal; empty: let in.
func (b *bench) try(name, password, code string) (auth.Session, vault.Cause) {
	b.t.Helper()
	s, err := b.auth.SignIn(context.Background(), auth.Attempt{
		Name: name, Password: vault.SecretText(password), Code: vault.SecretText(code), Address: "192.0.2.1",
	})
	var p *vault.Problem
	switch {
	case err == nil:
		return s, ""
	case errors.As(err, &p):
		if p.Cause == vault.TooManyAttempts && !p.Until.After(b.clock()) {
			b.t.Errorf("locked until %v, which is over", p.Until)
		}
		return s, p.Cause
	}
	b.t.Fatal(err)
	return s, ""
}

// guess signs in with a wrong password, n times.
func (b *bench) guess(name string, n int) {
	b.t.Helper()
	for range n {
		if _, got := b.try(name, "guess", ""); got != vault.WrongCredentials {
			b.t.Fatalf("a guess: %q", got)
		}
	}
}

func TestSignIn(t *testing.T) {
	b := newBench(t)
	b.update(func(tx store.Tx) error {
		u := store.User{ID: vault.NewID(), Name: "off", PasswordHash: b.alice.PasswordHash, State: store.UserDisabled, Source: store.SourceLocal, Created: b.now, Modified: b.now}
		if err := tx.AddUser(context.Background(), u); err != nil {
			return err
		}
		u.ID, u.Name, u.PasswordHash, u.State = vault.NewID(), "nopass", "", store.UserActive
		return tx.AddUser(context.Background(), u)
	})
	for _, c := range []struct {
		name, user, password string
		want                 vault.Cause
	}{
		{"right", "Alice@Corp", password, ""},
		{"another spelling of the name", "alice@CORP", password, ""},
		{"wrong password", "Alice@Corp", "guess", vault.WrongCredentials},
		{"empty password", "Alice@Corp", "", vault.WrongCredentials},
		{"nobody", "mallory", password, vault.WrongCredentials},
		{"no name", "", password, vault.WrongCredentials},
		{"disabled", "off", password, vault.WrongCredentials},
		{"without password", "nopass", "", vault.WrongCredentials},
	} {
		s, got := b.try(c.user, c.password, "")
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if got != "" {
			continue
		}
		user, _, err := b.auth.Authenticate(context.Background(), s.Access.Text())
		if err != nil || user.ID != b.alice.ID {
			t.Errorf("%s: the token gives %v, %v", c.name, user.ID, err)
		}
		if s.Expires.Sub(b.clock()) != 8*time.Hour || s.Access.Len() != 43 {
			t.Errorf("%s: expires %v, %d characters", c.name, s.Expires, s.Access.Len())
		}
	}
}

func TestTokens(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name string
		end  func(b *bench, access string)
	}{
		{"expired", func(b *bench, _ string) { b.wait(8 * time.Hour) }},
		{"signed out", func(b *bench, access string) {
			if err := b.auth.SignOut(ctx, auth.HashToken([]byte(access)), store.AuditEvent{}); err != nil {
				b.t.Fatal(err)
			}
		}},
		{"disabled", func(b *bench, _ string) {
			b.alice.State = store.UserDisabled
			b.update(func(tx store.Tx) error { return tx.UpdateUser(ctx, b.alice) })
		}},
		{"password changed", func(b *bench, _ string) {
			b.alice.Stamp++
			b.update(func(tx store.Tx) error { return tx.UpdateUser(ctx, b.alice) })
		}},
	} {
		b := newBench(t)
		s, cause := b.try("alice@corp", password, "")
		if cause != "" {
			t.Fatal(cause)
		}
		b.wait(time.Hour)
		if _, _, err := b.auth.Authenticate(ctx, s.Access.Text()); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		c.end(b, s.Access.Text())
		if _, _, err := b.auth.Authenticate(ctx, s.Access.Text()); !errors.Is(err, vault.NotSignedIn) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	b := newBench(t)
	for _, access := range []string{"", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		if _, _, err := b.auth.Authenticate(ctx, access); !errors.Is(err, vault.NotSignedIn) {
			t.Errorf("%q: got %v", access, err)
		}
	}
}

// events is the audit so far.
func (b *bench) events() (list []store.AuditEvent) {
	b.t.Helper()
	ctx := context.Background()
	err := b.db.View(ctx, func(r store.Reader) error {
		list = nil
		for e, err := range r.AuditEvents(ctx, store.AuditQuery{}) {
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

func TestSignInIsAudited(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	b.guess("alice@corp", 1)
	b.guess("mallory", 1)
	s, _ := b.try("alice@corp", password, "")
	if err := b.auth.SignOut(ctx, auth.HashToken(s.Access.Bytes()), store.AuditEvent{Actor: b.alice.ID}); err != nil {
		t.Fatal(err)
	}
	type line struct{ action, outcome, name string }
	var got []line
	for _, e := range b.events() {
		got = append(got, line{e.Action, e.Outcome, e.Name})
	}
	want := []line{
		{auth.ActionSignIn, "wrong_credentials", "Alice@Corp"},
		{auth.ActionSignIn, "wrong_credentials", "mallory"},
		{auth.ActionSignIn, "ok", "Alice@Corp"},
		{auth.ActionSignOut, "ok", ""},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("event %d: got %v, want %v", i+1, got[i], want[i])
		}
	}
}

// A hash of an older cost is made anew when its owner signs in.
func TestRehash(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	b.alice.PasswordHash = "$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$BvuA7SfebsIC3f4gSy7/Ei1s6+hsEfaOuCZMbl/y/Sg"
	b.update(func(tx store.Tx) error { return tx.UpdateUser(ctx, b.alice) })
	if _, got := b.try("alice@corp", "password", ""); got != "" {
		t.Fatal(got)
	}
	var u store.User
	if err := b.db.View(ctx, func(r store.Reader) (err error) { u, err = r.User(ctx, b.alice.ID); return err }); err != nil {
		t.Fatal(err)
	}
	if m, err := b.hash.Verify(ctx, u.PasswordHash, vault.SecretText("password")); err != nil || !m.OK || m.Outdated {
		t.Errorf("got %+v, %v", m, err)
	}
}
