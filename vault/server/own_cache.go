package server

import (
	"fmt"
	"net/http"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// maxUserName bounds the name as typed, which is signed into the lease.
const maxUserName = 256

// postCache sends a cache: every entry that the user may take offline, and the
// lease as the last line. The audit is written and committed before the first
// byte leaves. If anything goes wrong after that, the stream ends with an
// error record and no lease, and the client discards it whole.
func (s *Server) postCache(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.CacheRequest
	if err := readSigned(c, &in); err != nil {
		return err
	}
	if err := checkCacheRequest(&in); err != nil {
		return err
	}
	release, err := s.holdBundle(r)
	if err != nil {
		return err
	}
	defer release()
	instance, err := s.catalog.Instance(r.Context())
	if err != nil {
		return err
	}
	chip, err := s.present(r, c, in, in.Attestation, catalog.Presence{
		Cache: in.Cache, Generation: in.Generation, Level: in.Level, Root: in.RootName, NeedSealed: true, NeedCounter: true,
	})
	if err != nil {
		return err
	}
	pack, err := s.catalog.Package(r.Context(), c.caller, catalog.PackageRequest{
		Device: c.device.ID, Cache: in.Cache, Generation: in.Generation, Record: [32]byte(in.RecordSHA256),
		RootName: in.RootName, Level: in.Level, Virtual: in.VirtualTPM, ClockMS: in.ClockMS, Resets: in.Resets,
		UserName: in.UserName, Comment: in.Comment, Chip: chip, Escrow: escrowOf(&in),
	})
	if err != nil {
		return err
	}
	defer pack.Close()
	terms, err := s.terms(r, c.device.ID, in.Cache, in.Generation, in.Level)
	if err != nil {
		return err
	}

	w.Header().Set("Content-Type", wire.MediaStream)
	enc := wire.NewEncoder(newStream(w), wire.Complete)
	head := wire.Head{
		Incarnation: instance.Incarnation, Cache: in.Cache, Generation: in.Generation,
		At: pack.At, Groups: len(pack.Folders), Entries: pack.Count,
	}
	if err := s.encodeCache(r, enc, head, pack, func(l lease.Lease) (string, error) {
		return s.signLease(l, terms, clockNow(in.ClockMS, in.Resets, chip))
	}); err != nil {
		c.err = err // for the log; the client reads the record
		problem, known := causeOf(err)
		if !known {
			problem = &vault.Problem{Cause: vault.Internal, Detail: "request " + c.requestID}
		}
		return enc.Fail(problem)
	}
	return nil
}

func checkCacheRequest(in *wire.CacheRequest) error {
	level, err := binding.ParseLevel(string(in.Level))
	switch {
	case err != nil:
		return vault.Fail(vault.Usage, "level is none of A, B, B0, C, D")
	case level.Sealed() && len(in.RootName) != binding.NameSize,
		!level.Sealed() && len(in.RootName) != 0:
		return vault.Fail(vault.Usage, "root_name does not fit the level")
	case in.Cache.IsZero() || in.Generation == 0:
		return vault.Fail(vault.Usage, "cache and generation must be given")
	case in.UserName == "" || len(in.UserName) > maxUserName:
		return vault.Fail(vault.Usage, "user_name is missing or longer than %d bytes", maxUserName)
	}
	return nil
}

func (s *Server) encodeCache(r *http.Request, enc *wire.Encoder, head wire.Head, pack *catalog.Package, sign func(lease.Lease) (string, error)) error {
	if err := enc.Head(head); err != nil {
		return err
	}
	for i := range pack.Icons {
		if err := enc.Icon(&pack.Icons[i]); err != nil {
			return err
		}
	}
	for _, f := range pack.Folders {
		if _, err := enc.Group(max(f.Parent, 0), f.Group); err != nil {
			return err
		}
	}
	for packed, err := range pack.Entries(r.Context()) {
		if err != nil {
			return err
		}
		if err := enc.Entry(packed.Folder, packed.Entry, facts(packed.Rights, packed.Flags)); err != nil {
			return err
		}
	}
	_, digest, err := enc.Sum()
	if err != nil {
		return err
	}
	kid, _ := s.keys.signing(lease.UseLease)
	token, err := s.catalog.IssueLease(r.Context(), pack, kid, [32]byte(digest), sign)
	if err != nil {
		return err
	}
	return enc.End(token)
}

// chipNow is where a chip's clock and starts stand.
type chipNow struct {
	clockMS uint64
	resets  uint32
}

// clockNow returns what bounds are counted from: what the client says, and in
// its place what the chip has stated. Starts that are veiled are the client's
// word even then.
func clockNow(clockMS uint64, resets uint32, chip catalog.Presented) chipNow {
	if chip.Known {
		clockMS = chip.ClockMS
	}
	if chip.Known && chip.ClearResets {
		resets = chip.Resets
	}
	return chipNow{clockMS, resets}
}

// signLease adds what the chip will check, and signs. Every digest is computed
// here: the client says where its clock stands, nothing more.
func (s *Server) signLease(l lease.Lease, terms binding.Terms, now chipNow) (string, error) {
	if l.Level.Sealed() {
		chip, err := s.approve(&l, terms, now)
		if err != nil {
			return "", fmt.Errorf("approve the chip's bounds: %w", err)
		}
		l.Chip = chip
	}
	kid, key := s.keys.signing(lease.UseLease)
	return lease.Sign(key, kid, l)
}

// approve signs the bounds of a lease for the chip: powered-on time and boots,
// counted from where it stands now. A client whose chip is not known may lie
// about that, and shortens or lengthens its own lease by the chip; the calendar
// holds in any case.
func (s *Server) approve(l *lease.Lease, terms binding.Terms, now chipNow) (*lease.Chip, error) {
	_, key := s.keys.signing(lease.UseTPM)
	powered := uint64(l.Policy.PoweredOn) * 1000
	bounds := binding.Bounds{ClockMS: now.clockMS + powered, Resets: now.resets + l.Policy.Boots}
	if bounds.ClockMS < now.clockMS || bounds.Resets < now.resets {
		return nil, vault.Fail(vault.Usage, "clock_ms or resets is beyond what a chip can show")
	}
	approval, err := binding.Approve(key, terms, bounds)
	if err != nil {
		return nil, err
	}
	return &lease.Chip{
		ClockMS: now.clockMS, Resets: now.resets, Bounds: bounds,
		Digest: approval.Digest, Signature: lease.Signature(approval.Signature),
	}, nil
}
