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
	pack, err := s.catalog.Package(r.Context(), c.caller, catalog.PackageRequest{
		Device: c.device.ID, Cache: in.Cache, Generation: in.Generation, Record: [32]byte(in.RecordSHA256),
		RootName: in.RootName, Level: in.Level, Virtual: in.VirtualTPM, ClockMS: in.ClockMS, Resets: in.Resets,
		UserName: in.UserName, Comment: in.Comment,
	})
	if err != nil {
		return err
	}
	defer pack.Close()

	w.Header().Set("Content-Type", wire.MediaStream)
	enc := wire.NewEncoder(newStream(w), wire.Complete)
	head := wire.Head{
		Incarnation: instance.Incarnation, Cache: in.Cache, Generation: in.Generation,
		At: pack.At, Groups: len(pack.Folders), Entries: pack.Count,
	}
	if err := s.encodeCache(r, enc, head, &in, pack); err != nil {
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
	case level == binding.LevelA:
		// Its counters are not in the request, so there is nothing to approve.
		return vault.Fail(vault.Unsupported, "level A")
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

func (s *Server) encodeCache(r *http.Request, enc *wire.Encoder, head wire.Head, in *wire.CacheRequest, pack *catalog.Package) error {
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
	token, err := s.catalog.IssueLease(r.Context(), pack, kid, [32]byte(digest), func(l lease.Lease) (string, error) {
		return s.signLease(l, in)
	})
	if err != nil {
		return err
	}
	return enc.End(token)
}

// signLease adds what the chip will check, and signs. Every digest is computed
// here: the client says where its clock stands, nothing more.
func (s *Server) signLease(l lease.Lease, in *wire.CacheRequest) (string, error) {
	if in.Level.Sealed() {
		chip, err := s.approve(&l, in)
		if err != nil {
			return "", fmt.Errorf("approve the chip's bounds: %w", err)
		}
		l.Chip = chip
	}
	kid, key := s.keys.signing(lease.UseLease)
	return lease.Sign(key, kid, l)
}

// approve signs the bounds of a lease for the chip: powered-on time and boots,
// counted from what the client says its chip shows now. A client that lies
// about it shortens or lengthens its own lease by the chip; the calendar holds
// in any case.
func (s *Server) approve(l *lease.Lease, in *wire.CacheRequest) (*lease.Chip, error) {
	_, key := s.keys.signing(lease.UseTPM)
	public, err := binding.KeyOf(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	powered := uint64(l.Policy.PoweredOn) * 1000
	bounds := binding.Bounds{ClockMS: in.ClockMS + powered, Resets: in.Resets + l.Policy.Boots}
	if bounds.ClockMS < in.ClockMS || bounds.Resets < in.Resets {
		return nil, vault.Fail(vault.Usage, "clock_ms or resets is beyond what a chip can show")
	}
	approval, err := binding.Approve(key, binding.Terms{
		Level: in.Level, Governed: true, Key: public,
		Device: l.Device, Cache: l.Cache, Generation: l.Generation,
	}, bounds)
	if err != nil {
		return nil, err
	}
	return &lease.Chip{
		ClockMS: in.ClockMS, Resets: in.Resets, Bounds: bounds,
		Digest: approval.Digest, Signature: lease.Signature(approval.Signature),
	}, nil
}
