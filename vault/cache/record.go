package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// Limits and sizes of the record. FORMAT.md 3.
const (
	recordVersion  = 1    // below level A
	recordVersionA = 2    // level A
	maxRecordBytes = 4096 // a sealed object has 300, slots 100
	maxChipText    = 64   // maker and firmware, for messages
)

// Context tags of the optional parts.
var (
	tagServerKey = asn1.Tag(0).ContextSpecific()
	tagLocal     = asn1.Tag(1).ContextSpecific().Constructed()
	tagIndices   = asn1.Tag(2).ContextSpecific().Constructed()
)

// record is what the chip needs to unseal the machine secret, and what was
// true when it was sealed.
type record struct {
	Level      binding.Level
	Governed   bool
	Device     vault.ID
	Cache      vault.ID
	Generation uint64
	Created    time.Time
	Derivation derivation
	Root       []byte
	Object     binding.Object
	Chip       chipFacts
	Key        binding.ServerKey // governed
	Local      *localTerms       // not governed
	Slots      *binding.Slots    // level A
	Factor     *lease.Hash       // of the item of security keys; nil: none is needed
}

// chipFacts describe the chip at the time of sealing.
type chipFacts struct {
	Virtual      bool
	Manufacturer string
	Firmware     string
	ClockMS      uint64
	Resets       uint32
}

// localTerms stand in for a lease.
type localTerms struct {
	Expires time.Time // zero: the calendar does not end it
	Bounds  binding.Bounds
	Policy  lease.Policy
}

// sum returns the digest by which the lease and the file's inside know the
// record.
func sum(der []byte) lease.Hash { return sha256.Sum256(der) }

// terms returns what the sealed object's policy depends on.
func (r *record) terms() binding.Terms {
	if r.Slots != nil {
		return r.Slots.Indices.Terms(r.Generation)
	}
	t := binding.Terms{
		Level: r.Level, Governed: r.Governed, Key: r.Key,
		Device: r.Device, Cache: r.Cache, Generation: r.Generation,
	}
	if r.Local != nil {
		t.Bounds = r.Local.Bounds
	}
	return t
}

// marshal returns the record in DER. It refuses what parseRecord would refuse.
func (r *record) marshal() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	var policy []byte
	if r.Local != nil {
		var err error
		if policy, err = json.Marshal(&r.Local.Policy); err != nil {
			return nil, fmt.Errorf("record: %w", err)
		}
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Uint64(r.version())
		addText(b, string(r.Level))
		b.AddASN1Boolean(r.Governed)
		b.AddASN1OctetString(r.Device[:])
		b.AddASN1OctetString(r.Cache[:])
		b.AddASN1Uint64(r.Generation)
		b.AddASN1Int64(r.Created.Unix())
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1OctetString(r.Derivation.Salt[:])
			b.AddASN1Uint64(r.Derivation.Cost.MemoryBytes)
			b.AddASN1Uint64(r.Derivation.Cost.Passes)
			b.AddASN1Uint64(uint64(r.Derivation.Cost.Lanes))
		})
		b.AddASN1OctetString(r.Root)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1OctetString(r.Object.Public)
			b.AddASN1OctetString(r.Object.Private)
		})
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Boolean(r.Chip.Virtual)
			addText(b, r.Chip.Manufacturer)
			addText(b, r.Chip.Firmware)
			b.AddASN1Uint64(r.Chip.ClockMS)
			b.AddASN1Uint64(uint64(r.Chip.Resets))
		})
		if r.Governed {
			b.AddASN1(tagServerKey, func(b *cryptobyte.Builder) { b.AddBytes(r.Key.Public()) })
			r.addSlots(b)
			r.addFactor(b)
			return
		}
		b.AddASN1(tagLocal, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(toUnix(r.Local.Expires))
			b.AddASN1Uint64(r.Local.Bounds.ClockMS)
			b.AddASN1Uint64(uint64(r.Local.Bounds.Resets))
			b.AddASN1OctetString(policy)
		})
		r.addFactor(b)
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if len(der) > maxRecordBytes {
		return nil, fmt.Errorf("record: %d bytes, at most %d", len(der), maxRecordBytes)
	}
	return der, nil
}

// parseRecord reads what marshal writes and nothing else: Damaged, Hostile if
// it is too long or asks for too much, Unsupported if it is of a later version.
func parseRecord(der []byte) (*record, error) {
	if len(der) > maxRecordBytes {
		return nil, vault.Fail(vault.Hostile, "record: %d bytes, at most %d", len(der), maxRecordBytes)
	}
	p := recordParser{ok: true}
	r := p.record(der)
	if p.version > recordVersionKey {
		return nil, vault.Fail(vault.Unsupported, "record: version %d", p.version)
	}
	if !p.ok {
		return nil, vault.Fail(vault.Damaged, "record: not in its form")
	}
	if err := r.Derivation.Cost.check(); err != nil {
		return nil, err
	}
	again, err := r.marshal()
	if err != nil {
		return nil, vault.Fail(vault.Damaged, "%w", err)
	}
	if !bytes.Equal(again, der) {
		return nil, vault.Fail(vault.Damaged, "record: not in its one form")
	}
	return r, nil
}

// check reports what no record holds.
func (r *record) check() error {
	switch {
	case !r.Level.AtLeast(binding.LevelC):
		return fmt.Errorf("level %q", r.Level)
	case (r.Level == binding.LevelA) != (r.Slots != nil):
		return errors.New("level A and slots go together")
	case r.Device.IsZero() || r.Cache.IsZero() || r.Generation == 0:
		return errors.New("an identifier is missing")
	case r.Level.Sealed() && len(r.Root) != binding.NameSize || !r.Level.Sealed() && len(r.Root) != 0 || len(r.Object.Public) == 0 || len(r.Object.Private) == 0:
		return errors.New("root or object is missing")
	case r.Created.Unix() <= 0 || r.Created.Year() > 9999:
		return errors.New("time out of range")
	case r.Governed == r.Key.IsZero() || r.Governed != (r.Local == nil):
		return errors.New("governed does not agree with the rest")
	}
	for _, s := range []string{r.Chip.Manufacturer, r.Chip.Firmware} {
		if len(s) > maxChipText || !utf8.ValidString(s) {
			return errors.New("description of the chip")
		}
	}
	if r.Local != nil {
		if !r.Local.Expires.IsZero() && (!r.Local.Expires.After(r.Created) || r.Local.Expires.Year() > 9999) {
			return errors.New("expires before it was made")
		}
		if err := r.Local.Policy.Check(); err != nil {
			return err
		}
	}
	if r.Slots != nil {
		return r.checkSlots()
	}
	if r.Level == binding.LevelC {
		if r.Chip != (chipFacts{}) || r.Local != nil && r.Local.Bounds != noBounds() {
			return errors.New("a chip where there is none")
		}
		return nil
	}
	_, err := r.terms().AuthPolicy()
	return err
}

// recordParser reads DER; after the first fault ok is false and everything it
// returns means nothing.
type recordParser struct {
	ok      bool
	version uint64
}

func (p *recordParser) record(der []byte) *record {
	r := &record{}
	in := cryptobyte.String(der)
	s := p.sequence(&in)
	p.ok = p.ok && in.Empty()
	p.version = p.number(&s)
	if p.version < recordVersion || p.version > recordVersionKey {
		p.ok = false
		return r
	}
	r.Level = binding.Level(p.text(&s))
	r.Governed = p.boolean(&s)
	p.fixed(&s, r.Device[:])
	p.fixed(&s, r.Cache[:])
	r.Generation = p.number(&s)
	r.Created = time.Unix(p.seconds(&s), 0).UTC()

	d := p.sequence(&s)
	p.fixed(&d, r.Derivation.Salt[:])
	r.Derivation.Cost = Cost{MemoryBytes: p.number(&d), Passes: p.number(&d), Lanes: p.number32(&d)}

	r.Root = p.bytes(&s)
	o := p.sequence(&s)
	r.Object = binding.Object{Public: p.bytes(&o), Private: p.bytes(&o)}

	c := p.sequence(&s)
	r.Chip = chipFacts{Virtual: p.boolean(&c), Manufacturer: p.text(&c), Firmware: p.text(&c), ClockMS: p.number(&c), Resets: p.number32(&c)}

	if r.Governed {
		var key cryptobyte.String
		p.ok = p.ok && s.ReadASN1(&key, tagServerKey)
		parsed, err := binding.ParseKey(key)
		r.Key, p.ok = parsed, p.ok && err == nil
		if r.Level == binding.LevelA {
			r.Slots = p.slots(&s, r)
		}
	} else {
		r.Local = p.local(&s)
	}
	if p.version == recordVersionKey {
		r.Factor = p.factor(&s)
	}
	// What follows inside the sequences shows when the record is written again.
	return r
}

func (p *recordParser) local(s *cryptobyte.String) *localTerms {
	var in cryptobyte.String
	p.ok = p.ok && s.ReadASN1(&in, tagLocal)
	l := &localTerms{
		Expires: fromUnix(p.seconds(&in)),
		Bounds:  binding.Bounds{ClockMS: p.number(&in), Resets: p.number32(&in)},
	}
	policy := p.bytes(&in)
	if !p.ok {
		return l
	}
	d := json.NewDecoder(bytes.NewReader(policy))
	d.DisallowUnknownFields()
	p.ok = d.Decode(&l.Policy) == nil
	return l
}

func (p *recordParser) sequence(s *cryptobyte.String) cryptobyte.String {
	var in cryptobyte.String
	p.ok = p.ok && s.ReadASN1(&in, asn1.SEQUENCE)
	return in
}

func (p *recordParser) number(s *cryptobyte.String) uint64 {
	var v uint64
	p.ok = p.ok && s.ReadASN1Integer(&v)
	return v
}

func (p *recordParser) number32(s *cryptobyte.String) uint32 {
	v := p.number(s)
	p.ok = p.ok && v <= math.MaxUint32
	return uint32(v)
}

func (p *recordParser) seconds(s *cryptobyte.String) int64 {
	v := new(big.Int)
	p.ok = p.ok && s.ReadASN1Integer(v) && v.IsInt64()
	return v.Int64()
}

func (p *recordParser) boolean(s *cryptobyte.String) bool {
	var v bool
	p.ok = p.ok && s.ReadASN1Boolean(&v)
	return v
}

func (p *recordParser) bytes(s *cryptobyte.String) []byte {
	var v cryptobyte.String
	p.ok = p.ok && s.ReadASN1(&v, asn1.OCTET_STRING)
	return bytes.Clone(v)
}

func (p *recordParser) fixed(s *cryptobyte.String, dst []byte) {
	p.ok = copy(dst, p.bytes(s)) == len(dst) && p.ok // a longer one shows when the record is written again
}

func (p *recordParser) text(s *cryptobyte.String) string {
	var v cryptobyte.String
	p.ok = p.ok && s.ReadASN1(&v, asn1.UTF8String)
	return string(v)
}

func addText(b *cryptobyte.Builder, s string) {
	b.AddASN1(asn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
}

// toUnix is the opposite of fromUnix.
func toUnix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
