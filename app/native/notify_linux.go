package native

import (
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// notify uses the Desktop Notifications Specification 1.2.
func notify(n Note) error {
	const service = "org.freedesktop.Notifications"
	conn, err := sessionBus()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // all that matters was said before
	defer time.AfterFunc(busPatience, func() { _ = conn.Close() }).Stop()
	server := conn.Object(service, "/org/freedesktop/Notifications")
	// The service may be started by the bus at the first note: a notification
	// daemon is the desktop's, not a helper of ours.
	var can []string
	if err := server.Call(service+".GetCapabilities", 0).Store(&can); err != nil {
		return err
	}
	body := n.Body
	if slices.Contains(can, "body-markup") {
		body = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(body)
	}
	hints := map[string]dbus.Variant{
		"transient":     dbus.MakeVariant(true),
		"desktop-entry": dbus.MakeVariant("tideover"),
	}
	if n.Category != "" {
		hints["category"] = dbus.MakeVariant(n.Category)
	}
	var id uint32
	return server.Call(service+".Notify", 0, "Tideover", uint32(0), "tideover", n.Title, body, []string{}, hints, int32(-1)).Store(&id)
}
