package apptest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"
)

const menuFace = "com.canonical.dbusmenu"

// MenuItem is one line of the menu of an icon.
type MenuItem struct {
	Label    string // as it is read, without the mark of its key
	Disabled bool
	Checked  bool
}

// entry is a line, and how the program knows it.
type entry struct {
	MenuItem
	id int32
}

// layout is a part of a menu as com.canonical.dbusmenu sends it.
type layout struct {
	ID         int32
	Properties map[string]dbus.Variant
	Children   []dbus.Variant
}

// Labels waits for an icon and returns the lines of its menu, those of submenus
// below theirs; separators and what is hidden do not count.
func (h *TrayHost) Labels() []string {
	h.s.t.Helper()
	menu, err := h.menu(h.icon())
	if err != nil {
		h.s.t.Fatalf("read the menu of the icon: %v", err)
	}
	labels := []string{}
	for _, e := range menu {
		labels = append(labels, e.Label)
	}
	return labels
}

// See waits until the menu has a line with exactly that label, and returns it.
func (h *TrayHost) See(label string) MenuItem {
	h.s.t.Helper()
	_, e := h.find("see "+strconv.Quote(label), func(m MenuItem) bool { return m.Label == label })
	return e.MenuItem
}

// SeeItem waits until the menu has exactly that line.
func (h *TrayHost) SeeItem(want MenuItem) {
	h.s.t.Helper()
	h.find(fmt.Sprintf("see %+v", want), func(m MenuItem) bool { return m == want })
}

// GoneItem waits until there is an icon whose menu has no such line.
func (h *TrayHost) GoneItem(label string) {
	h.s.t.Helper()
	h.wait("no longer see "+strconv.Quote(label), func() bool {
		it, ok := h.first()
		if !ok {
			return false
		}
		menu, err := h.menu(it)
		return err == nil && !slices.ContainsFunc(menu, func(e entry) bool { return e.Label == label })
	})
}

// Click waits until the menu has a line of that label which is not disabled, and
// clicks it. It returns when the program has heard of it.
func (h *TrayHost) Click(label string) {
	h.s.t.Helper()
	it, e := h.find("click "+strconv.Quote(label), func(m MenuItem) bool { return m.Label == label && !m.Disabled })
	it.path = h.menuPath(it)
	if err := h.call(it, menuFace+".Event", []any{e.id, "clicked", dbus.MakeVariant(int32(0)), uint32(0)}); err != nil {
		h.s.t.Fatalf("click %q: %v", label, err)
	}
}

// find waits for a line.
func (h *TrayHost) find(what string, like func(MenuItem) bool) (it item, found entry) {
	h.s.t.Helper()
	h.wait(what+" in the menu of the icon", func() (ok bool) {
		if it, ok = h.first(); !ok {
			return false
		}
		menu, err := h.menu(it)
		at := slices.IndexFunc(menu, func(e entry) bool { return like(e.MenuItem) })
		if err != nil || at < 0 {
			return false
		}
		found = menu[at]
		return true
	})
	return it, found
}

func (h *TrayHost) menuPath(it item) (path dbus.ObjectPath) {
	h.property(it, "Menu", &path)
	return path
}

// menu reads the menu of an icon as it is now; empty if it has none.
func (h *TrayHost) menu(it item) ([]entry, error) {
	if it.path = h.menuPath(it); !it.path.IsValid() || it.path == "/NO_DBUSMENU" {
		return nil, nil
	}
	var revision uint32
	var root layout
	if err := h.call(it, menuFace+".GetLayout", []any{int32(0), int32(-1), []string{}}, &revision, &root); err != nil {
		return nil, err
	}
	return entries(nil, root.Children), nil
}

func entries(out []entry, children []dbus.Variant) []entry {
	for _, child := range children {
		var l layout
		if child.Store(&l) != nil || !read(l, "visible", true) {
			continue
		}
		if read(l, "type", "standard") != "separator" {
			out = append(out, entry{id: l.ID, MenuItem: MenuItem{
				Label:    plainLabel(read(l, "label", "")),
				Disabled: !read(l, "enabled", true),
				Checked:  read(l, "toggle-state", int32(-1)) == 1 && read(l, "toggle-type", "") != "",
			}})
		}
		out = entries(out, l.Children)
	}
	return out
}

// read returns a property of a line, or what dbusmenu says it is without.
func read[V comparable](l layout, name string, without V) V {
	if v, ok := l.Properties[name].Value().(V); ok {
		return v
	}
	return without
}

// plainLabel takes out the mark of the key: "_Open" is read as "Open", and "__"
// is one underscore.
func plainLabel(label string) string {
	return strings.NewReplacer("__", "_", "_", "").Replace(label)
}
