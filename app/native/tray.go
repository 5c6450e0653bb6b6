package native

// Tray says whether a tray icon can be shown.
type Tray string

// The answers of TrayHost.
const (
	TrayReady  Tray = "ready"
	TrayNoBus  Tray = "no_bus"  // an icon must not even be tried: the toolkit would start a bus, or panic at quit
	TrayNoHost Tray = "no_host" // harmless to try, but nobody shows it: closing the window must not hide it there
)
