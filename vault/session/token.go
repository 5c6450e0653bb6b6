package session

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// needKeeper returns the Keeper; without a safe place for the token there is no
// session. ChipMissing where a chip is there and cannot be used, else
// NoSecretStore.
func (s *Session) needKeeper() (Keeper, error) {
	switch {
	case s.keeps():
		return s.cfg.Keeper, nil
	case s.cfg.Chip == nil && !s.cfg.NoChip: // a keychain is not what is missing
		return nil, vault.Fail(vault.ChipMissing, "no chip")
	}
	return nil, vault.NoSecretStore
}

func (s *Session) keeps() bool {
	return s.cfg.Keeper != nil && (s.cfg.Kept == nil || s.cfg.Kept())
}

// dial returns the Remote of a target, the same one as long as the target stays.
func (s *Session) dial(t Target) (Remote, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remote != nil && s.target == t {
		return s.remote, nil
	}
	remote, err := s.cfg.Dial(t)
	if err != nil {
		return nil, err
	}
	s.remote, s.target = remote, t
	return remote, nil
}

// target returns how to reach a server that was pinned.
func (s *server) target() Target {
	return Target{URL: s.URL, Pin: s.Pin, CAFile: s.CAFile, Kind: s.Kind}
}

// dialAccount returns the Remote of an account's pinned server.
func (s *Session) dialAccount(st *state, a *account) (Remote, error) {
	t := Target{URL: a.Server}
	if srv := st.server(a.Server); srv != nil {
		t = srv.target()
	}
	return s.dial(t)
}

// seal makes a token ready for the state file, and with it what a later master
// password is compared with.
func (s *Session) seal(ctx context.Context, t Token, password vault.Secret) ([]byte, error) {
	keeper, err := s.needKeeper()
	if err != nil {
		return nil, err
	}
	raw, err := newLiveSession(t.Access, password).marshal()
	if err != nil {
		return nil, fmt.Errorf("seal the session: %w", err)
	}
	defer clear(raw)
	blob, err := keeper.Protect(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("seal the session: %w", err)
	}
	return blob, nil
}

// resume makes the account's live session that of the Remote. NotSignedIn if
// there is none.
func (s *Session) resume(ctx context.Context, a *account, remote Remote) error {
	live, err := s.liveSession(ctx, a)
	if err != nil {
		return err
	}
	defer live.wipe()
	access := vault.NewSecret(live.Access)
	remote.UseToken(access)
	return nil
}

// liveSession opens the account's session. NotSignedIn if there is none. The
// caller wipes it.
func (s *Session) liveSession(ctx context.Context, a *account) (*liveSession, error) {
	if !a.signedIn(s.now()) {
		return nil, vault.Fail(vault.NotSignedIn, "%s", a.User)
	}
	keeper, err := s.needKeeper()
	if err != nil {
		return nil, err
	}
	raw, err := keeper.Unprotect(ctx, a.Token)
	if errors.Is(err, vault.ChipMissing) || errors.Is(err, vault.Busy) {
		return nil, err // it is whole, and opens when the chip is back
	}
	if err != nil {
		return nil, vault.Fail(vault.NotSignedIn, "the stored session cannot be opened: %w", err)
	}
	defer clear(raw)
	return parseLiveSession(raw)
}

// online returns the Remote of the user who is signed in: SomeoneOffline while
// the client is offline, NotSignedIn if nobody is.
func (s *Session) online(ctx context.Context) (*state, *account, Remote, error) {
	st, err := s.home.load()
	if err != nil {
		return nil, nil, nil, err
	}
	mode, err := s.mode(ctx, st)
	if err != nil {
		return nil, nil, nil, err
	}
	a := st.current()
	if mode == Offline {
		return nil, nil, nil, someoneOffline(a)
	}
	if a == nil || mode != Online {
		return nil, nil, nil, vault.NotSignedIn
	}
	remote, err := s.dialAccount(st, a)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := s.resume(ctx, a, remote); err != nil {
		return nil, nil, nil, err
	}
	return st, a, remote, nil
}

// deviceSigner signs as the account's device.
type deviceSigner struct {
	keeper Keeper
	blob   []byte
}

// Sign signs with the device key that the Keeper holds.
func (d deviceSigner) Sign(ctx context.Context, digest [32]byte) ([]byte, error) {
	return d.keeper.Sign(ctx, d.blob, digest)
}

// signer returns the signer of an enrolled device. Where its chip can, it is a
// wire.Attester, that states that the chip is here.
func (s *Session) signer(a *account) (Signer, error) {
	plain, err := s.plainSigner(a)
	if err != nil {
		return nil, err
	}
	return s.attesting(plain, &a.Device), nil
}

// plainSigner returns the signer of an enrolled device, which states nothing.
func (s *Session) plainSigner(a *account) (deviceSigner, error) {
	keeper, err := s.needKeeper()
	if err != nil {
		return deviceSigner{}, err
	}
	if a.Device.ID.IsZero() || len(a.Device.KeyBlob) == 0 {
		return deviceSigner{}, vault.Fail(vault.ApprovalPending, "this device is not enrolled yet")
	}
	return deviceSigner{keeper, a.Device.KeyBlob}, nil
}

// enrol makes this device known to the account's server and returns it as the
// server has it. Another chip, or no key (not yet, or not any more), is another
// device. The token must be in use.
func (s *Session) enrol(ctx context.Context, a *account, remote Remote) (device, error) {
	keeper, err := s.needKeeper()
	if err != nil {
		return device{}, err
	}
	machine, err := s.machine(ctx)
	if err != nil {
		return device{}, fmt.Errorf("measure this machine: %w", err)
	}
	d := a.Device
	if len(d.KeyBlob) == 0 || string(d.RootName) != string(machine.RootName) {
		blob, public, made, err := s.newDeviceKey(ctx, keeper)
		if err != nil {
			return device{}, fmt.Errorf("make the device key: %w", err)
		}
		spki, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return device{}, fmt.Errorf("make the device key: %w", err)
		}
		d = device{KeyBlob: blob, Public: spki, RootName: machine.RootName, Creation: made}
		if d, err = s.keepDevice(ctx, a, d); err != nil {
			return device{}, err
		}
	}
	if a.LevelA && machine.Level.Sealed() {
		machine.Level = binding.LevelA // with the indices of its cache, which measure it
	}
	answer, err := s.register(ctx, &d, machine, remote)
	if err != nil {
		return device{}, err
	}
	d.ID, d.State, d.Why = answer.ID, answer.State, answer.Why
	return d, nil
}

// register tells the server what the device says of itself.
func (s *Session) register(ctx context.Context, d *device, m binding.Machine, remote Remote) (wire.Device, error) {
	answer, err := remote.Register(ctx, wire.DeviceRequest{
		Name: s.cfg.Name, OS: s.cfg.OS, PublicKey: d.Public, Level: m.Level,
		VirtualTPM: m.Virtual, RootName: m.RootName, ClientVersion: s.cfg.Version,
	})
	if err != nil {
		return answer, fmt.Errorf("enrol this device: %w", err)
	}
	return answer, nil
}

// enrolForCache is enrol for a device that wants a cache. One that was revoked or
// wiped stays so: another key is for the next sign-in, where somebody proves who
// they are.
func (s *Session) enrolForCache(ctx context.Context, a *account, remote Remote) (device, error) {
	if a.Device.ended() {
		return a.Device, nil
	}
	return s.enrol(ctx, a, remote)
}

// ended reports whether the server has taken this identity from the device, and
// its key is forgotten.
func (d *device) ended() bool { return len(d.KeyBlob) == 0 && d.over() }

// over reports whether the server has taken this identity from the device.
func (d *device) over() bool { return d.State == wire.DeviceRevoked || d.State == wire.DeviceWiped }

// deviceProblem says why a device of that state may not cache; nil if it may.
func deviceProblem(state wire.DeviceState) error {
	switch state {
	case wire.DeviceApproved:
		return nil
	case wire.DevicePending:
		return vault.ApprovalPending
	case wire.DeviceDenied:
		return vault.ApprovalDenied
	case wire.DeviceSuspended:
		return vault.Suspended
	case wire.DeviceRevoked, wire.DeviceWiped:
		return vault.Revoked // also where it was wiped since: the way back is the same
	}
	return vault.Fail(vault.BadAnswer, "device state %q", state)
}
