package apptest

import (
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Only what changed is read anew: whole lines of it, with every word that reaches
// into them, and nothing where a cursor blinks.
func TestSightsThatDiffer(t *testing.T) {
	s := &Screen{options: Options{Scale: 1}}
	page := func(dark ...image.Rectangle) *image.RGBA {
		p := image.NewRGBA(image.Rect(0, 0, 400, 300))
		for _, r := range dark {
			draw.Draw(p, r, image.NewUniform(color.Black), image.Point{}, draw.Src)
		}
		return p
	}
	at := func(text string, x0, y0, x1, y1 int) word { return word{text: text, at: image.Rect(x0, y0, x1, y1)} }
	band := func(y0, y1 int) image.Rectangle { return image.Rect(0, y0, 400, y1) }
	for name, c := range map[string]struct {
		now   *image.RGBA
		words []word
		parts []image.Rectangle
		kept  []string
	}{
		"nothing":                {page(), []word{at("stays", 10, 10, 50, 24)}, nil, []string{"stays"}},
		"a cursor":               {page(image.Rect(100, 100, 102, 116)), []word{at("stays", 80, 100, 120, 116)}, nil, nil},
		"a word":                 {page(image.Rect(100, 100, 140, 110)), []word{at("above", 10, 10, 50, 24), at("same line", 10, 98, 60, 112)}, []image.Rectangle{band(86, 124)}, []string{"above"}},
		"a word that reaches in": {page(image.Rect(100, 100, 140, 110)), []word{at("tall", 10, 60, 60, 90), at("below", 10, 125, 60, 140)}, []image.Rectangle{band(60, 124)}, []string{"below"}},
		"two lines far apart": {
			page(image.Rect(0, 40, 20, 50), image.Rect(380, 240, 400, 250)),
			[]word{at("between", 10, 130, 60, 144)},
			[]image.Rectangle{band(26, 64), band(226, 264)},
			[]string{"between"},
		},
		"two lines that touch": {page(image.Rect(0, 40, 20, 50), image.Rect(0, 70, 20, 80)), nil, []image.Rectangle{band(26, 94)}, nil},
		"nearly all":           {page(image.Rect(0, 20, 20, 280)), []word{at("gone", 10, 130, 60, 144)}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			before := &sight{shot: page()}
			before.pages[negative] = &reading{words: c.words}
			parts, kept := s.differs(before, &sight{shot: c.now}, negative)
			if name == "a cursor" {
				parts, kept = s.bands(before.shot, c.now), nil
			}
			var names []string
			for _, w := range kept {
				names = append(names, w.text)
			}
			if !cmp.Equal(parts, c.parts) || !cmp.Equal(names, c.kept) {
				t.Errorf("parts %v, want %v; kept %q, want %q", parts, c.parts, names, c.kept)
			}
		})
	}
}
