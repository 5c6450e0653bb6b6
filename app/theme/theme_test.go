package theme_test

import (
	"bytes"
	"image"
	"image/png"
	"io/fs"
	"math"
	"path"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	toolkit "fyne.io/fyne/v2/theme"

	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/assets"
)

// pairs is every text colour with the grounds that it stands on.
var pairs = map[fyne.ThemeColorName][]fyne.ThemeColorName{
	toolkit.ColorNameForeground: {
		toolkit.ColorNameBackground, toolkit.ColorNameButton, toolkit.ColorNameInputBackground, toolkit.ColorNameHeaderBackground,
		toolkit.ColorNameMenuBackground, toolkit.ColorNameOverlayBackground, toolkit.ColorNameSelection,
		theme.ColorPanel, theme.ColorZebra, theme.ColorRowHover, theme.ColorSelected, theme.ColorSelectedDim, theme.ColorBar,
		theme.ColorOnlineGround, theme.ColorOfflineGround, theme.ColorDisconnectedGround, theme.ColorDraftGround,
		theme.ColorWarningGround, theme.ColorErrorGround, theme.ColorInfoGround,
	},
	theme.ColorDim: {
		toolkit.ColorNameBackground, toolkit.ColorNameOverlayBackground, toolkit.ColorNameHeaderBackground,
		theme.ColorPanel, theme.ColorZebra, theme.ColorRowHover, theme.ColorSelected, theme.ColorSelectedDim, theme.ColorBar,
		theme.ColorWarningGround, theme.ColorErrorGround, theme.ColorInfoGround,
	},
	theme.ColorExpired:                   {theme.ColorPanel, theme.ColorZebra, theme.ColorRowHover},
	theme.ColorOnline:                    {theme.ColorPanel, theme.ColorBar, theme.ColorOnlineGround, toolkit.ColorNameBackground},
	theme.ColorOffline:                   {theme.ColorPanel, theme.ColorBar, theme.ColorOfflineGround, toolkit.ColorNameBackground},
	theme.ColorDisconnected:              {theme.ColorPanel, theme.ColorBar, theme.ColorDisconnectedGround, toolkit.ColorNameBackground},
	theme.ColorDraft:                     {theme.ColorPanel, theme.ColorZebra, theme.ColorSelected, theme.ColorDraftGround},
	theme.ColorWarning:                   {theme.ColorPanel, theme.ColorBar, theme.ColorWarningGround, toolkit.ColorNameBackground, toolkit.ColorNameOverlayBackground},
	theme.ColorError:                     {theme.ColorPanel, theme.ColorBar, theme.ColorErrorGround, toolkit.ColorNameBackground, toolkit.ColorNameOverlayBackground},
	theme.ColorInfo:                      {theme.ColorPanel, theme.ColorInfoGround},
	theme.ColorDigit:                     {theme.ColorPanel, toolkit.ColorNameInputBackground, toolkit.ColorNameBackground, toolkit.ColorNameOverlayBackground},
	theme.ColorSymbol:                    {theme.ColorPanel, toolkit.ColorNameInputBackground, toolkit.ColorNameBackground, toolkit.ColorNameOverlayBackground},
	toolkit.ColorNamePlaceHolder:         {toolkit.ColorNameInputBackground, theme.ColorPanel},
	toolkit.ColorNamePrimary:             {toolkit.ColorNameBackground, toolkit.ColorNameInputBackground, theme.ColorPanel, toolkit.ColorNameOverlayBackground},
	toolkit.ColorNameHyperlink:           {toolkit.ColorNameBackground, theme.ColorPanel, toolkit.ColorNameOverlayBackground},
	toolkit.ColorNameForegroundOnPrimary: {toolkit.ColorNamePrimary},
	toolkit.ColorNameForegroundOnError:   {toolkit.ColorNameError},
	toolkit.ColorNameForegroundOnSuccess: {toolkit.ColorNameSuccess},
	toolkit.ColorNameForegroundOnWarning: {toolkit.ColorNameWarning},
}

func TestTextReads(t *testing.T) {
	for _, mode := range []theme.Mode{theme.Light, theme.Dark} {
		th := theme.New(mode)
		for text, grounds := range pairs {
			for _, ground := range grounds {
				if got := contrast(th, text, ground); got < 4.5 {
					t.Errorf("%s: %s on %s reads at %.2f to 1; WCAG AA wants 4.5", mode, text, ground, got)
				}
			}
		}
	}
}

// WCAG 2.1, 1.4.11: what one must see to use a control reads at 3 to 1.
func TestBordersShow(t *testing.T) {
	for _, mode := range []theme.Mode{theme.Light, theme.Dark} {
		th := theme.New(mode)
		for _, ground := range []fyne.ThemeColorName{toolkit.ColorNameBackground, toolkit.ColorNameOverlayBackground} {
			if got := contrast(th, toolkit.ColorNameInputBorder, ground); got < 3 {
				t.Errorf("%s: the border of an input on %s: %.2f to 1", mode, ground, got)
			}
		}
	}
}

func TestModeDecidesTheVariant(t *testing.T) {
	cases := []struct {
		mode         theme.Mode
		system, want fyne.ThemeVariant
	}{
		{theme.System, toolkit.VariantDark, toolkit.VariantDark},
		{theme.System, toolkit.VariantLight, toolkit.VariantLight},
		{theme.Light, toolkit.VariantDark, toolkit.VariantLight},
		{theme.Dark, toolkit.VariantLight, toolkit.VariantDark},
		{"mauve", toolkit.VariantDark, toolkit.VariantDark},
	}
	for _, c := range cases {
		th := theme.New(c.mode)
		if got := th.Variant(c.system); got != c.want {
			t.Errorf("New(%q).Variant(%v) = %v, want %v", c.mode, c.system, got, c.want)
		}
		want := theme.New(theme.Light)
		if c.want == toolkit.VariantDark {
			want = theme.New(theme.Dark)
		}
		name := toolkit.ColorNameBackground
		if got := th.Color(name, c.system); got != want.Color(name, c.system) {
			t.Errorf("New(%q) shows background %v", c.mode, got)
		}
	}
}

func TestNoBlurBehindDialogs(t *testing.T) {
	if got := theme.New(theme.System).Size(toolkit.SizeNameModalBlurRadius); got != 0 {
		t.Errorf("modalBlurRadius = %v, want 0: it costs half a processor without a GPU", got)
	}
}

// Every file is drawn by the painter of the toolkit, in the colour of the
// theme, and touches no edge: a stroke that is cut off looks broken.
func TestEveryIconDraws(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(theme.New(theme.Light))
	files, err := fs.Glob(assets.Icons, "icons/*.svg")
	if err != nil || len(files) < 45 {
		t.Fatalf("%d icons, %v", len(files), err)
	}
	for _, file := range files {
		name := fyne.ThemeIconName(strings.TrimSuffix(path.Base(file), ".svg"))
		if !theme.Known(name) {
			t.Errorf("%s is not in the family", name)
			continue
		}
		img := canvas.NewImageFromResource(theme.Colored(name, toolkit.ColorNameError))
		img.Resize(fyne.NewSize(48, 48))
		w := test.NewTempWindow(t, img)
		w.SetPadded(false)
		w.Resize(fyne.NewSize(48, 48))
		ink, edge := count(w.Canvas().Capture(), theme.New(theme.Light))
		if ink < 60 {
			t.Errorf("%s: %d pixels in the colour asked for", name, ink)
		}
		if edge > 0 {
			t.Errorf("%s: %d pixels at the edge", name, edge)
		}
	}
}

func TestNamesAreFiles(t *testing.T) {
	for _, name := range []fyne.ThemeIconName{
		theme.IconKey, theme.IconCopyPassword, theme.IconTOTP, theme.IconDraft, theme.IconChip, theme.IconClearCache, theme.IconSortDown, theme.IconList,
	} {
		if !theme.Known(name) {
			t.Errorf("no file for %q", name)
		}
	}
	if theme.Icon("no such icon").Name() != theme.Icon(theme.IconKey).Name() {
		t.Error("an unknown icon does not come out as the key")
	}
}

func TestTheToolkitDrawsOurs(t *testing.T) {
	th := theme.New(theme.Light)
	for _, name := range []fyne.ThemeIconName{toolkit.IconNameVisibility, toolkit.IconNameCancel, toolkit.IconNameSearch, toolkit.IconNameArrowDropDown} {
		if got := th.Icon(name).Name(); !strings.Contains(got, "tideover-") {
			t.Errorf("Icon(%q) = %s, not of the family", name, got)
		}
	}
	if th.Icon(toolkit.IconNameRadioButton) == nil {
		t.Error("no radio button: what the family lacks comes from the toolkit")
	}
}

func TestPictures(t *testing.T) {
	for _, r := range []fyne.Resource{theme.AppIcon(), theme.Logo(), theme.TrayIcon(theme.TrayOnline), theme.TrayIcon(theme.TrayOffline), theme.TrayIcon(theme.TrayDisconnected)} {
		img, err := png.Decode(bytes.NewReader(r.Content()))
		if err != nil || img.Bounds().Dx() < 64 {
			t.Errorf("%s: %v", r.Name(), err)
		}
	}
}

func count(img image.Image, th *theme.Theme) (ink, edge int) {
	r, g, b, _ := th.Color(toolkit.ColorNameError, toolkit.VariantLight).RGBA()
	bg := img.At(0, 0)
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			pr, pg, pb, _ := img.At(x, y).RGBA()
			if near(pr, r) && near(pg, g) && near(pb, b) {
				ink++
			}
			if (x == 0 || y == 0 || x == img.Bounds().Dx()-1 || y == img.Bounds().Dy()-1) && img.At(x, y) != bg {
				edge++
			}
		}
	}
	return ink, edge
}

func near(a, b uint32) bool { return math.Abs(float64(a)-float64(b)) < 0x1000 }

// contrast is WCAG 2.1's ratio of two opaque colours.
func contrast(th *theme.Theme, a, b fyne.ThemeColorName) float64 {
	la, lb := luminance(th, a), luminance(th, b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

// luminance is WCAG 2.1's relative luminance.
func luminance(th *theme.Theme, name fyne.ThemeColorName) float64 {
	r, g, b, _ := th.Color(name, toolkit.VariantLight).RGBA()
	line := func(v uint32) float64 {
		c := float64(v) / 0xffff
		if c <= 0.03928 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*line(r) + 0.7152*line(g) + 0.0722*line(b)
}
