package main

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tideover/tideover/app/apptest"
)

// The screen and both windows, in pixels.
const (
	screenWidth, screenHeight = 1280, 820
	windowWidth, windowHeight = 1200, 760
)

// search are the keys in both.
const search = "ctrl+f"

// program is one of the two.
type program struct {
	name     string // and its window's
	path     string
	empty    []string // arguments: nothing to open
	entries  []string // the entries to open
	password string
	locked   string              // part of the title while it asks for the password
	furnish  func(*window) error // before it starts
	firsts   int                 // how often the first key of a search is measured
	bars     int                 // height of menu, toolbar and search, in pixels
	look     []string            // words in its menus: the way to its colours, and two of them; empty: none
}

// window is a program on a screen.
type window struct {
	*apptest.Screen

	program
	cmd *exec.Cmd

	complaint bytes.Buffer // its standard error; to be read when it has ended

	ended <-chan struct{}
	win   *apptest.Window
	below image.Rectangle // the window without its menu, toolbar and search
}

// open starts a program and returns how long it takes until its window stands,
// which is the first that is to be seen, and until its first screen is painted.
// The title has a part.
func open(s *apptest.Screen, p program, title string, args []string) (*window, apptest.Painting, error) {
	w := &window{Screen: s, program: p, cmd: exec.Command(p.path, args...)}
	if err := p.furnish(w); err != nil {
		return nil, apptest.Painting{}, err
	}
	// KeePassXC's window goes to whichever of its processes began first for the
	// same temporary folder.
	w.cmd.Env, w.cmd.Stderr = s.Env("TMPDIR="+s.Home()), &w.complaint
	var idling func() bool
	painted := s.Paint(apptest.Rest{Quiet: 400 * time.Millisecond, Until: func() bool {
		return idling() && slices.ContainsFunc(s.Windows(), func(t string) bool { return strings.Contains(t, title) }) && drawn(s, s.Window(title).Place())
	}}, func() {
		w.ended = s.Spawn(w.cmd)
		idling = idle(w.cmd.Process.Pid)
	})
	w.win = s.Window(title)
	return w, painted, nil
}

// drawn reports whether there is more than a ground in a part of the screen: a
// window stands there before anything is drawn in it.
func drawn(s *apptest.Screen, r image.Rectangle) bool {
	shot, colours := s.Shot(), map[[4]byte]bool{}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			at := shot.PixOffset(x, y)
			colours[[4]byte(shot.Pix[at:at+4])] = true
		}
	}
	return len(colours) > 8
}

// quit ends the program, and waits for it and for the screen to be as before.
func (w *window) quit() {
	w.Paint(apptest.Rest{}, func() {
		_ = w.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-w.ended:
		case <-time.After(10 * time.Second): // a question that nobody sees
			_ = w.cmd.Process.Signal(syscall.SIGQUIT) // ours says what it waits for
			select {
			case <-w.ended:
			case <-time.After(2 * time.Second):
				_ = w.cmd.Process.Kill()
				<-w.ended
			}
		}
	})
	if code := w.cmd.ProcessState.ExitCode(); code != 0 {
		fmt.Fprintf(os.Stderr, "bench/gui: %s ended with exit code %d\n%s", w.name, code, w.complaint.Bytes())
	}
}

// limit is for a search that finds nearly everything, in KeePassXC.
const limit = 5 * time.Minute

// paint measures an input until the window below its bars is at rest.
func (w *window) paint(input func()) float64 {
	p := w.Paint(apptest.Rest{Within: w.below, Until: idle(w.cmd.Process.Pid), Limit: limit}, input)
	return ms(p.Last)
}

// unlock gives the password and returns how long it takes until the list is
// painted.
func (w *window) unlock() float64 {
	w.win.Activate()
	w.Type(w.password)
	idling := idle(w.cmd.Process.Pid)
	p := w.Paint(apptest.Rest{Quiet: 500 * time.Millisecond, Until: func() bool {
		return idling() && !strings.Contains(w.win.Title(), w.locked)
	}}, func() { w.Press("Return") })
	return ms(p.Last)
}

// Pauses after which a program that does nothing is done. In a search it may
// wait for more keys.
const (
	pause       = 100 * time.Millisecond
	searchPause = 500 * time.Millisecond
)

// settle does something that is not measured, and waits until it is done.
func (w *window) settle(pause time.Duration, input func()) {
	idling := idle(w.cmd.Process.Pid)
	input()
	for quiet := 0; quiet < 2; quiet++ {
		time.Sleep(pause) // there may be nothing to see
		if !idling() {
			quiet = -1
		}
	}
}

// picture keeps what is to be seen, for who wants to know what was measured.
func (w *window) picture(folder, what string) {
	if folder != "" {
		w.Picture(filepath.Join(folder, fmt.Sprintf("%s-%s.png", w.name, what)))
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// tideover is ours, with the entries in a cache.
func tideover(bin string, p *prepared) program {
	path := filepath.Join(bin, "tideover")
	return program{
		name: "Tideover", path: path, password: masterPassword, locked: "(locked)",
		bars: 70, look: []string{"View", "Colours", "Light", "Dark"},
		empty:   []string{"--home", filepath.Join(p.dir, "nobody"), "--tpm", p.chip.Spec()},
		entries: []string{"--home", p.home(), "--tpm", p.chip.Spec()},
		furnish: func(*window) error {
			// As it looks to who opens it for the first time.
			if err := os.RemoveAll(filepath.Join(p.home(), "window.json")); err != nil {
				return err
			}
			return os.RemoveAll(filepath.Join(p.dir, "nobody"))
		},
		firsts: 30,
	}
}

// keepassxc is the other, with the entries in a file.
func keepassxc(p *prepared) program {
	return program{
		name: "KeePassXC", path: "keepassxc", password: filePassword, locked: "[Locked]", bars: 90,
		entries: []string{p.file()},
		furnish: func(w *window) error {
			// Its questions at the first start, and no network.
			const settings = "[General]\nConfigVersion=2\nUpdateCheckMessageShown=true\nAutoSaveAfterEveryChange=false\n" +
				"[GUI]\nCheckForUpdates=false\nApplicationTheme=light\n"
			dir := filepath.Join(w.Home(), ".config", "keepassxc")
			if err := os.RemoveAll(filepath.Join(w.Home(), ".cache", "keepassxc")); err != nil { // no memory of the last file
				return err
			}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "keepassxc.ini"), []byte(settings), 0o600)
		},
		firsts: 1, // it takes most of a minute
	}
}
