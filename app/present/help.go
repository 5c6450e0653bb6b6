package present

// About is the page of About Tideover.
type About struct {
	Name, Version, Line, Licence string
	Parts                        []AboutPart
	PartsWords                   string // what they are, after their number
}

// AboutPart is a library that the program is built of.
type AboutPart struct{ Name, Version string }

// NewAbout returns the page for a version.
func NewAbout(words *Catalogue, version string, parts []AboutPart) About {
	return About{
		Name: words.Text("window.title", nil), Version: words.Text("about.version", map[string]any{"Version": version}),
		Line: words.Text("about.line", nil), Licence: words.Text("about.licence", nil),
		Parts: parts, PartsWords: words.Text("about.parts", nil),
	}
}
