//go:build gallery

package main

import (
	"io/fs"
	"path"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	toolkit "fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/assets"
)

// partsPage is the small widgets in their states.
func partsPage() fyne.CanvasObject {
	text := widget.NewTextEntry()
	text.SetText("https://vault.example.org")
	overlong := widget.NewTextEntry()
	overlong.SetText(strings.Repeat("an overlong value ", 12))
	off := widget.NewTextEntry()
	off.SetText("disabled")
	off.Disable()
	empty := widget.NewTextEntry()
	empty.SetPlaceHolder("User name")
	pass := widget.NewPasswordEntry("Show or hide")
	pass.SetText("correct horse")
	shown := widget.NewPasswordEntry("Show or hide")
	shown.SetText("0O1l!-battery")
	shown.SetShown(true)
	area := widget.NewTextArea()
	area.SetText("Notes over\nseveral lines")
	found := widget.NewSearchEntry("Search")
	found.SetText("mail")
	check := widget.NewCheck("Cache automatically on connect", nil)
	check.SetChecked(true)
	choice := widget.NewSelect([]string{"7 days", "30 days"}, nil)
	choice.SetSelected("7 days")
	bars := container.NewVBox()
	for i, word := range []string{"very weak", "weak", "fair", "strong", "very strong"} {
		b := widget.NewStrengthBar()
		b.Set(i, word)
		bars.Add(b)
	}
	low := widget.NewCountdownBar()
	low.Set(0.12, "3 s")
	primary := widget.NewPrimaryButton("Sign in", nil)
	waits := widget.NewPrimaryButton("Waits", nil)
	waits.Disable()
	danger := widget.NewButton("Clear cache", nil)
	danger.Importance = fw.DangerImportance
	form := widget.NewForm(
		widget.FormRow{Label: "Server", Field: text, Hint: "The address of the password server, as your administrator gave it."},
		widget.FormRow{Label: "User", Field: empty},
		widget.FormRow{Label: "Overlong", Field: overlong},
		widget.FormRow{Label: "Off", Field: off},
		widget.FormRow{Label: "Password", Field: pass},
		widget.FormRow{Label: "Shown", Field: shown},
		widget.FormRow{Label: "Strength", Field: bars},
		widget.FormRow{Label: "Keep for", Field: choice},
		widget.FormRow{Field: check},
		widget.FormRow{Label: "Notes", Field: area},
		widget.FormRow{Label: "Search", Field: found},
		widget.FormRow{Label: "Left", Field: low},
		widget.FormRow{Field: container.NewHBox(primary, waits, widget.NewButton("Cancel", nil), danger, widget.NewIconButton("Copy", theme.Icon(theme.IconCopy), nil))},
	)
	return container.NewGridWithColumns(2, container.NewPadded(container.NewPadded(form)), container.NewBorder(messages(), nil, nil, nil,
		widget.NewEmpty(theme.IconSearch, "Nothing found", "No entry has “zebra” in its title, user name, URL, notes or tags.", "Clear search", func() {})))
}

func messages() fyne.CanvasObject {
	box := container.NewVBox()
	for _, m := range []widget.Message{
		{Level: widget.LevelInfo, Text: "The server answers again.", Remedy: "You work offline until you connect.", Action: "Connect…"},
		{Level: widget.LevelSuccess, Text: "1,204 entries are in the offline cache."},
		{Level: widget.LevelWarning, Text: "The cache ends in 6 hours.", Remedy: "Connect to the server once before, and it is renewed."},
		{Level: widget.LevelError, Text: "That is not the master password of this cache, and the security chip counts every try.", Remedy: "Type it again. After 29 more tries the chip locks itself for ten minutes, whoever asks."},
	} {
		s := widget.NewStrip()
		s.Set(m)
		box.Add(s)
	}
	badges := container.NewHBox()
	for i, words := range []string{"Disconnected", "Working Offline", "Online"} {
		b := widget.NewModeBadge()
		b.Set(widget.BadgeMode(i), words)
		badges.Add(b)
	}
	box.Add(container.NewPadded(badges))
	return container.NewPadded(box)
}

// iconsPage is the family at the sizes of list, toolbar and empty place.
func iconsPage() fyne.CanvasObject {
	files, err := fs.Glob(assets.Icons, "icons/*.svg")
	if err != nil {
		panic(err)
	}
	grid := container.NewGridWrap(fyne.NewSize(120, 46))
	for _, f := range files {
		name := fyne.ThemeIconName(strings.TrimSuffix(path.Base(f), ".svg"))
		row := container.NewHBox()
		for _, side := range []float32{16, 20, 32} {
			row.Add(container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(side), fw.NewIcon(theme.Icon(name)))))
		}
		row.Add(container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(16), fw.NewIcon(theme.Colored(name, toolkit.ColorNameDisabled)))))
		grid.Add(row)
	}
	return grid
}

// openDialog shows the form that makes a cache.
func openDialog(w fyne.Window, busy bool) {
	stack := widget.NewStack(w.Canvas())
	password, again := widget.NewPasswordEntry("Show or hide"), widget.NewPasswordEntry("Show or hide")
	strength := widget.NewStrengthBar()
	password.OnChanged = func(text string) { strength.Set(min(4, len(text)/4), "like that") }
	intro := fw.NewLabel("The entries that you may use offline are written into one encrypted file, which only this computer can open. Choose a master password for it.")
	intro.Wrapping = fyne.TextWrapWord
	d := &widget.Dialog{
		Title: "Disconnect and cache", Icon: theme.IconCache, Primary: "Write cache", Cancel: "Cancel", First: password,
		Body: widget.NewForm(
			widget.FormRow{Field: intro, Wide: true},
			widget.FormRow{Label: "Master password", Field: password},
			widget.FormRow{Label: "Repeat it", Field: again},
			widget.FormRow{Label: "Strength", Field: strength},
			widget.FormRow{Field: widget.NewCheck("Renew the cache whenever I connect", nil), Hint: "Needs the master password of the cache each time."},
		),
		OnStop: func() {},
	}
	d.OnPrimary = func() { d.SetError("The two passwords differ.", "Type the same password twice.") }
	stack.Open(d)
	if busy {
		d.SetBusy(true, "Writing entry 312 of 1,204", 0.26)
	} else {
		d.SetError("The two passwords differ.", "Type the same password twice.")
	}
}
