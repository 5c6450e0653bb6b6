package sqlstore

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// Many objects of one event are packed: into a row for each of packBuckets
// groups of entries instead of one for each object, whose index alone costs
// more than all the rest of a package. An entry is found again by its bucket,
// which an index leads to, and in it by its text.
//
// A line for each object: the entry's identifier as 32 hexadecimal digits, the
// object's number and its version, in decimal, with a space between and a line
// feed at the end. Neither number has 32 digits, so that the identifier can be
// found nowhere but at the front of a line.
const (
	packList = `event, bucket, objects`
	sqlPacks = `SELECT objects FROM audit_pack WHERE event = $1 ORDER BY bucket`

	// packFrom is from how many objects on they are packed: fewer are no
	// slower in rows of their own.
	packFrom    = 512
	packBuckets = 64
)

// packBucket returns the group of an entry. The first byte of a GUID of version
// 4 is random.
func packBucket(entry vault.ID) int64 { return int64(entry[0] % packBuckets) }

// packPattern is what LIKE finds an entry with.
func packPattern(entry vault.ID) string { return "%" + hex.EncodeToString(entry[:]) + "%" }

// addPacks writes the objects of an event.
func (t *tx) addPacks(ctx context.Context, event vault.ID, objects []store.AuditObject) error {
	var packs [packBuckets][]byte
	for i, o := range objects {
		b := &packs[packBucket(o.Entry)]
		*b = hex.AppendEncode(*b, o.Entry[:])
		*b = strconv.AppendInt(append(*b, ' '), int64(i), 10)
		*b = strconv.AppendInt(append(*b, ' '), o.Version, 10)
		*b = append(*b, '\n')
	}
	var used []int
	for i := range packs {
		if len(packs[i]) > 0 {
			used = append(used, i)
		}
	}
	return t.insertAll(ctx, table{"audit_pack", "audit object", packList}, len(used), func(i int) []any {
		return []any{event[:], int64(used[i]), string(packs[used[i]])}
	})
}

// packedObject is an object with its place in the event.
type packedObject struct {
	number int64
	object store.AuditObject
}

// packedObjects returns the objects of an event that addPacks wrote, none if
// there are none.
func (t *tx) packedObjects(ctx context.Context, event vault.ID) ([]store.AuditObject, error) {
	packs, err := list(ctx, t, "audit object", func(s *string) []any { return []any{s} }, sqlPacks, event[:])
	if err != nil {
		return nil, err
	}
	var all []packedObject
	for _, pack := range packs {
		all = slices.Grow(all, strings.Count(pack, "\n"))
		for line := range strings.Lines(pack) {
			o, ok := parseObject(line)
			if !ok {
				return nil, vault.Fail(vault.Damaged, "objects of audit event %s", event)
			}
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b packedObject) int { return cmp.Compare(a.number, b.number) })
	out := make([]store.AuditObject, len(all))
	for i, o := range all {
		out[i] = o.object
	}
	return out, nil
}

// parseObject reads a line of a pack.
func parseObject(line string) (o packedObject, ok bool) {
	entry, rest, ok1 := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	number, version, ok2 := strings.Cut(rest, " ")
	if !ok1 || !ok2 || len(entry) != hex.EncodedLen(len(o.object.Entry)) {
		return o, false
	}
	_, err1 := hex.Decode(o.object.Entry[:], []byte(entry))
	n, err2 := strconv.ParseInt(number, 10, 64)
	v, err3 := strconv.ParseInt(version, 10, 64)
	o.number, o.object.Version = n, v
	return o, err1 == nil && err2 == nil && err3 == nil
}
