package tpm

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// rootHandle is where a provisioned chip keeps its storage root key. (TCG TPM
// v2.0 Provisioning Guidance 1.0, 7.5.1; Windows and systemd put it there.)
const rootHandle tpm2.TPMHandle = 0x81000001

// root is the storage root key of an operation: parent of everything we make,
// and the key that salts every session.
type root struct {
	handle    tpm2.TPMHandle
	public    tpm2.TPMTPublic
	name      tpm2.TPM2BName // computed from public, not taken from the chip
	transient bool           // made for this operation; flushed at its end
}

// auth authorises the root as a parent, with session s.
func (r *root) auth(s tpm2.Session) tpm2.AuthHandle {
	return tpm2.AuthHandle{Handle: r.handle, Name: r.name, Auth: s}
}

// rootPin is the Name that the root must have. A salt that is encrypted to
// somebody else's key protects from nobody: whoever sits between us and the
// chip could put in his own.
type rootPin struct {
	name  []byte // nil: take what is there and keep to it
	known bool   // the object was made under this root: if it does not load, it is damaged, not foreign
}

// knownRoot is the pin of objects that were made under the root of that Name.
func knownRoot(name []byte) rootPin { return rootPin{name: bytes.Clone(name), known: true} }

// openRoot finds the root and refuses another than the pinned one.
func (o *operation) openRoot() error {
	if err := o.findRoot(); err != nil {
		return err
	}
	if !bytes.Equal(o.root.name.Buffer, o.pin.name) {
		return fmt.Errorf("%w: storage root has another Name", binding.ErrOtherMachine)
	}
	return nil
}

// findRoot finds the pinned root, or if it is not there, the one that an
// unpinned call would find: the persistent one if there is one, and else the
// one of the template. Without a pin it pins what it found.
func (o *operation) findRoot() error {
	persistent, err := o.persistentRoot()
	if err != nil {
		return err
	}
	o.root = persistent
	if persistent == nil || o.pin.name != nil && !bytes.Equal(persistent.name.Buffer, o.pin.name) {
		made, err := o.makeRoot()
		switch {
		case err == nil && (persistent == nil || bytes.Equal(made.name.Buffer, o.pin.name)):
			o.root = made
		case err == nil:
			o.flush(made.handle)
		case persistent == nil || wantsRepeat(err) || isFull(err):
			return err
		}
	}
	if o.pin.name == nil {
		o.pin.name = bytes.Clone(o.root.name.Buffer)
	}
	return nil
}

// flushRoot removes a root that was made for this operation.
func (o *operation) flushRoot() {
	if o.root != nil && o.root.transient {
		o.flush(o.root.handle)
	}
}

// persistentRoot reads the key at rootHandle; nil if there is none, or if it
// is not a storage root.
func (o *operation) persistentRoot() (*root, error) {
	r, err := tpm2.ReadPublic{ObjectHandle: rootHandle}.Execute(o)
	if isAny(err, tpm2.TPMRCHandle) {
		return nil, nil //nolint:nilnil // none there is an ordinary answer, and the caller makes one
	}
	if err != nil {
		return nil, &failure{stepRoot, err}
	}
	found, err := newRoot(rootHandle, r.OutPublic, r.Name)
	if err != nil {
		return nil, &failure{stepRoot, err}
	}
	if !isStorageRoot(found.public) {
		return nil, nil //nolint:nilnil // as above
	}
	return found, nil
}

// makeRoot makes the root from the TCG's template for P-256: the same key each
// time, until the chip is cleared. The owner's password must be empty, as
// Windows and Linux leave it. RSA would take seconds.
func (o *operation) makeRoot() (*root, error) {
	r, err := run(o, stepRoot, tpm2.CreatePrimary{
		PrimaryHandle: tpm2.TPMRHOwner, InPublic: tpm2.New2B(tpm2.ECCSRKTemplate),
	})
	if err != nil {
		return nil, err
	}
	made, err := newRoot(r.ObjectHandle, r.OutPublic, r.Name)
	if err == nil && !isStorageRoot(made.public) {
		err = errors.New("made something that is no storage root")
	}
	if err != nil {
		o.flush(r.ObjectHandle)
		return nil, &failure{stepRoot, err}
	}
	made.transient = true
	return made, nil
}

// newRoot computes the Name of what the chip says the key at h is; a Name in
// the answer that differs is a lie.
func newRoot(h tpm2.TPMHandle, public tpm2.TPM2BPublic, name tpm2.TPM2BName) (*root, error) {
	pub, err := public.Contents()
	if err != nil {
		return nil, err
	}
	computed, err := tpm2.ObjectName(pub)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(computed.Buffer, name.Buffer) {
		return nil, errors.New("public area and Name of the root contradict each other")
	}
	return &root{handle: h, public: *pub, name: *computed}, nil
}

// isStorageRoot reports whether pub is a key that may be our parent: it never
// leaves the chip, it only wraps, its password does not count against the
// shared lockout, and sessions can be salted to it.
func isStorageRoot(pub tpm2.TPMTPublic) bool {
	a := pub.ObjectAttributes
	if pub.NameAlg != tpm2.TPMAlgSHA256 || !a.FixedTPM || !a.FixedParent || !a.SensitiveDataOrigin ||
		!a.Restricted || !a.Decrypt || a.SignEncrypt || !a.UserWithAuth || !a.NoDA {
		return false
	}
	_, err := tpm2.ImportEncapsulationKey(&pub)
	return err == nil
}
