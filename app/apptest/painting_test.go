package apptest

import (
	"image"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// pictures makes two that display shows one after the other: the space bar goes
// to the second, the backspace back.
func pictures(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, colour := range []string{"red", "blue"} {
		file := filepath.Join(t.TempDir(), colour+".png")
		if out, err := exec.Command("convert", "-size", "200x100", "xc:"+colour, file).CombinedOutput(); err != nil {
			t.Fatalf("convert (package imagemagick): %v %s", err, out)
		}
		files = append(files, file)
	}
	return files
}

func TestPaintTellsHowLongAnInputTook(t *testing.T) {
	s := Start(t, Options{Width: 640, Height: 480})
	display := exec.Command("display", append([]string{"-geometry", "200x100+100+100"}, pictures(t)...)...)
	begin := s.Paint(Rest{Until: func() bool { return len(s.Windows()) > 0 }}, func() { s.Spawn(display) })
	if begin.First <= 0 || begin.Last < begin.First || begin.Frames < 1 {
		t.Errorf("started in %+v", begin)
	}
	within := s.Window("red").Place()
	s.Window("red").Activate()
	s.MoveTo(within.Max.Add(image.Pt(50, 50))) // the pointer is painted, too
	red := s.Colour(within.Min.X+5, within.Min.Y+5)
	p := s.Paint(Rest{Within: within}, func() { s.Press("space") })
	if blue := s.Colour(within.Min.X+5, within.Min.Y+5); blue == red {
		t.Errorf("%v before and after", red)
	}
	if p.First <= 0 || p.Last < p.First {
		t.Errorf("painted in %+v", p)
	}
	s.MoveTo(centre(within))
	s.Paint(Rest{}, func() { s.PressButton(LeftButton) }) // its menu
}

func TestPressReachesWhoHasTheKeyboard(t *testing.T) {
	s := Start(t, Options{Width: 640, Height: 480})
	conn, err := xgb.NewConnDisplay(s.display)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	id, err := xproto.NewWindowId(conn)
	if err != nil {
		t.Fatal(err)
	}
	const unmanaged, mask = 1, xproto.EventMaskKeyPress | xproto.EventMaskExposure
	xproto.CreateWindow(conn, 0, id, s.root, 0, 0, 100, 100, 0, xproto.WindowClassInputOutput, 0,
		xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{unmanaged, mask})
	xproto.MapWindow(conn, id)
	if _, err := conn.WaitForEvent(); err != nil { // it is to be seen now
		t.Fatal(err)
	}
	if err := xproto.SetInputFocusChecked(conn, xproto.InputFocusPointerRoot, id, xproto.TimeCurrentTime).Check(); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"ctrl+f", "Page_Down"} {
		s.Press(key)
	}
	type press struct {
		key   xproto.Keysym
		state uint16
	}
	var got []press
	for len(got) < 3 {
		ev, err := conn.WaitForEvent()
		if err != nil {
			t.Fatal(err)
		}
		if k, ok := ev.(xproto.KeyPressEvent); ok {
			got = append(got, press{s.keyboard[byte(k.Detail)], k.State})
		}
	}
	want := []press{{keysyms["ctrl"], 0}, {'f', xproto.KeyButMaskControl}, {keysyms["Page_Down"], 0}}
	if !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestACursorIsNoPainting(t *testing.T) {
	const width, height = 20, 3
	picture := func(changed ...image.Point) []byte {
		b := make([]byte, 4*width*height)
		for _, p := range changed {
			b[4*(p.Y*width+p.X)] = 1
		}
		return b
	}
	for name, c := range map[string]struct {
		changed []image.Point
		want    bool
	}{
		"nothing":       {nil, false},
		"a cursor":      {[]image.Point{{3, 0}, {4, 0}, {3, 1}, {4, 2}}, false},
		"a letter":      {[]image.Point{{3, 1}, {8, 1}}, true},
		"far apart":     {[]image.Point{{0, 0}, {19, 2}}, true},
		"the last line": {[]image.Point{{10, 2}, {14, 2}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := repainted(picture(), picture(c.changed...), width); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
