package auth_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/otp"
	"github.com/tideover/tideover/vault/server/auth"
	"github.com/tideover/tideover/vault/server/store"
)

// enrol gives alice a second factor; confirmed zero: it does not count yet. code
// returns what it shows at a time.
func (b *bench) enrol(confirmed time.Time) (factor store.Factor, code func(time.Time) string) {
	b.t.Helper()
	ctx := context.Background()
	uri := auth.NewTOTP("Tideover", "alice")
	config, err := otp.Parse(uri.Bytes())
	if err != nil {
		b.t.Fatal(err)
	}
	factor = store.Factor{
		ID: vault.NewID(), User: b.alice.ID, Kind: store.FactorTOTP, Version: 1, Created: b.now, Confirmed: confirmed,
		Secret: store.Sealed{Key: vault.NewID(), Data: uri.Bytes()},
	}
	b.update(func(tx store.Tx) error {
		key := store.DataKey{ID: factor.Secret.Key, Purpose: 4, Wrapped: []byte("x"), KEK: "test", Created: b.now}
		if err := tx.AddDataKey(ctx, key); err != nil {
			return err
		}
		return tx.AddFactor(ctx, factor)
	})
	return factor, func(at time.Time) string {
		b.t.Helper()
		c, err := config.Code(at)
		if err != nil {
			b.t.Fatal(err)
		}
		return c
	}
}

func TestSecondFactor(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	factor, code := b.enrol(time.Time{})
	if _, got := b.try("alice@corp", password, ""); got != "" {
		t.Fatalf("a factor that was not confirmed counts: %q", got)
	}
	factor.Confirmed = b.now
	b.update(func(tx store.Tx) error { return tx.UpdateFactor(ctx, factor) })
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
	b.enrol(b.now)
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

// between is a store that lets somebody else act after the first look at the
// factors, before anything comes of it.
type between struct {
	store.Store
	act *func()
}

func (s between) View(ctx context.Context, fn func(store.Reader) error) error {
	err := s.Store.View(ctx, fn)
	if act := *s.act; act != nil {
		*s.act = nil
		act()
	}
	return err
}

// A code that two sign-ins bring at once is spent by one of them; the other one
// is refused and recorded as every wrong code.
func TestOneCodeTwiceAtOnce(t *testing.T) {
	b := newBench(t)
	_, code := b.enrol(b.now)
	now := code(b.clock())
	other := func() {
		if _, got := b.try("alice@corp", password, now); got != "" {
			t.Errorf("the faster one: %q", got)
		}
	}
	a := auth.New(auth.Config{Store: between{b.db, &other}, Hasher: b.hash, Now: b.clock, Seed: clearSeed})
	_, err := a.SignIn(context.Background(), auth.Attempt{Name: "alice@corp", Password: vault.SecretText(password), Code: vault.SecretText(now)})
	if !errors.Is(err, vault.WrongCredentials) {
		t.Errorf("the slower one: %v", err)
	}
	refused := 0
	for _, e := range b.events() {
		if e.Outcome == string(vault.WrongCredentials) {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d refusals are recorded", refused)
	}
}
