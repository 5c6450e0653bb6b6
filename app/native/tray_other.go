//go:build !linux

package native

// TrayHost reports TrayReady: Windows and macOS always have a tray.
func TrayHost() Tray { return TrayReady }
