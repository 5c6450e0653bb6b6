//go:build !windows && !darwin

package main

// hasDisplay reports whether there is anything to open a window on: without it
// the toolkit panics. Wayland alone is not enough, as the program is built for
// X11, which every Wayland desktop offers too.
func hasDisplay(getenv func(string) string) bool { return getenv("DISPLAY") != "" }
