package catalog

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

// Labels of keyed digests. They are stored: never change one.
const (
	tagBlob = "blob"
	tagIcon = "icon"
)

func iconRow(id vault.ID, version int64) keyring.Row {
	return keyring.Row{Kind: keyring.Icon, ID: id, Version: version}
}

func attachmentRow(id vault.ID, since int64) keyring.Row {
	return keyring.Row{Kind: keyring.Attachment, ID: id, Version: since}
}

// chunks returns how many chunks a blob of size bytes has; an empty one has one.
func chunks(size int) int64 {
	return int64(max((size+store.ChunkBytes-1)/store.ChunkBytes, 1))
}

// sealBlob returns the row of a new blob and its encrypted chunks. The chunks
// can be ranged over more than once.
func (c *Catalog) sealBlob(entry vault.ID, data []byte, tag [32]byte) (store.Blob, iter.Seq2[[]byte, error], error) {
	b := store.Blob{ID: vault.NewID(), Entry: entry, Tag: tag, Size: int64(len(data)), Chunks: chunks(len(data)), Created: c.now()}
	first, err := c.keys.SealChunk(vault.ID{}, keyring.Chunk(b.ID, 0, b.Chunks), piece(data, 0))
	if err != nil {
		return b, nil, fmt.Errorf("encrypt attachment: %w", err)
	}
	b.Key = first.Key
	return b, func(yield func([]byte, error) bool) {
		if !yield(first.Data, nil) {
			return
		}
		for n := int64(1); n < b.Chunks; n++ {
			s, err := c.keys.SealChunk(b.Key, keyring.Chunk(b.ID, n, b.Chunks), piece(data, n))
			if !yield(s.Data, err) || err != nil {
				return
			}
		}
	}, nil
}

// piece returns chunk n of data.
func piece(data []byte, n int64) []byte {
	from := int(n) * store.ChunkBytes
	return data[from:min(from+store.ChunkBytes, len(data))]
}

// readBlob returns the content of a blob. The caller wipes it.
func (c *Catalog) readBlob(ctx context.Context, r store.Reader, id vault.ID) ([]byte, error) {
	b, err := r.Blob(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read attachment: %w", err)
	}
	if b.Size < 0 || b.Size > store.MaxBlobBytes || b.Chunks != chunks(int(b.Size)) {
		return nil, vault.Fail(vault.Damaged, "attachment %s has a wrong length", id)
	}
	data := make([]byte, 0, b.Size+64) // 64: room for the last tag, so that nothing is copied
	n := int64(0)
	for chunk, err := range r.Chunks(ctx, id) {
		if err == nil {
			data, err = c.keys.Unseal(data, keyring.Chunk(id, n, b.Chunks), store.Sealed{Key: b.Key, Data: chunk})
		}
		if err != nil {
			clear(data)
			return nil, fmt.Errorf("read attachment: %w", err)
		}
		n++
	}
	if n != b.Chunks || int64(len(data)) != b.Size {
		clear(data)
		return nil, vault.Fail(vault.Damaged, "attachment %s is not whole", id)
	}
	return data, nil
}

// fileName returns what the row of an attachment says of it.
func (c *Catalog) fileName(row store.Attachment) (name string, protected bool, err error) {
	text, err := c.keys.Unseal(nil, attachmentRow(row.ID, row.Since), row.Name)
	if err != nil {
		return "", false, fmt.Errorf("open attachment: %w", err)
	}
	r := &reader{b: text}
	name, protected = r.text(), r.bool()
	return name, protected, r.end("attachment", row.ID)
}

// sealFileName is the inverse of fileName.
func (c *Catalog) sealFileName(id vault.ID, since int64, name string, protected bool) (store.Sealed, error) {
	s, err := c.keys.Seal(attachmentRow(id, since), putBool(putBytes(nil, name), protected))
	if err != nil {
		return s, fmt.Errorf("encrypt attachment: %w", err)
	}
	return s, nil
}

// files collects the new files of one entry, whose row must be written first.
type files struct {
	c       *Catalog
	entry   vault.ID
	tx      store.Tx // nil: the entry is new and has no blobs yet
	pending []pendingBlob
	byTag   map[[32]byte]vault.ID // of pending
	rows    []store.Attachment
}

type pendingBlob struct {
	row    store.Blob
	chunks iter.Seq2[[]byte, error]
}

// keep notes an attachment that version since is the first to have, and says
// where its bytes will be. Equal contents are stored once.
func (f *files) keep(ctx context.Context, a *vault.Attachment, since int64) (fileRef, error) {
	blob, err := f.blob(ctx, a.Binary.Data)
	if err != nil {
		return fileRef{}, err
	}
	ref := fileRef{blob: blob, size: int64(len(a.Binary.Data)), protected: a.Binary.Protected}
	return ref, f.row(a, ref, since)
}

// row notes an attachment whose bytes are where ref says.
func (f *files) row(a *vault.Attachment, ref fileRef, since int64) error {
	name, err := f.c.sealFileName(a.ID, since, a.Name, ref.protected)
	if err != nil {
		return err
	}
	f.rows = append(f.rows, store.Attachment{ID: a.ID, Entry: f.entry, Blob: ref.blob, Name: name, Since: since})
	return nil
}

// blob returns the blob with that content, a new one if there is none.
func (f *files) blob(ctx context.Context, data []byte) (vault.ID, error) {
	if len(data) > store.MaxBlobBytes {
		return vault.ID{}, vault.Fail(vault.Hostile, "an attachment has at most %d bytes", store.MaxBlobBytes)
	}
	tag := f.c.keys.Tag(tagBlob, f.entry, data)
	if id, ok := f.byTag[tag]; ok {
		return id, nil
	}
	if f.tx != nil {
		b, err := f.tx.BlobByTag(ctx, f.entry, tag)
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return b.ID, err
		}
	}
	row, encrypted, err := f.c.sealBlob(f.entry, data, tag)
	if err != nil {
		return vault.ID{}, err
	}
	if f.byTag == nil {
		f.byTag = map[[32]byte]vault.ID{}
	}
	f.byTag[tag] = row.ID
	f.pending = append(f.pending, pendingBlob{row, encrypted})
	return row.ID, nil
}

// write adds what was kept.
func (f *files) write(ctx context.Context, tx store.Tx) error {
	for _, b := range f.pending {
		if err := tx.AddBlob(ctx, b.row, b.chunks); err != nil {
			return err
		}
	}
	if len(f.rows) == 0 {
		return nil
	}
	return tx.AddAttachments(ctx, f.rows)
}
