// Command pictures takes a picture of every screen of the window, from the
// built program on a screen of its own (app/apptest), for a person to look at.
// It judges nothing: that all is as it must be is for the tests to say, that it
// looks well for whoever opens build/pictures.
//
//	go run ./packaging/pictures [-bin bin] [-out build/pictures] [-variants light,dark] [-parts signin,entry]
//
// The programs use invented entries of `tideover-server demo` and a software
// TPM (tpm/tpmtest). The pictures of the README are those of the variants light and
// dark with fewer colours, written to packaging/pictures/readme if both were taken
// whole.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/tideover/tideover/app/apptest"
)

// options are what the flags say.
type options struct {
	bin, out, readme string
	variants, parts  []string
}

// variant is how the window looks.
type variant struct {
	name     string
	theme    string // as in the settings of the window
	language string
	reader   string // of that language, as tesseract calls it
	scale    int    // pixels for a point
}

// variants are all that are worth looking at. The colours do not depend on the
// scale, nor does the wording on the colours.
func variants() []variant {
	return []variant{
		{"light", "light", "en", "eng", 1},
		{"dark", "dark", "en", "eng", 1},
		{"light-200", "light", "en", "eng", 2},
		{"dark-200", "dark", "en", "eng", 2},
		{"german", "light", "de", "deu", 1},
	}
}

// part is some screens that come one after the other on one desk.
type part struct {
	name string
	play func(*desk)
}

func parts() []part {
	return []part{
		{"signin", signIn},
		{"online", online},
		{"entry", entry},
		{"offline", offline},
		{"machine", machine},
		{"names", longNames},
		{"limits", limits},
		{"ends", ends},
		{"groups", groups},
		{"look", look},
		{"factors", factors},
		{"keys", keys},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "`folder` of the built programs")
	flag.StringVar(&o.out, "out", filepath.Join("build", "pictures"), "`folder` for the pictures")
	flag.StringVar(&o.readme, "readme", filepath.Join("packaging", "pictures", "readme"), "`folder` for those of the README")
	chosen := flag.String("variants", "light,dark", "which to take, by comma; all: "+strings.Join(names(variants(), func(v variant) string { return v.name }), ","))
	some := flag.String("parts", "", "take these `parts` only, by comma: "+strings.Join(names(parts(), func(p part) string { return p.name }), ","))
	flag.Parse()
	o.variants = strings.Split(*chosen, ",")
	if *some != "" {
		o.parts = strings.Split(*some, ",")
	}
	if err := take(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func names[T any](list []T, name func(T) string) (out []string) {
	for _, x := range list {
		out = append(out, name(x))
	}
	return out
}

// take takes what was asked for. One part that fails keeps no other from being
// taken.
func take(ctx context.Context, o options) error {
	var failed []error
	where := places{}
	for _, v := range variants() {
		if !slices.Contains(o.variants, v.name) {
			continue
		}
		for _, p := range parts() {
			if len(o.parts) > 0 && !slices.Contains(o.parts, p.name) {
				continue
			}
			if err := apptest.On(ctx, func(s *apptest.Stage) { p.play(newDesk(s, o, v, where)) }); err != nil {
				failed = append(failed, fmt.Errorf("%s, %s: %w", v.name, p.name, err))
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	if len(failed) == 0 && len(o.parts) == 0 && slices.Contains(o.variants, "light") && slices.Contains(o.variants, "dark") {
		failed = append(failed, forReadme(o))
	}
	return errors.Join(failed...)
}
