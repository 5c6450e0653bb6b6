package apptest

import (
	"html"
	"slices"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"
)

// The names of the Desktop Notifications Specification 1.2.
const (
	notesName = "org.freedesktop.Notifications"
	notesPath = "/org/freedesktop/Notifications"
)

// Note is one notification as it was shown.
type Note struct {
	Program, Title string
	Body           string // plain: the markup is taken out as a desktop reads it
	Category       string
	Transient      bool // kept in no history
}

// offerNotes is a notification daemon that keeps what it is to show.
func (h *TrayHost) offerNotes() error {
	var last uint32
	return h.conn.ExportMethodTable(map[string]any{
		"GetCapabilities": func() ([]string, *dbus.Error) { return []string{"body", "body-markup"}, nil },
		"GetServerInformation": func() (name, vendor, version, spec string, err *dbus.Error) {
			return "apptest", "Tideover", "1", "1.2", nil
		},
		"CloseNotification": func(uint32) *dbus.Error { return nil },
		"Notify": func(program string, _ uint32, _, title, body string, _ []string, hints map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
			n := Note{Program: program, Title: title, Body: html.UnescapeString(body)}
			n.Category, _ = hints["category"].Value().(string)
			n.Transient, _ = hints["transient"].Value().(bool)
			h.mu.Lock()
			defer h.mu.Unlock()
			h.notes = append(h.notes, n)
			last++
			h.woke()
			return last, nil
		},
	}, notesPath, notesName)
}

// Note waits for a notification whose title or body contains a text, and takes
// it away: the next call waits for the next one.
func (h *TrayHost) Note(contains string) (n Note) {
	h.s.t.Helper()
	h.wait("see a notification "+strconv.Quote(contains), func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		at := slices.IndexFunc(h.notes, func(n Note) bool {
			return strings.Contains(n.Title, contains) || strings.Contains(n.Body, contains)
		})
		if at < 0 {
			return false
		}
		n = h.notes[at]
		h.notes = slices.Delete(h.notes, at, at+1)
		return true
	})
	return n
}

// Notes returns the notifications that Note has not taken away, in their order.
func (h *TrayHost) Notes() []Note {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.notes)
}
