package main

import (
	"testing"

	"github.com/tideover/tideover/app/apptest"
)

// The whole way once, by keyboard and mouse: sign in, find, copy, edit,
// Disconnect/Cache…, the server goes, Work Offline, edit, Connect… with what is
// dropped, Clear offline cache….
func TestStory(t *testing.T) {
	t.Parallel()
	s := newStage(t, apptest.Options{})
	s.serve()
	s.open("Sign in")
	s.signIn("alice")
	s.entries("Domain administrator")

	// Find as one types, and copy: another program pastes it.
	s.Key("ctrl+f")
	s.Type("mail.example")
	s.Gone("Domain administrator")
	s.Key("Return") // to the list
	s.Key("ctrl+b")
	s.Pasted(is("svc-2"))
	s.Key("ctrl+c")
	secret := s.Pasted(func(text string) bool { return text != "" && text != "svc-2" })

	// Edit online.
	s.Key("Return")
	s.See("Edit entry")
	s.Key("Tab", "ctrl+a")
	s.Type("postmaster")
	s.Key("Return")
	s.closed()
	s.See("postmaster")

	// Disconnect/Cache…
	s.disconnect()
	s.close()

	// The server is gone; the cache opens with its password only.
	s.server.quit()
	s.open("Master password")
	s.Type("not the password")
	s.Key("Return")
	s.See("wrong")
	s.Type(master)
	s.Key("Return")
	s.entries("db-prod.example")

	// A password is the same as online.
	s.Key("ctrl+f")
	s.Type("mail.example")
	s.Gone("db-prod.example")
	s.Key("Return", "ctrl+c")
	s.Pasted(is(secret))

	// An edit is a draft, and says so.
	s.Key("Return")
	s.See("Draft: what you change")
	s.Key("Tab", "ctrl+a")
	s.Type("nobody")
	s.Key("Return")
	s.closed()
	s.See("1 draft")
	s.See("edited")

	// Connect… says what will be lost, then does it.
	s.server.start()
	s.Click("Connect")
	s.See("1 draft will be dropped")
	s.Type(s.server.password("alice"))
	s.Key("Return")
	s.See("You are online")
	s.See("postmaster")

	// Clear offline cache…
	s.menu("Password Server", "Clear offline cache")
	s.See("This is gone for good")
	s.Key("Tab", "Return")
	s.See("was cleared")
	s.close()
}

// is accepts exactly one text.
func is(want string) func(string) bool {
	return func(got string) bool { return got == want }
}
