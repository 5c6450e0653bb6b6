package app

import (
	"context"
	"errors"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tideover/tideover/app/present"
	launch "github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// Config is what a Desktop stands on.
type Config struct {
	App    fyne.App
	Window fyne.Window
	Client *launch.Client // closed when the program ends
	// Target returns the server at a URL, with the identity that the command
	// line named.
	Target   func(url string) (session.Target, error)
	Chip     string // where the security chip is looked for, as the doctor asks
	Home     string // folder of the client's state
	Language string // of the system; the settings may say another
	Version  string
	Post     Poster
	Quit     func()          // ends the program; called on the painting goroutine
	Shows    <-chan struct{} // wishes of other instances to see the window; may be nil
	// Tray shows icon and menu in the desktop's tray; nil: there is none.
	Tray func(icon fyne.Resource, tooltip string, menu *fyne.Menu)
}

// Desktop is the window. Its methods are for the painting goroutine, but for
// what says otherwise.
type Desktop struct {
	cfg      Config
	words    *present.Catalogue
	commands []present.Command
	session  *session.Session // used inside of tasks only, but for what never waits
	tasks    *tasks
	dialogs  *widget.Stack
	host     *widget.TipHost
	settings *settings
	keys     *keyboard
	clip     *clipboard
	menuNow  string // what the menu was painted from
	trayNow  string

	status        session.Status // as last read
	known         bool           // it has been read
	appeared      bool           // a place was shown since the window was built
	waited        bool           // long enough for it; the login is shown meanwhile
	reading       bool           // it is being read; again says that it has to be once more
	again         bool
	proven        bool            // the person signed in or unlocked, and did not lock since
	offlineWanted bool            // Work Offline was chosen, or no server answered at the login
	noticed       bool            // the person knows that the server is there
	busy          int             // commands under way that others wait for
	signing       chan struct{}   // holds one while a sign-in has its turn; outlives the places
	opening       chan struct{}   // the same for a cache that is opened
	said          *present.Notice // of a failure, for the place that comes of it; nil: none
	lost          bool            // a request found no server, which may change the mode by itself
	saving        bool            // the settings are being written; unsaved: they changed since
	unsaved       bool

	repaint *task // of a window that got another size

	here   place
	login  *loginPlace
	unlock *unlockPlace
	main   *mainPlace // nil: not wanted yet, see workplace
}

// New prepares a window, which is empty until Begin: it stands the sooner.
func New(c Config) *Desktop {
	d := &Desktop{
		cfg: c, session: c.Client.Session, commands: present.Commands(),
		tasks: newTasks(c.Post), settings: loadSettings(c.Home), signing: make(chan struct{}, 1),
		opening: make(chan struct{}, 1),
	}
	c.App.Settings().SetTheme(theme.New(theme.Mode(d.settings.Theme)))
	c.App.SetIcon(theme.AppIcon())
	c.Window.SetIcon(theme.WindowIcon())
	c.Window.SetPadded(false)
	d.dialogs = widget.NewStack(c.Window.Canvas())
	d.dialogs.OnChange = d.paintCommands
	d.clip = newClipboard(d)
	d.keys = newKeyboard(d)
	d.host = widget.NewTipHost(container.NewWithoutLayout())
	d.host.OnResize = d.resized
	c.Window.SetContent(d.host)
	width, height := d.settings.Width, d.settings.Height
	if width == 0 || height == 0 {
		width, height = 1080, 700
	}
	c.Window.Resize(fyne.NewSize(width, height))
	c.Window.SetCloseIntercept(d.quit)
	return d
}

// build makes the places in the language of the settings: what asks who is
// there, and the main place when it is wanted.
func (d *Desktop) build() {
	language := d.settings.Language
	if language == "" {
		language = d.cfg.Language
	}
	d.words = present.Load(language)
	d.login, d.unlock, d.main = newLoginPlace(d), newUnlockPlace(d), nil
	d.menuNow, d.trayNow, d.appeared = "", "", false
	d.here = d.login
	d.host.SetContent(d.login.object())
}

// workplace returns the main place, which is made the first time.
func (d *Desktop) workplace() *mainPlace {
	if d.main == nil {
		d.main = newMainPlace(d)
	}
	return d.main
}

// rebuild changes the language of everything. What was listed is read again.
func (d *Desktop) rebuild() {
	d.dialogs.CloseAll()
	d.here.leave()
	d.build()
	d.here.enter()
	d.paint()
}

// Begin fills the window, reads the status for the first time and starts what
// runs beside the window. It is called once, when the window stands.
func (d *Desktop) Begin() {
	d.refresh() // while the places are made
	d.build()
	d.here.enter()
	d.paint()
	d.watch()
	start(d.tasks, func(ctx context.Context, _ func(func())) (struct{}, error) {
		return struct{}{}, pause(ctx, firstStatus)
	}, func(struct{}, error) {
		d.waited = true
		d.paint()
		d.workplace() // by now the first screen is there; whoever is quicker made it already
	}, nil)
}

// firstStatus is how long nothing is shown before it is known which place fits:
// a flash of the wrong one is worse, an empty window for longer is not.
const firstStatus = time.Second

// now is the time of what is painted.
func (d *Desktop) now() time.Time { return time.Now() }

// state is what commands are judged by.
func (d *Desktop) state() present.State {
	s := present.StateOf(d.status, d.proven && d.here == place(d.main))
	s.DialogOpen = d.dialogs.Len() > 0
	s.Busy = d.busy > 0
	s.Theme, s.Toolbar = d.settings.Theme, d.settings.toolbar()
	s.Details, s.Subgroups = d.settings.Details, d.settings.Subs
	s.Offline = d.login.mayOffline()
	if d.here == place(d.main) {
		s = d.main.state(s)
	}
	return s
}

// refresh reads the status again and paints it. It is called after every
// command that may have changed something, whether it worked or not.
func (d *Desktop) refresh() {
	if d.reading {
		d.again = true
		return
	}
	d.reading = true
	start(d.tasks, func(ctx context.Context, _ func(func())) (session.Status, error) {
		return d.session.Status(ctx)
	}, func(st session.Status, err error) {
		d.reading = false
		if err != nil {
			d.tell(d.words.Failure(err))
		} else {
			before := d.status.Mode
			d.took(st)
			if d.lost {
				d.changed(before, st.Mode)
			}
		}
		d.lost = false
		d.paint()
		d.said = nil
		if n := d.failedBefore(nil); n != nil { // a command that tells nothing of itself
			d.tell(n)
		}
		if d.again {
			d.again = false
			d.refresh()
		}
	}, nil)
}

// took keeps a status that was read.
func (d *Desktop) took(st session.Status) {
	first := !d.known
	d.status, d.known = st, true
	if first {
		d.login.begin()
	}
	switch st.Mode {
	case session.Online:
		d.noticed = true // whoever works there knows of the server
	case session.Offline:
		d.offlineWanted = false
	}
}

// enter notes that the person signed in or unlocked, and shows what is there.
func (d *Desktop) enter() {
	d.proven, d.offlineWanted = true, false
	d.clip.used()
	d.refresh()
	d.workplace().reload()
}

// lock hides everything and has the session forget what is open.
func (d *Desktop) lock() {
	d.hide()
	start(d.tasks, func(ctx context.Context, _ func(func())) (struct{}, error) {
		return struct{}{}, d.session.LockEverywhere(ctx)
	}, func(_ struct{}, err error) {
		d.tell(d.words.Failure(err))
		d.refresh()
	}, nil)
}

// hide leaves nothing readable in the window.
func (d *Desktop) hide() {
	d.proven = false
	d.dialogs.CloseAll()
	d.clip.clear()
	if d.main != nil {
		d.main.leave()
	}
	d.login.lock()
	d.unlock.lock()
	d.paint()
}

// failed tells of an error where the person is, and goes where it can be mended.
func (d *Desktop) failed(err error) {
	if errors.Is(err, context.Canceled) {
		d.refresh()
		return
	}
	notice := d.words.Failure(err)
	if errors.Is(err, vault.Locked) || errors.Is(err, vault.NotSignedIn) {
		d.hide()
	}
	d.tell(notice)
	d.said = notice
	d.lost = errors.Is(err, vault.Unreachable) || errors.Is(err, vault.BadAnswer)
	d.refresh()
}

// tell shows a notice in the place in front; nil takes it away.
func (d *Desktop) tell(n *present.Notice) {
	switch d.here {
	case place(d.main):
		d.main.tell(n)
	case place(d.unlock):
		d.unlock.tell(n)
	case place(d.login):
		d.login.tell(n)
	}
}

// waiting marks a command that others have to wait for; the result ends it.
func (d *Desktop) waiting() (over func()) {
	d.busy++
	d.paintCommands()
	done := false
	return func() {
		if !done {
			done = true
			d.busy--
			d.paintCommands()
		}
	}
}

// quit ends the program: what runs is cancelled, a copied secret leaves the
// clipboard, the cache is locked, and then the painting ends.
func (d *Desktop) quit() {
	d.remember()
	d.hide()
	d.tasks.end(func() {
		d.clip.close()
		d.cfg.Client.Close()
	}, d.cfg.Quit)
}

// Quit is quit for callers on any goroutine, such as that of a signal.
func (d *Desktop) Quit() { d.cfg.Post(d.quit) }

// remember keeps how the window looks.
func (d *Desktop) remember() {
	if size := d.cfg.Window.Canvas().Size(); size.Width > 0 && size.Height > 0 {
		d.settings.Width, d.settings.Height = size.Width, size.Height
	}
	d.save()
}

// save writes the settings, one write after the other. Where that fails the
// next start looks as before, which is not worth a message. Maps and slices of
// the settings are replaced, never changed: a write may still read them.
func (d *Desktop) save() {
	if d.saving {
		d.unsaved = true
		return
	}
	d.saving, d.unsaved = true, false
	kept := *d.settings
	start(d.tasks, func(context.Context, func(func())) (struct{}, error) {
		return struct{}{}, saveSettings(d.cfg.Home, kept)
	}, func(struct{}, error) {
		d.saving = false
		if d.unsaved {
			d.save()
		}
	}, nil)
}
