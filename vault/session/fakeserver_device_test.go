package session_test

import (
	"context"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

func (s *fakeServer) Register(_ context.Context, r wire.DeviceRequest) (wire.Device, error) {
	if s.device.ID.IsZero() {
		s.device.ID = vault.NewID()
	}
	if len(r.PublicKey) == 0 {
		return wire.Device{}, errTest
	}
	ended := s.device.State == wire.DeviceRevoked || s.device.State == wire.DeviceWiped
	if ended && len(s.publicKeys) > 0 && !s.publicKeys[string(r.PublicKey)] { // another key is another device
		s.device = wire.Device{ID: vault.NewID(), State: s.welcome}
	}
	s.publicKeys[string(r.PublicKey)] = true
	return s.device, s.authorised("register")
}

func (s *fakeServer) Device(context.Context, vault.ID) (wire.Device, error) {
	if s.forgot {
		return wire.Device{}, vault.NotFound
	}
	return s.device, s.authorised("device")
}

func (s *fakeServer) DeviceState(ctx context.Context, d vault.ID, signer session.Signer) (wire.Device, error) {
	if err := s.ask("device state"); err != nil {
		return wire.Device{}, err
	}
	if _, err := signer.Sign(ctx, [32]byte{2}); err != nil {
		return wire.Device{}, err
	}
	if s.forgot || d != s.device.ID {
		return wire.Device{}, vault.NotSignedIn
	}
	return s.device, nil
}

func (s *fakeServer) DryRun(context.Context, vault.ID) (wire.DryRun, error) {
	return s.run, s.authorised("dry run")
}

func (s *fakeServer) Cache(ctx context.Context, d vault.ID, r wire.CacheRequest, signer session.Signer, progress func(done, total int)) (*vault.Content, string, error) {
	if err := s.authorised("cache"); err != nil {
		return nil, "", err
	}
	if s.comment && r.Comment == "" {
		return nil, "", vault.CommentRequired
	}
	if _, err := signer.Sign(ctx, [32]byte{1}); err != nil {
		return nil, "", err
	}
	s.escrowed = append(s.escrowed, r.Escrow)
	s.declared = r
	content := testContent()
	n := content.Root.Count()
	if progress != nil {
		progress(n, n)
	}
	return content, s.issue(d, r, n), nil
}

func (s *fakeServer) issue(d vault.ID, r wire.CacheRequest, n int) string {
	s.t.Helper()
	s.seq++
	key, err := binding.KeyOf(&s.tpm.PublicKey)
	if err != nil {
		s.t.Fatal(err)
	}
	p := s.policy
	bounds := binding.Bounds{ClockMS: r.ClockMS + uint64(p.PoweredOn)*1000, Resets: r.Resets + p.Boots}
	terms := binding.Terms{Level: r.Level, Governed: true, Key: key, Device: d, Cache: r.Cache, Generation: r.Generation}
	approval, err := binding.Approve(s.tpm, terms, bounds)
	if err != nil {
		s.t.Fatal(err)
	}
	l := lease.Lease{
		Version: lease.Version, Issuer: s.issuer, ID: vault.NewID(), Seq: s.seq,
		Issued: lease.At(s.clock.now), Expires: lease.At(s.clock.now.AddDate(0, 0, p.Days)),
		User: s.user, Username: r.UserName, Device: d, Cache: r.Cache, Generation: r.Generation,
		Record: lease.Hash(r.RecordSHA256), Root: r.RootName, Level: r.Level, Epoch: 1, Policy: p, Entries: n,
		Chip: &lease.Chip{ClockMS: r.ClockMS, Resets: r.Resets, Bounds: bounds, Digest: approval.Digest},
	}
	copy(l.Chip.Signature[:], approval.Signature)
	token, err := lease.Sign(s.lease, s.keys[0].KID, l)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

func (s *fakeServer) Proof(_ context.Context, _ vault.ID, generation uint64, _ session.Signer) error {
	s.proved = generation
	return s.ask("proof")
}

func (s *fakeServer) Cleared(_ context.Context, _ vault.ID, generation uint64, _ session.Signer) error {
	if s.losesCleared {
		return vault.Unreachable
	}
	s.cleared = generation
	return s.ask("cleared")
}

func (s *fakeServer) Journal(_ context.Context, _ vault.ID, events []wire.JournalEvent, _ session.Signer) (uint64, error) {
	if err := s.ask("journal"); err != nil {
		return 0, err
	}
	if s.losesJournal {
		return 0, vault.Unreachable
	}
	if s.refusesJournal {
		return 0, vault.Fail(vault.Damaged, "gap")
	}
	s.journal = append(s.journal, events...)
	return events[len(events)-1].Seq, nil
}

func (s *fakeServer) OfflineAvailable(context.Context) (bool, error) {
	return s.allowed, s.authorised("offline available")
}

func (s *fakeServer) OfflinePackage(context.Context, string) (*vault.Content, time.Time, error) {
	return testContent(), s.expiry, s.authorised("package")
}
