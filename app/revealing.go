package app

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// shownFor is how long a secret can be read before it is dots again: enough to
// type it somewhere else.
const shownFor = 30 * time.Second

// codePaint is the pause between two paints of a one-time code's time.
const codePaint = 500 * time.Millisecond

// secretOf reads one field of an entry. Open fields come from the listing: they
// are no secret, and nobody has to be told that they were looked at. The caller
// wipes the bytes.
func secretOf(ctx context.Context, d *Desktop, item *session.Item, name string, why session.Purpose, comment string) ([]byte, error) {
	if f := item.Entry.Field(name); f != nil && !f.Protected && name != vault.FieldPassword && name != vault.FieldOTP {
		return append([]byte(nil), f.Value.Bytes()...), nil
	}
	e, err := d.session.Reveal(ctx, item.Entry.ID, why, comment)
	if err != nil {
		return nil, err
	}
	defer e.Wipe()
	return append([]byte(nil), e.Value(name).Bytes()...), nil
}

// wipe is for results that came too late.
func wipe(secret []byte) { clear(secret) }

// reveal shows a secret field of the details for a while.
func (p *mainPlace) reveal(id vault.ID, name string) {
	item := p.find(id)
	if item == nil || p.d.state().NoReveal {
		return
	}
	p.asking.Cancel()
	d := p.d
	p.asking = commented(d, p.titleOf(id), func(ctx context.Context, comment string) ([]byte, error) {
		return secretOf(ctx, d, item, name, session.ToShow, comment)
	}, func(secret []byte, err error) {
		defer clear(secret)
		if err != nil {
			d.failed(err)
			return
		}
		p.screen.Details().ShowSecret(id, name, secret)
		p.hideLater(id, name)
	}, wipe)
}

// hideLater makes dots of a secret again when its time is over.
func (p *mainPlace) hideLater(id vault.ID, name string) {
	p.shown[name].Cancel()
	p.shown[name] = start(p.d.tasks, func(ctx context.Context, _ func(func())) (struct{}, error) {
		return struct{}{}, pause(ctx, shownFor)
	}, func(struct{}, error) {
		delete(p.shown, name)
		p.screen.Details().HideSecret(id, name)
		p.endPeek()
	}, nil)
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hid hears that the person hid a secret.
func (p *mainPlace) hid(_ vault.ID, name string) {
	p.shown[name].Cancel()
	delete(p.shown, name)
	p.endPeek()
}

// hideSecrets makes dots of everything that can be read.
func (p *mainPlace) hideSecrets() {
	p.asking.Cancel()
	for name, t := range p.shown {
		t.Cancel()
		delete(p.shown, name)
	}
	p.screen.Details().HideSecrets()
	p.endPeek()
}

// endPeek hides details that were shown for a secret only.
func (p *mainPlace) endPeek() {
	if p.peek {
		p.peek = false
		p.screen.ShowLook(p.look())
	}
}

// showCodeOf is the command for the selected entry.
func (p *mainPlace) showCodeOf(string) {
	if len(p.ids) == 1 {
		p.showCode(p.ids[0])
	}
}

// showCode shows the one-time code of an entry with the time that it has left.
func (p *mainPlace) showCode(id vault.ID) {
	if p.find(id) == nil || p.d.state().NoReveal {
		return
	}
	p.asking.Cancel()
	p.askCode(id, p.d.now().Add(shownFor))
}

// askCode shows the code and, when its time is over, the next one, until.
func (p *mainPlace) askCode(id vault.ID, until time.Time) {
	d := p.d
	p.asking = commented(d, p.titleOf(id), func(ctx context.Context, comment string) (session.Code, error) {
		return d.session.Code(ctx, id, comment)
	}, func(code session.Code, err error) {
		if err != nil {
			d.failed(err)
			return
		}
		if !p.peek && p.look().Details == "off" {
			p.peek = true
			p.screen.ShowLook(p.look())
		}
		p.runCode(id, code, until)
	}, nil)
}

// runCode paints how the time of a code runs down.
func (p *mainPlace) runCode(id vault.ID, code session.Code, until time.Time) {
	d, details := p.d, p.screen.Details()
	text := []byte(spaced(code.Text))
	ends := d.now().Add(code.Remain)
	left := func() (float64, string) {
		remain := max(ends.Sub(d.now()), 0)
		return float64(remain) / float64(max(code.Period, time.Second)),
			d.words.Text("main.code.left", map[string]any{"Seconds": int((remain + time.Second - 1) / time.Second)})
	}
	share, words := left()
	details.ShowCode(id, text, share, words)
	clear(text)
	p.shown[vault.FieldOTP].Cancel()
	p.shown[vault.FieldOTP] = start(d.tasks, func(ctx context.Context, tell func(func())) (struct{}, error) {
		for over := time.Now().Add(code.Remain); time.Now().Before(over); {
			if err := pause(ctx, min(codePaint, time.Until(over)+time.Millisecond)); err != nil {
				return struct{}{}, err
			}
			tell(func() {
				share, words := left()
				details.CodeLeft(id, share, words)
			})
		}
		return struct{}{}, nil
	}, func(_ struct{}, err error) {
		delete(p.shown, vault.FieldOTP)
		if err == nil && d.now().Before(until) && details.Shows(id, vault.FieldOTP) {
			p.askCode(id, until)
			return
		}
		details.HideSecret(id, vault.FieldOTP)
		p.endPeek()
	}, nil)
}

// spaced writes a code in two halves, as people read it.
func spaced(code string) string {
	if n := len(code); n >= 6 {
		return code[:n/2] + " " + code[n/2:]
	}
	return code
}
