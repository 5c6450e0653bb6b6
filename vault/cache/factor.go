package cache

import (
	"bytes"
	"context"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/lease"
)

// The second factor: a security key, which gives what is mixed into the machine
// secret. FORMAT.md 4.2 and fido/FORMAT.md.

const (
	recordVersionKey = 3 // with a factor, of any level
	itemKeys         = "tideover.fido"
)

// tagFactor is that of the digest of the item in the record.
var tagFactor = asn1.Tag(3).ContextSpecific()

// addFactor writes which item of security keys belongs to the record.
func (r *record) addFactor(b *cryptobyte.Builder) {
	if r.Factor != nil {
		b.AddASN1(tagFactor, func(b *cryptobyte.Builder) { b.AddBytes(r.Factor[:]) })
	}
}

// factor is the opposite of addFactor, in a record that has one.
func (p *recordParser) factor(s *cryptobyte.String) *lease.Hash {
	var digest cryptobyte.String
	p.ok = p.ok && s.ReadASN1(&digest, tagFactor) && len(digest) == len(lease.Hash{})
	if !p.ok {
		return nil
	}
	return (*lease.Hash)(bytes.Clone(digest))
}

// binding is what the factor of the record's generation is bound to.
func (r *record) binding() fido.Binding {
	return fido.Binding{Cache: r.Cache, Generation: r.Generation}
}

// readKeys takes the security keys out of the header and holds them against the
// record: an item that is missing, another one, or one too many is damage, and
// no wrong password.
func (o *outer) readKeys(m kdbx.VariantMap) error {
	der, ok := m.Bytes(itemKeys)
	if r := o.record; ok != (r.Factor != nil) || ok && sum(der) != *r.Factor {
		return vault.Fail(vault.Damaged, "record and security keys do not agree")
	}
	if !ok {
		return nil
	}
	keys, err := fido.ParseRecord(der)
	if err != nil {
		return err
	}
	if keys.Binding != o.record.binding() {
		return vault.Fail(vault.Damaged, "security keys: of another cache or generation")
	}
	o.keys = keys
	return nil
}

// checkFactor notes that the policy wants a key that the cache does not need.
func (f *finding) checkFactor() {
	if f.policy.SecurityKey == lease.KeyRequired && f.record.Factor == nil {
		f.object(KeyRequired, keyless())
	}
}

// keyless is the refusal of a cache without a security key.
func keyless() error {
	return vault.Fail(vault.KeyRequired, "the cache was made without one")
}

// factor asks the security keys for what the machine secret is mixed with, and
// notes which one it was. It returns nothing for a cache that needs no key; the
// caller wipes it.
func (f *finding) factor(ctx context.Context, r UnlockRequest) (vault.Secret, error) {
	if f.keys == nil {
		return vault.Secret{}, nil
	}
	if r.Keys == nil || r.Asker == nil {
		return vault.Secret{}, vault.Fail(vault.Unsupported, "security keys, one of which this cache needs")
	}
	factor, slot, err := fido.Unlock(ctx, r.Keys, f.keys, r.Asker)
	if err != nil {
		return vault.Secret{}, err
	}
	f.answered = f.keys.Slots[slot].Label
	return factor, nil
}

// opener returns what stands behind the password in the composite key: the
// machine secret, or what the factor makes of it. Both secrets are wiped, and
// what is returned lies with the credentials.
func (c *credentials) opener(r *record, secret []byte, factor vault.Secret) ([]byte, error) {
	if r.Factor == nil {
		return c.memory.Move(secret), nil
	}
	machine := vault.NewSecret(secret)
	defer machine.Wipe()
	defer factor.Wipe()
	mixed, err := fido.Mix(r.binding(), machine, factor)
	if err != nil {
		return nil, err
	}
	return c.memory.Move(mixed.Bytes()), nil
}

// addKeys makes the factor of the generation, if there are keys, and wraps it
// for each of them. The number is taken by now.
func (p *Pending) addKeys() error {
	if len(p.keys) == 0 {
		return nil
	}
	keys, factor, err := fido.Seal(p.record.binding(), p.keys)
	if err != nil {
		return err
	}
	p.factor = vault.NewSecret(p.creds.memory.Move(factor.Bytes()))
	if p.item, err = keys.Marshal(); err != nil {
		return err
	}
	digest := sum(p.item)
	p.record.Factor = &digest
	return nil
}

// opener is credentials.opener of a generation that is being made. It lies with
// the credentials.
func (p *Pending) opener() ([]byte, error) {
	if p.record.Factor == nil {
		return p.secret, nil
	}
	return p.creds.opener(p.record, bytes.Clone(p.secret), p.factor.Clone())
}

// demandsKey refuses a generation without a security key under a policy that
// wants one.
func (p *Pending) demandsKey(policy lease.Policy) error {
	if policy.SecurityKey == lease.KeyRequired && p.record.Factor == nil {
		return keyless()
	}
	return nil
}

// SecurityKeys returns the keys of the cache that is open, for the next
// generation; none if it needs none. They are as the file had them when it
// opened, which proved them.
func (o *Opened) SecurityKeys() []fido.Key {
	if o.found.keys == nil {
		return nil
	}
	return o.found.keys.Keys()
}

// SignedKeys returns the security keys of the cache in place for a next
// generation that is made while it is locked: those that a lease of the governing
// server proves, of a file that could be opened now. Of any other there are none,
// and keys have to be enrolled anew.
func (s *Store) SignedKeys(ctx context.Context) ([]fido.Key, error) {
	st, err := s.state()
	if err != nil {
		return nil, err
	}
	if err := s.present(st); err != nil {
		return nil, err
	}
	f, err := s.examine(ctx, s.inPlace(ctx, st), st)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if f.problem != nil || f.lease == nil || f.keys == nil {
		return nil, nil
	}
	return f.keys.Keys(), nil
}

// keyNames returns what the person calls the keys of a file.
func (o *outer) keyNames() []string {
	names := []string{}
	if o.keys == nil {
		return names
	}
	for i := range o.keys.Slots {
		names = append(names, o.keys.Slots[i].Label)
	}
	return names
}
