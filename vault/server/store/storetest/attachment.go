package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

func newBlob(entry vault.ID, n int64) store.Blob {
	return store.Blob{
		ID: vault.NewID(), Entry: entry, Tag: digest(), Size: 100, Chunks: n, Key: vault.NewID(), Created: at(0),
	}
}

func testAttachments(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	shared, late := newBlob(b.entry.ID, 1), newBlob(b.entry.ID, 1)
	// Version 1 to 4; the entry's file of version 1 and 2 is the same content as
	// that of version 3, under another name.
	ended := store.Attachment{ID: vault.NewID(), Entry: b.entry.ID, Blob: shared.ID, Name: sealed(), Since: 1, Until: 3}
	again := store.Attachment{ID: vault.NewID(), Entry: b.entry.ID, Blob: shared.ID, Name: sealed(), Since: 3}
	recent := store.Attachment{ID: vault.NewID(), Entry: b.entry.ID, Blob: late.ID, Name: sealed(), Since: 4}
	update(t, s, func(tx store.Tx) error {
		for _, blob := range []store.Blob{shared, late} {
			if err := tx.AddBlob(ctx, blob, chunks(1)); err != nil {
				return err
			}
		}
		return tx.AddAttachments(ctx, []store.Attachment{recent, again, ended})
	})
	ended.Size, again.Size, recent.Size = 100, 100, 100
	attachments := func() []store.Attachment {
		return collected(t, s, func(r store.Reader) iter.Seq2[store.Attachment, error] {
			return r.Attachments(ctx, []vault.ID{b.entry.ID, vault.NewID()})
		})
	}
	same(t, "in order", attachments(), []store.Attachment{ended, again, recent})
	same(t, "one", read(t, s, func(r store.Reader) (store.Attachment, error) {
		return r.Attachment(ctx, ended.ID)
	}), ended)

	update(t, s, func(tx store.Tx) error { return tx.EndAttachment(ctx, again.ID, 4) })
	again.Until = 4
	refused(t, s, store.Stale, func(tx store.Tx) error { return tx.EndAttachment(ctx, again.ID, 5) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.EndAttachment(ctx, vault.NewID(), 5) })
	same(t, "of current versions", collected(t, s, func(r store.Reader) iter.Seq2[store.Attachment, error] {
		return r.AllAttachments(ctx)
	}), []store.Attachment{recent})
	refused(t, s, store.Duplicate, func(tx store.Tx) error {
		return tx.AddAttachments(ctx, []store.Attachment{recent})
	})
	lost := store.Attachment{ID: vault.NewID(), Entry: b.entry.ID, Blob: vault.NewID(), Since: 1}
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.AddAttachments(ctx, []store.Attachment{lost}) })

	// What only pruned versions had goes with them.
	update(t, s, func(tx store.Tx) error {
		e := b.entry
		for v := range int64(3) {
			e.Version = v + 2
			if err := tx.UpdateEntry(ctx, store.EntryUpdate{Entry: e, Base: v + 1, Keep: true}); err != nil {
				return err
			}
		}
		return nil
	})
	prune := func(keep int) {
		t.Helper()
		update(t, s, func(tx store.Tx) error { return tx.PruneHistory(ctx, b.entry.ID, keep) })
	}
	prune(2)
	same(t, "versions 2 and 3 kept", attachments(), []store.Attachment{ended, again, recent})
	prune(1)
	same(t, "version 3 kept", attachments(), []store.Attachment{again, recent})
	read(t, s, func(r store.Reader) (store.Blob, error) { return r.Blob(ctx, shared.ID) })
	prune(0)
	same(t, "no history", attachments(), []store.Attachment{recent})
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Blob(ctx, shared.ID); return err })
	read(t, s, func(r store.Reader) (store.Blob, error) { return r.Blob(ctx, late.ID) })

	update(t, s, func(tx store.Tx) error { _, err := tx.DeleteEntries(ctx, []vault.ID{b.entry.ID}); return err })
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Blob(ctx, late.ID); return err })
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Attachment(ctx, recent.ID); return err })
}

func testBlobs(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	blob := newBlob(b.entry.ID, 40)
	update(t, s, func(tx store.Tx) error { return tx.AddBlob(ctx, blob, chunks(40)) })
	same(t, "blob", read(t, s, func(r store.Reader) (store.Blob, error) { return r.Blob(ctx, blob.ID) }), blob)
	same(t, "by tag", read(t, s, func(r store.Reader) (store.Blob, error) {
		return r.BlobByTag(ctx, b.entry.ID, blob.Tag)
	}), blob)
	stored := func(id vault.ID) [][]byte {
		return collected(t, s, func(r store.Reader) iter.Seq2[[]byte, error] { return r.Chunks(ctx, id) })
	}
	want, err := collect(chunks(40))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "chunks", stored(blob.ID), want)
	same(t, "chunks of none", stored(vault.NewID()), nil)

	twin := newBlob(b.entry.ID, 1)
	twin.Tag = blob.Tag
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddBlob(ctx, twin, chunks(1)) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.AddBlob(ctx, newBlob(vault.NewID(), 1), chunks(1)) })
	refused(t, s, store.Invalid, func(tx store.Tx) error { return tx.AddBlob(ctx, newBlob(b.entry.ID, 3), chunks(2)) })
	refused(t, s, store.Invalid, func(tx store.Tx) error { return tx.AddBlob(ctx, newBlob(b.entry.ID, 3), chunks(4)) })
	long := newBlob(b.entry.ID, 1)
	long.Size = store.MaxBlobBytes + 1
	refused(t, s, store.Invalid, func(tx store.Tx) error { return tx.AddBlob(ctx, long, chunks(1)) })
	refused(t, s, store.Invalid, func(tx store.Tx) error {
		return tx.AddBlob(ctx, newBlob(b.entry.ID, 1), func(yield func([]byte, error) bool) {
			yield(make([]byte, store.MaxChunkBytes+1), nil)
		})
	})

	// A source that breaks off leaves nothing, even if its error is dropped.
	broken, cut := errors.New("source broke"), newBlob(b.entry.ID, 2)
	err = s.Update(ctx, func(tx store.Tx) error {
		err := tx.AddBlob(ctx, cut, func(yield func([]byte, error) bool) {
			_ = yield([]byte("one"), nil) && yield(nil, broken) // stops after the error either way
		})
		if !errors.Is(err, broken) {
			t.Errorf("got %v, want the source's error", err)
		}
		return nil
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v from Update, want the source's error", err)
	}
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Blob(ctx, cut.ID); return err })

	// The largest that there is.
	largest := newBlob(b.entry.ID, store.MaxBlobBytes/store.ChunkBytes)
	largest.Size = store.MaxBlobBytes
	piece := bytes.Repeat([]byte{7}, store.MaxChunkBytes)
	update(t, s, func(tx store.Tx) error {
		return tx.AddBlob(ctx, largest, func(yield func([]byte, error) bool) {
			for range largest.Chunks {
				if !yield(piece, nil) {
					return
				}
			}
		})
	})
	n := int64(0)
	view(t, s, func(r store.Reader) error {
		for chunk, err := range r.Chunks(ctx, largest.ID) {
			if err != nil {
				return err
			}
			if !bytes.Equal(chunk, piece) {
				return fmt.Errorf("chunk %d differs", n)
			}
			n++
		}
		return nil
	})
	same(t, "number of chunks", n, largest.Chunks)
}
