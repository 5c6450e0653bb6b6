package start_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

func environment(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestWhereThingsAre(t *testing.T) {
	home, config := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	for _, c := range []struct {
		name         string
		options      start.Options
		folder, chip string
	}{
		{"nothing said", start.Options{Getenv: environment(nil)}, filepath.Join(config, "tideover"), "auto"},
		{"environment", start.Options{Getenv: environment(map[string]string{"TIDEOVER_HOME": home, "TIDEOVER_TPM": "none"})}, home, "none"},
		{"flags come first", start.Options{
			Home: home, TPM: "unix:/chip",
			Getenv: environment(map[string]string{"TIDEOVER_HOME": "/elsewhere", "TIDEOVER_TPM": "none"}),
		}, home, "unix:/chip"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder, err := c.options.Folder()
			if err != nil || folder != c.folder {
				t.Errorf("folder %s, %v; want %s", folder, err, c.folder)
			}
			if got := c.options.Chip(); got != c.chip {
				t.Errorf("chip %s, want %s", got, c.chip)
			}
		})
	}
}

func TestTarget(t *testing.T) {
	got, err := start.Options{Pin: "ab", CA: "ca.pem"}.Target("https://vault.example")
	if err != nil || got.URL != "https://vault.example" || got.Pin != "ab" || !filepath.IsAbs(got.CAFile) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOpenOnAChip(t *testing.T) {
	c, err := start.Options{Home: t.TempDir(), TPM: tpmtest.Start(t).Spec()}.Open(context.Background())
	if err != nil || c.Chip == nil || c.ChipErr != nil {
		t.Fatalf("%+v, %v", c, err)
	}
	defer c.Close()
	if _, err := c.Chip.Clock(context.Background()); err != nil {
		t.Error(err)
	}
	if st, err := c.Status(context.Background()); err != nil || st.Mode != session.Disconnected {
		t.Errorf("%+v, %v", st, err)
	}
}

// Without a chip and without a keychain there is a client, which can say what
// it cannot do.
func TestOpenWithoutAPlaceForSecrets(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
	c, err := start.Options{Home: t.TempDir(), TPM: "none"}.Open(context.Background())
	if err != nil || c.Chip != nil || !errors.Is(c.ChipErr, binding.ErrUnavailable) || !c.NoChip {
		t.Fatalf("%+v, %v", c, err)
	}
	defer c.Close()
	if start.KeychainAnswers() {
		t.Error("a keychain answers on a bus that is not there")
	}
	err = c.SignIn(context.Background(), session.SignInRequest{
		Target:      session.Target{URL: "https://127.0.0.1:1"},
		Credentials: session.Credentials{User: "ann", Password: vault.SecretText("x")},
	})
	if !errors.Is(err, vault.NoSecretStore) {
		t.Errorf("signed in with nowhere to keep the session: %v", err)
	}
}

// A chip that was named and cannot be reached is no reason to do without one.
func TestChipThatCannotBeReached(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
	c, err := start.Options{Home: t.TempDir(), TPM: "unix:/nonexistent/chip"}.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Chip != nil || c.NoChip {
		t.Errorf("chip %v, no chip %t", c.Chip, c.NoChip)
	}
	found, err := (start.Options{Home: t.TempDir(), TPM: "unix:/nonexistent/chip"}).Examine(context.Background(), c)
	if err != nil || found.Level != binding.LevelNone || len(found.BlockedBy) != 1 || found.BlockedBy[0] != "tpm_unusable" {
		t.Errorf("%+v, %v", found, err)
	}
}

// A keychain may hold its answer back for as long as it likes: a client is put
// together without one word to it.
func TestOpenAsksNoKeychain(t *testing.T) {
	bus := filepath.Join(t.TempDir(), "bus")
	listener, err := net.Listen("unix", bus)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // again, where it is needed below
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
			asked <- struct{}{}
		}
	}()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+bus)
	c, err := start.Options{Home: t.TempDir(), TPM: "none"}.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if _, was := <-asked; was {
		t.Error("it was asked before anybody needed it")
	}
}
