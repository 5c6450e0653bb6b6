//go:build linux && amd64

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tideover/tideover/packaging/demo"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// What is planted and what protects it: invented here, and looked for in
// everything that an attacker gets to see.
const (
	planted     = "KRAN-7731-Poller-Fender"
	plantedPath = "/Planted/Crane"
	master      = "Ebbe und Flut 1729 am Kai"
	account     = "Boje 12 und Anker 34 im Hafen"
)

// stage is what the attacks play on.
type stage struct {
	bin   string // folder of the built programs
	quick string // tideover-cli with the least cost of key derivation that a cache allows
	self  string
	dir   string
	smoke bool // few tries, by the quick client
	brief bool // of all attacks
	seed  uint64
	kills int
	// level is that of caches, where an attack does not say it.
	level string
	// samples is how many versions of a file, or kills, a short run tries; 0: few.
	samples int
	// overlay changes the sources of what is built here (go help build); "": not.
	overlay string
	// resume is where the kills are kept, to go on from there; "": nowhere.
	resume string
	chip   *tpmtest.Process // of the machine
	other  *tpmtest.Process // of another machine
	site   *site            // for all attacks that leave the server alone
	stops  []func() error
}

// site is a server with its people.
type site struct {
	st     *stage
	data   string
	server *demo.Server
}

func newStage(ctx context.Context, dir, bin, overlay string) (s *stage, err error) {
	s = &stage{bin: bin, dir: dir, overlay: overlay}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.self, err = os.Executable(); err != nil {
		return s, err
	}
	s.quick = filepath.Join(dir, "quick", "tideover-cli")
	if err := s.buildQuick(ctx, s.quick, overlay); err != nil {
		return s, err
	}
	if s.chip, err = s.launch("chip"); err != nil {
		return s, err
	}
	if s.other, err = s.launch("other"); err != nil {
		return s, err
	}
	s.site, err = s.newSite(ctx, "site")
	return s, err
}

// buildQuick builds the client as its own tests run it: the same code, with the
// least cost. Everything that has to be done a thousand times uses it.
func (s *stage) buildQuick(ctx context.Context, to, overlay string) error {
	build := exec.CommandContext(ctx, "go", "test", "-tags", "ci", "-overlay", overlay, "-c", "-o", to, "github.com/tideover/tideover/cmd/tideover-cli")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the quick client: %w: %s", err, out)
	}
	return nil
}

// close stops what still runs, the last started first.
func (s *stage) close() error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	s.stops = nil
	return errors.Join(errs...)
}

func (s *stage) file(name string) string { return filepath.Join(s.dir, name) }

// luck returns the random numbers of one attack, the same for the same seed.
func (s *stage) luck(attack string) *rand.Rand {
	var sum uint64
	for _, b := range []byte(attack) {
		sum = sum*131 + uint64(b)
	}
	return rand.New(rand.NewPCG(s.seed, sum))
}

func (s *stage) launch(name string) (*tpmtest.Process, error) {
	p, err := tpmtest.Launch(s.file(name))
	if err == nil {
		s.stops = append(s.stops, p.Stop)
	}
	return p, err
}

// newSite starts a server of its own, with the planted entries and two people
// who may take them offline.
func (s *stage) newSite(ctx context.Context, name string) (*site, error) {
	t := &site{st: s, data: s.file(name)}
	var err error
	if t.server, err = demo.Start(ctx, s.bin, s.file("server.log"), "demo", "--data", t.data, "--entries", "6", "--json"); err != nil {
		return nil, err
	}
	s.stops = append(s.stops, func() error { return t.server.Stop() })
	file := s.file("planted.csv")
	text := `"Account","Login Name","Password","Web Site","Comments"` + "\n" + fmt.Sprintf("%q,%q,%q,%q,%q\n", "Crane", "op", planted, "https://crane.example", "")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	if _, err := t.admin(ctx, "", "import", "--into", "/Planted", file); err != nil {
		return nil, err
	}
	for _, user := range people() {
		if err := t.addUser(ctx, user); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// people is who has an account on each server.
func people() [hands]string { return [hands]string{"mara", "dora"} }

// addUser adds somebody who may take the planted entries offline.
func (t *site) addUser(ctx context.Context, user string) error {
	if _, err := t.admin(ctx, account, "user", "add", user, "--password-stdin"); err != nil {
		return err
	}
	_, err := t.admin(ctx, "", "grant", "add", "--path", "/Planted", "--user", user, "--level", "Full + Offline")
	return err
}

// admin runs a command of the server's administrator, which must succeed.
func (t *site) admin(ctx context.Context, line string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(t.st.bin, "tideover-server"), append(args, "--data", t.data)...)
	cmd.Stdin = strings.NewReader(line + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("control: tideover-server %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// again starts the server on the same data and address.
func (t *site) again(ctx context.Context) error { return t.later(ctx, 0) }

// later is again, with the server's clock ahead.
func (t *site) later(ctx context.Context, ahead time.Duration) error {
	host, err := t.host()
	if err != nil {
		return err
	}
	bin := t.st.bin
	if ahead > 0 { // the hand tells the server the time
		order, err := json.Marshal(handOrder{AheadS: int64(ahead / time.Second)})
		if err != nil {
			return err
		}
		bin = filepath.Join(t.st.dir, fmt.Sprint("ahead-", ahead))
		script := fmt.Sprintf("#!/bin/sh\nexec '%s' %s '%s' '%s' \"$@\"\n", t.st.self, handWord, order, filepath.Join(t.st.bin, "tideover-server"))
		if err := errors.Join(os.MkdirAll(bin, 0o700), os.WriteFile(filepath.Join(bin, "tideover-server"), []byte(script), 0o700)); err != nil {
			return err
		}
	}
	again, err := demo.Start(ctx, bin, t.st.file("server.log"), "serve", "--data", t.data, "--listen", host, "--json")
	if err == nil {
		t.server = again
	}
	return err
}

func (t *site) host() (string, error) {
	u, err := url.Parse(t.server.Ready.URL)
	if err != nil {
		return "", err
	}
	return u.Host, nil
}

// client is a new installation on the machine's chip, signed in nowhere, with
// the program as it is built, or the quick one in a smoke.
func (t *site) client(home, user string) client {
	c := client{
		program: filepath.Join(t.st.bin, "tideover-cli"), self: t.st.self, home: t.st.file(home), spec: t.st.chip.Spec(),
		url: t.server.Ready.URL, pin: t.server.Ready.Pin, user: user, account: account, master: master,
		level: t.st.level,
	}
	if t.st.smoke {
		c.program = t.st.quick
	}
	return c
}

// fast is the same client by the quick program, which must have made the cache
// too: the cost stands in the file.
func (c client) fast(s *stage) client {
	c.program = s.quick
	return c
}
