package present

import "math"

// Generator says what a password is to be made of. The zero value means what
// was chosen last.
type Generator struct {
	Length                        int // characters
	Upper, Lower, Digits, Symbols bool
	NoLookAlikes                  bool
}

// Generated is a password that was made, with the rules that it keeps: the
// nearest that make one. Whoever gets it wipes it.
type Generated struct {
	Rules    Generator
	Password []byte
	Score    int // 0 to 4, as strengths are shown
	Words    string
}

// GeneratorStrength returns score and words for a password of so many random
// bits. The steps are those that KeePass colours by: 64 bits are weak, 80 fair,
// 112 good (https://keepass.info/help/kb/pw_quality_est.html).
func (c *Catalogue) GeneratorStrength(bits float64) (score int, words string) {
	for _, limit := range []float64{40, 64, 80, 112} {
		if bits >= limit {
			score++
		}
	}
	return score, c.Text("generator.bits", map[string]any{"Bits": int(math.Floor(bits))})
}
