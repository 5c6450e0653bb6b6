package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/theme"
)

// Mode says which variant a Theme shows. The values are what the settings file
// holds.
type Mode string

// The three modes.
const (
	System Mode = "system" // what the desktop asks for, as it changes
	Light  Mode = "light"
	Dark   Mode = "dark"
)

// Theme is the look of the window. It does not change after New and is safe
// for concurrent use; to switch, give the application another one.
type Theme struct {
	mode Mode
	base fyne.Theme
}

// New returns the theme of a mode; a mode that does not exist counts as System.
func New(mode Mode) *Theme {
	return &Theme{mode: mode, base: toolkit.DefaultTheme()}
}

// Mode returns the mode that the theme was made for.
func (t *Theme) Mode() Mode { return t.mode }

// Variant returns the variant that is shown while the desktop asks for system.
func (t *Theme) Variant(system fyne.ThemeVariant) fyne.ThemeVariant {
	switch t.mode {
	case Light:
		return toolkit.VariantLight
	case Dark:
		return toolkit.VariantDark
	default:
		return system
	}
}

// Color returns a colour of the toolkit's or of this package by name.
func (t *Theme) Color(name fyne.ThemeColorName, system fyne.ThemeVariant) color.Color {
	variant := t.Variant(system)
	if pair, ok := palette[name]; ok {
		if variant == toolkit.VariantDark {
			return pair.dark
		}
		return pair.light
	}
	return t.base.Color(name, variant)
}

// Font returns the toolkit's bundled font, which has Latin, Greek and Cyrillic;
// other scripts come from the system.
func (t *Theme) Font(style fyne.TextStyle) fyne.Resource { return t.base.Font(style) }

// Icon returns one of this family by name. The toolkit's own names give the
// nearest of the family, so that its widgets fit in.
func (t *Theme) Icon(name fyne.ThemeIconName) fyne.Resource {
	if ours, ok := stands[name]; ok {
		name = ours
	}
	if source, ok := family[name]; ok {
		return toolkit.NewThemedResource(source)
	}
	return t.base.Icon(name)
}

// Size returns a measure in the toolkit's units. The window has the density of
// KeePass: people scan hundreds of rows in it.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	if size, ok := sizes[name]; ok {
		return size
	}
	return t.base.Size(name)
}

var sizes = map[fyne.ThemeSizeName]float32{
	toolkit.SizeNamePadding:         2,
	toolkit.SizeNameInnerPadding:    4,
	toolkit.SizeNameText:            13,
	toolkit.SizeNameCaptionText:     11.5,
	toolkit.SizeNameSubHeadingText:  15,
	toolkit.SizeNameHeadingText:     19,
	toolkit.SizeNameInlineIcon:      16,
	toolkit.SizeNameLineSpacing:     2,
	toolkit.SizeNameScrollBar:       10,
	toolkit.SizeNameScrollBarSmall:  4,
	toolkit.SizeNameScrollBarRadius: 4,
	toolkit.SizeNameInputRadius:     4,
	toolkit.SizeNameButtonRadius:    4,
	toolkit.SizeNameSelectionRadius: 3,
	toolkit.SizeNameDialogRadius:    8,
	toolkit.SizeNamePopupRadius:     5,
	toolkit.SizeNameMenuRadius:      3,
	toolkit.SizeNameSplitThickness:  5,
	// The blur behind a modal dialog costs half a processor where no GPU is:
	// research measured 0.52 CPU seconds a second with it, 0.33 without.
	toolkit.SizeNameModalBlurRadius: 0,
}
