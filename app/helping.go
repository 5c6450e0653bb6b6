package app

import (
	"context"
	"runtime/debug"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	launch "github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/app/widget"
)

// offlineContents is Offline contents….
func (d *Desktop) offlineContents() {
	var x *screen.Contents
	x = screen.NewContents(d.words, present.NewContents(d.words, d.status, d.now()), func() { d.dialogs.Close(x.Dialog()) })
	d.dialogs.Open(x.Dialog())
}

// showShortcuts is Keyboard shortcuts.
func (d *Desktop) showShortcuts() {
	var x *widget.Dialog
	x = screen.NewShortcuts(d.words, present.Shortcuts(d.words, d.commands), func() { d.dialogs.Close(x) })
	d.dialogs.Open(x)
}

// showAbout is About Tideover.
func (d *Desktop) showAbout() {
	var x *widget.Dialog
	x = screen.NewAbout(d.words, present.NewAbout(d.words, d.cfg.Version, parts()), func() { d.dialogs.Close(x) })
	d.dialogs.Open(x)
}

// parts are the libraries that are linked into the program.
func parts() []present.AboutPart {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	list := []present.AboutPart{{Name: "Go", Version: info.GoVersion}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		list = append(list, present.AboutPart{Name: m.Path, Version: m.Version})
	}
	return list
}

// doctor is Check this computer. It changes nothing.
func (d *Desktop) doctor() {
	var x *screen.Doctor
	var work *task
	look := func() {
		x.SetBusy(true)
		work = start(d.tasks, func(ctx context.Context, _ func(func())) (launch.Examination, error) {
			return launch.Options{Home: d.cfg.Home, TPM: d.cfg.Chip}.Examine(ctx, d.cfg.Client)
		}, func(e launch.Examination, err error) {
			x.SetBusy(false)
			n := d.words.Failure(err)
			if n == nil && len(e.BlockedBy) > 0 {
				n = &present.Notice{Severity: present.Info, Message: d.words.Text("doctor.blocked", map[string]any{"By": d.words.Blocked(e.BlockedBy)})}
			}
			checks := make([]present.Check, len(e.Findings))
			for i, f := range e.Findings {
				checks[i] = present.Check{ID: f.ID, Status: string(f.Status), Value: f.Value}
			}
			x.Show(present.DoctorRows(d.words, checks), n)
		}, nil)
	}
	leave := func() { d.dialogs.Close(x.Dialog()) }
	x = screen.NewDoctor(d.words, screen.DoctorActions{
		Again: look, Stop: leave, Leave: leave, Closed: func() { work.Cancel() },
	})
	d.dialogs.Open(x.Dialog())
	look()
}
