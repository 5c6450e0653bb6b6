package auth_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/auth"
	"github.com/tideover/tideover/vault/server/store"
)

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

// Neither an end of the wait nor a fault of the server is paid with a lock.
func TestWhatIsNoGuessLocksNobody(t *testing.T) {
	b := newBench(t)
	_, code := b.enrol(b.now)
	ctx, hungUp := context.WithCancel(context.Background())
	for name, a := range map[string]*auth.Authenticator{
		"a client that hung up": auth.New(auth.Config{Store: leaving{b.db, hungUp}, Hasher: b.hash, Now: b.clock, Seed: clearSeed}),
		"a key that is away": auth.New(auth.Config{Store: b.db, Hasher: b.hash, Now: b.clock, Seed: func(store.Factor) (vault.Secret, error) {
			return vault.Secret{}, errors.New("no key")
		}}),
	} {
		b.guess("alice@corp", 5)
		b.wait(time.Minute)
		in := ctx
		if name == "a key that is away" {
			in = context.Background()
		}
		for range 3 {
			_, err := a.SignIn(in, auth.Attempt{
				Name: "alice@corp", Password: vault.SecretText(password), Code: vault.SecretText("000000"), Address: "192.0.2.9",
			})
			if err == nil || errors.Is(err, vault.TooManyAttempts) || errors.Is(err, vault.WrongCredentials) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, got := b.try("alice@corp", password, code(b.clock())); got != "" {
			t.Errorf("%s: afterwards the right password: %q", name, got)
		}
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

// meanwhile is a store with which something else happens while one attempt is
// compared.
type meanwhile struct {
	store.Store
	happens *func()
}

func (m meanwhile) Update(ctx context.Context, fn func(store.Tx) error) error {
	err := m.Store.Update(ctx, fn)
	if do := *m.happens; do != nil {
		*m.happens = nil
		do()
	}
	return err
}

// Whoever has an account of their own does not lift with it what guesses at
// others have earned for the address: neither the count nor the lock.
func TestSignInLiftsNoLockOfOthers(t *testing.T) {
	b := newBench(t)
	var happens func()
	b.auth = auth.New(auth.Config{
		Store: meanwhile{b.db, &happens}, Hasher: b.hash, Now: b.clock,
		Office: auth.Lockout{After: 3, First: time.Second, Longest: time.Minute, Forget: time.Hour},
	})
	b.guess("bob", 1)
	happens = func() { // alice's own attempt is the second in the count
		b.guess("carol", 1) // the third: locked
		b.wait(time.Second)
		b.guess("dave", 1)
	}
	if _, got := b.try("alice@corp", password, ""); got != "" {
		t.Fatalf("a sign-in while others fail: %q", got)
	}
	if _, got := b.try("eve", "guess", ""); got != vault.TooManyAttempts {
		t.Errorf("after a sign-in the lock of the address is gone: %q", got)
	}
	for wait := time.Second; wait <= 8*time.Second; wait *= 2 {
		b.wait(wait)
		if _, got := b.try("alice@corp", password, ""); got != "" {
			t.Fatalf("after %v: %q", wait, got)
		}
		b.guess("frank"+wait.String(), 1)
		if _, got := b.try("alice@corp", password, ""); got != vault.TooManyAttempts {
			t.Errorf("after a guess more, which earned %v: %q", 2*wait, got)
		}
	}
	b.wait(2 * time.Hour)
	for range 5 {
		if _, got := b.try("alice@corp", password, ""); got != "" {
			t.Errorf("sign-ins count as failures of the address: %q", got)
		}
	}
}
