package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/theme"
)

// The colours that the toolkit has no name for. Text colours read on
// ColorPanel, on ColorZebra and on the window's background; the …Ground colours
// are soft grounds on which the plain foreground reads.
const (
	ColorPanel        fyne.ThemeColorName = "tideover.panel"     // ground of lists, trees, cards
	ColorZebra        fyne.ThemeColorName = "tideover.zebra"     // ground of every second row
	ColorRowHover     fyne.ThemeColorName = "tideover.rowHover"  // row under the pointer
	ColorSelected     fyne.ThemeColorName = "tideover.selected"  // selected row, list has the focus
	ColorSelectedDim  fyne.ThemeColorName = "tideover.selection" // selected row, the focus is elsewhere
	ColorBar          fyne.ThemeColorName = "tideover.bar"       // tool bar and status bar
	ColorDim          fyne.ThemeColorName = "tideover.dim"       // counts, hints, labels of fields
	ColorExpired      fyne.ThemeColorName = "tideover.expired"   // text of an expired entry
	ColorOnline       fyne.ThemeColorName = "tideover.online"    // green
	ColorOffline      fyne.ThemeColorName = "tideover.offline"   // blue
	ColorDisconnected fyne.ThemeColorName = "tideover.disconnected"
	ColorDraft        fyne.ThemeColorName = "tideover.draft" // badge of what the server does not have
	ColorWarning      fyne.ThemeColorName = "tideover.warning"
	ColorError        fyne.ThemeColorName = "tideover.error"
	ColorInfo         fyne.ThemeColorName = "tideover.info"

	ColorOnlineGround       fyne.ThemeColorName = "tideover.onlineGround"
	ColorOfflineGround      fyne.ThemeColorName = "tideover.offlineGround"
	ColorDisconnectedGround fyne.ThemeColorName = "tideover.disconnectedGround"
	ColorDraftGround        fyne.ThemeColorName = "tideover.draftGround"
	ColorWarningGround      fyne.ThemeColorName = "tideover.warningGround"
	ColorErrorGround        fyne.ThemeColorName = "tideover.errorGround"
	ColorInfoGround         fyne.ThemeColorName = "tideover.infoGround"

	ColorDigit  fyne.ThemeColorName = "tideover.digit"  // digits of a revealed password
	ColorSymbol fyne.ThemeColorName = "tideover.symbol" // its symbols

	ColorVeryWeak   fyne.ThemeColorName = "tideover.strength0" // bars of the strength meter
	ColorWeak       fyne.ThemeColorName = "tideover.strength1"
	ColorFair       fyne.ThemeColorName = "tideover.strength2"
	ColorStrong     fyne.ThemeColorName = "tideover.strength3"
	ColorVeryStrong fyne.ThemeColorName = "tideover.strength4"
)

type pair struct{ light, dark color.NRGBA }

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func veil(v uint32, alpha uint8) color.NRGBA {
	c := rgb(v)
	c.A = alpha
	return c
}

// palette is every colour, light and dark. It is never written to.
var palette = map[fyne.ThemeColorName]pair{
	toolkit.ColorNameBackground:          {rgb(0xF3F6F7), rgb(0x151D22)},
	toolkit.ColorNameForeground:          {rgb(0x16232B), rgb(0xE4EBEE)},
	toolkit.ColorNameButton:              {rgb(0xE3EAED), rgb(0x2A363D)},
	toolkit.ColorNameDisabledButton:      {rgb(0xEBF0F2), rgb(0x1F292F)},
	toolkit.ColorNameDisabled:            {rgb(0x8D9AA2), rgb(0x66757E)},
	toolkit.ColorNamePlaceHolder:         {rgb(0x5F6F79), rgb(0x93A3AC)},
	toolkit.ColorNamePrimary:             {rgb(0x0B6B80), rgb(0x5CC4D4)},
	toolkit.ColorNameForegroundOnPrimary: {rgb(0xFFFFFF), rgb(0x06232B)},
	toolkit.ColorNameHyperlink:           {rgb(0x0B6B80), rgb(0x6CCBDA)},
	toolkit.ColorNameFocus:               {veil(0x0B6B80, 0x40), veil(0x5CC4D4, 0x4C)},
	toolkit.ColorNameSelection:           {rgb(0xC3E3EA), rgb(0x1D4B57)},
	toolkit.ColorNameHover:               {veil(0x0B3A4A, 0x12), veil(0xFFFFFF, 0x12)},
	toolkit.ColorNamePressed:             {veil(0x0B3A4A, 0x2C), veil(0xFFFFFF, 0x2A)},
	toolkit.ColorNameInputBackground:     {rgb(0xFFFFFF), rgb(0x10171B)},
	toolkit.ColorNameInputBorder:         {rgb(0x7C8D97), rgb(0x667884)},
	toolkit.ColorNameHeaderBackground:    {rgb(0xE9EFF1), rgb(0x222D33)},
	toolkit.ColorNameMenuBackground:      {rgb(0xFFFFFF), rgb(0x222D33)},
	toolkit.ColorNameOverlayBackground:   {rgb(0xFAFCFC), rgb(0x1D272D)},
	toolkit.ColorNameSeparator:           {rgb(0xD3DCE0), rgb(0x324048)},
	toolkit.ColorNameShadow:              {veil(0x0A1A22, 0x4D), veil(0x000000, 0x8C)},
	toolkit.ColorNameScrollBar:           {veil(0x3B5361, 0x80), veil(0xB5C5CE, 0x70)},
	toolkit.ColorNameScrollBarBackground: {veil(0x3B5361, 0x10), veil(0xB5C5CE, 0x10)},
	toolkit.ColorNameError:               {rgb(0xB3261E), rgb(0xFF9A91)},
	toolkit.ColorNameForegroundOnError:   {rgb(0xFFFFFF), rgb(0x3A0906)},
	toolkit.ColorNameSuccess:             {rgb(0x1B7A43), rgb(0x64CF93)},
	toolkit.ColorNameForegroundOnSuccess: {rgb(0xFFFFFF), rgb(0x04260F)},
	toolkit.ColorNameWarning:             {rgb(0x8A5300), rgb(0xF0BC52)},
	toolkit.ColorNameForegroundOnWarning: {rgb(0xFFFFFF), rgb(0x2B1B00)},

	ColorPanel:        {rgb(0xFFFFFF), rgb(0x1A2429)},
	ColorZebra:        {rgb(0xF5F8F9), rgb(0x1E292F)},
	ColorRowHover:     {rgb(0xE9F1F3), rgb(0x26333A)},
	ColorSelected:     {rgb(0xC3E3EA), rgb(0x1D4B57)},
	ColorSelectedDim:  {rgb(0xDDE6E9), rgb(0x303D44)},
	ColorBar:          {rgb(0xE9EFF1), rgb(0x1D272D)},
	ColorDim:          {rgb(0x50616C), rgb(0xA9B8C0)},
	ColorExpired:      {rgb(0x6A6266), rgb(0xA79FA2)},
	ColorOnline:       {rgb(0x1B7A43), rgb(0x64CF93)},
	ColorOffline:      {rgb(0x1F5FBF), rgb(0x86B8FF)},
	ColorDisconnected: {rgb(0x5A6770), rgb(0xA3B0B8)},
	ColorDraft:        {rgb(0x86430B), rgb(0xF0AE6C)},
	ColorWarning:      {rgb(0x8A5300), rgb(0xF0BC52)},
	ColorError:        {rgb(0xB3261E), rgb(0xFF9A91)},
	ColorInfo:         {rgb(0x0B6B80), rgb(0x6CCBDA)},

	ColorOnlineGround:       {rgb(0xDFF3E6), rgb(0x173626)},
	ColorOfflineGround:      {rgb(0xE1ECFC), rgb(0x1A2F4F)},
	ColorDisconnectedGround: {rgb(0xE6EBED), rgb(0x2A343A)},
	ColorDraftGround:        {rgb(0xFBEBDB), rgb(0x3A2917)},
	ColorWarningGround:      {rgb(0xFDF1D6), rgb(0x38300F)},
	ColorErrorGround:        {rgb(0xFCE6E4), rgb(0x421C1A)},
	ColorInfoGround:         {rgb(0xDFF1F4), rgb(0x14343C)},

	ColorDigit:  {rgb(0x1F5FBF), rgb(0x86B8FF)},
	ColorSymbol: {rgb(0xA8324A), rgb(0xFF9FB0)},

	ColorVeryWeak:   {rgb(0xC7362D), rgb(0xF0776E)},
	ColorWeak:       {rgb(0xD9722B), rgb(0xF09A5B)},
	ColorFair:       {rgb(0xC79A12), rgb(0xE6C452)},
	ColorStrong:     {rgb(0x5B9A3A), rgb(0x93CC70)},
	ColorVeryStrong: {rgb(0x1B7A43), rgb(0x64CF93)},
}
