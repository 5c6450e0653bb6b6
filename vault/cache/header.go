package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/lease"
)

// Names of what stands in PublicCustomData and in Meta/CustomData. FORMAT.md 2.1.
const (
	itemRecord      = "tideover.record"
	itemLease       = "tideover.lease"
	itemEntries     = "tideover.entries"
	itemAttachments = "tideover.attachments"
	itemOrigin      = "tideover.origin"
	datumRecordSum  = "tideover.record.sha256"
)

// maxFileBytes bounds the cache file: as large as what it may decode to.
const maxFileBytes = 1 << 30

// outer is what a cache file says before any key is known. Nothing of it is
// proved yet.
type outer struct {
	file        *os.File // what was read, whatever stands at the path by now; nil once closed
	size        int64
	sha256      lease.Hash // of the whole file
	record      *record
	recordSum   lease.Hash
	token       string       // the lease inside the file; empty: none
	origin      *origin      // whose it is; nil: it does not say
	keys        *fido.Record // one of which is needed; nil: none is
	entries     int
	attachments int
}

// readOuter reads everything that needs no key. Errors are those of openOuter.
func readOuter(path string, lim kdbx.Limits) (*outer, error) {
	o, err := openOuter(path, lim)
	o.close()
	return o, err
}

// openOuter reads everything that needs no key and keeps the file: what is
// decrypted later must be what was judged, not what somebody put at the path in
// between. The caller closes it. Errors are typed but for those of the disk;
// fs.ErrNotExist is vault.NoCache.
func openOuter(path string, lim kdbx.Limits) (*outer, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, vault.Fail(vault.NoCache, "%s", path)
	}
	if err != nil {
		return nil, err
	}
	o := &outer{file: f}
	if err := o.read(path, lim); err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

// close gives the file back. A nil outer has none.
func (o *outer) close() {
	if o != nil && o.file != nil {
		_ = o.file.Close() // only read
		o.file = nil
	}
}

// rewind returns the file from its beginning.
func (o *outer) rewind() (io.Reader, error) {
	_, err := o.file.Seek(0, io.SeekStart)
	return o.file, err
}

func (o *outer) read(path string, lim kdbx.Limits) error {
	info, err := o.file.Stat()
	if err != nil {
		return err
	}
	if o.size = info.Size(); o.size > maxFileBytes {
		return vault.Fail(vault.Hostile, "%s: %d bytes, at most %d", path, o.size, maxFileBytes)
	}
	h, err := kdbx.ReadHeader(o.file, lim)
	if err != nil {
		return err
	}
	if err := o.readPublic(h); err != nil {
		return err
	}
	in, err := o.rewind()
	if err != nil {
		return err
	}
	whole := sha256.New()
	if _, err := io.Copy(whole, io.LimitReader(in, maxFileBytes)); err != nil {
		return err
	}
	whole.Sum(o.sha256[:0])
	return nil
}

// readPublic takes our items out of the header and holds the header's own cost
// against the record's.
func (o *outer) readPublic(h *kdbx.Header) error {
	der, ok := h.PublicCustomData.Bytes(itemRecord)
	if !ok {
		return vault.Fail(vault.Damaged, "not an offline cache: no binding record")
	}
	r, err := parseRecord(der)
	if err != nil {
		return err
	}
	o.record, o.recordSum = r, sum(der)
	if h.KDF != r.Derivation.Cost.params() {
		return vault.Fail(vault.Damaged, "key derivations of different cost")
	}
	o.token, ok = h.PublicCustomData.Text(itemLease)
	if ok != r.Governed {
		return vault.Fail(vault.Damaged, "lease and record do not agree")
	}
	n, ok1 := uint32Item(h.PublicCustomData, itemEntries)
	m, ok2 := uint32Item(h.PublicCustomData, itemAttachments)
	if !ok1 || !ok2 {
		return vault.Fail(vault.Damaged, "not an offline cache: no counts")
	}
	o.entries, o.attachments = int(n), int(m)
	if err := o.readKeys(h.PublicCustomData); err != nil {
		return err
	}
	return o.readOrigin(h.PublicCustomData)
}

// public returns the items of a cache file.
func public(der []byte, token string, entries, attachments int) kdbx.VariantMap {
	var m kdbx.VariantMap
	m.SetBytes(itemRecord, der)
	if token != "" {
		m.SetText(itemLease, token)
	}
	for _, it := range []struct {
		name string
		n    int
	}{{itemEntries, entries}, {itemAttachments, attachments}} {
		m = append(m, kdbx.VariantItem{Name: it.name, Type: kdbx.VariantUint32, Data: binary.LittleEndian.AppendUint32(nil, uint32(it.n))})
	}
	return m
}

func uint32Item(m kdbx.VariantMap, name string) (uint32, bool) {
	for _, it := range m {
		if it.Name == name && it.Type == kdbx.VariantUint32 && len(it.Data) == 4 {
			return binary.LittleEndian.Uint32(it.Data), true
		}
	}
	return 0, false
}

// The first bytes of TPMT_PUBLIC of a sealed object: keyed hash (8), SHA-256
// (11), four bytes of attributes, and the length of its policy. (TCG TPM 2.0
// Library, Part 2, 12.2.4 and 8.3.)
const (
	publicTypeKeyedHash = 0x0008
	publicNameSHA256    = 0x000b

	attrFixedTPM        = 1 << 1
	attrFixedParent     = 1 << 4
	attrAdminWithPolicy = 1 << 7
	attrNoDA            = 1 << 10
)

// checkObject compares kind, attributes and policy in the public area with
// what the terms make, before a chip sees it.
func (r *record) checkObject() error {
	if r.Level == binding.LevelC {
		if !isKeychainObject(r.Object, r.terms()) {
			return vault.Fail(vault.Damaged, "sealed object: not the one of this cache and generation")
		}
		return nil
	}
	want, err := r.terms().AuthPolicy()
	if err != nil {
		return vault.Fail(vault.Damaged, "record: %w", err)
	}
	head := binary.BigEndian.AppendUint16(nil, publicTypeKeyedHash)
	head = binary.BigEndian.AppendUint16(head, publicNameSHA256)
	attributes := uint32(attrFixedTPM | attrFixedParent | attrAdminWithPolicy)
	if r.Level == binding.LevelB0 || r.Level == binding.LevelA {
		attributes |= attrNoDA
	}
	head = binary.BigEndian.AppendUint32(head, attributes)
	head = binary.BigEndian.AppendUint16(head, uint16(len(want)))
	head = append(head, want[:]...)
	if !bytes.HasPrefix(r.Object.Public, head) {
		return vault.Fail(vault.Damaged, "sealed object: not the one of this cache, generation and level")
	}
	return nil
}
