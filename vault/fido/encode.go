package fido

import (
	"math"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tideover/tideover/vault"
)

// Marshal returns the record in DER. It refuses what ParseRecord would refuse.
func (r *Record) Marshal() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Uint64(recordVersion)
		addText(b, RPID)
		b.AddASN1OctetString(r.Cache[:])
		b.AddASN1Uint64(r.Generation)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for i := range r.Slots {
				addSlot(b, &r.Slots[i])
			}
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	if len(der) > maxRecordBytes {
		return nil, vault.Fail(vault.Hostile, "security keys: %d bytes, at most %d", len(der), maxRecordBytes)
	}
	return der, nil
}

func addSlot(b *cryptobyte.Builder, s *Slot) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1OctetString(s.ID[:])
		addText(b, s.Label)
		b.AddASN1OctetString(s.Credential)
		b.AddASN1OctetString(s.Salt[:])
		b.AddASN1Boolean(s.Verified)
		b.AddASN1OctetString(s.Public[:])
		b.AddASN1OctetString(s.Wrapped)
	})
}

func addText(b *cryptobyte.Builder, s string) {
	b.AddASN1(asn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
}

// ParseRecord reads a record. The result shares nothing with der. It fails with
// Damaged, Hostile (too large) or Unsupported (a later version). What it returns
// is well formed and not yet to be believed: FORMAT.md 3.
func ParseRecord(der []byte) (*Record, error) {
	if len(der) > maxRecordBytes {
		return nil, vault.Fail(vault.Hostile, "security keys: %d bytes, at most %d", len(der), maxRecordBytes)
	}
	input := cryptobyte.String(der)
	var body, slots cryptobyte.String
	var version uint64
	if !input.ReadASN1(&body, asn1.SEQUENCE) || !input.Empty() || !body.ReadASN1Integer(&version) {
		return nil, damaged("no record")
	}
	if version != recordVersion {
		return nil, vault.Fail(vault.Unsupported, "security keys: record version %d", version)
	}
	r := new(Record)
	var rp string
	if !readText(&body, &rp) || !readFixed(&body, r.Cache[:]) || !body.ReadASN1Integer(&r.Generation) ||
		!body.ReadASN1(&slots, asn1.SEQUENCE) || !body.Empty() || rp != RPID || r.Generation > math.MaxInt64 {
		return nil, damaged("head of the record")
	}
	for !slots.Empty() {
		if len(r.Slots) == MaxSlots {
			return nil, damaged("too many slots")
		}
		s, ok := readSlot(&slots)
		if !ok {
			return nil, damaged("a slot")
		}
		r.Slots = append(r.Slots, s)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

func readSlot(in *cryptobyte.String) (Slot, bool) {
	var s Slot
	var body, credential, wrapped cryptobyte.String
	ok := in.ReadASN1(&body, asn1.SEQUENCE) &&
		readFixed(&body, s.ID[:]) &&
		readText(&body, &s.Label) &&
		body.ReadASN1(&credential, asn1.OCTET_STRING) &&
		readFixed(&body, s.Salt[:]) &&
		body.ReadASN1Boolean(&s.Verified) &&
		readFixed(&body, s.Public[:]) &&
		body.ReadASN1(&wrapped, asn1.OCTET_STRING) &&
		body.Empty()
	s.Credential = append([]byte(nil), credential...)
	s.Wrapped = append([]byte(nil), wrapped...)
	return s, ok
}

func readFixed(in *cryptobyte.String, out []byte) bool {
	var v cryptobyte.String
	if !in.ReadASN1(&v, asn1.OCTET_STRING) || len(v) != len(out) {
		return false
	}
	copy(out, v)
	return true
}

func readText(in *cryptobyte.String, out *string) bool {
	var v cryptobyte.String
	if !in.ReadASN1(&v, asn1.UTF8String) {
		return false
	}
	*out = string(v)
	return true
}

func damaged(what string) error { return vault.Fail(vault.Damaged, "security keys: %s", what) }
