package catalog

import (
	"context"
	"fmt"
	"iter"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

// PackedFolder is a folder of a package. Parent is the position of an earlier
// one, -1 for the root, which is first.
type PackedFolder struct {
	Parent int
	Group  *vault.Group // without Groups and Entries
}

// PackedEntry is an entry of a package, whole: with secrets, history and the
// bytes of attachments. The Entry is valid until the next one is asked for: then
// it is wiped and used again.
type PackedEntry struct {
	Folder int // position in Folders
	Entry  *vault.Entry
	Flags  policy.Flags
	Rights policy.Rights
}

// Entries yields the entries, folder by folder in the order of Folders. After
// an error nothing comes, and what was sent must be discarded.
func (p *Package) Entries(ctx context.Context) iter.Seq2[PackedEntry, error] {
	return func(yield func(PackedEntry, error) bool) {
		u := unpacking{c: p.c}
		for i := range p.entries {
			if err := ctx.Err(); err != nil {
				yield(PackedEntry{}, err)
				return
			}
			row := &p.entries[i]
			e, err := u.open(ctx, row)
			if err != nil {
				e.Wipe()
				yield(PackedEntry{}, err)
				return
			}
			more := yield(PackedEntry{Folder: row.folder, Entry: e, Flags: row.flags, Rights: row.rights}, nil)
			e.Wipe()
			u.wipe()
			if !more {
				return
			}
		}
	}
}

// Close forgets the package. It stays recorded.
func (p *Package) Close() {
	p.entries, p.Folders, p.Icons = nil, nil, nil
}

// unpacking opens one entry after the other in buffers that it uses again.
type unpacking struct {
	c        *Catalog
	buf      []byte
	scratch  scratch                     // of the current version; older ones stand beside it
	binaries map[binaryKey]*vault.Binary // of this entry
}

// binaryKey names the bytes of an attachment as KDBX shares them: the flag is
// part of what is shared.
type binaryKey struct {
	blob      vault.ID
	protected bool
}

func (u *unpacking) wipe() {
	clear(u.buf)
	clear(u.binaries)
}

// open returns the entry with everything in it. What it has opened before an
// error is in the entry that it returns then.
func (u *unpacking) open(ctx context.Context, p *packedRow) (*vault.Entry, error) {
	u.buf = u.buf[:0]
	e, err := u.version(ctx, &u.scratch, entryRow(p.id, p.version), p.content)
	if err != nil {
		return e, err
	}
	for _, h := range p.history {
		old, err := u.version(ctx, &scratch{}, entryRow(h.Entry, h.Version), h.Content)
		e.History = append(e.History, old)
		if err != nil {
			return e, err
		}
	}
	return e, nil
}

// version opens one version into the free part of the buffer. A buffer that
// grows leaves the versions before in the old one, which they keep alive and
// which is wiped with them.
func (u *unpacking) version(ctx context.Context, in *scratch, row keyring.Row, s store.Sealed) (*vault.Entry, error) {
	start := len(u.buf)
	if need := start + len(s.Data); need > cap(u.buf) {
		u.buf, start = make([]byte, 0, 2*need), 0
	}
	out, err := u.c.keys.Unseal(u.buf, row, s)
	if err != nil {
		return &vault.Entry{}, fmt.Errorf("open entry: %w", err)
	}
	u.buf = out
	inner, err := in.parseEntry(out[start:], row.ID)
	if err != nil {
		return inner.Entry, err
	}
	for i, f := range inner.files {
		if inner.Attachments[i].Binary, err = u.binary(ctx, f); err != nil {
			return inner.Entry, err
		}
	}
	return inner.Entry, nil
}

// binary returns the bytes of an attachment, once for all versions of the entry.
func (u *unpacking) binary(ctx context.Context, f fileRef) (*vault.Binary, error) {
	key := binaryKey{f.blob, f.protected}
	if b := u.binaries[key]; b != nil {
		return b, nil
	}
	b := &vault.Binary{Protected: f.protected}
	err := u.c.store.View(ctx, func(r store.Reader) (err error) {
		b.Data, err = u.c.readBlob(ctx, r, f.blob)
		return err
	})
	if err != nil {
		return nil, err
	}
	if u.binaries == nil {
		u.binaries = map[binaryKey]*vault.Binary{}
	}
	u.binaries[key] = b
	return b, nil
}
