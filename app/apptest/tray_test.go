package apptest

import (
	"image/color"
	"maps"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"
)

// icon is a program with an icon, as small as can be.
type icon struct {
	t     *testing.T
	conn  *dbus.Conn
	heard chan string

	mu         sync.Mutex
	menu       layout
	properties map[string]dbus.Variant // never changed in place: the bus writes what it was given a moment later
}

func line(id int32, properties map[string]any, children ...layout) layout {
	l := layout{ID: id, Properties: map[string]dbus.Variant{}, Children: []dbus.Variant{}}
	for k, v := range properties {
		l.Properties[k] = dbus.MakeVariant(v)
	}
	for _, c := range children {
		l.Children = append(l.Children, dbus.MakeVariant(c))
	}
	return l
}

// paint is an icon of one colour, with a soft edge that does not count.
func paint(c color.RGBA) []pixmap {
	return []pixmap{{Width: 2, Height: 1, Pixels: []byte{0xff, c.R, c.G, c.B, 0x10, 0xff, 0xff, 0xff}}}
}

type tip struct {
	Icon        string
	Pixmaps     []pixmap
	Title, Text string
}

func newIcon(t *testing.T, s *Screen, service string) *icon {
	t.Helper()
	conn, err := dbus.Connect(s.bus)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // may be closed by the test
	i := &icon{t: t, conn: conn, heard: make(chan string, 8), menu: line(0, nil), properties: map[string]dbus.Variant{
		"Status":     dbus.MakeVariant("Active"),
		"Title":      dbus.MakeVariant("Tideover"),
		"IconPixmap": dbus.MakeVariant(paint(color.RGBA{0x80, 0x80, 0x80, 0xff})),
		"ToolTip":    dbus.MakeVariant(tip{}),
		"Menu":       dbus.MakeVariant(dbus.ObjectPath("/menu")),
	}}
	i.export(itemPath, "org.freedesktop.DBus.Properties", map[string]any{
		"Get": func(_, property string) (dbus.Variant, *dbus.Error) {
			i.mu.Lock()
			defer i.mu.Unlock()
			return i.properties[property], nil
		},
		"GetAll": func(string) (map[string]dbus.Variant, *dbus.Error) {
			i.mu.Lock()
			defer i.mu.Unlock()
			return maps.Clone(i.properties), nil
		},
	})
	i.export(itemPath, itemFace, map[string]any{"Activate": func(_, _ int32) *dbus.Error { i.heard <- "activate"; return nil }})
	i.export("/menu", menuFace, map[string]any{
		"GetLayout": func(int32, int32, []string) (uint32, layout, *dbus.Error) {
			i.mu.Lock()
			defer i.mu.Unlock()
			return 1, i.menu, nil
		},
		"Event": func(id int32, event string, _ dbus.Variant, _ uint32) *dbus.Error {
			i.heard <- event + " " + string(rune('0'+id))
			return nil
		},
	})
	if err := conn.Object(watcherName, watcherPath).Call(watcherName+".RegisterStatusNotifierItem", 0, service).Err; err != nil {
		t.Fatal(err)
	}
	return i
}

func (i *icon) export(path dbus.ObjectPath, face string, methods map[string]any) {
	i.t.Helper()
	if err := i.conn.ExportMethodTable(methods, path, face); err != nil {
		i.t.Fatal(err)
	}
}

func (i *icon) set(property, signal string, value any) {
	i.t.Helper()
	i.mu.Lock()
	i.properties[property] = dbus.MakeVariant(value)
	i.mu.Unlock()
	i.emit(itemPath, itemFace+"."+signal)
}

func (i *icon) emit(path dbus.ObjectPath, signal string, body ...any) {
	i.t.Helper()
	if err := i.conn.Emit(path, signal, body...); err != nil {
		i.t.Error(err) // also called on other goroutines
	}
}

func (i *icon) setMenu(menu layout) {
	i.t.Helper()
	i.mu.Lock()
	i.menu = menu
	i.mu.Unlock()
	i.emit("/menu", menuFace+".LayoutUpdated", uint32(2), int32(0))
}

func TestTray(t *testing.T) {
	s := Start(t, Options{Width: 64, Height: 48})
	h := s.Tray()
	if h.Shown() {
		t.Error("an icon of nobody")
	}
	i := newIcon(t, s, itemPath)
	if got := h.Tooltip(); got != "Tideover" {
		t.Errorf("tooltip %q", got)
	}
	if got := h.Status(); got != "Active" {
		t.Errorf("status %q", got)
	}
	if got := h.Labels(); len(got) != 0 {
		t.Errorf("labels %q of an empty menu", got)
	}
	if got := (color.RGBA{0x80, 0x80, 0x80, 0xff}); h.IconColour() != got {
		t.Errorf("colour %v", h.IconColour())
	}
	h.Activate()
	if got := <-i.heard; got != "activate" {
		t.Error(got)
	}
	// What comes later is waited for.
	go i.set("IconPixmap", "NewIcon", paint(color.RGBA{0, 0xc0, 0, 0xff}))
	h.SeeIcon("in green", func(c color.RGBA) bool { return c.G > c.R+64 && c.G > c.B+64 })
	go i.set("ToolTip", "NewToolTip", tip{Title: "Working Offline", Text: "3 days left"})
	h.SeeTooltip("Working Offline\n3 days")
	go i.setMenu(line(0, nil,
		line(1, map[string]any{"label": "_Show"}),
		line(2, map[string]any{"type": "separator"}),
		line(3, map[string]any{"label": "Work Offline", "toggle-type": "checkmark", "toggle-state": int32(1)}),
		line(4, map[string]any{"label": "More"}, line(5, map[string]any{"label": "a__b", "enabled": false})),
		line(6, map[string]any{"label": "Hidden", "visible": false}),
	))
	if diff := cmp.Diff(MenuItem{Label: "a_b", Disabled: true}, h.See("a_b")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Show", "Work Offline", "More", "a_b"}, h.Labels()); diff != "" {
		t.Error(diff)
	}
	h.SeeItem(MenuItem{Label: "Work Offline", Checked: true})
	h.Click("Work Offline")
	if got := <-i.heard; got != "clicked 3" {
		t.Error(got)
	}
	go i.setMenu(line(0, nil, line(7, map[string]any{"label": "Work Offline"})))
	h.GoneItem("Show")
	h.SeeItem(MenuItem{Label: "Work Offline"})
	h.Click("Work Offline")
	if got := <-i.heard; got != "clicked 7" {
		t.Error(got)
	}
	if err := i.conn.Close(); err != nil {
		t.Error(err)
	}
	h.Gone()
	// By its name on the bus, as KDE's programs register.
	other := newIcon(t, s, "org.kde.StatusNotifierItem-1-1")
	if got := h.Tooltip(); got != "Tideover" {
		t.Errorf("tooltip %q", got)
	}
	if err := other.conn.Close(); err != nil {
		t.Error(err)
	}
	h.Gone()
}

func TestWatcherTellsWhoAsks(t *testing.T) {
	s := Start(t, Options{Width: 64, Height: 48})
	h := s.Tray()
	i := newIcon(t, s, itemPath)
	h.Status() // it is noted
	for name, want := range map[string]any{
		"IsStatusNotifierHostRegistered": true,
		"ProtocolVersion":                int32(0),
		"RegisteredStatusNotifierItems":  []string{i.conn.Names()[0] + itemPath},
	} {
		v, err := i.conn.Object(watcherName, watcherPath).GetProperty(watcherName + "." + name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, v.Value()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestNotes(t *testing.T) {
	s := Start(t, Options{Width: 64, Height: 48})
	h := s.Tray()
	conn, err := dbus.Connect(s.bus)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	notify := func(title, body string, hints map[string]dbus.Variant) {
		var id uint32
		err := conn.Object(notesName, notesPath).Call(notesName+".Notify", 0, "tideover", uint32(0), "", title, body, []string{}, hints, int32(-1)).Store(&id)
		if err != nil || id == 0 {
			t.Errorf("%d, %v", id, err)
		}
	}
	notify("Tideover", "first", nil)
	var later sync.WaitGroup
	defer later.Wait()
	later.Go(func() {
		notify("Tideover", "Disconnected &amp; cached", map[string]dbus.Variant{
			"transient": dbus.MakeVariant(true), "category": dbus.MakeVariant("network.disconnected"),
		})
	})
	want := Note{Program: "tideover", Title: "Tideover", Body: "Disconnected & cached", Category: "network.disconnected", Transient: true}
	if diff := cmp.Diff(want, h.Note("Disconnected")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Note{{Program: "tideover", Title: "Tideover", Body: "first"}}, h.Notes()); diff != "" {
		t.Error(diff)
	}
	h.Note("Tideover")
	if got := h.Notes(); len(got) != 0 {
		t.Errorf("left: %+v", got)
	}
}
