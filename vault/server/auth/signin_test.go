package auth_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/otp"
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
		Seed:   func(f store.Factor) (vault.Secret, error) { return vault.NewSecret(f.Secret.Data).Clone(), nil },
	})
	phc, err := b.hash.Hash(ctx, vault.SecretText(password))
	if err != nil {
		t.Fatal(err)
	}
	b.alice = store.User{ID: vault.NewID(), Name: "Alice@Corp", PasswordHash: phc, State: store.UserActive, Source: store.SourceLocal, Created: b.now, Modified: b.now}
	b.update(func(tx store.Tx) error { return tx.AddUser(ctx, b.alice) })
	return b
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

func TestSecondFactor(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	uri := auth.NewTOTP("Tideover", "alice")
	config, err := otp.Parse(uri.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	factor := store.Factor{
		ID: vault.NewID(), User: b.alice.ID, Kind: store.FactorTOTP, Version: 1, Created: b.now,
		Secret: store.Sealed{Key: vault.NewID(), Data: uri.Bytes()},
	}
	b.update(func(tx store.Tx) error {
		key := store.DataKey{ID: factor.Secret.Key, Purpose: 4, Wrapped: []byte("x"), KEK: "test", Created: b.now}
		if err := tx.AddDataKey(ctx, key); err != nil {
			return err
		}
		return tx.AddFactor(ctx, factor)
	})
	if _, got := b.try("alice@corp", password, ""); got != "" {
		t.Fatalf("a factor that was not confirmed counts: %q", got)
	}
	factor.Confirmed = b.now
	b.update(func(tx store.Tx) error { return tx.UpdateFactor(ctx, factor) })
	code := func(at time.Time) string {
		c, err := config.Code(at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	now := code(b.clock())
	for _, c := range []struct {
		name, password, code string
		wait                 time.Duration
		want                 vault.Cause
	}{
		{"no code", password, "", 0, vault.SecondFactor},
		{"wrong password and no code", "guess", "", 0, vault.WrongCredentials},
		{"wrong password and right code", "guess", now, 0, vault.WrongCredentials},
		{"wrong code", password, "000000", 0, vault.WrongCredentials},
		{"right code", password, now, 0, ""},
		{"the same code again", password, now, 0, vault.WrongCredentials},
		{"a code from the step before", password, code(b.clock()), 30 * time.Second, vault.WrongCredentials},
		{"the next code", password, code(b.clock().Add(60 * time.Second)), 0, ""},
		{"a code two steps old", password, code(b.clock().Add(time.Hour)), time.Hour + time.Minute, vault.WrongCredentials},
	} {
		b.wait(c.wait)
		if _, got := b.try("alice@corp", c.password, c.code); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Asking for the code is no failure, but it must not bring the count back to
// zero either: whoever knows the password would have endless tries for the code.
func TestMissingCodeKeepsTheCount(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	uri := auth.NewTOTP("Tideover", "alice")
	key := vault.NewID()
	b.update(func(tx store.Tx) error {
		if err := tx.AddDataKey(ctx, store.DataKey{ID: key, Purpose: 4, Wrapped: []byte("x"), KEK: "test", Created: b.now}); err != nil {
			return err
		}
		return tx.AddFactor(ctx, store.Factor{
			ID: vault.NewID(), User: b.alice.ID, Kind: store.FactorTOTP, Version: 1, Created: b.now, Confirmed: b.now,
			Secret: store.Sealed{Key: key, Data: uri.Bytes()},
		})
	})
	locked := 0
	for range 20 {
		if _, got := b.try("alice@corp", password, ""); got == vault.TooManyAttempts {
			locked++
		}
		if _, got := b.try("alice@corp", password, "123456"); got == vault.TooManyAttempts {
			locked++
		}
	}
	if locked < 20 {
		t.Errorf("of 40 attempts %d were refused for their number", locked)
	}
	for range 20 {
		b.wait(time.Hour) // longer than any lock
		if _, got := b.try("alice@corp", password, ""); got != vault.SecondFactor {
			t.Fatalf("asking for the code: %q", got)
		}
	}
}

func TestLockout(t *testing.T) {
	b := newBench(t)
	for i := range 5 {
		if _, got := b.try("alice@corp", "guess", ""); got != vault.WrongCredentials {
			t.Fatalf("guess %d: %q", i+1, got)
		}
	}
	if _, got := b.try("alice@corp", password, ""); got != vault.TooManyAttempts {
		t.Fatalf("the right password while locked: %q", got)
	}
	b.wait(time.Minute)
	if _, got := b.try("alice@corp", "guess", ""); got != vault.WrongCredentials {
		t.Fatalf("after a minute: %q", got)
	}
	b.wait(time.Minute)
	if _, got := b.try("alice@corp", password, ""); got != vault.TooManyAttempts {
		t.Fatalf("the wait does not double: %q", got)
	}
	b.wait(time.Minute)
	if _, got := b.try("alice@corp", password, ""); got != "" {
		t.Fatalf("the right password after the wait: %q", got)
	}
	b.guess("alice@corp", 4)
	if _, got := b.try("alice@corp", password, ""); got != "" {
		t.Fatalf("success does not begin the count anew: %q", got)
	}
	b.guess("alice@corp", 4)
	b.wait(25 * time.Hour)
	b.guess("alice@corp", 1)
	if _, got := b.try("alice@corp", password, ""); got != "" {
		t.Fatalf("failures of yesterday count: %q", got)
	}
}

// A hundred guesses at once are a hundred guesses: the count is taken before
// the password is looked at.
func TestLockoutHoldsAgainstManyAtOnce(t *testing.T) {
	b := newBench(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	looked := 0
	for range 40 {
		wg.Go(func() {
			_, err := b.auth.SignIn(context.Background(), auth.Attempt{Name: "alice@corp", Password: vault.SecretText("guess"), Address: "192.0.2.2"})
			if errors.Is(err, vault.WrongCredentials) {
				mu.Lock()
				looked++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if looked != 5 {
		t.Errorf("%d passwords were looked at, want 5", looked)
	}
}

// leaving is a store of a client that hangs up once its attempt is counted.
type leaving struct {
	store.Store
	hangUp context.CancelFunc
}

func (l leaving) Update(ctx context.Context, fn func(store.Tx) error) error {
	defer l.hangUp()
	return l.Store.Update(ctx, fn)
}

// A slow server must not lock out whoever gives up waiting for it: nothing was
// compared. Guesses that were compared stay counted.
func TestHangingUpIsNoFailure(t *testing.T) {
	b := newBench(t)
	hangUp := func(name string) {
		t.Helper()
		ctx, cancel := context.WithCancel(context.Background())
		a := auth.New(auth.Config{Store: leaving{b.db, cancel}, Hasher: b.hash, Now: b.clock})
		_, err := a.SignIn(ctx, auth.Attempt{Name: name, Password: vault.SecretText("guess"), Address: "192.0.2.1"})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("a client that hung up: %v", err)
		}
	}
	b.guess("alice@corp", 4)
	for range 10 {
		hangUp("alice@corp")
		hangUp("nobody")
	}
	b.guess("alice@corp", 1)
	if _, got := b.try("alice@corp", password, ""); got != vault.TooManyAttempts {
		t.Errorf("after five guesses: %q", got)
	}
	b.wait(time.Minute)
	if _, got := b.try("alice@corp", password, ""); got != "" {
		t.Errorf("after the wait: %q", got)
	}
}

// Whoever asks cannot tell names that exist from names that do not: both lock.
func TestUnknownNamesLockAsWell(t *testing.T) {
	b := newBench(t)
	b.guess("mallory", 5)
	if _, got := b.try("MALLORY", "guess", ""); got != vault.TooManyAttempts {
		t.Errorf("got %q", got)
	}
	if _, got := b.try("trent", "guess", ""); got != vault.WrongCredentials {
		t.Errorf("another name: %q", got)
	}
}

func TestAddressLockout(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	from := func(address string, n int) error {
		name := string(rune('a'+n%26)) + string(rune('a'+n/26))
		_, err := b.auth.SignIn(ctx, auth.Attempt{Name: name, Password: vault.SecretText("x"), Address: address})
		return err
	}
	for n := range 60 {
		if err := from("198.51.100.7", n); !errors.Is(err, vault.WrongCredentials) {
			t.Fatalf("attempt %d: %v", n+1, err)
		}
	}
	if err := from("198.51.100.7", 200); !errors.Is(err, vault.TooManyAttempts) {
		t.Errorf("after 60 failures: %v", err)
	}
	if err := from("198.51.100.8", 201); !errors.Is(err, vault.WrongCredentials) {
		t.Errorf("another address: %v", err)
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
	err := b.db.View(ctx, func(r store.Reader) error {
		for e, err := range r.AuditEvents(ctx, store.AuditQuery{}) {
			if err != nil {
				return err
			}
			got = append(got, line{e.Action, e.Outcome, e.Name})
		}
		return nil
	})
	want := []line{
		{auth.ActionSignIn, "wrong_credentials", "Alice@Corp"},
		{auth.ActionSignIn, "wrong_credentials", "mallory"},
		{auth.ActionSignIn, "ok", "Alice@Corp"},
		{auth.ActionSignOut, "ok", ""},
	}
	if err != nil || len(got) != len(want) {
		t.Fatalf("got %v, %v", got, err)
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
