//go:build gallery

// Command gallery shows every widget of the window in every state, for looking
// at: pictures of it are compared by eye when colours, icons or sizes change. Its
// page "client" is the whole window on a computer with security keys in software.
// It is a tool of the developers, ships with nothing, and needs cgo, which the
// tag keeps out of every other build.
//
//	go run -tags gallery,migrated_fynedo,x11,no_emoji ./packaging/gallery -mode dark -page dialog
//
// FYNE_SCALE=2 doubles it, as it does for every program of the toolkit.
package main

import (
	"flag"
	"fmt"
	"os"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

func main() {
	mode := flag.String("mode", "light", "light, dark or system")
	page := flag.String("page", "main", "main, parts, dialog, busy, review, icons or client")
	language := flag.String("language", "en", "of the page review")
	width := flag.Float64("width", 1100, "of the window, in points")
	height := flag.Float64("height", 700, "of the window, in points")
	var c client
	flag.StringVar(&c.home, "home", "", "`folder` of the client's state, for the page client")
	flag.StringVar(&c.tpm, "tpm", "", "its security chip")
	flag.StringVar(&c.ca, "ca", "", "`file` with the certificates that it trusts")
	flag.StringVar(&c.plugged, "plugged", "", "`file` that names the security keys that are plugged in: blue, red, slow")
	flag.Parse()

	if *page == "client" {
		if err := c.show(); err != nil {
			fmt.Fprintln(os.Stderr, "gallery:", err)
			os.Exit(1)
		}
		return
	}
	a := app.NewWithID("tideover.gallery")
	a.Settings().SetTheme(theme.New(theme.Mode(*mode)))
	w := a.NewWindow("Gallery")
	w.SetPadded(false)
	w.Resize(fyne.NewSize(float32(*width), float32(*height)))
	switch *page {
	case "main":
		mainPage(w)
	case "parts":
		w.SetContent(widget.NewTipHost(partsPage()))
	case "dialog", "busy":
		mainPage(w)
		a.Lifecycle().SetOnStarted(func() { openDialog(w, *page == "busy") })
	case "review":
		mainPage(w)
		a.Lifecycle().SetOnStarted(func() { openReview(w, *language) })
	case "icons":
		w.SetContent(iconsPage())
	default:
		fmt.Fprintf(os.Stderr, "no page %q\n", *page)
		os.Exit(2)
	}
	w.ShowAndRun()
}
