package app

import (
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/generate"
	"github.com/tideover/tideover/vault/otp"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
)

// value reads one field of what the dialog shows. The caller wipes the bytes.
func (ed *editor) value(ctx context.Context, name string, why session.Purpose, comment string) ([]byte, error) {
	if ed.version == nil {
		return secretOf(ctx, ed.d, ed.item, name, why, comment)
	}
	e, err := ed.d.session.RevealVersion(ctx, *ed.version, why, comment)
	if err != nil {
		return nil, err
	}
	defer e.Wipe()
	return append([]byte(nil), e.Value(name).Bytes()...), nil
}

// reveal brings a stored secret into the dialog, for a while.
func (ed *editor) reveal(name string) {
	d := ed.d
	if ed.item == nil || d.state().NoReveal {
		return
	}
	ed.shown[name].Cancel()
	ed.shown[name] = commented(d, ed.what(), func(ctx context.Context, comment string) ([]byte, error) {
		return ed.value(ctx, name, session.ToShow, comment)
	}, func(secret []byte, err error) {
		defer clear(secret)
		if err != nil {
			ed.screen.Conceal(name)
			ed.refused(err)
			return
		}
		ed.screen.Revealed(name, secret)
		ed.shown[name] = start(d.tasks, func(ctx context.Context, _ func(func())) (struct{}, error) {
			return struct{}{}, pause(ctx, shownFor)
		}, func(struct{}, error) { ed.screen.Conceal(name) }, nil)
	}, wipe)
}

// refused tells in the dialog why something could not be read.
func (ed *editor) refused(err error) {
	if !errors.Is(err, context.Canceled) {
		ed.screen.Tell(ed.d.words.Failure(err))
	}
	ed.d.refresh()
}

// copy puts a stored value on the clipboard.
func (ed *editor) copy(name string) {
	d := ed.d
	if ed.item == nil {
		return
	}
	if f := ed.item.Entry.Field(name); d.state().NoCopy && (f == nil || f.Protected || name == vault.FieldPassword) {
		return
	}
	key := "copy " + name
	ed.shown[key].Cancel()
	ed.shown[key] = commented(d, ed.what(), func(ctx context.Context, comment string) ([]byte, error) {
		return ed.value(ctx, name, session.ToCopy, comment)
	}, func(value []byte, err error) {
		defer clear(value)
		if err != nil {
			ed.refused(err)
			return
		}
		d.copy(value, d.words.FieldName(name))
	}, wipe)
}

// copyTyped puts what stands in the dialog on the clipboard.
func (ed *editor) copyTyped(value []byte, name string) { ed.d.copy(value, ed.d.words.FieldName(name)) }

// judge measures a password away from the painting goroutine: a long one takes
// some milliseconds.
func (ed *editor) judge(password []byte) {
	d := ed.d
	secret := vault.NewSecret(password)
	ed.judging.Cancel()
	ed.judging = start(d.tasks, func(context.Context, func(func())) (int, error) {
		defer secret.Wipe()
		return policy.Score(secret), nil
	}, func(score int, _ error) {
		ed.screen.Judged(score, d.words.Text("master.strength."+string(rune('0'+score)), nil))
	}, nil)
}

// generate makes a password by rules, or by those of last time, and keeps them.
// It takes microseconds.
func (d *Desktop) generate(g present.Generator) present.Generated {
	r := generate.Rules{Length: g.Length, Lower: g.Lower, Upper: g.Upper, Digits: g.Digits, Symbols: g.Symbols, NoLookAlikes: g.NoLookAlikes}
	if made := d.settings.Made; g == (present.Generator{}) && made != nil {
		r = generate.Rules{Length: made.Length, Lower: made.Lower, Upper: made.Upper, Digits: made.Digits, Symbols: made.Symbols, NoLookAlikes: made.Clear}
	} else if g == (present.Generator{}) {
		r = generate.Default()
	}
	r = r.AtLeast(generate.MinLength, 1)
	secret, err := generate.Password(r)
	if err != nil { // the system gives no random numbers: there is no password then
		return present.Generated{Words: d.words.Failure(err).Message}
	}
	d.settings.Made = &generatorSettings{Length: r.Length, Lower: r.Lower, Upper: r.Upper, Digits: r.Digits, Symbols: r.Symbols, Clear: r.NoLookAlikes}
	d.save()
	made := present.Generated{
		Rules:    present.Generator{Length: r.Length, Lower: r.Lower, Upper: r.Upper, Digits: r.Digits, Symbols: r.Symbols, NoLookAlikes: r.NoLookAlikes},
		Password: secret.Bytes(), // the secret itself ends here
	}
	made.Score, made.Words = d.words.GeneratorStrength(r.Bits())
	return made
}

// codeNow returns the code of a setting that was typed.
func codeNow(setting vault.Secret, now time.Time) (session.Code, error) {
	config, err := otp.Parse(setting.Bytes())
	if err != nil {
		return session.Code{}, err
	}
	defer config.Secret.Wipe()
	text, err := config.Code(now)
	return session.Code{Text: text, Digits: config.Digits, Period: config.Period, Remain: config.Remaining(now)}, err
}

// showCode shows the one-time code of what was typed, or of what is stored, for
// a while.
func (ed *editor) showCode(typed []byte) {
	setting := vault.NewSecret(typed)
	ed.coding.Cancel()
	ed.askCode(setting, ed.d.now().Add(shownFor))
}

// askCode shows the code and, when its time is over, the next one, until.
func (ed *editor) askCode(setting vault.Secret, until time.Time) {
	d, item := ed.d, ed.item
	ed.coding = commented(d, ed.what(), func(ctx context.Context, comment string) (session.Code, error) {
		if !setting.IsEmpty() {
			return codeNow(setting, d.now())
		}
		if item == nil {
			return session.Code{}, vault.NotFound
		}
		return d.session.Code(ctx, item.Entry.ID, comment)
	}, func(code session.Code, err error) {
		if err != nil {
			setting.Wipe()
			ed.refused(err)
			return
		}
		ed.runCode(setting, code, until)
	}, func(session.Code) { setting.Wipe() })
}

// runCode paints how the time of a code runs down.
func (ed *editor) runCode(setting vault.Secret, code session.Code, until time.Time) {
	d := ed.d
	ends := d.now().Add(code.Remain)
	paint := func() {
		remain := max(ends.Sub(d.now()), 0)
		ed.screen.SetCode(code.Text, float64(remain)/float64(max(code.Period, time.Second)),
			d.words.Text("entry.code.left", map[string]any{"Count": int((remain + time.Second - 1) / time.Second)}))
	}
	paint()
	ed.coding = start(d.tasks, func(ctx context.Context, tell func(func())) (struct{}, error) {
		for over := time.Now().Add(code.Remain); time.Now().Before(over); {
			if err := pause(ctx, min(codePaint, time.Until(over)+time.Millisecond)); err != nil {
				return struct{}{}, err
			}
			tell(paint)
		}
		return struct{}{}, nil
	}, func(_ struct{}, err error) {
		if err == nil && d.now().Before(until) && ed.screen.ShowsCode() {
			ed.askCode(setting, until)
			return
		}
		setting.Wipe()
		ed.screen.SetCode("", 0, "")
	}, func(struct{}) { setting.Wipe() })
}

// copyCode puts the one-time code on the clipboard.
func (ed *editor) copyCode() {
	d, item := ed.d, ed.item
	if item == nil || d.state().NoCopy {
		return
	}
	const key = "copy code"
	ed.shown[key].Cancel()
	ed.shown[key] = commented(d, ed.what(), func(ctx context.Context, comment string) ([]byte, error) {
		code, err := d.session.Code(ctx, item.Entry.ID, comment)
		return []byte(code.Text), err
	}, func(code []byte, err error) {
		defer clear(code)
		if err != nil {
			ed.refused(err)
			return
		}
		d.copy(code, d.words.FieldName(vault.FieldOTP))
	}, wipe)
}
