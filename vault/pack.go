package vault

import (
	"encoding/binary"
	"slices"
	"time"
)

// Pack holds entries in little memory: a hundred thousand of a few hundred
// bytes each, which as structs would take three times that and as many objects
// for the garbage collector to visit. Entry makes the struct of one when it is
// wanted; its values share their bytes with the pack, so that Wipe clears them
// everywhere. What it returns equals what was added, times to the second.
//
// It is safe for concurrent reading once nothing is added any more.
type Pack struct {
	room   func(n int) []byte
	pieces [][]byte
	shared int    // the piece that entries are added to
	free   []byte // rest of it
	at     []packPlace

	words    []string // field names, tags and the like, each once
	byWord   map[string]uint32
	binaries []*Binary
	byBinary map[*Binary]uint32

	numbers Numbers
}

// packPlace is where an entry begins.
type packPlace struct{ piece, offset uint32 }

// packPieceBytes is how much memory is taken at once. What is left at the end
// of a piece is lost, so it is much more than an entry takes.
const packPieceBytes = 64 << 10

// NewPack returns a pack that takes its memory from room, which returns at
// least n bytes; nil: from the heap.
func NewPack(room func(n int) []byte) *Pack {
	if room == nil {
		room = func(n int) []byte { return make([]byte, n) }
	}
	return &Pack{room: room, byWord: map[string]uint32{}, byBinary: map[*Binary]uint32{}}
}

// Len returns the number of entries.
func (p *Pack) Len() int { return len(p.at) }

// Add copies an entry into the pack and returns its number; the first is 0.
// Attachments share their content with e.
func (p *Pack) Add(e *Entry) int {
	most := packBound(e)
	if most >= packPieceBytes/4 { // its own, so that the rest of this one is not lost
		p.pieces = append(p.pieces, p.room(most))
		own := len(p.pieces) - 1
		p.put(p.pieces[own][:0], e)
		p.at = append(p.at, packPlace{uint32(own), 0})
		return len(p.at) - 1
	}
	if most > len(p.free) {
		p.free = p.room(packPieceBytes)
		p.shared = len(p.pieces)
		p.pieces = append(p.pieces, p.free)
	}
	p.at = append(p.at, packPlace{uint32(p.shared), uint32(len(p.pieces[p.shared]) - len(p.free))})
	p.free = p.free[len(p.put(p.free[:0], e)):] // put never grows what it is given: the bound says so
	return len(p.at) - 1
}

// Done says that nothing is added any more and lets go of what only that needs.
func (p *Pack) Done() {
	p.byWord, p.byBinary, p.free = nil, nil, nil
	p.at, p.words, p.pieces = slices.Clip(slices.Clone(p.at)), slices.Clone(p.words), slices.Clone(p.pieces)
	p.numbers = NewNumbers(len(p.at), p.ID)
}

// Find returns the number of the entry with that identifier, of several the
// last; -1: there is none, or Done was not called.
func (p *Pack) Find(id ID) int { return p.numbers.Find(id) }

// ID returns the identifier of entry i.
func (p *Pack) ID(i int) ID { return ID(p.from(i)) }

// Wipe clears everything: fields, history, and the content of attachments.
func (p *Pack) Wipe() {
	for _, piece := range p.pieces {
		clear(piece)
	}
	for _, b := range p.binaries {
		clear(b.Data)
	}
}

func (p *Pack) from(i int) []byte {
	at := p.at[i]
	return p.pieces[at.piece][at.offset:]
}

// What an entry has beside identifier, fields and times. They are never stored.
const (
	packAttachments = 1 << iota
	packTags
	packCustomIcon
	packColours
	packOverrideURL
	packNoQualityCheck
	packPreviousParent
	packAutoType
	packNoAutoType
	packCustomData
	packHistory
	packUnknown
	packExpires
)

// packTimes are the times of an entry, in the order in which they are packed.
func packTimes(t *Times) [5]*time.Time {
	return [5]*time.Time{&t.Created, &t.Modified, &t.Accessed, &t.LocationChanged, &t.Expiry}
}

// Bounds of what is packed, in bytes.
const (
	packNumber = binary.MaxVarintLen64
	packFixed  = 16 + 3*16 + 12*packNumber // identifiers; flags, icon, times and the like
)

// packBound returns how much an entry takes at most.
func packBound(e *Entry) int {
	n := packFixed + len(e.Foreground) + len(e.Background) + len(e.OverrideURL) + len(e.AutoType.DefaultSequence) + 10*packNumber
	for i := range e.Fields {
		n += 2*packNumber + e.Fields[i].Value.Len()
	}
	n += len(e.Attachments)*(16+3*packNumber) + len(e.Tags)*packNumber
	for _, a := range e.AutoType.Associations {
		n += 2*packNumber + len(a.Window) + len(a.Sequence)
	}
	for i := range e.CustomData {
		n += 3*packNumber + len(e.CustomData[i].Key) + len(e.CustomData[i].Value)
	}
	for _, raw := range e.Unknown {
		n += packNumber + len(raw)
	}
	for _, h := range e.History {
		n += packBound(h)
	}
	return n
}

// put appends an entry.
func (p *Pack) put(b []byte, e *Entry) []byte {
	number := func(n uint64) { b = binary.AppendUvarint(b, n) }
	text := func(s string) { number(uint64(len(s))); b = append(b, s...) }
	b = append(b, e.ID[:]...)
	flags := packFlags(e)
	number(flags)
	number(uint64(len(e.Fields)))
	for i := range e.Fields {
		f := &e.Fields[i]
		head := uint64(p.word(f.Name)) << 1
		if f.Protected {
			head |= 1
		}
		number(head)
		number(uint64(f.Value.Len()))
		b = append(b, f.Value.Bytes()...)
	}
	b = putTimes(b, &e.Times)
	number(uint64(e.Icon.Standard))
	if flags&packCustomIcon != 0 {
		b = append(b, e.Icon.Custom[:]...)
	}
	if flags&packAttachments != 0 {
		number(uint64(len(e.Attachments)))
		for _, a := range e.Attachments {
			b = append(b, a.ID[:]...)
			number(uint64(p.word(a.Name)))
			number(uint64(p.binary(a.Binary)))
		}
	}
	if flags&packTags != 0 {
		number(uint64(len(e.Tags)))
		for _, tag := range e.Tags {
			number(uint64(p.word(tag)))
		}
	}
	if flags&packColours != 0 {
		text(e.Foreground)
		text(e.Background)
	}
	if flags&packOverrideURL != 0 {
		text(e.OverrideURL)
	}
	if flags&packPreviousParent != 0 {
		b = append(b, e.PreviousParent[:]...)
	}
	if flags&packAutoType != 0 {
		number(uint64(e.AutoType.Obfuscation))
		text(e.AutoType.DefaultSequence)
		number(uint64(len(e.AutoType.Associations)))
		for _, a := range e.AutoType.Associations {
			text(a.Window)
			text(a.Sequence)
		}
	}
	if flags&packCustomData != 0 {
		number(uint64(len(e.CustomData)))
		for i := range e.CustomData {
			d := &e.CustomData[i]
			text(d.Key)
			text(d.Value)
			number(packTime(d.Modified))
		}
	}
	if flags&packUnknown != 0 {
		number(uint64(len(e.Unknown)))
		for _, raw := range e.Unknown {
			number(uint64(len(raw)))
			b = append(b, raw...)
		}
	}
	if flags&packHistory != 0 {
		number(uint64(len(e.History)))
		for _, h := range e.History {
			b = p.put(b, h)
		}
	}
	return b
}

func packFlags(e *Entry) uint64 {
	var flags uint64
	for _, f := range [...]struct {
		on   bool
		flag uint64
	}{
		{len(e.Attachments) > 0, packAttachments},
		{len(e.Tags) > 0, packTags},
		{!e.Icon.Custom.IsZero(), packCustomIcon},
		{e.Foreground != "" || e.Background != "", packColours},
		{e.OverrideURL != "", packOverrideURL},
		{e.NoQualityCheck, packNoQualityCheck},
		{!e.PreviousParent.IsZero(), packPreviousParent},
		{e.AutoType.Obfuscation != 0 || e.AutoType.DefaultSequence != "" || len(e.AutoType.Associations) > 0, packAutoType},
		{!e.AutoType.Enabled, packNoAutoType},
		{len(e.CustomData) > 0, packCustomData},
		{len(e.History) > 0, packHistory},
		{len(e.Unknown) > 0, packUnknown},
		{e.Times.Expires, packExpires},
	} {
		if f.on {
			flags |= f.flag
		}
	}
	return flags
}

// putTimes appends what Times has, each time by its distance from the one
// before: those of an entry are near each other, or the same.
func putTimes(b []byte, t *Times) []byte {
	last := int64(0)
	for _, at := range packTimes(t) {
		n := int64(packTime(*at))
		b = binary.AppendVarint(b, n-last)
		last = n
	}
	return binary.AppendUvarint(b, t.UsageCount)
}

// packYearOne is the Unix time of the zero time.
const packYearOne = -62135596800

// packTime returns the seconds from the zero time on.
func packTime(t time.Time) uint64 { return uint64(t.Unix() - packYearOne) }

// word returns the number of a text that is packed once.
func (p *Pack) word(s string) uint32 {
	n, ok := p.byWord[s]
	if !ok {
		n = uint32(len(p.words))
		p.words, p.byWord[s] = append(p.words, s), n
	}
	return n
}

// binary returns the number of a content and one; 0: none.
func (p *Pack) binary(b *Binary) uint32 {
	if b == nil {
		return 0
	}
	n, ok := p.byBinary[b]
	if !ok {
		p.binaries = append(p.binaries, b)
		n = uint32(len(p.binaries))
		p.byBinary[b] = n
	}
	return n
}
