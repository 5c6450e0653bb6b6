package screen

import (
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"
)

// longTextHigh is the height of a long text, in points: it scrolls by itself.
const longTextHigh = 260

// longText shows a text of any length: only the lines in view are drawn.
type longText struct {
	fw.List
	lines []string
}

// newLongText breaks a text into lines for a width.
func newLongText(text string, width float32) *longText {
	wide := fyne.MeasureText("n", toolkit.TextSize(), fyne.TextStyle{}).Width
	t := &longText{lines: linesOf(text, max(20, int(width/wide)-2))}
	t.HideSeparators = true
	t.Length = func() int { return len(t.lines) }
	t.CreateItem = func() fyne.CanvasObject { return newInk("", toolkit.ColorNameForeground, toolkit.SizeNameText) }
	t.UpdateItem = func(i fw.ListItemID, o fyne.CanvasObject) {
		line := o.(*ink)
		line.text.Text = t.lines[i]
		line.Refresh()
	}
	t.ExtendBaseWidget(t)
	return t
}

// MinSize is the toolkit's.
func (t *longText) MinSize() fyne.Size { return fyne.NewSize(100, longTextHigh) }

// linesOf breaks a text into lines of at most n characters, at spaces where
// there are some.
func linesOf(text string, n int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		paragraph = strings.TrimRight(paragraph, "\r")
		for {
			end := prefix(paragraph, n)
			if end == len(paragraph) {
				break
			}
			if at := strings.LastIndexByte(paragraph[:end], ' '); at > 0 {
				end = at + 1
			}
			lines = append(lines, strings.ReplaceAll(paragraph[:end], "\t", "    "))
			paragraph = paragraph[end:]
		}
		lines = append(lines, strings.ReplaceAll(paragraph, "\t", "    "))
	}
	return lines
}

// prefix returns how many bytes the first n characters take.
func prefix(text string, n int) (end int) {
	for range n {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	return end
}
