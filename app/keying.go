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
	over   bool                // the command is, or was given up
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
func (k *keyPrompt) Touch() { k.ask((*screen.SecurityKey).ShowTouch) }

// PIN asks for the PIN, and returns ctx's error if nobody gives it.
func (k *keyPrompt) PIN(ctx context.Context, tries fido.Tries) (vault.Secret, error) {
	pins := make(chan vault.Secret, 1)
	k.ask(func(x *screen.SecurityKey) {
		k.pins = pins
		left := ""
		if tries.Known {
			left = k.d.words.Text("unlock.tries", map[string]any{"Count": tries.Left})
		}
		x.ShowPIN(left)
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
	k.ask(func(x *screen.SecurityKey) {
		k.ready = ready
		x.ShowNew()
	})
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask shows a question, but none after the command was given up: it may have been
// on its way then.
func (k *keyPrompt) ask(question func(*screen.SecurityKey)) {
	k.tell(func() {
		if !k.over {
			question(k.show())
		}
	})
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
// under way then stands behind it. It may ask for a key again. It reports whether
// the command does go on: one that was given up says that it stops until it has.
func (k *keyPrompt) rest() bool {
	if x := k.screen; x != nil && !k.over {
		k.screen = nil
		k.d.dialogs.Close(x.Dialog())
	}
	return !k.over
}

// giveUp is told that the command is given up where the dialog is not in front.
func (k *keyPrompt) giveUp() { k.over = true }

// close takes the dialog away when the command is over.
func (k *keyPrompt) close() {
	k.over = true
	if k.screen != nil {
		k.d.dialogs.Close(k.screen.Dialog())
	}
}
