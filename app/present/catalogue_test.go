package present_test

import (
	"sync"
	"testing"

	"github.com/tideover/tideover/app/present"
)

// A wording says with its arguments what a new catalogue says, whoever asked
// before, and however many at once.
func TestTextForMany(t *testing.T) {
	c := present.Load("en")
	var all sync.WaitGroup
	for i := range 8 {
		want := present.Load("en").Text("unlock.tries", map[string]any{"Count": i})
		all.Go(func() {
			for range 50 {
				if got := c.Text("unlock.tries", map[string]any{"Count": i}); got != want {
					t.Errorf("%d: %q, want %q", i, got, want)
				}
			}
		})
	}
	all.Wait()
	one, two := c.Text("unlock.tries", map[string]any{"Count": 1}), c.Text("unlock.tries", map[string]any{"Count": 2})
	if one == two {
		t.Errorf("both say %q", one)
	}
}

func BenchmarkText(b *testing.B) {
	c, args := present.Load("en"), map[string]any{"Count": 3}
	for b.Loop() {
		c.Text("unlock.tries", args)
	}
}
