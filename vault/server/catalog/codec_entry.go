package catalog

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/tideover/tideover/vault"
)

// content is what an entry's ciphertext holds: the entry but for its history,
// which has rows of its own, and for the bytes of its attachments, which are in
// blobs that versions share.
type content struct {
	*vault.Entry
	files []fileRef // parallel to Attachments
	past  past
}

// past is what must be known of the history without reading it.
type past struct {
	files       bool // older versions have attachments that this one does not have
	unsupported bool // KDBX cannot carry an older version
}

// fileRef says where the bytes of an attachment are.
type fileRef struct {
	blob      vault.ID
	size      int64
	protected bool
}

// appendEntry appends the encoding of c, of the row id, to b.
func appendEntry(b []byte, id vault.ID, c content) []byte {
	e := c.Entry
	b = append(b, contentVersion)
	b = putBool(b, e.ID != id) // only in the histories of odd files
	if e.ID != id {
		b = append(b, e.ID[:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Fields)))
	for i := range e.Fields {
		f := &e.Fields[i]
		b = putBool(putBytes(putBytes(b, f.Name), f.Value.Bytes()), f.Protected)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Attachments)))
	for i, a := range e.Attachments {
		b = append(b, a.ID[:]...)
		b = putBytes(b, a.Name)
		b = append(b, c.files[i].blob[:]...)
		b = binary.AppendUvarint(b, uint64(c.files[i].size))
		b = putBool(b, c.files[i].protected)
	}
	b = putIcon(putTexts(b, e.Tags), e.Icon)
	b = putBytes(putBytes(putBytes(b, e.Foreground), e.Background), e.OverrideURL)
	b = putBool(b, e.NoQualityCheck)
	b = append(b, e.PreviousParent[:]...)
	b = putTimes(b, e.Times)
	b = putBool(b, e.AutoType.Enabled)
	b = binary.AppendUvarint(b, uint64(e.AutoType.Obfuscation))
	b = putBytes(b, e.AutoType.DefaultSequence)
	b = binary.AppendUvarint(b, uint64(len(e.AutoType.Associations)))
	for _, a := range e.AutoType.Associations {
		b = putBytes(putBytes(b, a.Window), a.Sequence)
	}
	b = putUnknown(putCustomData(b, e.CustomData), e.Unknown)
	return putBool(putBool(b, c.past.files), c.past.unsupported)
}

// scratch is what parsing one entry after the other uses again.
type scratch struct {
	entry  vault.Entry
	fields []vault.Field
	tags   []string
	words  map[string]string // names of fields, and tags, which are much the same in all entries
}

// maxWords bounds scratch.words: what is in it lives as long as the scratch.
const maxWords = 1024

// word returns b as a text, the same one for the same bytes.
func (s *scratch) word(b []byte) string {
	if w, ok := s.words[string(b)]; ok {
		return w
	}
	w := string(b)
	if s.words == nil {
		s.words = map[string]string{}
	}
	if len(s.words) < maxWords {
		s.words[w] = w
	}
	return w
}

// parseEntry reads what appendEntry writes. The values of fields, and unknown
// elements, are parts of b: they live and are wiped with it.
func parseEntry(b []byte, id vault.ID) (content, error) { return (&scratch{}).parseEntry(b, id) }

// parseEntry is parseEntry into the scratch: the entry is valid until the next.
func (s *scratch) parseEntry(b []byte, id vault.ID) (content, error) {
	r := &reader{b: b}
	if r.byte() != contentVersion {
		r.fail()
	}
	s.entry = vault.Entry{ID: id}
	e := &s.entry
	if r.bool() {
		if e.ID = r.id(); e.ID == id {
			r.fail()
		}
	}
	if n := r.count(3); n > 0 {
		s.fields = slices.Grow(s.fields[:0], n)
		e.Fields = s.fields[:n:n]
		for i := range e.Fields {
			e.Fields[i] = vault.Field{Name: s.fieldName(r.bytes()), Value: vault.NewSecret(r.bytes()), Protected: r.bool()}
		}
	}
	var files []fileRef
	if n := r.count(35); n > 0 {
		e.Attachments, files = make([]vault.Attachment, n), make([]fileRef, n)
		for i := range e.Attachments {
			e.Attachments[i] = vault.Attachment{ID: r.id(), Name: r.text()}
			files[i] = fileRef{blob: r.id(), size: int64(r.numberTo(math.MaxInt64)), protected: r.bool()}
		}
	}
	if n := r.count(1); n > 0 {
		s.tags = slices.Grow(s.tags[:0], n)
		e.Tags = s.tags[:n:n]
		for i := range e.Tags {
			e.Tags[i] = s.word(r.bytes())
		}
	}
	e.Icon = r.icon()
	e.Foreground, e.Background, e.OverrideURL = r.text(), r.text(), r.text()
	e.NoQualityCheck, e.PreviousParent = r.bool(), r.id()
	e.Times = r.times()
	e.AutoType.Enabled = r.bool()
	e.AutoType.Obfuscation = uint32(r.numberTo(math.MaxUint32))
	e.AutoType.DefaultSequence = r.text()
	if n := r.count(2); n > 0 {
		e.AutoType.Associations = make([]vault.Association, n)
		for i := range e.AutoType.Associations {
			e.AutoType.Associations[i] = vault.Association{Window: r.text(), Sequence: r.text()}
		}
	}
	e.CustomData, e.Unknown = r.customData(), r.unknown()
	return content{e, files, past{r.bool(), r.bool()}}, r.end("entry", id)
}

// fieldName returns the name without allocating for the usual ones.
func (s *scratch) fieldName(b []byte) string {
	switch string(b) {
	case vault.FieldTitle:
		return vault.FieldTitle
	case vault.FieldUsername:
		return vault.FieldUsername
	case vault.FieldPassword:
		return vault.FieldPassword
	case vault.FieldURL:
		return vault.FieldURL
	case vault.FieldNotes:
		return vault.FieldNotes
	case vault.FieldOTP:
		return vault.FieldOTP
	}
	return s.word(b)
}
