package fido

// Config is what an operating system may want to know.
type Config struct {
	// Window is the window above which Windows shows its own questions; 0 is the
	// one in front. Unused elsewhere.
	Window uintptr
}
