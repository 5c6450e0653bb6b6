package catalog

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
)

// versions follows the attachments of one entry through its history: a file
// that stays the same from one version to the next is one attachment.
type versions struct {
	files files
	open  map[sameFile]int // files of the version before → position in files.rows
}

// sameFile is what makes two attachments of successive versions the same.
type sameFile struct {
	name      string
	blob      vault.ID
	protected bool
}

// take gives the attachments of a version their identifiers and places.
func (v *versions) take(ctx context.Context, inner *content, number int64) error {
	now := make(map[sameFile]int, len(inner.Attachments))
	inner.files = make([]fileRef, len(inner.Attachments))
	for i := range inner.Attachments {
		at := &inner.Attachments[i]
		if at.Binary == nil {
			return vault.Fail(vault.Usage, "attachment %q has no content", at.Name)
		}
		blob, err := v.files.blob(ctx, at.Binary.Data)
		if err != nil {
			return err
		}
		key := sameFile{at.Name, blob, at.Binary.Protected}
		if row, ok := v.open[key]; ok {
			at.ID = v.files.rows[row].ID
			inner.files[i] = fileRef{blob: blob, size: int64(len(at.Binary.Data)), protected: at.Binary.Protected}
			now[key] = row
			continue
		}
		at.ID = vault.NewID()
		if inner.files[i], err = v.files.keep(ctx, at, number); err != nil {
			return err
		}
		now[key] = len(v.files.rows) - 1
	}
	for key, row := range v.open {
		if _, stays := now[key]; !stays {
			v.files.rows[row].Until = number
		}
	}
	v.open = now
	return nil
}

// orNow returns t, or now where a file had no time.
func orNow(t, now time.Time) time.Time {
	if t.IsZero() {
		return now
	}
	return t
}
