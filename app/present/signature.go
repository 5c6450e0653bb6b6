package present

// signature is a set of the pairs of neighbouring bytes in a text, as a Bloom
// filter: a row whose set lacks a pair of the word does not hold the word. 256
// bits are a third full after the hundred or so pairs of an entry with short
// notes, so that three letters leave one row in ten to be read, and a long
// word next to none.
type signature [4]uint64

// add adds the pairs of text.
func (s *signature) add(text []byte) {
	for i := 1; i < len(text); i++ {
		// A multiplicative hash by 2^32 divided by the golden ratio (Knuth, The
		// Art of Computer Programming, 6.4); its upper 8 bits are the place.
		h := (uint32(text[i-1])<<8 | uint32(text[i])) * 2654435769 >> 24
		s[h>>6] |= 1 << (h & 63)
	}
}

// may reports whether every pair of wanted is in s.
func (s *signature) may(wanted *signature) bool {
	return s[0]&wanted[0] == wanted[0] && s[1]&wanted[1] == wanted[1] && s[2]&wanted[2] == wanted[2] && s[3]&wanted[3] == wanted[3]
}

func (s *signature) empty() bool { return *s == signature{} }
