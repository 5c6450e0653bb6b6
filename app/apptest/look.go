package apptest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jezek/xgb/xproto"
)

// enlarge is by how much a screen of 100 % is enlarged before it is read:
// tesseract expects letters of some 30 pixels, and those of a dense window have 9.
const enlarge = 3

// Shot returns the whole screen as it is painted now.
func (s *Screen) Shot() *image.RGBA {
	s.t.Helper()
	w, h := uint16(s.options.Width), uint16(s.options.Height)
	reply, err := xproto.GetImage(s.conn, xproto.ImageFormatZPixmap, xproto.Drawable(s.root), 0, 0, w, h, 0xffffffff).Reply()
	if err != nil {
		s.t.Fatalf("take a picture of the screen: %v", err)
	}
	shot := image.NewRGBA(image.Rect(0, 0, int(w), int(h)))
	for i := 0; i+3 < len(reply.Data); i += 4 { // BGRX, as the server is little-endian here
		shot.Pix[i], shot.Pix[i+1], shot.Pix[i+2], shot.Pix[i+3] = reply.Data[i+2], reply.Data[i+1], reply.Data[i], 0xff
	}
	return shot
}

// Picture writes the whole screen as a PNG file.
func (s *Screen) Picture(path string) {
	s.t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, s.Shot()); err != nil {
		s.t.Fatalf("encode a picture: %v", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatalf("write a picture: %v", err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		s.t.Fatalf("write a picture: %v", err)
	}
}

// word is one word that was read, with its place on the screen.
type word struct {
	line string // of which line it is part
	text string
	at   image.Rectangle
}

// recognise has a page read.
func recognise(page *image.Gray, language string) (tsv string, err error) {
	var in bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&in, page); err != nil {
		return "", err
	}
	cmd := exec.Command("tesseract", "-", "-", "--psm", "11", "-l", language, "tsv")
	cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1") // faster on few cores
	cmd.Stdin = &in
	out, err := cmd.Output()
	return string(out), err
}

// parse reads tesseract's TSV: level, page, block, paragraph, line, word, left,
// top, width, height, confidence, text; the page was enlarged by a factor. Names of
// lines begin with that of the page.
func parse(tsv, page string, by float64) []word {
	var words []word
	for _, row := range strings.Split(tsv, "\n") {
		f := strings.Split(row, "\t")
		if len(f) < 12 || f[0] != "5" || strings.TrimSpace(f[11]) == "" {
			continue
		}
		var n [4]int
		for i := range n {
			v, _ := strconv.Atoi(f[6+i]) // tesseract's own numbers
			n[i] = int(float64(v) / by)
		}
		at := image.Rect(n[0], n[1], n[0]+n[2], n[1]+n[3])
		words = append(words, word{line: page + "." + strings.Join(f[1:5], "."), text: f[11], at: at})
	}
	return words
}

// Look returns where text stands on the screen now, and whether it does.
func (s *Screen) Look(text string) (image.Rectangle, bool) {
	s.t.Helper()
	return s.search(text)
}

// Read returns all that can be read on the screen now, a line each.
func (s *Screen) Read() string {
	s.t.Helper()
	return lines(s.read())
}

// See waits until text stands on the screen and returns where.
func (s *Screen) See(text string) image.Rectangle {
	s.t.Helper()
	var at image.Rectangle
	s.until("see "+strconv.Quote(text), func() (ok bool) {
		at, ok = s.search(text)
		return ok
	})
	return at
}

// Gone waits until text does not stand on the screen any more.
func (s *Screen) Gone(text string) {
	s.t.Helper()
	s.until("no longer see "+strconv.Quote(text), func() bool {
		_, ok := s.search(text)
		return !ok
	})
}

// until looks at the screen, again after each change, until what is wanted is seen.
func (s *Screen) until(what string, seen func() bool) {
	s.t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	for {
		select { // what is painted from here on is a change
		case <-s.changed:
		default:
		}
		if seen() {
			return
		}
		select {
		case <-s.changed:
		case <-time.After(stillness): // what was not found is looked for more closely
		case <-deadline.C:
			s.fail(what, s.read())
			return
		}
	}
}

// fail ends the test with what was there instead.
func (s *Screen) fail(what string, words []word) {
	s.t.Helper()
	if s.options.Failed != "" {
		path := filepath.Join(s.options.Failed, fmt.Sprintf("seen-%d.png", time.Now().UnixNano()))
		s.Picture(path)
		s.t.Logf("picture: %s", path)
	}
	s.t.Fatalf("waited to %s; the screen reads:\n%s", what, lines(words))
}

// SeeColour waits until a pixel has a colour, as it has again when whatever was
// drawn over it is gone.
func (s *Screen) SeeColour(x, y int, want color.RGBA) {
	s.t.Helper()
	s.wait(fmt.Sprintf("see the colour %v at %d,%d", want, x, y), func() bool { return s.Colour(x, y) == want })
}

// Colour returns the colour of one pixel, for lights that have no words.
func (s *Screen) Colour(x, y int) color.RGBA {
	s.t.Helper()
	return s.Shot().RGBAAt(x, y)
}
