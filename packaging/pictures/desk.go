package main

import (
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/tideover/tideover/app/apptest"
	"github.com/tideover/tideover/assets"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// master is the master password of every cache here.
const master = "Ebbe und Flut 1729 am Kai"

// The screen in points: that of a small notebook, without the edges that it
// gives to other things.
const screenWidth, screenHeight = 1280, 820

// desk is a person's desk: a screen, a computer with its chip, a server
// somewhere, and the window.
type desk struct {
	*apptest.Screen

	*apptest.Stage

	options options
	variant variant
	words   map[string]string
	dir     string
	chip    *tpmtest.Process
	server  *server
	places  places
	program string // that is the window, in bin
	last    string // picture that was taken
	window  *apptest.Window
	ended   <-chan struct{} // of the window that was opened last
}

// places are where texts stand, in points from the corner of the window, by
// language, picture and key. They are read once: in other colours and sizes they
// are the same, and reading a screen takes seconds.
type places map[string]image.Point

func newDesk(s *apptest.Stage, o options, v variant, p places) *desk {
	d := &desk{Stage: s, options: o, variant: v, dir: s.TempDir(), places: p, program: "tideover"}
	b, err := assets.Lang.ReadFile(path.Join("lang", "window", v.language+".json"))
	s.Must("read the words", err)
	s.Must("read the words", json.Unmarshal(b, &d.words))
	d.chip = d.machine("tpm")
	d.server = newServer(s, filepath.Join(o.bin, "tideover-server"), filepath.Join(d.dir, "server"))
	d.Screen = apptest.Start(s, apptest.Options{
		Width: screenWidth * v.scale, Height: screenHeight * v.scale, Scale: v.scale, Language: v.reader,
		Failed: filepath.Join(o.out, "failed"),
	})
	return d
}

// machine starts a computer's chip.
func (d *desk) machine(name string) *tpmtest.Process {
	chip, err := tpmtest.Launch(filepath.Join(d.dir, name))
	d.Must("start a software TPM", err)
	d.Cleanup(func() { _ = chip.Stop() }) // it is not needed any more
	return chip
}

// text is a wording without arguments, as the window says it.
func (d *desk) text(key string) string {
	t, ok := d.words[key]
	if !ok {
		d.Fatalf("there is no wording %s", key)
	}
	before, _, _ := strings.Cut(t, "{{")
	return before
}

// open opens the window over the whole screen. What it looks like stands where
// it keeps that itself.
func (d *desk) open(args ...string) {
	home := filepath.Join(d.dir, "home")
	d.Must("make a home", os.MkdirAll(home, 0o700))
	look := fmt.Sprintf(`{"theme":%q,"language":%q}`, d.variant.theme, d.variant.language)
	d.Must("write the settings", os.WriteFile(filepath.Join(home, "window.json"), []byte(look), 0o600))
	cmd := exec.Command(filepath.Join(d.options.bin, d.program), append([]string{"--home", home, "--tpm", d.chip.Spec()}, args...)...)
	cmd.Env = d.Env(fmt.Sprintf("FYNE_SCALE=%d", d.variant.scale))
	cmd.Stderr = os.Stderr
	d.ended = d.Spawn(cmd)
	d.last = "open"
	d.window = d.Window("Tideover")
	d.window.Maximise()
	d.settle()
}

// fail ends the part with a picture of what was there instead.
func (d *desk) fail(format string, args ...any) {
	at := filepath.Join(d.options.out, "failed", d.variant.name+"-after-"+d.last+".png")
	d.Picture(at)
	d.Fatalf("%s; picture: %s", fmt.Sprintf(format, args...), at)
}

// forget makes the window one that nobody ever used.
func (d *desk) forget() {
	d.Must("forget who was here", os.RemoveAll(filepath.Join(d.dir, "home")))
}

// close ends the window as a person does.
func (d *desk) close() {
	d.Key("ctrl+q")
	<-d.ended
}

// signIn signs a user of the demo in at the login, up to what the server
// answers.
func (d *desk) signIn(user, password string) {
	d.see("login.title")
	d.Key("ctrl+a")
	d.Type(d.server.URL)
	d.Key("Tab", "ctrl+a")
	d.Type(user)
	d.Key("Tab")
	d.Type(password)
	d.Key("Return")
}

// trusted are the arguments of a window that knows the server.
func (d *desk) trusted() []string { return []string{"--ca", d.server.CAFile} }

// menu opens a menu.
func (d *desk) menu(title string) {
	d.click(title)
}

// choose chooses a command from a menu.
func (d *desk) choose(title, item string) {
	d.menu(title)
	d.click(item)
}

// escape leaves what is in front: a dialog, a menu, a search.
func (d *desk) escape() {
	d.Key("Escape")
	d.settle()
}

// find searches for a text and selects the first that is found. It goes on when
// the list has changed, or will not.
func (d *desk) find(text string) {
	before := list(d.Shot(), d.variant.scale)
	d.Key("ctrl+f", "ctrl+a")
	d.Type(text)
	for end := time.Now().Add(findLimit); time.Now().Before(end) && different(before, list(d.Shot(), d.variant.scale)) == 0; {
		time.Sleep(restPause)
	}
	d.settle()
	d.Key("Return", "Home")
	d.settle()
}

// findLimit is longer than a search takes. Where the same was found before, it is
// waited for in vain.
const findLimit = 5 * time.Second

// list is the part of a screen where the rows of the list are, below those that
// every search finds.
func list(screen *image.RGBA, scale int) *image.RGBA {
	at := image.Rect(230, 130, 1270, 560)
	at = image.Rectangle{Min: at.Min.Mul(scale), Max: at.Max.Mul(scale)}
	part := image.NewRGBA(at)
	draw.Draw(part, at, screen, at.Min, draw.Src)
	return part
}

// opens presses keys that open a dialog, and waits until it is there.
func (d *desk) opens(keys ...string) {
	before := d.Shot()
	d.Key(keys...)
	d.changed(before)
	d.settle()
}

// see waits until a wording is there, and returns where.
func (d *desk) see(key string) image.Point {
	d.settle()
	corner, scale := d.window.Place().Min, d.variant.scale
	known := d.variant.language + " " + d.last + " " + key
	at, ok := d.places[known]
	if !ok {
		r := d.See(d.text(key))
		at = r.Min.Add(r.Max).Div(2).Sub(corner).Div(scale)
		d.places[known] = at
	}
	return at.Mul(scale).Add(corner)
}

// click clicks on a wording.
func (d *desk) click(key string) {
	d.press(d.see(key), apptest.LeftButton)
}

// press presses a button of the mouse at a place.
func (d *desk) press(at image.Point, button int) {
	d.MoveTo(at)
	d.settle()
	d.ClickAt(at, button)
	d.settle()
}

// tipPause is longer than the pointer has to rest before it is told something.
const tipPause = time.Second

// rest lets the pointer rest at a place, in points from the corner of the window.
func (d *desk) rest(at image.Point) {
	d.MoveTo(at.Mul(d.variant.scale).Add(d.window.Place().Min))
	time.Sleep(tipPause)
}

// client gives the command line a command in the home of the window, and returns
// what it says.
func (d *desk) client(args ...string) []byte {
	global := append([]string{"--home", filepath.Join(d.dir, "home"), "--tpm", d.chip.Spec()}, d.trusted()...)
	cmd := exec.Command(filepath.Join(d.options.bin, "tideover-cli"), append(global, args...)...)
	cmd.Env = d.Env()
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		d.Fatalf("tideover-cli %v: %v", args, err)
	}
	return out
}

// shot takes a picture when the window has come to rest.
func (d *desk) shot(name string) {
	d.settle()
	d.now(name)
}

// now takes a picture at once.
func (d *desk) now(name string) {
	d.last = name
	d.Picture(filepath.Join(d.options.out, d.variant.name, name+".png"))
	d.Logf("%s/%s", d.variant.name, name)
}

// A window is at rest when nothing but a cursor that blinks has changed for
// some pictures.
const (
	restPause  = 150 * time.Millisecond
	restFrames = 4
	restPixels = 200 // of a cursor, at 100 %
	restLimit  = 20 * time.Second
)

// settle waits until the screen is at rest.
func (d *desk) settle() {
	still := d.variant.scale * d.variant.scale * restPixels
	for before, frames, end := d.Shot(), 0, time.Now().Add(restLimit); frames < restFrames && time.Now().Before(end); {
		time.Sleep(restPause)
		d.Settle() // however slow the program is
		now := d.Shot()
		frames++
		if different(before, now) > still {
			frames = 0
		}
		before = now
	}
}

// changed waits until the screen shows something else than before, for what does
// not stay.
func (d *desk) changed(before *image.RGBA) {
	few := d.variant.scale * d.variant.scale * changedPixels
	for end := time.Now().Add(restLimit); different(before, d.Shot()) < few; time.Sleep(restPause / 3) {
		if time.Now().After(end) {
			d.fail("waited for %s to change", d.last)
		}
	}
}

// changedPixels are more than a cursor or a button that is pressed.
const changedPixels = 4000

// covered waits until a dialog has opened before what was there, which darkens
// the whole window, for one with a bar that swings and so never comes to rest.
func (d *desk) covered(before *image.RGBA) {
	most := before.Rect.Dx() * before.Rect.Dy() / 2
	for end := time.Now().Add(apptest.Patience); different(before, d.Shot()) < most; time.Sleep(restPause) {
		if time.Now().After(end) {
			d.fail("waited for a dialog to open after %s", d.last)
		}
	}
	d.Settle()
}

// different counts the pixels that differ.
func different(a, b *image.RGBA) (n int) {
	for i := 0; i < len(a.Pix); i += 4 {
		if [4]byte(a.Pix[i:i+4]) != [4]byte(b.Pix[i:i+4]) {
			n++
		}
	}
	return n
}
