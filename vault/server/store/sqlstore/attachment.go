package sqlstore

import (
	"context"
	"fmt"
	"iter"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	attachmentList   = `id, entry, blob, name, data_key, since_version, until_version`
	attachmentSelect = `SELECT attachment.id, attachment.entry, attachment.blob, attachment.name, attachment.data_key,
 attachment.since_version, attachment.until_version, blob.size FROM attachment JOIN blob ON blob.id = attachment.blob`

	sqlAttachment  = attachmentSelect + ` WHERE attachment.id = $1`
	sqlAttachments = attachmentSelect + ` WHERE {attachment.entry in $1}
 ORDER BY attachment.entry, attachment.since_version, attachment.id`
	sqlAllAttachments = attachmentSelect + ` WHERE attachment.until_version IS NULL`
	sqlEndAttachment  = `UPDATE attachment SET until_version = $1 WHERE id = $2 AND until_version IS NULL`

	blobList   = `id, entry, tag, size, chunks, data_key, created`
	blobSelect = `SELECT ` + blobList + ` FROM blob`

	sqlBlob      = blobSelect + ` WHERE id = $1`
	sqlBlobByTag = blobSelect + ` WHERE entry = $1 AND tag = $2`

	chunkList = `blob, number, content`
	sqlChunks = `SELECT content FROM blob_chunk WHERE blob = $1 ORDER BY number`
)

func attachmentColumns(a *store.Attachment) []any {
	return []any{
		guid(&a.ID), guid(&a.Entry), guid(&a.Blob), bytes(&a.Name.Data), guid(&a.Name.Key),
		&a.Since, whole(&a.Until), &a.Size,
	}
}

func blobColumns(b *store.Blob) []any {
	return []any{guid(&b.ID), guid(&b.Entry), sum(&b.Tag), &b.Size, &b.Chunks, guid(&b.Key), millis(&b.Created)}
}

// Attachment implements store.AttachmentReader.
func (t *tx) Attachment(ctx context.Context, id vault.ID) (store.Attachment, error) {
	return one(ctx, t, "attachment", attachmentColumns, sqlAttachment, id[:])
}

// Attachments implements store.AttachmentReader.
func (t *tx) Attachments(ctx context.Context, entries []vault.ID) iter.Seq2[store.Attachment, error] {
	return seq(ctx, t, "attachment", attachmentColumns, sqlAttachments, t.dialect.ids(entries))
}

// AllAttachments implements store.AttachmentReader.
func (t *tx) AllAttachments(ctx context.Context) iter.Seq2[store.Attachment, error] {
	return seq(ctx, t, "attachment", attachmentColumns, sqlAllAttachments)
}

// Blob implements store.AttachmentReader.
func (t *tx) Blob(ctx context.Context, id vault.ID) (store.Blob, error) {
	return one(ctx, t, "blob", blobColumns, sqlBlob, id[:])
}

// BlobByTag implements store.AttachmentReader.
func (t *tx) BlobByTag(ctx context.Context, entry vault.ID, tag [32]byte) (store.Blob, error) {
	return one(ctx, t, "blob", blobColumns, sqlBlobByTag, entry[:], tag[:])
}

// Chunks implements store.AttachmentReader.
func (t *tx) Chunks(ctx context.Context, blob vault.ID) iter.Seq2[[]byte, error] {
	return seq(ctx, t, "blob", func(b *[]byte) []any { return []any{bytes(b)} }, sqlChunks, blob[:])
}

// AddBlob implements store.AttachmentWriter.
func (t *tx) AddBlob(ctx context.Context, b store.Blob, chunks iter.Seq2[[]byte, error]) error {
	if b.Size < 0 || b.Size > store.MaxBlobBytes {
		return &store.Error{Reason: store.Invalid, Noun: "blob", Err: fmt.Errorf("%d bytes", b.Size)}
	}
	t.changed.content = true
	err := t.insert(ctx, table{"blob", "blob", blobList},
		b.ID[:], b.Entry[:], b.Tag[:], b.Size, b.Chunks, b.Key[:], b.Created.UnixMilli())
	if err != nil {
		return err
	}
	next, stop := iter.Pull2(chunks)
	defer stop()
	n := int64(0)
	return t.insertSource(ctx, table{"blob_chunk", "blob", chunkList}, 0, func() ([]any, error) {
		chunk, err, ok := next()
		switch {
		case !ok && n != b.Chunks:
			err = fmt.Errorf("%d chunks, not %d", n, b.Chunks)
			return nil, &store.Error{Reason: store.Invalid, Noun: "blob", Err: err}
		case !ok:
			return nil, nil
		case err != nil:
			return nil, err
		case len(chunk) > store.MaxChunkBytes || n == b.Chunks:
			err = fmt.Errorf("chunk %d of %d has %d bytes", n, b.Chunks, len(chunk))
			return nil, &store.Error{Reason: store.Invalid, Noun: "blob", Err: err}
		}
		n++
		return []any{b.ID[:], n - 1, chunk}, nil
	})
}

// AddAttachments implements store.AttachmentWriter.
func (t *tx) AddAttachments(ctx context.Context, rows []store.Attachment) error {
	t.changed.content = true
	return t.insertAll(ctx, table{"attachment", "attachment", attachmentList}, len(rows), func(i int) []any {
		a := &rows[i]
		return []any{
			a.ID[:], a.Entry[:], a.Blob[:], bytesArg(a.Name.Data), idArg(a.Name.Key), a.Since, wholeArg(a.Until),
		}
	})
}

// EndAttachment implements store.AttachmentWriter.
func (t *tx) EndAttachment(ctx context.Context, id vault.ID, version int64) error {
	t.changed.content = true
	n, err := t.exec(ctx, "attachment", verbWrite, sqlEndAttachment, version, id[:])
	if err != nil || n > 0 {
		return err
	}
	if _, err := t.Attachment(ctx, id); err != nil {
		return err
	}
	return &store.Error{Reason: store.Stale, Noun: "attachment"}
}
