package main

import (
	"image"
	"testing"

	"github.com/tideover/tideover/app/apptest"
)

// rowHeight is from the head of the list to its first row.
const rowHeight = 24

// Entries are moved by hand: dragged from the list onto a group of the tree,
// which says what it would do, and let go.
func TestDragToGroup(t *testing.T) {
	t.Parallel()
	s := newStage(t, apptest.Options{})
	s.serve()
	s.open("Sign in")
	s.signIn("alice")
	s.entries("Domain administrator")

	middle := func(r image.Rectangle) image.Point { return r.Min.Add(r.Max).Div(2) }
	vendors := middle(s.See("Vendors"))
	s.Drag(middle(s.See("User name")).Add(image.Pt(0, rowHeight)), vendors)
	s.See("Move “db-prod.example” to “Vendors”")
	s.Drop()
	s.See("/Vendors") // in its details: so the server lists it now

	s.ClickAt(vendors, apptest.LeftButton)
	s.Gone("Domain administrator")
	s.See("Printer lease")
	s.See("db-prod.example")
	s.close()
}
