// Package assets holds the files that are compiled into the programs: the
// wording in lang, one JSON catalogue per language, and the pictures in icons.
//
// It exports file systems and nothing else, so that the server and the command
// line can use it without linking a window toolkit; app/present turns the
// catalogues into sentences. What is in here never changes while a program
// runs, and is public: no secret, no default password, no key.
package assets

import "embed"

// Lang holds lang/en.json, lang/de.json, … and, with the words that only the
// window says, lang/window/en.json, …: flat objects from key to wording.
// Wordings are text/template texts with named arguments, which is what the
// window toolkit's own catalogue reads too. English is complete by definition;
// a test in app/present holds the others to it.
//
//go:embed lang/*.json lang/window/*.json
var Lang embed.FS

// Icons holds icons/NAME.svg, the icon family of the product: 24×24 strokes
// in currentColor, so that a page can colour them by CSS and the window by
// its theme; and icons/app with the icon of the program (app.svg, and
// app-512.png … app-16.png made from it) and of the tray (tray-online.png,
// tray-offline.png, tray-disconnected.png, told apart by shape as well as by
// colour), whose colours are their own.
//
//go:embed icons/*.svg icons/app/*.svg icons/app/*.png
var Icons embed.FS
