package kdbx

import (
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"unsafe"

	"github.com/tideover/tideover/vault"
)

// decoder makes a document out of the XML. Its methods that read an element
// are called right after open returned the element's name.
type decoder struct {
	*scanner
	mem    *arena
	stream cipher.Stream // of protected values; nil: they are plain text
	doc    *Document

	binaries []*vault.Binary         // by the number of the inner header
	inMeta   map[int64]*vault.Binary // KDBX 3.1 and exports: by ID

	names   map[string]string // field names and the like, each once
	ids     map[vault.ID]bool // of groups and entries
	fields  []vault.Field     // of the entries being read, inner ones last
	groups  int
	entries int
}

func newDecoder(s *scanner, mem *arena) *decoder {
	return &decoder{
		scanner: s, mem: mem,
		doc:   &Document{Meta: DefaultMeta()},
		names: map[string]string{}, ids: map[vault.ID]bool{},
	}
}

// document reads the whole document, to the end of the source.
func (d *decoder) document() (*Document, error) {
	name, err := d.start()
	if err != nil {
		return nil, err
	}
	if elementOf(name) != elKeePassFile {
		return nil, damaged("XML: the root element is not KeePassFile")
	}
	err = d.children(place{&d.doc.Unknown, knownInFile}, func(el element) error {
		switch el {
		case elMeta:
			return d.meta()
		case elRoot:
			return d.root()
		}
		return errNotHere
	})
	if err != nil {
		return nil, err
	}
	if d.doc.Root == nil {
		return nil, damaged("XML: no root group")
	}
	return d.doc, d.end()
}

func (d *decoder) root() error {
	return d.children(place{&d.doc.RootUnknown, knownInRoot}, func(el element) error {
		switch el {
		case elGroup:
			if d.doc.Root != nil {
				return d.fault("a second root group")
			}
			g, err := d.group(1)
			d.doc.Root = g
			return err
		case elDeletedObjects:
			return d.each(elDeletedObject, d.deletedObject)
		}
		return errNotHere
	})
}

func (d *decoder) deletedObject() error {
	var o DeletedObject
	err := d.children(place{}, func(el element) (err error) {
		switch el {
		case elUUID:
			o.ID, err = d.id()
		case elDeletionTime:
			o.At, err = d.time()
		default:
			err = errNotHere
		}
		return err
	})
	if err == nil {
		err = d.mem.charge(itemWeight)
	}
	d.doc.Deleted = append(d.doc.Deleted, o)
	return err
}

// errNotHere says that an element is not known at this place.
var errNotHere = errors.New("kdbx: element out of place")

// place says which elements are known inside one that keeps unknown ones, and
// where those go. The zero place keeps none: everything is known or refused.
type place struct {
	unknown *[]vault.Raw
	known   func(element) bool
}

// children calls child for every known element inside the current one, to its
// end. child returns errNotHere for one that it does not know either.
func (d *decoder) children(in place, child func(element) error) error {
	var had seen
	for {
		name, err := d.open()
		if err != nil || name == nil {
			return err
		}
		el := elementOf(name)
		if el == elUnknown || in.unknown != nil && !in.known(el) {
			if err := d.unknown(in.unknown); err != nil {
				return err
			}
			continue
		}
		if had.add(el) && !el.repeats() {
			return d.fault("element " + string(name) + " twice")
		}
		switch err := child(el); {
		case errors.Is(err, errNotHere):
			return d.unknown(nil)
		case err != nil:
			return err
		}
	}
}

// parent is the name of the element around the current one.
func (s *scanner) parent() []byte {
	n := len(s.marks)
	if n < 2 {
		return nil
	}
	return s.names[s.marks[n-2]:s.marks[n-1]]
}

// unknown keeps the current element, or refuses it if there is no place to.
// Protected text is kept as base64 of the plain bytes.
func (d *decoder) unknown(list *[]vault.Raw) error {
	if list == nil {
		return unsupported("XML, byte %d: element %q in %q", d.base+int64(d.r), d.name(), d.parent())
	}
	protect := func(text []byte) ([]byte, error) {
		plain, err := d.plain(text)
		return base64.StdEncoding.AppendEncode(nil, plain), err
	}
	raw, err := d.raw(nil, protect, d.mem.charge)
	if err != nil {
		return err
	}
	*list = append(*list, vault.Raw(raw))
	return d.mem.charge(int64(unsafe.Sizeof(vault.Raw{})))
}

// plain returns the plain bytes of a protected value, in memory of the arena.
func (d *decoder) plain(text []byte) ([]byte, error) {
	if d.stream == nil {
		return d.mem.copy(text)
	}
	b, err := d.base64(text)
	d.stream.XORKeyStream(b, b)
	return b, err
}
