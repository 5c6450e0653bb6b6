package app

import (
	"context"

	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/session"
)

// keyPrompt is the person at a security key, for one command of the window. A
// dialog opens when the key waits for something, and closes when the command
// ends. Its exported methods are called in the command's task, the others on
// the painting goroutine.
type keyPrompt struct {
	d    *Desktop
	tell func(paint func()) // of the task
	stop func()             // gives the command up

	screen *screen.SecurityKey // in front; nil: nothing is asked now
	pins   chan<- vault.Secret // to the task that waits for a PIN; nil: none does
	ready  chan<- struct{}     // to the task that waits for another key
	over   bool                // the command is
}

var (
	_ fido.Asker         = (*keyPrompt)(nil)
	_ session.Changeover = (*keyPrompt)(nil)
)

// securityKeys returns the prompt for the security keys of a task. stop gives up what the
// task does; close is called when it is over.
func (d *Desktop) securityKeys(stop func()) *keyPrompt { return &keyPrompt{d: d, stop: stop} }

// of returns the prompt for a task to ask with.
func (k *keyPrompt) of(tell func(paint func())) *keyPrompt {
	k.tell = tell
	return k
}

// Touch says that the key waits. It may be called over and over, and more than one
// touch may be wanted: the dialog stays until something else is under way.
func (k *keyPrompt) Touch() { k.tell(func() { k.show().ShowTouch() }) }

// PIN asks for the PIN, and returns ctx's error if nobody gives it.
func (k *keyPrompt) PIN(ctx context.Context, tries fido.Tries) (vault.Secret, error) {
	pins := make(chan vault.Secret, 1)
	k.tell(func() {
		k.pins = pins
		left := ""
		if tries.Known {
			left = k.d.words.Text("unlock.tries", map[string]any{"Count": tries.Left})
		}
		k.show().ShowPIN(left)
	})
	select {
	case pin := <-pins:
		return pin, nil
	case <-ctx.Done():
		return vault.Secret{}, ctx.Err()
	}
}

// NewKey asks for the key that is to be added.
func (k *keyPrompt) NewKey(ctx context.Context) error {
	ready := make(chan struct{}, 1)
	k.tell(func() {
		k.ready = ready
		k.show().ShowNew()
	})
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// show opens the dialog, if it is not in front.
func (k *keyPrompt) show() *screen.SecurityKey {
	if k.screen == nil {
		var x *screen.SecurityKey
		x = screen.NewSecurityKey(k.d.words, screen.SecurityKeyActions{
			PIN: func(pin []byte) {
				if k.pins != nil {
					k.pins <- vault.NewSecret(pin)
					k.pins = nil
				}
			},
			Ready: func() {
				if k.ready != nil {
					close(k.ready)
					k.ready = nil
				}
			},
			Cancel: func() { k.d.dialogs.Close(x.Dialog()) },
			Closed: func() { k.closed(x) },
		})
		k.screen = x
		k.d.dialogs.Open(x.Dialog())
	}
	return k.screen
}

// closed is told that a dialog is gone. If it was this side that had it in front,
// the command is given up: not where it went by rest or close.
func (k *keyPrompt) closed(x *screen.SecurityKey) {
	if k.screen == x && !k.over {
		k.over = true
		k.stop()
	}
}

// rest takes the dialog away when the command goes on to something else: what is
// under way then stands behind it. It may ask for a key again.
func (k *keyPrompt) rest() {
	if x := k.screen; x != nil && !k.over {
		k.screen = nil
		k.d.dialogs.Close(x.Dialog())
	}
}

// close takes the dialog away when the command is over.
func (k *keyPrompt) close() {
	k.over = true
	if k.screen != nil {
		k.d.dialogs.Close(k.screen.Dialog())
	}
}
