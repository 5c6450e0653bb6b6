package session_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// A check asks the server how the device stands: with a session, with one that
// the server has ended, and offline, where there is none.
func TestCheckAsksHowTheDeviceStands(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*world){
		"signed in":                      func(w *world) { w.signIn() },
		"offline":                        func(w *world) { w.disconnect() },
		"with a session that has ended":  func(w *world) { w.signIn(); w.server.token = "another" },
		"disconnected, after a sign-out": func(w *world) { w.signIn(); w.must(w.s.SignOut(w.ctx())) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before(w)
			mode, err := w.s.Mode(w.ctx())
			w.must(err)
			for _, state := range []wire.DeviceState{wire.DeviceSuspended, wire.DeviceApproved} {
				w.server.device.State = state
				st, err := w.s.Check(w.ctx())
				w.must(err)
				want := mode
				if state == wire.DeviceSuspended && mode == session.Offline {
					want = session.Disconnected // its cache opens again when it is resumed
				}
				if st.Device.State != state || st.Server.Reachable == nil || !*st.Server.Reachable || st.Mode != want {
					t.Errorf("%+v, want device %s, mode %s", st, state, want)
				}
			}
			w.server.down.Store(true)
			w.server.device.State = wire.DeviceSuspended
			st, err := w.s.Check(w.ctx())
			w.must(err)
			if *st.Server.Reachable || st.Device.State != wire.DeviceApproved {
				t.Errorf("without a server: %+v", st)
			}
		})
	}
}

// newRevoked returns a world whose device was revoked behind its back, with a
// journal that the server has not got.
func newRevoked(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.run()
	w.server.device.State = wire.DeviceRevoked
	return w
}

// Who is offline hears of a revocation with the next check, and then the cache
// and what was not sent are dealt with.
func TestCheckCarriesOutARevocation(t *testing.T) {
	t.Parallel()
	w := newRevoked(t)
	st, err := w.s.Check(w.ctx())
	w.must(err)
	if st.Cache == nil || st.Cache.State != cache.Revoked || st.Device.State != wire.DeviceRevoked || st.Mode != session.Disconnected {
		t.Errorf("%+v", st)
	}
	if n := len(w.server.journal); n < 2 || w.server.journal[n-1].Type != "clear" {
		t.Errorf("journal %+v", w.server.journal)
	}
}

// A revoked device stays revoked. Its user may come back with another key, which
// the policy lets in or makes wait, and old caches stay closed.
func TestRevokedDeviceComesBackAsAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.welcome = wire.DevicePending
	w.disconnect()
	st, err := w.s.Status(w.ctx())
	w.must(err)
	first := st.Device.ID
	copied := filepath.Join(t.TempDir(), "copy.kdbx")
	copyFile(t, st.Cache.Path, copied)

	w.server.device.State = wire.DeviceRevoked
	w.server.refusesJournal = false
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	// The session that heard of it gets no cache, and no other identity.
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.refused(err, vault.Revoked)
	if n := len(w.server.publicKeys); n != 1 {
		t.Errorf("%d device keys before the next sign-in", n)
	}
	var state struct {
		Accounts []struct {
			Device struct {
				KeyBlob []byte `json:"key_blob"`
				Public  []byte `json:"public"`
			} `json:"device"`
		} `json:"accounts"`
	}
	w.must(json.Unmarshal(w.stateBytes(), &state))
	if d := state.Accounts[0].Device; d.KeyBlob != nil || d.Public != nil {
		t.Error("the key of the revoked device is still there")
	}

	w.signIn()
	st, err = w.s.Status(w.ctx())
	w.must(err)
	if st.Device.ID == first || st.Device.State != wire.DevicePending || len(w.server.publicKeys) != 2 {
		t.Errorf("%+v, %d keys; the first was %s", st.Device, len(w.server.publicKeys), first)
	}
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.refused(err, vault.ApprovalPending)
	w.server.device.State = wire.DeviceApproved
	w.refused(w.s.ImportCache(w.ctx(), copied, session.UnlockRequest{Master: ask(master)}), vault.Revoked)
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.must(err)
	w.unlock()
	w.refused(w.s.ImportCache(w.ctx(), copied, session.UnlockRequest{Master: ask(master)}), vault.Wiped)
}

// That is so whether or not it ever had a cache.
func TestRevokedDeviceWithoutACacheComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.welcome = wire.DeviceApproved
	w.signIn()
	w.server.device.State = wire.DeviceRevoked
	_, err := w.s.Check(w.ctx())
	w.must(err)
	w.signIn()
	if n := len(w.server.publicKeys); n != 2 {
		t.Errorf("%d device keys, want a new one", n)
	}
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.must(err)
}

// What the client remembers of its cache cannot be read: nothing opens, but its user
// comes back online, and the server's word is carried out.
func TestDamagedCacheStopsNobody(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string][]byte{
		"damaged": []byte("{"), "too large": make([]byte, 300<<10), "of a later program": []byte(`{"v":99}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.disconnect()
			found, err := filepath.Glob(filepath.Join(w.home, "accounts", "*"))
			w.must(err)
			w.must(os.WriteFile(filepath.Join(found[0], "client.json"), damage, 0o600))
			_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
			w.must(err)
			w.mode(session.Online)
			if name == "of a later program" {
				return // that one is not for this program to wipe
			}
			w.server.device.State = wire.DeviceRevoked
			_, err = w.s.Check(w.ctx())
			w.must(err)
			if _, err := os.Stat(filepath.Join(found[0], "cache.kdbx")); !os.IsNotExist(err) {
				t.Errorf("the file of a revoked device is there (%v)", err)
			}
		})
	}
}

// lostChip is away when the key of a device is to be made.
type lostChip struct{ *tpm.Chip }

func (lostChip) NewSigningKeyForProof(context.Context) ([]byte, *ecdsa.PublicKey, binding.Creation, error) {
	return nil, nil, binding.Creation{}, fmt.Errorf("sign: %w", binding.ErrUnavailable)
}

func (lostChip) Machine(context.Context) (binding.Machine, error) {
	return binding.Machine{}, fmt.Errorf("measure: %w", binding.ErrBusy)
}

// A chip that is lost in the middle is told as that, and not as a mistake of the
// program.
func TestChipLostInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := session.Config{
		Home: w.home, Chip: w.chip, Keeper: w.chip, Prover: lostChip{w.chip}, Clock: w.clock,
		Dial: func(session.Target) (session.Remote, error) { return w.server, nil },
	}
	request := session.SignInRequest{Target: w.server.target(), Credentials: session.Credentials{User: user, Password: secret(account)}}
	w.refused(session.New(config).SignIn(w.ctx(), request), vault.ChipMissing)
	config.Chip = lostChip{w.chip}
	w.refused(session.New(config).SignIn(w.ctx(), request), vault.Busy)
}

// New tries and openings are for devices that may cache, and the others hear why
// they get none.
func TestRefillOfADeviceThatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.device.State = wire.DevicePending
	w.signIn()
	w.refused(w.s.Refill(w.ctx()), vault.ApprovalPending)
	w.server.device.State = wire.DeviceApproved
	w.signIn()
	w.refused(w.s.Refill(w.ctx()), vault.NoCache)
}

// The key is kept until what it has to sign is with the server.
func TestRevokedDeviceSendsItsJournalFirst(t *testing.T) {
	t.Parallel()
	w := newRevoked(t)
	w.server.losesJournal = true
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	if len(w.server.journal) != 0 {
		t.Fatal("the journal was not to arrive")
	}
	w.server.losesJournal = false
	_, err = w.s.Check(w.ctx())
	w.must(err)
	if len(w.server.journal) == 0 {
		t.Error("the journal was left behind")
	}
}
