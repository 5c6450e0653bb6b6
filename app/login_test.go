package app

import (
	"slices"
	"strings"
	"testing"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault/session"
)

// The password goes to a server only after the person knows it by its
// fingerprint, and waits for the one-time code.
func TestSignInForTheFirstTime(t *testing.T) {
	e := newEntrance(t, nil)
	e.door.pin, e.door.code = doorPin, "123456"
	e.signIn(doorWord)
	e.settle()
	e.want("0011 2233 4455")
	if slices.Contains(e.door.calls, "sign in") || e.login.password.IsEmpty() {
		t.Fatalf("asked %q, holds the password: %v", e.door.calls, !e.login.password.IsEmpty())
	}
	e.login.refuse()
	if !e.login.password.IsEmpty() || e.login.hold.running() {
		t.Error("the password outlives the refusal")
	}
	e.signIn(doorWord)
	e.settle()
	e.login.accept(doorPin)
	e.settle()
	e.want("Type the one-time code")
	e.isAt(e.login, session.Disconnected)
	e.login.code([]byte("123456"))
	e.settle()
	e.isAt(e.main, session.Online)
	if got, want := e.door.secret, []string{doorWord, doorWord + "123456"}; !slices.Equal(got, want) {
		t.Errorf("the server was sent %q, want %q", got, want)
	}
	if !e.login.password.IsEmpty() || e.login.hold.running() || !e.proven {
		t.Error("the password outlives the sign-in")
	}
}

// Whoever has compared a fingerprint is not asked to do it again for a password
// that was mistyped, but is for another server, and after the login was left.
func TestServerIsTrustedOnce(t *testing.T) {
	e := newEntrance(t, nil)
	e.door.pin = doorPin
	e.signIn("wrong")
	e.settle()
	e.login.accept(doorPin)
	e.settle()
	e.want("The server refused")
	e.signIn("wrong again")
	e.settle()
	e.want("The server refused")
	if strings.Contains(e.reads(), "0011 2233 4455") {
		t.Error("asked about a server that is trusted")
	}
	e.login.signIn(screen.LoginForm{Server: "https://other.example", User: doorUser, Password: []byte(doorWord)})
	e.settle()
	e.want("0011 2233 4455")
	e.login.refuse()
	e.signIn(doorWord)
	e.settle()
	e.want("0011 2233 4455")
	e.login.accept(doorPin)
	e.settle()
	e.isAt(e.main, session.Online)
	if e.login.pin != "" || e.login.trusted != "" {
		t.Error("the login remembers what the session does")
	}
}

func TestSignInRefused(t *testing.T) {
	e := newEntrance(t, nil)
	e.signIn("wrong")
	e.settle()
	e.want("The server refused the user name, the password or the code.")
	e.isAt(e.login, session.Disconnected)
	if !e.login.password.IsEmpty() {
		t.Error("the password outlives its refusal")
	}
	e.door.down = true
	e.signIn(doorWord)
	e.settle()
	e.want("The server cannot be reached")
	e.isAt(e.login, session.Disconnected)
}

// A cancelled sign-in leaves everything as it was, also where the server lets
// in too late.
func TestSignInCancelled(t *testing.T) {
	for _, stray := range []bool{false, true} {
		e := newEntrance(t, nil)
		e.door.slow, e.door.stray = true, stray
		e.signIn(doorWord)
		e.want("Asking https://vault.example:10001…")
		<-e.door.asked
		e.login.cancel()
		e.want("Cancelled.")
		if !e.login.password.IsEmpty() || e.busy != 0 {
			t.Error("the attempt goes on")
		}
		e.door.slow = false
		e.signIn("wrong") // comes after what is left of the first
		e.settle()
		e.refresh()
		e.settle()
		e.isAt(e.login, session.Disconnected)
		if e.status.SignedIn {
			t.Errorf("stray %v: signed in", stray)
		}
	}
}

// Whoever waits for an attempt that does not end can give up, try again, and is
// let in once it has: what the first one came to does not hit the last.
func TestSignInWaitsForItsTurn(t *testing.T) {
	e := newEntrance(t, nil)
	e.door.slow, e.door.stray, e.door.deaf = true, true, make(chan struct{})
	e.signIn(doorWord)
	<-e.door.asked
	e.login.cancel()
	for range 2 {
		e.signIn("wrong")
		e.want("Asking https://vault.example:10001…")
		e.login.cancel()
		e.q.one() // its work is over, and it was not its turn
		e.want("Cancelled.")
	}
	if got := len(e.door.secret); got != 1 {
		t.Errorf("%d passwords were sent", got)
	}
	e.door.mu.Lock()
	e.door.slow = false
	e.door.mu.Unlock()
	e.signIn(doorWord)
	close(e.door.deaf)
	e.settle()
	e.isAt(e.main, session.Online)
	e.refresh()
	e.settle()
	if !e.status.SignedIn || !e.login.password.IsEmpty() || len(e.signing) != 0 {
		t.Errorf("signed in %v, the password is held %v, %d have the turn", e.status.SignedIn, !e.login.password.IsEmpty(), len(e.signing))
	}
}

// From main another user may sign in; Back undoes that until the window locks.
func TestSignInAsAnother(t *testing.T) {
	e := newEntrance(t, nil)
	e.signIn(doorWord)
	e.settle()
	e.do(present.CmdSignIn, "")
	e.isAt(e.login, session.Online)
	e.want("Back")
	e.login.back()
	e.settle()
	e.isAt(e.main, session.Online)
	e.do(present.CmdSignIn, "")
	e.lock()
	e.login.back()
	e.settle()
	e.isAt(e.login, session.Online)
	e.signIn(doorWord)
	e.settle()
	e.isAt(e.main, session.Online)
	e.do(present.CmdSignOut, "")
	e.settle()
	e.isAt(e.login, session.Disconnected)
	if e.status.SignedIn || e.proven {
		t.Error("still signed in")
	}
}

func TestAddress(t *testing.T) {
	for typed, want := range map[string]string{
		"": "", " vault.example ": "https://vault.example", "vault.example:10001/": "https://vault.example:10001",
		"http://localhost:8080": "http://localhost:8080", "https://v.example/p/": "https://v.example/p",
	} {
		if got := address(typed); got != want {
			t.Errorf("%q is %q, want %q", typed, got, want)
		}
	}
}
