package present

import (
	"bytes"
	"cmp"
	"context"
	"slices"
)

// Order is every row of an Index in the order of a column. It does not change
// and is safe for concurrent use; Filter takes it.
type Order struct {
	Column Column
	Desc   bool
	rows   []int32
	rank   []int32 // where in rows each row stands
}

// sortKey is what a row is compared by: text, or a number where text is nil.
// Rows without a value stand last, whichever way the column is sorted.
type sortKey struct {
	text   []byte
	number int64
	empty  bool
}

// Sort returns the rows ordered by a column: natural ("web 9" before "web 10"),
// without regard to case and accents, equal rows in the order of the tree. It
// takes some 0.1 s for 100,000 rows, so it runs off the UI goroutine; the error
// is the context's, which ends it.
func (ix *Index) Sort(ctx context.Context, column Column, desc bool) (*Order, error) {
	o := &Order{Column: column, Desc: desc, rows: make([]int32, len(ix.rows))}
	keys := make([]sortKey, len(ix.rows))
	arena := make([]byte, 0, len(ix.rows)*24)
	paths := map[int32][]byte{}
	for i := range ix.rows {
		if i%cancelEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		o.rows[i] = int32(i)
		arena, keys[i] = ix.sortKey(arena, paths, int32(i), column)
	}
	stopped, looks := false, 0
	slices.SortStableFunc(o.rows, func(a, b int32) int {
		if looks++; looks%(16*cancelEvery) == 0 && ctx.Err() != nil {
			stopped = true
		}
		if stopped {
			return 0
		}
		return compareKeys(&keys[a], &keys[b], desc)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o.rank = make([]int32, len(o.rows))
	for at, i := range o.rows {
		o.rank[i] = int32(at)
	}
	return o, nil
}

// sortKey returns the key of row i, whose text is appended to arena. Earlier
// keys keep their bytes when arena has to grow.
func (ix *Index) sortKey(arena []byte, paths map[int32][]byte, i int32, column Column) ([]byte, sortKey) {
	r := &ix.rows[i]
	flag := func(f Flags) sortKey { return sortKey{empty: !r.Flags.Has(f)} }
	switch column {
	case ColumnModified:
		return arena, sortKey{number: r.modified, empty: r.modified == 0}
	case ColumnExpires:
		return arena, sortKey{number: r.expires, empty: r.expires == 0}
	case ColumnAttachments:
		return arena, sortKey{number: int64(r.Attachments), empty: r.Attachments == 0}
	case ColumnPassword:
		return arena, flag(HasPassword)
	case ColumnCode:
		return arena, flag(HasCode)
	case ColumnOffline:
		return arena, flag(HeldOffline)
	case ColumnGroup:
		p, ok := paths[r.Group]
		if !ok {
			p = appendFolded(nil, []byte(ix.tree.Nodes[r.Group].Path))
			paths[r.Group] = p
		}
		return arena, sortKey{text: p, empty: len(p) == 0}
	}
	start := len(arena)
	arena = appendFolded(arena, ix.shown(i, column))
	text := arena[start:]
	return arena, sortKey{text: text, empty: len(bytes.TrimSpace(text)) == 0}
}

func compareKeys(a, b *sortKey, desc bool) int {
	switch {
	case a.empty || b.empty:
		switch {
		case a.empty && b.empty:
			return 0
		case a.empty:
			return 1
		}
		return -1
	case desc:
		a, b = b, a
	}
	if a.text == nil && b.text == nil {
		return cmp.Compare(a.number, b.number)
	}
	return compareNatural(a.text, b.text)
}
