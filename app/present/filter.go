package present

import (
	"bytes"
	"context"
	"slices"
	"sort"
	"strings"
	"time"
)

// Only narrows a list beside the search.
type Only uint8

// What a list may be narrowed to. The numbers are never stored.
const (
	OnlyAny     Only = 0
	OnlyExpired Only = 1
	OnlyDrafts  Only = 2
)

// Query says which rows are wanted: those that hold every word of Text.
type Query struct {
	Text      string
	Group     string // UID of a group; empty: all
	Subgroups bool   // and of the groups below it
	Only      Only
	Now       time.Time // for OnlyExpired
}

// View is what a Query found, in the order that was asked for. It does not
// change and is safe for concurrent use.
type View struct {
	Rows  []int32 // of the Index; nobody may change it
	Query Query
	order *Order
	words [][]byte // of Query.Text, folded
	text  string   // the same in one
}

// cancelEvery is how many rows are looked at between two looks at the context:
// some microseconds.
const cancelEvery = 4096

// fewRows is by how much a view must be smaller than the Index for its rows to
// be taken one by one. Reading all texts in a row is faster than reading a good
// part of them here and there.
const fewRows = 16

// Filter returns the rows that q wants, in the order (nil: that of the tree).
// Where earlier is a View of this Index, of which q only asks for more words or
// longer ones, nothing but its rows is looked at; it may be nil. The error is
// the context's.
func (ix *Index) Filter(ctx context.Context, q Query, order *Order, earlier *View) (*View, error) {
	v := &View{Query: q, order: order, text: Fold(q.Text)}
	for _, w := range strings.Fields(v.text) {
		v.words = append(v.words, []byte(w))
	}
	// The longest word is the rarest, as a rule.
	slices.SortStableFunc(v.words, func(a, b []byte) int { return len(b) - len(a) })
	var err error
	if v.narrows(earlier) && len(earlier.Rows) <= len(ix.rows)/fewRows {
		err = ix.narrow(ctx, v, earlier)
	} else {
		err = ix.scan(ctx, v)
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// narrows reports whether every row of v must be one of earlier: each word
// there is the beginning of one here.
func (v *View) narrows(earlier *View) bool {
	if earlier == nil || earlier.order != v.order || !strings.HasPrefix(v.text, earlier.text) {
		return false
	}
	a, b := v.Query, earlier.Query
	return a.Group == b.Group && a.Subgroups == b.Subgroups && a.Only == b.Only && (a.Only != OnlyExpired || a.Now.Equal(b.Now))
}

func (ix *Index) narrow(ctx context.Context, v, earlier *View) error {
	if v.text == earlier.text {
		v.Rows = earlier.Rows
		return ctx.Err()
	}
	v.Rows = make([]int32, 0, min(len(earlier.Rows), 1024))
	for k, i := range earlier.Rows {
		if k%cancelEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if ix.holds(i, v.words) {
			v.Rows = append(v.Rows, i)
		}
	}
	return ctx.Err()
}

// scan looks at all rows of the group.
func (ix *Index) scan(ctx context.Context, v *View) error {
	from, to := ix.span(v.Query)
	whole := len(v.words) == 0 && v.Query.Only == OnlyAny
	if v.order == nil {
		v.Rows = make([]int32, 0, 64)
		return ix.match(ctx, v, from, to, func(i int32) { v.Rows = append(v.Rows, i) })
	}
	if whole && int(to-from) == len(ix.rows) {
		v.Rows = v.order.rows
		return ctx.Err()
	}
	if err := ix.match(ctx, v, from, to, func(i int32) { v.Rows = append(v.Rows, i) }); err != nil {
		return err
	}
	if len(v.Rows) <= len(ix.rows)/fewRows {
		slices.SortFunc(v.Rows, func(a, b int32) int { return int(v.order.rank[a] - v.order.rank[b]) })
		return ctx.Err()
	}
	// Sorting many at each keystroke would cost more than the search: they are
	// marked, and then taken in the order that there is.
	marked := make([]uint64, (len(ix.rows)+63)/64)
	for _, i := range v.Rows {
		marked[i>>6] |= 1 << (i & 63)
	}
	v.Rows = v.Rows[:0]
	for _, i := range v.order.rows {
		if marked[i>>6]&(1<<(i&63)) != 0 {
			v.Rows = append(v.Rows, i)
		}
	}
	return ctx.Err()
}

// span returns the rows from and up to which a query may find something. The
// rows of a group are neighbours, and so are those of the groups below it.
func (ix *Index) span(q Query) (from, to int32) {
	if q.Group == "" {
		return 0, int32(len(ix.rows))
	}
	n := ix.tree.Node(q.Group)
	if n == nil {
		return 0, 0
	}
	if q.Subgroups {
		return n.first, n.first + int32(n.Total)
	}
	return n.first, n.first + int32(n.Own)
}

// match calls found for each row from from up to to that v wants, in ascending
// order.
func (ix *Index) match(ctx context.Context, v *View, from, to int32, found func(int32)) error {
	if len(v.words) == 0 {
		for i := from; i < to; i++ {
			if i%cancelEvery == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if ix.wanted(i, &v.Query) {
				found(i)
			}
		}
		return ctx.Err()
	}
	var wanted signature
	for _, w := range v.words {
		wanted.add(w)
	}
	if wanted.empty() { // letters alone: nearly every row holds them
		return ix.read(ctx, v, from, to, found)
	}
	for i := from; i < to; i++ {
		if i%cancelEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if ix.pairs[i].may(&wanted) && ix.wanted(i, &v.Query) && ix.holds(i, v.words) {
			found(i)
		}
	}
	return ctx.Err()
}

// read is match for words that signatures know nothing about: it reads all
// texts in a row.
func (ix *Index) read(ctx context.Context, v *View, from, to int32, found func(int32)) error {
	word, others := v.words[0], v.words[1:]
	for i, steps := from, 0; i < to; steps++ {
		if steps%cancelEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		start := ix.start(i)
		at := bytes.Index(ix.folded[start:ix.ends[to-1]], word)
		if at < 0 {
			break
		}
		i = ix.rowOf(start+uint32(at), i, to)
		if ix.wanted(i, &v.Query) && ix.holds(i, others) {
			found(i)
		}
		i++
	}
	return ctx.Err()
}

// rowOf returns the row below to that the offset lies in, searching from row i
// on in growing steps: with many hits it is the next one.
func (ix *Index) rowOf(offset uint32, i, to int32) int32 {
	for step := int32(1); ; step *= 2 {
		if i+step >= to || ix.ends[i+step-1] > offset {
			n := int(min(step, to-i))
			return i + int32(sort.Search(n, func(k int) bool { return ix.ends[i+int32(k)] > offset }))
		}
		i += step
	}
}

func (ix *Index) start(i int32) uint32 {
	if i == 0 {
		return 0
	}
	return ix.ends[i-1]
}

func (ix *Index) wanted(i int32, q *Query) bool {
	switch q.Only {
	case OnlyExpired:
		return ix.rows[i].Expired(q.Now)
	case OnlyDrafts:
		return ix.rows[i].Draft != DraftNone
	}
	return true
}

func (ix *Index) holds(i int32, words [][]byte) bool {
	text := ix.folded[ix.start(i):ix.ends[i]]
	for _, w := range words {
		if !bytes.Contains(text, w) {
			return false
		}
	}
	return true
}
