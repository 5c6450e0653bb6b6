package native

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
)

// pasteboard is a clipboard which only knows text.
type pasteboard interface {
	get() ([]byte, error)
	set(value []byte) error
}

// plainBoard keeps no value, only a salted hash to know it by. Nobody tells it
// when the value is replaced, and it does not look on its own: reading the
// clipboard alarms some systems and is nobody's business meanwhile.
type plainBoard struct {
	paste pasteboard
	salt  [16]byte
	sum   [sha256.Size]byte
	live  bool
}

func (b *plainBoard) take(value []byte, _ func(End)) error {
	defer clear(value)
	if err := b.paste.set(value); err != nil {
		return err
	}
	_, _ = rand.Read(b.salt[:]) // never fails: crypto/rand ends the program instead
	b.sum, b.live = b.of(value), true
	return nil
}

func (b *plainBoard) drop() bool {
	ours := b.holds()
	b.live = false
	return ours && b.paste.set(nil) == nil
}

func (b *plainBoard) holds() bool {
	if !b.live {
		return false
	}
	now, err := b.paste.get()
	if err != nil {
		return true // cannot look: clear rather than leave a password behind
	}
	defer clear(now)
	sum := b.of(now)
	return subtle.ConstantTimeCompare(sum[:], b.sum[:]) == 1
}

func (b *plainBoard) close() { b.drop() }

func (b *plainBoard) of(value []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write(b.salt[:])
	h.Write(value)
	return [sha256.Size]byte(h.Sum(nil))
}

// toolkit makes a pasteboard of a Plain. The strings cannot be wiped.
type toolkit struct{ Plain }

func (p toolkit) get() ([]byte, error)   { return []byte(p.Content()), nil }
func (p toolkit) set(value []byte) error { p.SetContent(string(value)); return nil }

func openPlain(plain Plain) (board, error) {
	if plain == nil {
		return nil, ErrUnsupported
	}
	return &plainBoard{paste: toolkit{plain}}, nil
}
