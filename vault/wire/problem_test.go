package wire_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

func TestErrorsTravel(t *testing.T) {
	tries := 3
	want := &vault.Problem{Cause: vault.TooManyAttempts, Detail: "account locked", TriesLeft: &tries, Until: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	body := wire.NewError(fmt.Errorf("sign in: %w", want))
	if diff := cmp.Diff(want, body.Error.Problem()); diff != "" {
		t.Error(diff)
	}
	if got := wire.NewError(vault.NotFound).Error.Problem(); got.Cause != vault.NotFound {
		t.Errorf("a bare cause: %v", got)
	}
}

// What went wrong inside a server is nobody else's business.
func TestInternalErrorsSayNothing(t *testing.T) {
	b, err := wire.Marshal(wire.NewError(errors.New("pq: password authentication failed for user vault")))
	if err != nil || strings.Contains(string(b), "pq") || !strings.Contains(string(b), `"id":"internal"`) {
		t.Errorf("%s, %v", b, err)
	}
}

// A server must not speak of what only this machine can know.
func TestForeignCauses(t *testing.T) {
	for _, cause := range []vault.Cause{vault.OtherMachine, vault.ChipLocked, vault.WrongPassword, vault.ClockMoved, vault.IdentityUnknown, "new", ""} {
		if got := (wire.Error{ID: cause}).Problem(); got.Cause != vault.Internal {
			t.Errorf("%q became %q", cause, got.Cause)
		}
	}
}

func TestMessagesAreHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"Größe überschritten.":      "Größe überschritten.",
		"a\x1b]0;title\x07b\x1b[2J": "a]0;titleb[2J",
		"line\nline":                "line line",
		"\u202eright to left":       "right to left",
		"\xff\xfe":                  "",
		strings.Repeat("é", 400):    strings.Repeat("é", 300) + "…",
	} {
		if got := wire.Message(text); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}
