package app

import "testing"

// A command that is given up before its key was asked for asks for none any more,
// though the question was on its way, and says nothing else than that it stops.
func TestGivenUpBeforeTheKey(t *testing.T) {
	e := newEntrance(t, nil)
	k := e.securityKeys(func() { t.Error("it is given up twice") }).of(func(paint func()) { paint() })
	if k.Touch(); e.dialogs.Len() != 1 || !k.rest() || e.dialogs.Len() != 0 {
		t.Fatalf("%d dialogs are open", e.dialogs.Len())
	}
	k.giveUp()
	if k.Touch(); e.dialogs.Len() != 0 || k.rest() {
		t.Errorf("%d dialogs are open, and it goes on", e.dialogs.Len())
	}
	k.close()
}
