package session_test

import (
	"testing"

	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault/session"
)

// A sign-in proves the chip, and all that follows comes with its word.
func TestChipIsProven(t *testing.T) {
	t.Parallel()
	p := newBeliever(t).newPC(tpmtest.Intel)
	p.must(p.signIn())
	want := session.ChipStatus{Asked: true, Proven: true, Virtual: true} // software, as the client says itself
	if got := p.status().Device.Chip; got != want {
		t.Fatalf("%+v, want %+v", got, want)
	}
	made, err := p.disconnect()
	p.must(err)
	if made.Lease == nil || !made.Lease.Proven {
		t.Errorf("lease: %+v", made.Lease)
	}
	p.must(p.s.Unlock(t.Context(), session.UnlockRequest{Master: ask(strong)}))
	done, err := p.s.Connect(t.Context(), session.ConnectRequest{Password: secret(accountPassword), Master: ask(strong)})
	p.must(err)
	if !done.Renewed || done.Journal != nil {
		t.Errorf("%+v", done)
	}
	p.must(p.s.ClearCache(t.Context()))
	for d, events := range p.journals() {
		if events < 2 {
			t.Errorf("device %s: %d events", d, events)
		}
	}
	if d := p.devices(); len(d) != 1 {
		t.Errorf("%d devices", len(d))
	}
}

// Wherever the program is killed, the next sign-in goes on with the same device.
func TestKilledWhileTheChipIsProven(t *testing.T) {
	t.Parallel()
	for _, at := range []step{beforeRegister, afterRegister, beforeEnrol, afterEnrol, afterAttest} { // nothing is kept before the answer
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			p := newBeliever(t).newPC(tpmtest.Intel)
			p.remote.at = at
			p.killed(func() { _ = p.signIn() })
			p.run()
			p.must(p.signIn())
			if got := p.status().Device.Chip; !got.Proven {
				t.Errorf("%+v", got)
			}
			if d := p.devices(); len(d) != 1 {
				t.Errorf("%d devices", len(d))
			}
			made, err := p.disconnect()
			p.must(err)
			if !made.Lease.Proven {
				t.Error("the lease is not for a proven chip")
			}
		})
	}
}
