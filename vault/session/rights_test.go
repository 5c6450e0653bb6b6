package session_test

import (
	"testing"

	"github.com/tideover/tideover/vault/wire"
)

// What a server says about the right to change an entry is in the listing; of an
// entry of which it says nothing, it is for the server to refuse.
func TestListingSaysWhatIsFixed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	entries := all(testContent())
	w.server.facts[entries[0].ID] = &wire.Facts{ViewContents: true, ViewPassword: true}
	w.server.facts[entries[1].ID] = &wire.Facts{Modify: true, ViewContents: true}
	l, err := w.s.List(w.ctx())
	w.must(err)
	for i, e := range entries[:3] {
		if got := l.Item(e.ID); got == nil || got.Fixed != (i == 0) {
			t.Errorf("entry %d: %+v", i, got)
		}
	}
}
