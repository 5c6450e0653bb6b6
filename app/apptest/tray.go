package apptest

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
)

// The names of freedesktop.org's StatusNotifierItem, as everybody has them.
const (
	watcherName = "org.kde.StatusNotifierWatcher"
	watcherPath = "/StatusNotifierWatcher"
	itemFace    = "org.kde.StatusNotifierItem"
	itemPath    = "/StatusNotifierItem"
)

// TrayHost is the tray of the desktop: it shows icons with their menus
// (StatusNotifierItem, com.canonical.dbusmenu) and notifications. It keeps
// nothing of them but the names: all is read again whenever it is looked at, and
// whatever an icon says to have changed makes it look again.
//
// It is for programs that have one icon, and looks at the first.
type TrayHost struct {
	s       *Screen
	conn    *dbus.Conn
	props   *prop.Properties
	changed chan struct{} // something of an icon or a note

	mu    sync.Mutex
	items []item
	notes []Note
}

// item is where an icon can be asked.
type item struct {
	owner string // unique name
	path  dbus.ObjectPath
}

// Tray starts the tray of the desktop. Programs that look for it once see it
// only if it was there before them. A screen has at most one.
func (s *Screen) Tray() *TrayHost {
	s.t.Helper()
	conn, err := dbus.Connect(s.bus)
	if err != nil {
		s.t.Fatalf("connect to the session bus: %v", err)
	}
	h := &TrayHost{s: s, conn: conn, changed: make(chan struct{}, 1)}
	s.t.Cleanup(func() { _ = conn.Close() }) // the bus ends with the test, too
	if err := h.offer(); err != nil {
		s.t.Fatalf("tray: %v", err)
	}
	return h
}

// offer puts watcher, host and notifications on the bus, names last: who sees a
// name finds all behind it.
func (h *TrayHost) offer() error {
	signals := make(chan *dbus.Signal, 64)
	h.conn.Signal(signals)
	go h.listen(signals)
	for _, face := range []string{itemFace, menuFace, "org.freedesktop.DBus.Properties"} {
		if err := h.conn.AddMatchSignal(dbus.WithMatchInterface(face)); err != nil {
			return err
		}
	}
	if err := h.conn.AddMatchSignal(dbus.WithMatchInterface("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged")); err != nil {
		return err
	}
	var err error
	h.props, err = prop.Export(h.conn, watcherPath, prop.Map{watcherName: {
		"RegisteredStatusNotifierItems":  {Value: []string{}, Emit: prop.EmitFalse}, // tell does
		"IsStatusNotifierHostRegistered": {Value: true, Emit: prop.EmitConst},
		"ProtocolVersion":                {Value: int32(0), Emit: prop.EmitConst},
	}})
	if err != nil {
		return err
	}
	err = h.conn.ExportMethodTable(map[string]any{
		"RegisterStatusNotifierItem": h.register,
		"RegisterStatusNotifierHost": func(string) *dbus.Error { return nil },
	}, watcherPath, watcherName)
	if err != nil {
		return err
	}
	if err := h.offerNotes(); err != nil {
		return err
	}
	for _, name := range []string{notesName, watcherName} {
		got, err := h.conn.RequestName(name, dbus.NameFlagDoNotQueue)
		if err == nil && got != dbus.RequestNameReplyPrimaryOwner {
			err = errors.New("somebody has it: one tray is enough")
		}
		if err != nil {
			return fmt.Errorf("own %s: %w", name, err)
		}
	}
	return h.conn.Emit(watcherPath, watcherName+".StatusNotifierHostRegistered")
}

// register is called by a program: with the name of its item, or with its path
// only, as Ayatana's library and Fyne's do.
func (h *TrayHost) register(service string, sender dbus.Sender) *dbus.Error {
	it := item{owner: string(sender), path: itemPath}
	if strings.HasPrefix(service, "/") {
		it.path = dbus.ObjectPath(service)
	}
	h.mu.Lock()
	if !slices.Contains(h.items, it) {
		h.items = append(h.items, it)
	}
	h.mu.Unlock()
	h.tell("StatusNotifierItemRegistered", it)
	var there bool
	if h.conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, it.owner).Store(&there) == nil && !there {
		h.remove(it.owner) // it ended before it was noted, and nobody tells again
	}
	return nil
}

func (h *TrayHost) listen(signals <-chan *dbus.Signal) {
	for s := range signals {
		if s.Name == "org.freedesktop.DBus.NameOwnerChanged" && len(s.Body) == 3 && s.Body[2] == "" {
			h.remove(fmt.Sprint(s.Body[0]))
		}
		h.woke()
	}
}

// remove forgets the items of a program that is gone.
func (h *TrayHost) remove(owner string) {
	h.mu.Lock()
	var gone []item
	h.items = slices.DeleteFunc(h.items, func(it item) bool {
		if it.owner == owner {
			gone = append(gone, it)
		}
		return it.owner == owner
	})
	h.mu.Unlock()
	for _, it := range gone {
		h.tell("StatusNotifierItemUnregistered", it)
	}
}

// tell tells whoever asks the watcher what hangs there.
func (h *TrayHost) tell(signal string, it item) {
	h.mu.Lock()
	all := make([]string, 0, len(h.items))
	for _, it := range h.items {
		all = append(all, it.owner+string(it.path))
	}
	h.mu.Unlock()
	// Whether it is heard does not matter: a program may end together with its
	// screen, when nobody is there any more. So the property does not tell by
	// itself; it panics where it cannot.
	const list = "RegisteredStatusNotifierItems"
	h.props.SetMust(watcherName, list, all)
	_ = h.conn.Emit(watcherPath, "org.freedesktop.DBus.Properties.PropertiesChanged",
		watcherName, map[string]dbus.Variant{list: dbus.MakeVariant(all)}, []string{})
	_ = h.conn.Emit(watcherPath, watcherName+"."+signal, it.owner+string(it.path))
	h.woke()
}

func (h *TrayHost) woke() {
	select {
	case h.changed <- struct{}{}:
	default: // told already
	}
}

// wait looks again after each change until it is as wanted.
func (h *TrayHost) wait(what string, so func() bool) {
	h.s.t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	for {
		select { // what changes from here on counts
		case <-h.changed:
		default:
		}
		if so() {
			return
		}
		select {
		case <-h.changed:
		case <-deadline.C:
			h.s.t.Fatalf("waited to %s; the tray shows %s", what, h.describe())
			return
		}
	}
}

// describe says what is to be seen, for a test that fails.
func (h *TrayHost) describe() string {
	it, ok := h.first()
	if !ok {
		return fmt.Sprintf("no icon, and the notes %+v", h.Notes())
	}
	menu, _ := h.menu(it) // what cannot be read is not there
	return fmt.Sprintf("an icon of %v, tooltip %q, with the menu %+v, and the notes %+v",
		h.colour(it), h.tooltip(it), menu, h.Notes())
}

func (h *TrayHost) first() (item, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.items) == 0 {
		return item{}, false
	}
	return h.items[0], true
}

// icon waits until there is one.
func (h *TrayHost) icon() (it item) {
	h.s.t.Helper()
	h.wait("see an icon in the tray", func() (ok bool) {
		it, ok = h.first()
		return ok
	})
	return it
}

// Shown reports whether there is an icon now.
func (h *TrayHost) Shown() bool { _, ok := h.first(); return ok }

// Gone waits until there is no icon, as when its program has ended.
func (h *TrayHost) Gone() {
	h.s.t.Helper()
	h.wait("see the icon go", func() bool { return !h.Shown() })
}

// Activate clicks the icon itself. A program that has nothing to do then fails
// the test.
func (h *TrayHost) Activate() {
	h.s.t.Helper()
	if err := h.call(h.icon(), itemFace+".Activate", []any{int32(0), int32(0)}); err != nil {
		h.s.t.Fatalf("click the icon: %v", err)
	}
}

// Tooltip waits for an icon and returns what stands over it when the mouse is
// there: its title, and the text on the next line. Without either it is the
// name of the item.
func (h *TrayHost) Tooltip() string { h.s.t.Helper(); return h.tooltip(h.icon()) }

// SeeTooltip waits until the tooltip contains a text.
func (h *TrayHost) SeeTooltip(text string) {
	h.s.t.Helper()
	h.wait("see the tooltip "+strconv.Quote(text), func() bool {
		it, ok := h.first()
		return ok && strings.Contains(h.tooltip(it), text)
	})
}

// Status waits for an icon and returns its status: "Active", "Passive" (which
// desktops hide) or "NeedsAttention".
func (h *TrayHost) Status() string { h.s.t.Helper(); return h.text(h.icon(), "Status") }

// IconColour waits for an icon and returns the average of its opaque pixels;
// zero if it has none.
func (h *TrayHost) IconColour() color.RGBA { h.s.t.Helper(); return h.colour(h.icon()) }

// SeeIcon waits until the colour of the icon is as wanted.
func (h *TrayHost) SeeIcon(what string, like func(color.RGBA) bool) {
	h.s.t.Helper()
	h.wait("see the icon "+what, func() bool {
		it, ok := h.first()
		return ok && like(h.colour(it))
	})
}

func (h *TrayHost) call(it item, method string, args []any, into ...any) error {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	return h.conn.Object(it.owner, it.path).CallWithContext(ctx, method, 0, args...).Store(into...)
}

// property reads one property; an item that lacks it or is gone has none.
func (h *TrayHost) property(it item, name string, into any) {
	var v dbus.Variant
	if h.call(it, "org.freedesktop.DBus.Properties.Get", []any{itemFace, name}, &v) == nil {
		_ = v.Store(into) // of another type: as good as none
	}
}

func (h *TrayHost) text(it item, name string) (text string) {
	h.property(it, name, &text)
	return text
}

func (h *TrayHost) tooltip(it item) string {
	var tip struct {
		Icon        string
		Pixmaps     []pixmap
		Title, Text string
	}
	h.property(it, "ToolTip", &tip)
	if text := strings.Trim(tip.Title+"\n"+tip.Text, "\n"); text != "" {
		return text
	}
	return h.text(it, "Title")
}

// pixmap is a picture as an item sends it: ARGB, big-endian.
type pixmap struct {
	Width, Height int32
	Pixels        []byte
}

func (h *TrayHost) colour(it item) color.RGBA {
	var all []pixmap
	h.property(it, "IconPixmap", &all)
	var sum [3]int
	var n int
	for _, p := range all {
		for px := p.Pixels; len(px) >= 4; px = px[4:] {
			if px[0] >= 0x80 { // the rest is the soft edge
				sum[0], sum[1], sum[2], n = sum[0]+int(px[1]), sum[1]+int(px[2]), sum[2]+int(px[3]), n+1
			}
		}
	}
	if n == 0 {
		return color.RGBA{}
	}
	return color.RGBA{R: uint8(sum[0] / n), G: uint8(sum[1] / n), B: uint8(sum[2] / n), A: 0xff}
}
