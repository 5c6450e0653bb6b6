package screen_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// stage is a window with one dialog in front.
type stage struct {
	*seat
	stack  *widget.Stack
	dialog *widget.Dialog
}

func raise(t *testing.T, make func(s *stage) *widget.Dialog) *stage {
	t.Helper()
	s := &stage{}
	s.seat = sit(t, func(*seat) fyne.CanvasObject { return fw.NewLabel("behind") })
	s.stack = widget.NewStack(s.window.Canvas())
	s.dialog = make(s)
	s.stack.Open(s.dialog)
	return s
}

// shows returns what can be read in the dialog.
func (s *stage) shows() string {
	var out []string
	for _, o := range seen(s.window.Canvas().Overlays().Top()) {
		if text, ok := o.(*canvas.Text); ok {
			out = append(out, text.Text)
		}
	}
	return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
}

func (s *stage) has(t *testing.T, texts ...string) {
	t.Helper()
	got := s.shows()
	for _, text := range texts {
		if !strings.Contains(got, text) {
			t.Errorf("%q is not in %q", text, got)
		}
	}
}

func (s *stage) hasNot(t *testing.T, text string) {
	t.Helper()
	if got := s.shows(); strings.Contains(got, text) {
		t.Errorf("%q is in %q", text, got)
	}
}

func (s *stage) said(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(s.told, want) {
		t.Errorf("told %q, want %q", s.told, want)
	}
}

var rules = policy.MasterRules{MinLength: 12, MinScore: 3, Differs: true}

func dryRun(kept, out int) wire.DryRun {
	reason := "not_permitted"
	r := wire.DryRun{Total: kept + out, Cached: kept, Excluded: out, ByReason: map[string]int{reason: out}}
	for i := range kept {
		r.Entries = append(r.Entries, wire.DryRunEntry{Path: fmt.Sprintf("Network/Router %d", i), Cached: true})
	}
	for i := range out {
		r.Entries = append(r.Entries, wire.DryRunEntry{Path: fmt.Sprintf("Payroll/Account %d", i), Reason: &reason})
	}
	r.Entries[0].Path = strings.Repeat("level/", 126) + "Deep entry"
	return r
}

// disconnectStage has the dialog judge at once, or when judge is called.
func disconnectStage(t *testing.T) (s *stage, x *screen.Disconnect, judge func()) {
	words := present.Load("en")
	pending := func() {}
	s = raise(t, func(s *stage) *widget.Dialog {
		x = screen.NewDisconnect(words, screen.DisconnectActions{
			SignIn:   func(p, c []byte) { s.told = append(s.told, "sign in "+string(p)+" "+string(c)) },
			Again:    s.tell("again"),
			Continue: func(comment string, _ bool) { s.told = append(s.told, "continue "+comment) },
			Judge: func(m, again, account []byte) {
				pending = func() {
					x.Judged(words.JudgeMaster(rules, vault.NewSecret(m), vault.NewSecret(again), vault.NewSecret(account)))
				}
			},
			Make: func(m []byte) { s.told = append(s.told, "make "+string(m)) },
			Key:  func(bool) {}, Back: s.tell("back"), Stop: s.tell("stop"), Leave: s.tell("leave"), Closed: s.tell("closed"),
		})
		return x.Dialog()
	})
	return s, x, func() { pending() }
}

func TestReviewIsReadAndGoneOnFrom(t *testing.T) {
	s, x, _ := disconnectStage(t)
	words := present.Load("en")
	facts := present.ReviewFacts{Run: dryRun(118, 300), Level: "B", Governed: true, Comment: true, Now: time.Now()}
	x.ShowReview(present.NewReview(words, facts))
	s.has(t, "118 of 418 entries will be kept on this computer.", "118 will be kept", "300 Left out: You do not have the permission",
		"Bound to this computer: hardware", "An older copy still opens", "two-factor", "records for each cached password")
	s.hasNot(t, "Deep entry")
	for _, o := range seen(s.window.Canvas().Overlays().Top()) {
		if d, ok := o.(*widget.Disclosure); ok {
			d.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
			break
		}
	}
	s.has(t, "Deep entry", "Router 1")
	s.hasNot(t, "Router 60") // what is not in view is not painted
	s.write(t, "weekend on call")
	s.press(t, fyne.KeyReturn)
	s.said(t, "continue weekend on call")

	facts.Problem = vault.ApprovalPending
	x.ShowReview(present.NewReview(words, facts))
	s.has(t, "Check again")
	s.press(t, fyne.KeyReturn, fyne.KeyEscape)
	s.said(t, "continue weekend on call", "again", "leave")
}

// Enter may come before what was typed is judged; what does not satisfy the
// rules is never taken.
func TestMasterPasswordIsJudged(t *testing.T) {
	const good = "Ebbe und Flut 1729 am Kai"
	s, x, judge := disconnectStage(t)
	x.ShowMaster(present.Load("en").MasterRules(rules), nil)
	s.has(t, "At least 12 characters", "Repeated without a mistake")
	s.write(t, "kurz")
	s.press(t, fyne.KeyReturn)
	judge()
	s.said(t)
	if !s.dialog.PrimaryButton().Disabled() {
		t.Error("a weak password can be taken")
	}
	x.ShowMaster(present.Load("en").MasterRules(rules), nil)
	s.window.Canvas().Focused().(*widget.PasswordEntry).SetText(good)
	judge()
	s.press(t, fyne.KeyReturn) // goes on to the second field
	s.write(t, good)
	s.press(t, fyne.KeyReturn)
	s.said(t)
	judge()
	s.said(t, "make "+good)

	// While it is made Escape stops; a failure costs nothing that was typed.
	x.SetBusy("42 of 118 entries…", 0.4)
	s.has(t, "42 of 118 entries…")
	s.press(t, fyne.KeyEscape)
	x.ShowMaster(present.Load("en").MasterRules(rules), present.Load("en").Failure(vault.Unreachable))
	s.has(t, "The server cannot be reached")
	judge()
	s.press(t, fyne.KeyReturn)
	s.said(t, "make "+good, "stop", "make "+good)

	field := s.window.Canvas().Focused().(*widget.PasswordEntry)
	s.stack.CloseAll()
	if field.Text != "" || s.told[len(s.told)-1] != "closed" {
		t.Errorf("after the dialog was closed: %q, told %q", field.Text, s.told)
	}
}

func TestAccountPasswordBeforeTheCache(t *testing.T) {
	s, x, _ := disconnectStage(t)
	x.ShowSignIn("Your session has ended.", false, nil)
	s.press(t, fyne.KeyReturn)
	s.write(t, "secret")
	s.press(t, fyne.KeyReturn)
	x.ShowSignIn("Your session has ended.", true, present.Load("en").Failure(vault.SecondFactor))
	s.write(t, "123456")
	s.press(t, fyne.KeyReturn)
	s.said(t, "sign in secret ", "sign in secret 123456")
	x.ShowSignIn("Your session has ended.", false, present.Load("en").Failure(vault.WrongCredentials))
	s.write(t, "other") // replaces what was refused
	s.press(t, fyne.KeyReturn)
	if got := s.told[len(s.told)-1]; !strings.HasPrefix(got, "sign in other") {
		t.Errorf("told %q", got)
	}
}

func TestConnectNamesWhatItDrops(t *testing.T) {
	var x *screen.Connect
	s := raise(t, func(s *stage) *widget.Dialog {
		x = screen.NewConnect(present.Load("en"), screen.ConnectActions{
			Connect: func(c screen.ConnectTyped, drop bool) {
				s.told = append(s.told, fmt.Sprintf("connect %s/%s/%s %v", c.Password, c.Code, c.Master, drop))
			},
			Stop: s.tell("stop"), Leave: s.tell("leave"), Closed: func() {},
		})
		return x.Dialog()
	})
	words := present.Load("en")
	facts := present.ConnectFacts{Status: session.Status{Mode: session.Offline, User: "erika"}}
	for i := range 300 {
		facts.Drafts = append(facts.Drafts, session.Draft{Op: "edited", Path: fmt.Sprintf("Network/Router %d", i), Fields: []string{"Password"}})
	}
	x.Show(present.NewConnectForm(words, facts))
	s.has(t, "300 drafts will be dropped", "Drop 300 drafts and connect", "edited Network/Router 0 Password")
	s.press(t, fyne.KeyReturn) // nothing typed
	s.said(t)
	s.write(t, "secret")
	s.press(t, fyne.KeyReturn)
	facts.Err, facts.Code = vault.SecondFactor, true
	x.Show(present.NewConnectForm(words, facts))
	s.write(t, "123456")
	s.press(t, fyne.KeyReturn)
	s.said(t, "connect secret// true", "connect secret/123456/ true")

	lost := present.ConnectFacts{Status: facts.Status, Lost: true}
	lost.Status.SignedIn = true
	x.Show(present.NewConnectForm(words, lost))
	s.has(t, "nobody can read any more", "Drop the drafts and connect")
	s.press(t, fyne.KeyReturn) // the keyboard is at the way out
	if got := s.told[len(s.told)-1]; got != "leave" {
		t.Errorf("Enter did %q", got)
	}
}

func TestNothingIsClearedBySlip(t *testing.T) {
	var x *screen.Clear
	m := present.Clear{Destroys: []string{"The cache of erika"}, Remains: "Older copies", Drafts: "3 drafts are lost.", Journal: "14 records stay", Confirm: "Clear the cache"}
	s := raise(t, func(s *stage) *widget.Dialog {
		x = screen.NewClear(present.Load("en"), m, screen.ClearActions{Clear: s.tell("clear"), Leave: s.tell("leave"), Closed: func() {}})
		return x.Dialog()
	})
	s.has(t, "The cache of erika", "Older copies", "3 drafts are lost.", "14 records stay")
	s.press(t, fyne.KeyReturn)
	s.said(t, "leave")
	test.Tap(s.dialog.PrimaryButton())
	s.said(t, "leave", "clear")
	x.SetBusy(true)
	s.has(t, "Clearing the cache…")
	x.SetBusy(false)
	x.SetNotice(present.Load("en").Failure(errors.New("the disk is full")))
	s.has(t, "the disk is full")
}

func TestImportNeedsFileAndPassword(t *testing.T) {
	var x *screen.Import
	words, st := present.Load("en"), session.Status{User: "erika"}
	s := raise(t, func(s *stage) *widget.Dialog {
		x = screen.NewImport(words, screen.ImportActions{
			Browse: s.tell("browse"), File: func(path string) { x.Show(present.NewImport(words, st, path, nil, false)) },
			Import: func(path string, master []byte) { s.told = append(s.told, "import "+path+" "+string(master)) },
			Stop:   s.tell("stop"), Leave: s.tell("leave"), Closed: func() {},
		})
		return x.Dialog()
	})
	x.Show(present.NewImport(words, st, "", nil, false))
	s.has(t, "a cache cannot be moved", "erika")
	s.press(t, fyne.KeyReturn)
	s.write(t, "/usb/cache.kdbx")
	s.press(t, fyne.KeyReturn) // goes on to the password
	s.write(t, "secret")
	s.press(t, fyne.KeyReturn)
	s.said(t, "import /usb/cache.kdbx secret")
	x.Show(present.NewImport(words, st, "/usb/cache.kdbx", nil, true))
	s.press(t, fyne.KeyEscape)
	x.Show(present.NewImport(words, st, "/usb/cache.kdbx", vault.OtherMachine, false))
	s.has(t, words.Failure(vault.OtherMachine).Message)
	s.press(t, fyne.KeyEscape)
	s.said(t, "import /usb/cache.kdbx secret", "stop", "leave")
}

func TestHelp(t *testing.T) {
	for _, lang := range present.Languages() {
		words := present.Load(lang)
		s := raise(t, func(s *stage) *widget.Dialog {
			return screen.NewShortcuts(words, present.Shortcuts(words, present.Commands()), s.tell("leave"))
		})
		s.has(t, "Ctrl+Shift+U", "F1")
		s.press(t, fyne.KeyReturn)
		s.stack.CloseAll()
		s.dialog = screen.NewAbout(words, present.NewAbout(words, "1.2.3", []present.AboutPart{{Name: "fyne.io/fyne/v2", Version: "v2.8.0"}}), s.tell("leave"))
		s.stack.Open(s.dialog)
		s.has(t, "1.2.3", "Apache")
		s.hasNot(t, "fyne.io")
		for _, o := range seen(s.window.Canvas().Overlays().Top()) {
			if d, ok := o.(*widget.Disclosure); ok {
				d.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
			}
		}
		s.has(t, "fyne.io/fyne/v2 v2.8.0")
		s.press(t, fyne.KeyEscape)
		s.said(t, "leave", "leave")
		s.stack.CloseAll()

		x := screen.NewDoctor(words, screen.DoctorActions{Again: s.tell("again"), Stop: s.tell("stop"), Leave: s.tell("leave"), Closed: func() {}})
		s.stack.Open(x.Dialog())
		x.SetBusy(true)
		s.press(t, fyne.KeyEscape)
		x.SetBusy(false)
		pin := strings.Repeat("0123456789abcdef", 4)
		x.Show(present.DoctorRows(words, []present.Check{{ID: "tpm", Status: "ok", Value: "INTC"}, {ID: "certificate", Status: "fail", Value: pin}}), nil)
		s.has(t, "INTC", pin)
		s.press(t, fyne.KeyReturn)
		s.said(t, "leave", "leave", "stop", "again")
	}
}

func TestOfflineContents(t *testing.T) {
	words := present.Load("en")
	m := present.Contents{
		Facts:  []present.Fact{{ID: "state", Label: "State", Value: "can be opened", Severity: present.Good}, {ID: "path", Label: "File", Value: strings.Repeat("/home/erika", 30)}},
		Level:  words.Binding("B", false, true),
		Escrow: "No key file.", Notice: &present.Notice{Severity: present.Alarm, Message: "It is over."},
	}
	s := raise(t, func(s *stage) *widget.Dialog { return screen.NewContents(words, m, s.tell("leave")).Dialog() })
	s.has(t, "State", "can be opened", "/home/erika", "the chip slows guessing down", "An older copy still opens", "No key file.", "It is over.")
	s.press(t, fyne.KeyEscape)
	s.said(t, "leave")
}
