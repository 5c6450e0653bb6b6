package widget_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/widget"
)

// forest is groups by their path: "a" holds "a/b".
type forest []string

func (f forest) Children(uid string) []string {
	var below []string
	for _, p := range f {
		rest, ok := strings.CutPrefix(p, uid+"/")
		if uid == "" {
			rest, ok = p, true
		}
		if ok && rest != "" && !strings.Contains(rest, "/") {
			below = append(below, p)
		}
	}
	return below
}

func (f forest) Group(uid string) widget.Group {
	return widget.Group{Title: uid[strings.LastIndex(uid, "/")+1:], Count: len(uid), Leaf: len(f.Children(uid)) == 0}
}

func newTree(t *testing.T, f forest) *widget.GroupTree {
	t.Helper()
	tree := widget.NewGroupTree()
	window(t, tree, 220, 400)
	tree.SetGroups(f)
	return tree
}

var example = forest{"root", "root/mail", "root/net", "root/net/core", "root/net/edge", "root/net/core/lab"}

func TestTreeShowsOpenGroups(t *testing.T) {
	tree := newTree(t, example)
	steps := []struct {
		do   func()
		want string
	}{
		{func() {}, "0 root"},
		{func() { tree.Open("root", true) }, "0 root|1 mail|1 net"},
		{func() { tree.Open("root/net", true) }, "0 root|1 mail|1 net|2 core|2 edge"},
		{func() { tree.OpenAll(true) }, "0 root|1 mail|1 net|2 core|3 lab|2 edge"},
		{func() { tree.OpenAll(false) }, "0 root|1 mail|1 net"},
		{func() { tree.Select("root/net/core/lab", "root", "root/net", "root/net/core") }, "0 root|1 mail|1 net|2 core|3 lab|2 edge"},
		{func() { tree.SetGroups(example[:3]) }, "0 root|1 mail|1 net"},
	}
	for i, s := range steps {
		s.do()
		if got := strings.Join(tree.Lines(), "|"); got != s.want {
			t.Errorf("step %d: %s, want %s", i, got, s.want)
		}
	}
}

func TestTreeKeys(t *testing.T) {
	tree := newTree(t, example)
	var chosen []string
	tree.OnSelect = func(uid string) { chosen = append(chosen, uid) }
	tree.Focus()
	keys(tree.Focusable(), fyne.KeyDown, fyne.KeyRight, fyne.KeyRight, fyne.KeyDown, fyne.KeyRight, fyne.KeyDown, fyne.KeyLeft, fyne.KeyLeft, fyne.KeyHome, fyne.KeyEnd)
	want := []string{"root", "root/mail", "root/net", "root/net/core", "root/net", "root", "root/net"}
	if diff := cmp.Diff(want, chosen); diff != "" {
		t.Error(diff)
	}
	if tree.IsOpen("root/net") {
		t.Error("Left leaves the group open")
	}
	tree.Focusable().TypedRune('M')
	if tree.Selected() != "root/mail" {
		t.Errorf("typing m goes to %s", tree.Selected())
	}
}

func TestTreePress(t *testing.T) {
	tree := newTree(t, example)
	tree.Open("root", true)
	var opened []string
	var menu string
	tree.OnOpened = func(uid string, open bool) { opened = append(opened, fmt.Sprint(uid, open)) }
	tree.OnMenu = func(uid string, _ fyne.Position) { menu = uid }
	row := rowOf(t, tree, "net")
	press(row, desktop.MouseButtonPrimary, 0, fyne.NewPos(90, 5))
	if tree.Selected() != "root/net" || len(opened) != 0 {
		t.Errorf("a press on the name: selected %q, opened %v", tree.Selected(), opened)
	}
	press(row, desktop.MouseButtonPrimary, 0, fyne.NewPos(22, 5))
	if !slices.Equal(opened, []string{"root/nettrue"}) {
		t.Errorf("a press on the arrow: %v", opened)
	}
	row.(fyne.SecondaryTappable).TappedSecondary(&fyne.PointEvent{})
	if menu != "root/net" {
		t.Errorf("menu for %q", menu)
	}
}

// KeePass nests to 126 levels; each must have a title that can be read.
func TestDeepTreeStaysReadable(t *testing.T) {
	var deep forest
	path, above := "", []string{}
	for i := range 126 {
		path = strings.TrimPrefix(fmt.Sprintf("%s/Level%d", path, i), "/")
		deep = append(deep, path)
		above = append(above, path)
	}
	tree := newTree(t, deep)
	tree.Select(path, above...)
	if n := len(tree.Lines()); n != 126 {
		t.Fatalf("%d lines", n)
	}
	if got := texts(tree); !slices.Contains(got, "125 › Level125") {
		t.Errorf("the last level is not readable: %q", got)
	}
}
