package native

// TrayHost reports whether something shows StatusNotifierItems now. It can
// change while the desktop starts.
func TrayHost() Tray {
	conn, err := sessionBus()
	if err != nil {
		return TrayNoBus
	}
	defer func() { _ = conn.Close() }() // all that matters was said before
	const watcher = "org.kde.StatusNotifierWatcher"
	var there bool
	if err := ask(conn.BusObject(), "org.freedesktop.DBus.NameHasOwner", []any{watcher}, []any{&there}); err != nil {
		return TrayNoBus
	}
	if !there {
		return TrayNoHost
	}
	// A watcher without a host shows nothing. Some never set the property; then
	// the watcher itself is the host.
	shown := true
	if ask(conn.Object(watcher, "/StatusNotifierWatcher"), "org.freedesktop.DBus.Properties.Get",
		[]any{watcher, "IsStatusNotifierHostRegistered"}, []any{&shown}) == nil && !shown {
		return TrayNoHost
	}
	return TrayReady
}
