package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// trouble is an office behind a bad line: one of its calls fails, or hangs until
// it is given up.
type trouble struct {
	*office
	call  string        // that has it; empty: none
	err   error         // of that call; nil: it hangs
	hangs chan struct{} // told of each call that does
	stray bool          // what hung is answered all the same, too late
}

// meets is the trouble, for every call.
func (t *trouble) meets(ctx context.Context, call string) error {
	t.mu.Lock()
	hit, err, stray := t.call == call, t.err, t.stray
	t.mu.Unlock()
	switch {
	case !hit:
		return nil
	case err != nil:
		return err
	}
	t.hangs <- struct{}{}
	<-ctx.Done()
	if stray {
		return nil
	}
	return ctx.Err()
}

func (t *trouble) set(call string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.call, t.err = call, err
}

func (t *trouble) Tree(ctx context.Context) (*wire.Stream, error) {
	if err := t.meets(ctx, "tree"); err != nil {
		return nil, err
	}
	return t.office.Tree(ctx)
}

func (t *trouble) Reveal(ctx context.Context, id vault.ID, comment string) (*vault.Entry, error) {
	if err := t.meets(ctx, "reveal"); err != nil {
		return nil, err
	}
	return t.office.Reveal(ctx, id, comment)
}

func (t *trouble) Entry(ctx context.Context, id vault.ID) (*wire.EntryAnswer, error) {
	if err := t.meets(ctx, "entry"); err != nil {
		return nil, err
	}
	return t.office.Entry(ctx, id)
}

func (t *trouble) Attachment(ctx context.Context, entry, id vault.ID, comment string) ([]byte, error) {
	if err := t.meets(ctx, "attachment"); err != nil {
		return nil, err
	}
	return t.office.Attachment(ctx, entry, id, comment)
}

func (t *trouble) CreateEntry(ctx context.Context, group vault.ID, e *vault.Entry, comment string) (vault.ID, error) {
	if err := t.meets(ctx, "create"); err != nil {
		return vault.ID{}, err
	}
	return t.office.CreateEntry(ctx, group, e, comment)
}

func (t *trouble) UpdateEntry(ctx context.Context, group vault.ID, e *vault.Entry, comment string) error {
	if err := t.meets(ctx, "update"); err != nil {
		return err
	}
	return t.office.UpdateEntry(ctx, group, e, comment)
}

// MoveEntry moves nothing, likewise.
func (t *trouble) MoveEntry(ctx context.Context, id, group vault.ID, _ string) error {
	if err := t.meets(ctx, "move"); err != nil {
		return err
	}
	return t.ask("move " + id.String() + " to " + group.String())
}

// DeleteEntry deletes nothing: the entry is needed for what comes.
func (t *trouble) DeleteEntry(ctx context.Context, _ vault.ID, _ string) error {
	return t.meets(ctx, "delete")
}

func (t *trouble) CreateGroup(ctx context.Context, _ vault.ID, _, _ string) (vault.ID, error) {
	return entryID(70), t.meets(ctx, "group")
}

func (t *trouble) RenameGroup(ctx context.Context, _ vault.ID, _, _ string) error {
	return t.meets(ctx, "group")
}

func (t *trouble) DeleteGroup(ctx context.Context, _ vault.ID, _ bool, _ string) error {
	return t.meets(ctx, "group")
}

func newTrouble(t *testing.T) (*desk, *trouble) {
	t.Helper()
	x := &trouble{hangs: make(chan struct{}, 8)}
	return newDeskBefore(t, &office{content: few, gone: map[vault.ID]bool{}}, func(o *office) session.Remote {
		x.office = o
		return x
	}), x
}

// actions are what a person can do that asks the server, with the call that it
// comes to, and how the wait for it is ended.
var actions = []struct {
	name, call string
	begin      func(t *testing.T, k *desk)
	stop       func(k *desk)
}{
	{"listing", "tree", func(_ *testing.T, k *desk) { k.do(present.CmdReload, "") }, func(k *desk) { k.do(present.CmdReload, "") }},
	{"reveal", "reveal", func(_ *testing.T, k *desk) { k.main.reveal(entryID(1), "PIN") }, func(k *desk) { k.main.screen.SelectEntry(entryID(2)) }},
	{"copy", "reveal", func(_ *testing.T, k *desk) { k.do(present.CmdCopyPassword, "") }, func(k *desk) { k.main.screen.SelectEntry(entryID(2)) }},
	{"edit", "update", func(_ *testing.T, k *desk) {
		k.do(present.CmdEditEntry, "")
		test.Type(k.cfg.Window.Canvas().Focused(), fmt.Sprint("Post ", k.office.asked("tree"))) // never what it is already
		k.push("Save")
	}, stopDialog},
	{"history", "entry", func(_ *testing.T, k *desk) {
		k.do(present.CmdEditEntry, "")
		k.push("History")
	}, func(k *desk) { k.escape() }},
	{"add", "create", func(_ *testing.T, k *desk) {
		k.do(present.CmdAddEntry, "")
		test.Type(k.cfg.Window.Canvas().Focused(), "Router")
		k.push("Save")
	}, stopDialog},
	{"duplicate", "create", func(_ *testing.T, k *desk) { k.do(present.CmdDuplicateEntry, "") }, func(k *desk) { k.main.strip() }},
	{"delete", "delete", func(_ *testing.T, k *desk) {
		k.do(present.CmdDeleteEntry, "")
		k.dialogs.Top().OnPrimary()
	}, stopDialog},
	{"move", "move", func(t *testing.T, k *desk) {
		k.main.screen.SelectAll()
		k.settle()
		k.do(present.CmdMoveEntry, "")
		k.dialogs.Top().OnPrimary()
	}, stopDialog},
	{"add a group", "group", func(_ *testing.T, k *desk) {
		k.do(present.CmdAddGroup, "")
		test.Type(k.dialogs.Top().First, "New")
		k.dialogs.Top().OnPrimary()
	}, stopDialog},
	{"attachment", "attachment", func(t *testing.T, k *desk) {
		k.do(present.CmdSaveAttachment, "../key.pem")
		k.dialogs.Top().First.(*widget.TextEntry).SetText(filepath.Join(attached(t), "key.pem"))
		k.dialogs.Top().OnPrimary()
	}, stopDialog},
}

// stopDialog presses Stop in the dialog in front, and leaves what stays open.
func stopDialog(k *desk) {
	k.dialogs.Top().OnStop()
	k.dialogs.CloseAll()
}

// attached is a folder for an attachment, which has to be empty in the end.
func attached(t *testing.T) string {
	dir := t.TempDir()
	t.Cleanup(func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("left in the folder: %v, %v", left, err)
		}
	})
	return dir
}

// idle paints until nothing is under way any more, and nothing will come. What is
// painted may begin something, so that both take turns.
func (k *desk) idle() {
	k.tb.Helper()
	for {
		var paints []func()
		over, gathered := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(gathered)
			for {
				select {
				case paint := <-k.q:
					paints = append(paints, paint)
				case <-over:
					for len(k.q) > 0 {
						paints = append(paints, <-k.q)
					}
					return
				}
			}
		}()
		k.tasks.all.Wait()
		close(over)
		<-gathered
		if len(paints) == 0 {
			return
		}
		for _, paint := range paints {
			paint()
		}
	}
}

// back signs in once more, where the window is locked or the server was lost.
func (k *desk) back() {
	k.tb.Helper()
	if k.here != place(k.main) {
		k.login.signIn(screen.LoginForm{Server: "office.example", User: "erika", Password: []byte("word")})
	}
	k.until(func() bool { return k.here == place(k.main) && k.main.list != nil })
	k.idle()
	k.choose(1)
}

// atRest checks that nothing waits, and that everything can be done.
func (k *desk) atRest() {
	k.tb.Helper()
	if s := k.state(); s.Busy || s.DialogOpen {
		k.tb.Errorf("at rest: %+v", s)
	}
	if ok, why := present.FindCommand(k.commands, present.CmdReload).Enabled(k.state()); !ok {
		k.tb.Errorf("the list cannot be read anew: %s", why)
	}
}

// Every wait for a slow server can be ended by the person, and by the lock; the
// window goes on as if nothing had been asked.
func TestSlowServer(t *testing.T) {
	for _, a := range actions {
		t.Run(a.name, func(t *testing.T) {
			k, x := newTrouble(t)
			k.choose(1)
			for _, stray := range []bool{false, true} {
				x.stray = stray
				x.set(a.call, nil)
				a.begin(t, k)
				<-x.hangs
				x.set("", nil)
				a.stop(k)
				k.idle()
				k.atRest()
				k.choose(1)
				k.wantNot("4711", "pass-Mail")
				if !stray { // what comes too late is the harder case for the lock
					continue
				}

				x.set(a.call, nil)
				a.begin(t, k)
				<-x.hangs
				x.set("", nil)
				asked := k.office.asked("tree")
				k.lock()
				k.idle()
				if p := k.main; k.here != place(k.login) || p.list != nil || p.index != nil || len(p.shown) != 0 || k.dialogs.Len() != 0 || k.busy != 0 {
					t.Errorf("locked at %T with the listing %v, %d dialogs", k.here, p.list, k.dialogs.Len())
				}
				if now := k.office.asked("tree"); now > asked+1 {
					t.Errorf("listed %d times behind the lock", now-asked)
				}
				k.wantNot("4711", "pass-Mail", "postmaster")
				k.back()
			}
		})
	}
}

// failures are how a server fails in the middle of the work.
var failures = []error{
	vault.Fail(vault.Unreachable, "office"),
	vault.Fail(vault.BadAnswer, "the answer is not the JSON that was expected"),
	vault.Fail(vault.Hostile, "the answer is longer than 8388608 bytes"),
	vault.NotFound,
	errors.New("read: connection reset"),
	vault.Fail(vault.NotPermitted, "your role may not"),
}

// A server that fails in the middle of an action costs that action; what
// happened and what to do is said where the person is.
func TestServerFailsInTheMiddle(t *testing.T) {
	for _, a := range actions {
		t.Run(a.name, func(t *testing.T) {
			k, x := newTrouble(t)
			k.choose(1)
			for i, failure := range failures {
				if i%2 == 1 && a.call != "tree" { // the words are the same everywhere
					continue
				}
				x.set(a.call, failure)
				a.begin(t, k)
				k.idle()
				said := k.words.Failure(failure)
				if said.Message == "" || said.Remedy == "" {
					t.Fatalf("there are no words for %v: %+v", failure, said)
				}
				k.want(said.Message, said.Remedy)
				k.wantNot("pass-Mail", "4711")
				if top := k.dialogs.Top(); top != nil && top.Busy() {
					t.Errorf("%v: the dialog waits for ever", failure)
				}
				k.dialogs.CloseAll()
				x.set("", nil)
				k.idle()
				k.back()
				k.atRest()
				if a.call == "tree" { // what is tried again and works is no failure any more
					k.do(present.CmdReload, "")
					k.settle()
					k.wantNot(said.Message)
				}
			}
			k.main.reveal(entryID(1), "PIN")
			k.settle()
			k.want("4711") // it goes on
		})
	}
}
