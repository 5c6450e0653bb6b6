package theme

import (
	"io/fs"
	"path"
	"strings"
	"sync"

	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/theme"

	"github.com/tideover/tideover/assets"
)

// source is one icon of the family, as the toolkit can colour it. It outlines
// its strokes the first time that it is shown and is safe for concurrent use.
type source struct {
	name    string
	outline func() []byte
}

func (s *source) Name() string    { return s.name }
func (s *source) Content() []byte { return s.outline() }

// family is every icon by name. The map never changes; an icon is worked out
// once, because it cannot come out different.
var family = load()

func load() map[fyne.ThemeIconName]*source {
	files, err := fs.Glob(assets.Icons, "icons/*.svg")
	if err != nil { // only a malformed pattern
		panic("theme: internal error: " + err.Error())
	}
	icons := make(map[fyne.ThemeIconName]*source, len(files))
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".svg")
		icons[fyne.ThemeIconName(name)] = &source{
			name: "tideover-" + name + ".svg",
			outline: sync.OnceValue(func() []byte {
				raw, err := assets.Icons.ReadFile(file)
				if err != nil {
					panic("theme: internal error: " + err.Error())
				}
				filled, err := outline(raw)
				if err != nil { // the files are ours, and a test draws each
					panic("theme: internal error: " + file + ": " + err.Error())
				}
				return filled
			}),
		}
	}
	return icons
}

// Icon returns an icon in the colour of text. A name that is not in the family
// gives the key.
func Icon(name fyne.ThemeIconName) fyne.Resource {
	return Colored(name, toolkit.ColorNameForeground)
}

// Colored returns an icon in a colour of the theme, which it follows when the
// theme changes.
func Colored(name fyne.ThemeIconName, color fyne.ThemeColorName) fyne.Resource {
	icon, ok := family[name]
	if !ok {
		icon = family[IconKey]
	}
	return toolkit.NewColoredResource(icon, color)
}

// Known tells whether the family has an icon of that name.
func Known(name fyne.ThemeIconName) bool {
	_, ok := family[name]
	return ok
}

// Tray names the icon of the notification area.
type Tray string

// The three pictures, told apart by shape as well as by colour: a full disc
// with a key, a square with waves, a hollow ring with a bar.
const (
	TrayOnline       Tray = "online"
	TrayOffline      Tray = "offline"
	TrayDisconnected Tray = "disconnected"
)

// TrayIcon returns the picture, a PNG of 64×64.
func TrayIcon(which Tray) fyne.Resource { return picture("tray-" + string(which) + ".png") }

// WindowIcon returns the icon of the program for lists of windows, a PNG of
// 128×128: the largest that they show, and a window waits until it is sent.
func WindowIcon() fyne.Resource { return picture("app-128.png") }

// AppIcon returns the icon of the program, a PNG of 512×512.
func AppIcon() fyne.Resource { return picture("app-512.png") }

// Logo returns the icon of the program for showing in the window, a PNG of
// 256×256.
func Logo() fyne.Resource { return picture("app-256.png") }

func picture(name string) fyne.Resource {
	content, err := assets.Icons.ReadFile("icons/app/" + name)
	if err != nil {
		panic("theme: internal error: " + err.Error())
	}
	return fyne.NewStaticResource(name, content)
}
