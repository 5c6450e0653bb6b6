package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/tideover/tideover/app/present"
)

const (
	// usualWidth is taken where nobody knows how wide the terminal is.
	usualWidth = 80
	// narrowest is what rows are laid out for at least: SEQ, TIME and WHO.
	narrowest = 60
	// A name has so many characters in a row, fewer if the row would be too
	// wide; the record in --json has it whole.
	maxWho, minWho = 18, 8
	gap            = "  "
)

// width returns how many columns a line of the output may have.
func (c *console) width() int {
	f, ok := c.stdout.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return usualWidth
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		return usualWidth
	}
	return max(columns, narrowest)
}

// auditTable writes records in rows that fit the width: what always applies in
// columns, the target behind them or below, the rest below.
type auditTable struct {
	width  int
	words  *present.Catalogue
	widths []int // of the columns, without the target
}

func (t *auditTable) write(w io.Writer, lines []auditLine) {
	rows := [][]string{{"SEQ", "TIME", "WHO", "ACTION", "OUTCOME"}}
	for _, l := range lines {
		rows = append(rows, []string{
			strconv.FormatInt(l.Seq, 10), shortTime(*l.At), plain(l.Name), plain(l.Action), l.Outcome,
		})
	}
	t.widths = make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell))
		}
	}
	t.fit()
	t.row(w, rows[0], "TARGET")
	for i, l := range lines {
		t.row(w, rows[i+1], t.target(l))
		t.below(w, t.rest(l))
	}
}

// columnWho is the place of the name among the columns.
const columnWho = 2

// fit gives names as much room as the other columns leave.
func (t *auditTable) fit() {
	used := -len(gap) // none after the last
	for i, n := range t.widths {
		if used += len(gap); i != columnWho {
			used += n
		}
	}
	t.widths[columnWho] = min(t.widths[columnWho], max(minWho, min(maxWho, t.width-used)))
}

// row writes one row, the target on a line of its own if there is no room.
func (t *auditTable) row(w io.Writer, cells []string, target string) {
	var b strings.Builder
	for i, cell := range cells {
		if i == columnWho {
			cell = shorten(cell, t.widths[i])
		}
		b.WriteString(cell + strings.Repeat(" ", t.widths[i]-utf8.RuneCountInString(cell)) + gap)
	}
	if used := utf8.RuneCountInString(b.String()); used+utf8.RuneCountInString(target) <= t.width {
		line(w, "%s", b.String()+target)
		return
	}
	line(w, "%s", strings.TrimRight(b.String(), " "))
	t.below(w, target)
}

// below writes text under the row, broken at spaces; a word that has no room
// in a line is broken too.
func (t *auditTable) below(w io.Writer, text string) {
	indent := strings.Repeat(" ", t.widths[0]) + gap
	room := t.width - len(indent)
	var now string
	for word := range strings.FieldsSeq(text) {
		for {
			with := strings.TrimLeft(now+" "+word, " ")
			if utf8.RuneCountInString(with) <= room {
				now = with
				break
			}
			if now != "" {
				line(w, "%s%s", indent, now)
				now = ""
				continue
			}
			runes := []rune(word)
			line(w, "%s%s", indent, string(runes[:room]))
			word = string(runes[room:])
		}
	}
	if now != "" {
		line(w, "%s%s", indent, now)
	}
}

// target names what a record concerns. What was made offline and never reached
// the server has no name here.
func (t *auditTable) target(l auditLine) string {
	if l.Draft {
		return t.words.Text("server.audit.draft", nil)
	}
	return shownAs(l.TargetPath, l.Target)
}

// rest is what does not apply to every record.
func (t *auditTable) rest(l auditLine) string {
	var parts []string
	if l.OnDevice != nil {
		parts = append(parts, t.words.Text("server.audit.offline", map[string]any{"At": shortTime(*l.OnDevice)}))
	}
	if l.Device != nil {
		parts = append(parts, t.words.Text("server.audit.device", map[string]any{"Device": shownAs(l.DeviceName, l.Device)}))
	}
	if l.Comment != "" {
		parts = append(parts, t.words.Text("server.audit.comment", map[string]any{"Comment": plain(l.Comment)}))
	}
	return strings.Join(parts, "; ")
}

// shorten cuts a text to n characters, and shows that it did.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return fmt.Sprintf("%s…", string([]rune(s)[:n-1]))
}
