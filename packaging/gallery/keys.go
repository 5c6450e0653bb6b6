//go:build gallery

package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/app"

	"github.com/tideover/tideover/app"
	"github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
)

// pin is that of the red key.
const pin = "2468"

// drawer holds security keys in software. Which of them is plugged in stands in
// a file, by name; it may be another one each time.
type drawer struct {
	file string
	keys map[string]*fidotest.Key
}

func newDrawer(file string) *drawer {
	return &drawer{file, map[string]*fidotest.Key{
		"blue": fidotest.New(fidotest.Options{}),
		"red":  fidotest.New(fidotest.Options{PIN: pin, Permissions: true, AlwaysUV: true}),
		"slow": fidotest.New(fidotest.Options{Untouched: true}), // nobody ever touches it
	}}
}

// Find implements fido.Finder.
func (d *drawer) Find() ([]fido.Device, error) {
	names, err := os.ReadFile(d.file)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var all []fido.Device
	for _, name := range strings.Fields(string(names)) {
		if key := d.keys[name]; key != nil {
			all = append(all, key.Plug())
		}
	}
	return all, nil
}

// client is what the window of the page "client" is opened with.
type client struct{ home, tpm, ca, plugged string }

// show is the window as it ships, but for the security keys, which live in it, and
// the cost of key derivations.
func (c client) show() error {
	options := start.Options{
		Home: c.home, TPM: c.tpm, CA: c.ca, Keys: fido.NewHID(newDrawer(c.plugged)), Cost: cache.FloorCost(),
	}
	opened, err := options.Open(context.Background())
	if err != nil {
		return fmt.Errorf("open the client: %w", err)
	}
	a := toolkit.NewWithID("tideover.gallery")
	w := a.NewWindow("Tideover")
	w.SetMaster()
	d := app.New(app.Config{
		App: a, Window: w, Client: opened, Target: options.Target, Chip: options.Chip(), Home: c.home,
		Version: start.Version(), Post: app.Bundled(fyne.Do), Quit: a.Quit,
	})
	a.Lifecycle().SetOnStarted(d.Begin)
	w.ShowAndRun()
	return nil
}
