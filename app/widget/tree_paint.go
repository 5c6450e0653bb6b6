package widget

import (
	"strconv"

	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/theme"

	"github.com/tideover/tideover/app/theme"
)

// paint shows the line of the tree that the row stands for.
func (r *treeRow) paint() {
	t := r.tree
	if r.at < 0 || r.at >= len(t.lines) {
		return
	}
	line := t.lines[r.at]
	size, height := sizeOf(t, toolkit.SizeNameText), listRowHeight(t)
	t.cutter.reset(size)
	setFill(r.ground, colorOf(t, r.groundName()))

	levels := r.levels()
	x := float32(4 + indentStep*min(line.depth, levels))
	r.chevronX = x
	r.paintChevron(line, x, height)
	x += 16
	r.icon.show(theme.Colored(r.iconOf(line), toolkit.ColorNamePrimary), x, (height-iconSide)/2, iconSide)
	x += iconSide + 5

	count := ""
	if line.Count > 0 {
		count = strconv.Itoa(line.Count)
	}
	small := sizeOf(t, toolkit.SizeNameCaptionText)
	setText(r.count, count, small, colorOf(t, theme.ColorDim))
	wide := r.count.MinSize().Width
	right := r.Size().Width - 8
	place(r.count, right-wide, (height-small*1.36)/2, wide, small*1.36)

	title := line.Title
	if line.depth > levels {
		title = strconv.Itoa(line.depth) + " › " + title
	}
	text, cut := t.cutter.cut(title, right-wide-8-x)
	r.cut = cut
	setText(r.title, text, size, colorOf(t, toolkit.ColorNameForeground))
	place(r.title, x, (height-size*1.36)/2-0.5, right-wide-8-x, size*1.36)
}

// levels is how deep lines are indented: all of them where there is room.
func (r *treeRow) levels() int {
	const rest = 4 + 16 + iconSide + 5 + 8 + 34 // chevron, icon, gaps, count
	return max(2, int((r.Size().Width-rest-titleRoom)/indentStep))
}

func (r *treeRow) paintChevron(line treeLine, x, height float32) {
	if line.Leaf {
		r.chevron.hide()
		return
	}
	name := theme.IconChevronRight
	if r.tree.open[line.uid] {
		name = theme.IconChevronDown
	}
	r.chevron.show(theme.Colored(name, theme.ColorDim), x+1, (height-12)/2, 12)
}

func (r *treeRow) iconOf(line treeLine) fyne.ThemeIconName {
	switch {
	case line.Icon != "":
		return line.Icon
	case r.tree.open[line.uid] && !line.Leaf:
		return theme.IconFolderOpen
	default:
		return theme.IconFolder
	}
}
