package wire

import (
	"github.com/tideover/tideover/vault"
)

// EntryAnswer is the answer of GET /entries/{id} and of POST
// /entries/{id}/reveal: one entry, its group and what the user may do with it.
type EntryAnswer struct {
	Entry *vault.Entry
	Group vault.ID
	Facts Facts
}

// Encode returns the answer as JSON. In mode Metadata protected values are
// null, as in a stream; attachments never carry their bytes.
func (a *EntryAnswer) Encode(mode Mode) ([]byte, error) {
	w := object{dst: append(make([]byte, 0, 2048), '{')}
	w.id("group_id", a.Group)
	w.entry(a.Entry, &a.Facts, entryStyle{mode: mode})
	return append(w.dst, '}'), w.err
}

// DecodeEntry reads what Encode writes, in either mode. Errors are those of
// DecodeContent.
func DecodeEntry(b []byte, lim Limits) (*EntryAnswer, error) {
	if int64(len(b)) > lim.Bytes || len(b) > lim.LineBytes {
		return nil, hostile("one entry")
	}
	d := &decoder{opt: DecodeOptions{Limits: lim, Mode: Metadata}}
	p := entryParser{decoder: d}
	a := &EntryAnswer{Entry: &vault.Entry{}}
	s := &scanner{b: b}
	if s.open('{') {
		p.members(s, a.Entry)
	}
	s.end()
	if s.err != nil {
		a.Entry.Wipe()
		return nil, malformed("entry", s.err)
	}
	a.Group = p.groupID
	if p.facts != nil {
		a.Facts = *p.facts
	}
	return a, nil
}
