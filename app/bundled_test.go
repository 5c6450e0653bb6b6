package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A toolkit that runs one function for each frame is behind by one, however much
// was posted, and runs everything in order.
func TestBundled(t *testing.T) {
	q := newQueue()
	post := Bundled(q.post)
	var ran, want []int
	for i := range 3 * cap(q) { // more than would have a place
		post(func() { ran = append(ran, i) })
		want = append(want, i)
	}
	if len(q) != 1 {
		t.Fatalf("the toolkit has %d functions to run", len(q))
	}
	q.one()
	if diff := cmp.Diff(want, ran); diff != "" {
		t.Error(diff)
	}

	// What comes while they run is not forgotten, and runs behind another frame.
	ran = nil
	post(func() {
		post(func() { ran = append(ran, 3) })
		post(func() { ran = append(ran, 4) })
		ran = append(ran, 1)
	})
	post(func() { ran = append(ran, 2) })
	q.one()
	if diff := cmp.Diff([]int{1, 2}, ran); diff != "" {
		t.Error(diff)
	}
	q.one()
	if diff := cmp.Diff([]int{1, 2, 3, 4}, ran); diff != "" || len(q) != 0 {
		t.Errorf("%d functions are left: %s", len(q), diff)
	}
}
