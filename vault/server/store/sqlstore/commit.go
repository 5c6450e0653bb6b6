package sqlstore

import (
	"context"
	"fmt"

	"github.com/tideover/tideover/vault/server/store"
)

// changes says what a transaction has changed, for the counters.
type changes struct {
	folders, entries, icons, tombstones bool // rows with rev 0
	content                             bool // counts in Rev, rows or not
	perm, gov                           bool
}

func (c changes) any() bool { return c.content || c.perm || c.gov }

const (
	sqlBump = `UPDATE counter SET rev = rev + $1, perm = perm + $2, gov = gov + $3
 WHERE id = 1 RETURNING rev, audit_seq, audit_hash`
	sqlTakeRev   = `UPDATE counter SET rev = rev + 1 WHERE id = 1 RETURNING rev`
	sqlAuditHead = `UPDATE counter SET audit_seq = $1, audit_hash = $2 WHERE id = 1`

	sqlStampFolders    = `UPDATE folder SET rev = $1 WHERE rev = 0`
	sqlStampEntries    = `UPDATE entry SET rev = $1 WHERE rev = 0`
	sqlStampIcons      = `UPDATE icon SET rev = $1 WHERE rev = 0`
	sqlStampTombstones = `UPDATE tombstone SET rev = $1 WHERE rev = 0`

	sqlChainEvent = `UPDATE audit_event SET seq = $1, prev = $2, hash = $3 WHERE id = $4`
)

// finish takes the counter, marks what was written with the new revision, and
// chains the audit events. From here to the commit no other writer can be
// between us and our number: that is what keeps the feed without gaps.
func (t *tx) finish(ctx context.Context) error {
	if !t.changed.any() && len(t.audit) == 0 {
		return nil // bookkeeping only: no need to queue for the counter
	}
	var head struct {
		rev  int64
		seq  int64
		hash [32]byte
	}
	takesRev := t.changed.content && t.rev == 0
	row := t.sql.QueryRowContext(ctx, sqlBump, number(takesRev), number(t.changed.perm), number(t.changed.gov))
	if err := row.Scan(&head.rev, &head.seq, sum(&head.hash)); err != nil {
		return fmt.Errorf("take revision: %w", t.store.translate("counter", verbWrite, err))
	}
	for _, step := range []struct {
		needed bool
		query  string
	}{
		{t.changed.folders, sqlStampFolders},
		{t.changed.entries, sqlStampEntries},
		{t.changed.icons, sqlStampIcons},
		{t.changed.tombstones, sqlStampTombstones},
	} {
		if !step.needed {
			continue
		}
		if _, err := t.exec(ctx, "revision", verbWrite, step.query, head.rev); err != nil {
			return err
		}
	}
	if len(t.audit) == 0 {
		return nil
	}
	for i := range t.audit {
		e := &t.audit[i]
		head.seq++
		e.Seq, e.Prev = head.seq, head.hash
		head.hash = e.Sum(e.Prev)
		if _, err := t.exec(ctx, "audit event", verbWrite, sqlChainEvent,
			e.Seq, e.Prev[:], head.hash[:], e.ID[:]); err != nil {
			return err
		}
	}
	_, err := t.exec(ctx, "audit chain", verbWrite, sqlAuditHead, head.seq, head.hash[:])
	return err
}

// bulkRows is from how many rows on the counter is taken before the rows are
// written: marking them afterwards would write each row twice, and holding the
// counter meanwhile keeps others waiting.
const bulkRows = 256

// stamp returns the revision for n new rows: 0 if the commit fills it in.
func (t *tx) stamp(ctx context.Context, n int) (int64, error) {
	t.changed.content = true
	if t.rev == 0 && n >= bulkRows {
		rev, err := one(ctx, t, "counter", func(v *int64) []any { return []any{v} }, sqlTakeRev)
		if err != nil {
			return 0, fmt.Errorf("take revision: %w", err)
		}
		t.rev = rev
	}
	return t.rev, nil
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

var _ store.Store = (*Store)(nil)
