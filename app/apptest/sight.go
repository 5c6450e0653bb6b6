package apptest

import (
	"bytes"
	"fmt"
	"image"
	"slices"
	"time"

	"golang.org/x/image/draw"
	"golang.org/x/sync/errgroup"
)

// The two ways to read a screen, which has both: light type on a dark ground is
// read badly unless it is turned into its negative.
const (
	asItIs = iota
	negative
	pages
)

// sight is the screen as it looked once, and what of it was read. Reading a whole
// screen takes seconds and is what stories spend their time on; so of one that
// differs from another in some lines only those are read.
type sight struct {
	shot  *image.RGBA
	since time.Time // it looks so
	pages [pages]*reading
}

// reading is what was read in one way.
type reading struct {
	words []word
	// pieces is how many readings it was put together from, on the way from one
	// of the whole screen; 0: it is that.
	pieces int
}

// keptSights are enough for a dialog that comes and goes.
const keptSights = 4

// stillness is how long a screen looks the same before what is not found in
// pieces is looked for in the whole: a reader may have mistaken a word at the edge
// of one.
const stillness = 3 * time.Second

// look looks at the screen. What differs from an earlier sight by nothing but a
// cursor is that one.
func (s *Screen) look() *sight {
	s.t.Helper()
	shot := s.Shot()
	for i, v := range s.sights {
		if len(s.bands(v.shot, shot)) > 0 {
			continue
		}
		if i > 0 {
			v.since = time.Now()
			s.sights = slices.Insert(slices.Delete(s.sights, i, i+1), 0, v)
		}
		return v
	}
	v := &sight{shot: shot, since: time.Now()}
	s.sights = slices.Insert(s.sights, 0, v)
	s.sights = s.sights[:min(len(s.sights), keptSights)]
	return v
}

// search returns where text stands on the screen now. It stops at the page that
// has the text.
func (s *Screen) search(text string) (image.Rectangle, bool) {
	s.t.Helper()
	v := s.look()
	for _, whole := range []bool{false, true} {
		pieces := 0
		for page := range pages {
			r, err := s.page(v, page, whole)
			if err != nil {
				s.t.Fatalf("tesseract: %v", err)
			}
			if at, ok := find(r.words, text); ok {
				return at, true
			}
			pieces += r.pieces
		}
		if pieces == 0 || time.Since(v.since) < stillness {
			break
		}
	}
	return image.Rectangle{}, false
}

// read returns the words on the screen, read as a whole.
func (s *Screen) read() []word {
	s.t.Helper()
	v := s.look()
	var group errgroup.Group
	for page := range pages {
		group.Go(func() error {
			_, err := s.page(v, page, true)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		s.t.Fatalf("tesseract: %v", err)
	}
	return slices.Concat(v.pages[asItIs].words, v.pages[negative].words)
}

// page returns what stands on a sight, read in one way; whole: at once, and not in
// pieces. Different pages may be read at the same time.
func (s *Screen) page(v *sight, page int, whole bool) (*reading, error) {
	if r := v.pages[page]; r != nil && (r.pieces == 0 || !whole) {
		return r, nil
	}
	parts, r := []image.Rectangle{v.shot.Rect}, &reading{}
	if before := s.readBefore(v, page); before != nil && !whole {
		if changed, kept := s.differs(before, v, page); changed != nil {
			parts, r = changed, &reading{words: kept, pieces: before.pages[page].pieces + 1}
		}
	}
	for i, part := range parts {
		words, err := s.readPart(v.shot, part, page, fmt.Sprintf("%d.%d.%d", page, r.pieces, i))
		if err != nil {
			return nil, err
		}
		r.words = append(r.words, words...)
	}
	v.pages[page] = r
	return r, nil
}

// readBefore returns the last other sight that was read in this way; nil: none.
func (s *Screen) readBefore(v *sight, page int) *sight {
	for _, old := range s.sights {
		if old != v && old.pages[page] != nil {
			return old
		}
	}
	return nil
}

// differs returns which parts of a sight are not as on an earlier one, and the
// words of that one that stand elsewhere. No parts: nearly all is another.
func (s *Screen) differs(before, v *sight, page int) (parts []image.Rectangle, kept []word) {
	parts = s.bands(before.shot, v.shot)
	for stable := false; !stable; { // no word may be cut at the edge of a part
		stable = true
		kept = kept[:0]
		for _, w := range before.pages[page].words {
			i := slices.IndexFunc(parts, w.at.Overlaps)
			if i < 0 {
				kept = append(kept, w)
			} else if !w.at.In(parts[i]) {
				stable = false
				parts[i].Min.Y, parts[i].Max.Y = min(parts[i].Min.Y, w.at.Min.Y), max(parts[i].Max.Y, w.at.Max.Y)
				parts[i] = parts[i].Intersect(v.shot.Rect)
				parts = joined(parts)
				break
			}
		}
	}
	height := 0
	for _, p := range parts {
		height += p.Dy()
	}
	if 4*height > 3*v.shot.Rect.Dy() {
		return nil, nil
	}
	return parts, slices.Clone(kept)
}

// bandEdge is what is read above and below of what changed, in points: more than
// half a line.
const bandEdge = 14

// bands returns the parts of the screen, as wide as it, in which two pictures
// differ; none: they differ by a cursor at most.
func (s *Screen) bands(a, b *image.RGBA) []image.Rectangle {
	width := a.Rect.Dx()
	left, right := width, -1
	var rows []image.Rectangle
	for y := range a.Rect.Dy() {
		x, z := a.Pix[y*a.Stride:][:4*width], b.Pix[y*b.Stride:][:4*width]
		if bytes.Equal(x, z) {
			continue
		}
		for i := range width {
			if !bytes.Equal(x[4*i:4*i+4], z[4*i:4*i+4]) {
				left, right = min(left, i), max(right, i)
			}
		}
		edge := bandEdge * s.options.Scale
		rows = append(rows, image.Rect(0, y-edge, width, y+1+edge).Intersect(a.Rect))
	}
	if right-left < cursorWidth*s.options.Scale {
		return nil
	}
	return joined(rows)
}

// joined joins parts that touch; all are as wide as the screen.
func joined(parts []image.Rectangle) []image.Rectangle {
	slices.SortFunc(parts, func(a, b image.Rectangle) int { return a.Min.Y - b.Min.Y })
	var all []image.Rectangle
	for _, p := range parts {
		if n := len(all); n > 0 && p.Min.Y <= all[n-1].Max.Y {
			all[n-1] = all[n-1].Union(p)
		} else {
			all = append(all, p)
		}
	}
	return all
}

// readPart reads a part of a picture in one way. The lines of what it returns bear
// a name of their own.
func (s *Screen) readPart(shot *image.RGBA, part image.Rectangle, page int, name string) ([]word, error) {
	by := float64(enlarge) / float64(s.options.Scale)
	big := image.NewGray(image.Rect(0, 0, int(by*float64(part.Dx())), int(by*float64(part.Dy()))))
	draw.CatmullRom.Scale(big, big.Rect, shot, part, draw.Src, nil)
	if page == negative {
		for i, p := range big.Pix {
			big.Pix[i] = 255 - p
		}
	}
	tsv, err := recognise(big, s.options.Language)
	if err != nil {
		return nil, err
	}
	words := parse(tsv, name, by)
	for i := range words {
		words[i].at = words[i].at.Add(part.Min)
	}
	return words, nil
}
