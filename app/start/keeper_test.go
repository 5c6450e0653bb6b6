package start_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// A chip that is lost after the program has started is what is told, and not the
// keychain, nor an error of the program.
func TestChipThatIsLostInTheMiddle(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
	m := tpmtest.Start(t)
	c, err := start.Options{Home: t.TempDir(), TPM: m.Spec()}.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	keep := start.KeeperOf(c)
	blob, err := keep.Protect(t.Context(), []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := keep.NewSigningKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(strings.TrimPrefix(m.Spec(), "unix:")); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(session.Keeper) error{
		"protect":   func(k session.Keeper) error { _, err := k.Protect(t.Context(), []byte("secret")); return err },
		"unprotect": func(k session.Keeper) error { _, err := k.Unprotect(t.Context(), blob); return err },
		"new key":   func(k session.Keeper) error { _, _, err := k.NewSigningKey(t.Context()); return err },
		"sign":      func(k session.Keeper) error { _, err := k.Sign(t.Context(), key, [32]byte{}); return err },
	} {
		if err := call(keep); !errors.Is(err, vault.ChipMissing) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A key of another chip, or of this one before it was cleared, is told as that.
func TestKeyOfAnotherChip(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
	keeper := func() session.Keeper {
		c, err := start.Options{Home: t.TempDir(), TPM: tpmtest.Start(t).Spec()}.Open(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return start.KeeperOf(c)
	}
	one, other := keeper(), keeper()
	key, _, err := one.NewSigningKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Sign(t.Context(), key, [32]byte{}); !errors.Is(err, vault.OtherMachine) {
		t.Errorf("got %v", err)
	}
}
