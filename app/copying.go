package app

import (
	"context"
	"errors"

	"github.com/tideover/tideover/app/native"
	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// copyOf is the command that copies a standard field of the selected entry.
func (p *mainPlace) copyOf(name string) func(string) {
	return func(string) {
		if len(p.ids) == 1 {
			p.copyField(p.ids[0], name)
		}
	}
}

// copyChosen is the command that copies another field of it, by name.
func (p *mainPlace) copyChosen(name string) {
	if len(p.ids) == 1 && name != "" {
		p.copyField(p.ids[0], name)
	}
}

// copyField puts a field of an entry on the clipboard; of the one-time code,
// the code.
func (p *mainPlace) copyField(id vault.ID, name string) {
	item := p.find(id)
	if item == nil {
		return
	}
	p.asking.Cancel()
	d, label := p.d, p.d.words.FieldName(name)
	secret := p.guarded(name)
	if secret && d.state().NoCopy {
		d.tell(&present.Notice{Severity: present.Warning, Message: d.words.Text("reason.no_copy", nil)})
		return
	}
	p.asking = commented(d, p.titleOf(id), func(ctx context.Context, comment string) ([]byte, error) {
		if name == vault.FieldOTP {
			code, err := d.session.Code(ctx, id, comment)
			return []byte(code.Text), err
		}
		return secretOf(ctx, d, item, name, session.ToCopy, comment)
	}, func(value []byte, err error) {
		defer clear(value)
		if err != nil {
			d.failed(err)
			return
		}
		d.copy(value, label)
	}, wipe)
}

// guarded reports whether a field of the selected entry is shown on request
// only, as far as its details say.
func (p *mainPlace) guarded(name string) bool {
	if p.detail != nil {
		for _, f := range p.detail.Fields {
			if f.Name == name {
				return f.Protected
			}
		}
	}
	return name == vault.FieldPassword || name == vault.FieldOTP
}

// openURL opens the address of the selected entry with the program that the
// person has for it.
func (p *mainPlace) openURL(string) {
	if len(p.ids) != 1 {
		return
	}
	item := p.find(p.ids[0])
	if item == nil {
		return
	}
	p.asking.Cancel()
	d := p.d
	p.asking = commented(d, p.titleOf(p.ids[0]), func(ctx context.Context, comment string) (struct{}, error) {
		address, err := secretOf(ctx, d, item, vault.FieldURL, session.ToShow, comment)
		if err != nil {
			return struct{}{}, err
		}
		defer clear(address)
		if err := native.OpenURL(string(address)); err != nil {
			return struct{}{}, &unopened{err}
		}
		return struct{}{}, nil
	}, func(_ struct{}, err error) {
		var closed *unopened
		switch {
		case errors.As(err, &closed):
			d.tell(urlNotice(d.words, closed.err))
		case err != nil:
			d.failed(err)
		}
	}, nil)
}

// unopened is why an address was not opened, which is no failure of the vault.
type unopened struct{ err error }

// Error names no address: it may hold a password.
func (u *unopened) Error() string { return "app: " + u.err.Error() }

// urlNotice tells why an address was not opened.
func urlNotice(words *present.Catalogue, err error) *present.Notice {
	n := &present.Notice{Severity: present.Warning, Message: words.Text("main.open_url.failed", nil), Remedy: words.Text("main.open_url.failed.remedy", nil)}
	var blocked *native.BlockedURL
	if errors.As(err, &blocked) {
		n.Message = words.Text("main.blocked_url", nil)
		n.Remedy = words.Text("main.blocked_url."+string(blocked.Kind), map[string]any{"Scheme": blocked.Scheme})
	}
	return n
}
