//go:build gallery

package main

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	toolkit "fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// rows are invented entries.
type rows struct{ n int }

var samples = []struct{ title, user, url, notes string }{
	{"Mail gateway", "postmaster@example.org", "https://mail.example.org/admin", "Second factor is in the safe"},
	{"Núcleo de red – edificio B", "admin", "ssh://10.4.0.1", ""},
	{"WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW wide title that has to be cut somewhere", "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii", "https://example.org/a/very/long/path/that/nobody/reads?with=parameters", "first line\nsecond line\nthird line"},
	{"Payroll", "hr.lead", "https://payroll.example.org", "ends in March"},
	{"Build server", "ci", "https://ci.example.org", ""},
	{"Домен", "регистратор", "https://example.рф", "Кириллица"},
	{"Backup tapes", "", "", "no login, numbers only"},
}

func (r rows) Len() int { return r.n }

func (r rows) ID(i int) widget.RowID {
	return widget.RowID{byte(i >> 16), byte(i >> 8), byte(i)}
}

func (r rows) Cell(i int, column string) string {
	s := samples[i%len(samples)]
	switch column {
	case "title":
		if i >= len(samples) {
			return fmt.Sprintf("%s %d", s.title, i)
		}
		return s.title
	case "user":
		return s.user
	case "password":
		return "••••••"
	case "url":
		return s.url
	case "notes":
		return s.notes
	default:
		return "yes"
	}
}

func (r rows) Look(i int) widget.RowLook {
	look := widget.RowLook{Expired: i%7 == 3}
	switch i % 7 {
	case 1:
		look.Icon = theme.IconServer
	case 4:
		look.Mark = "edited"
		look.Icon = theme.IconGlobe
	case 6:
		look.Icon = theme.IconNote
	}
	if i == 2 {
		look.Mark = "added"
	}
	return look
}

// groups are nested deeper than anybody would.
type groups struct{}

func (groups) Children(uid string) []string {
	switch {
	case uid == "":
		return []string{"root"}
	case uid == "root":
		return []string{"Network", "Mail", "deep 1", "Finance and payroll of the subsidiaries abroad"}
	case uid == "Network":
		return []string{"Routers", "Firewalls"}
	case len(uid) > 5 && uid[:5] == "deep ":
		var n int
		if _, err := fmt.Sscanf(uid, "deep %d", &n); err == nil && n < 126 {
			return []string{fmt.Sprintf("deep %d", n+1)}
		}
	}
	return nil
}

func (g groups) Group(uid string) widget.Group {
	title := uid
	if uid == "root" {
		title = "Example Ltd"
	}
	return widget.Group{Title: title, Count: len(uid) * 7, Leaf: len(g.Children(uid)) == 0}
}

func columns() []widget.Column {
	return []widget.Column{
		{Key: "title", Title: "Title", Width: 220, Min: 120},
		{Key: "user", Title: "User name", Width: 150, Min: 80, Drop: 1},
		{Key: "password", Title: "Password", Width: 80, Min: 60, Drop: 3},
		{Key: "url", Title: "URL", Width: 190, Min: 90, Drop: 2},
		{Key: "notes", Title: "Notes", Width: 150, Min: 80, Drop: 5},
		{Key: "offline", Title: "Offline", Width: 60, Min: 50, Drop: 4},
	}
}

// mainPage is the window as a person sees it most.
func mainPage(w fyne.Window) {
	list := widget.NewEntryList(columns())
	list.SetRows(rows{100_000})
	list.SetSorting(widget.Sorting{Column: "title"})
	list.OnSort = func(s widget.Sorting) { list.SetSorting(s) }
	tree := widget.NewGroupTree()
	tree.SetGroups(groups{})
	above := []string{"root", "Network"}
	for i := 1; i < 16; i++ {
		above = append(above, fmt.Sprintf("deep %d", i))
	}
	tree.Select("Network", above...)
	list.OnMenu = func(at fyne.Position) {
		items := []*fyne.MenuItem{
			fyne.NewMenuItemWithIcon("Copy user name", theme.Icon(theme.IconCopyUser), nil),
			fyne.NewMenuItemWithIcon("Copy password", theme.Icon(theme.IconCopyPassword), nil),
			fyne.NewMenuItemSeparator(),
			fyne.NewMenuItemWithIcon("Delete", theme.Icon(theme.IconDelete), nil),
		}
		items[3].Disabled = true
		fw.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), w.Canvas(), at)
	}

	search := widget.NewSearchEntry("Search (Ctrl+F)")
	search.OnDown = list.Focus
	delete := widget.NewToolbarButton(theme.IconDelete, "", "Delete", nil)
	delete.SetEnabled(false, "offline edits are off by policy")
	bar := container.NewHBox(
		widget.NewToolbarButton(theme.IconAdd, "", "Add entry (Ctrl+I)", nil),
		widget.NewToolbarButton(theme.IconEdit, "", "Edit (Enter)", nil),
		delete,
		separator(),
		widget.NewToolbarButton(theme.IconCopyUser, "", "Copy user name (Ctrl+B)", nil),
		widget.NewToolbarButton(theme.IconCopyPassword, "", "Copy password (Ctrl+C)", nil),
		widget.NewToolbarButton(theme.IconOpenURL, "", "Open URL (Ctrl+U)", nil),
		separator(),
		widget.NewToolbarButton(theme.IconLock, "", "Lock (Ctrl+L)", nil),
		widget.NewToolbarButton(theme.IconDisconnect, "Disconnect/Cache…", "", nil),
		layout.NewSpacer(),
		container.NewCenter(container.NewGridWrap(fyne.NewSize(220, 28), search)),
	)
	badge := widget.NewModeBadge()
	badge.Set(widget.BadgeOffline, "Working Offline")
	left := widget.NewCountdownBar()
	left.Set(0.6, "Password on the clipboard for 7 s")
	status := container.NewHBox(badge, dim("1 of 100,000 selected"), layout.NewSpacer(), container.NewGridWrap(fyne.NewSize(280, 20), left))

	secret := widget.NewSecretLabel("Reveal", "Copy")
	secret.OnReveal = func() { secret.Reveal([]byte("tR4v-0O1l!ée_9f&Q")) }
	secret.Reveal([]byte("tR4v-0O1l!ée_9f&Q"))
	hidden := widget.NewSecretLabel("Reveal", "Copy")
	detail := container.NewPadded(widget.NewForm(
		widget.FormRow{Label: "User name", Field: fw.NewLabel("postmaster@example.org")},
		widget.FormRow{Label: "Password", Field: secret},
		widget.FormRow{Label: "PIN", Field: hidden},
		widget.FormRow{Label: "Tags", Field: container.NewHBox(widget.NewChip("mail", nil), widget.NewChip("production", func() {}))},
	))
	right := widget.NewSplitter(widget.Split{First: list, Second: container.NewVScroll(detail), Vertical: true, KeepSecond: true, Points: 170})
	split := widget.NewSplitter(widget.Split{First: tree, Second: right, Points: 230})
	strip := widget.NewStrip()
	strip.OnClose = func() {}
	strip.Set(widget.Message{Level: widget.LevelInfo, Text: "The server answers again.", Remedy: "You work offline until you connect.", Action: "Connect…"})
	strip.OnAction = func() { openDialog(w, false) }

	w.SetContent(widget.NewTipHost(container.NewBorder(
		container.NewVBox(ground(bar), strip), ground(status), nil, nil, split)))
	w.Canvas().AddShortcut(&fyne.ShortcutSelectAll{}, func(fyne.Shortcut) { list.SelectAll() })
	list.Select(rows{}.ID(4))
	list.Focus()
}

func ground(o fyne.CanvasObject) fyne.CanvasObject {
	color := fyne.CurrentApp().Settings().Theme().Color(theme.ColorBar, fyne.CurrentApp().Settings().ThemeVariant())
	return container.NewStack(canvas.NewRectangle(color), container.NewPadded(o))
}

func separator() fyne.CanvasObject { return fw.NewSeparator() }

func dim(text string) fyne.CanvasObject {
	l := fw.NewLabel(text)
	l.SizeName = toolkit.SizeNameCaptionText
	return l
}
