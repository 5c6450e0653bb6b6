package native_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// requester is a program that pastes, and speaks X11 itself.
type requester struct {
	t      *testing.T
	conn   *xgb.Conn
	win    xproto.Window
	events chan xgb.Event
	names  map[string]xproto.Atom
}

func newRequester(t *testing.T) *requester {
	t.Helper()
	conn, err := xgb.NewConn()
	if err != nil {
		t.Fatal(err)
	}
	r := &requester{t: t, conn: conn, events: make(chan xgb.Event, 64), names: map[string]xproto.Atom{"": xproto.AtomNone}}
	go func() {
		defer close(r.events)
		for {
			event, err := conn.WaitForEvent()
			if event != nil {
				r.events <- event
			} else if err == nil {
				return // closed
			}
		}
	}()
	t.Cleanup(conn.Close)
	if r.win, err = xproto.NewWindowId(conn); err != nil {
		t.Fatal(err)
	}
	root := xproto.Setup(conn).DefaultScreen(conn).Root
	if err := xproto.CreateWindowChecked(conn, 0, r.win, root, 0, 0, 1, 1, 0, xproto.WindowClassInputOnly, 0,
		xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange}).Check(); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *requester) atom(name string) xproto.Atom {
	r.t.Helper()
	if a, ok := r.names[name]; ok {
		return a
	}
	reply, err := xproto.InternAtom(r.conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		r.t.Fatal(err)
	}
	r.names[name] = reply.Atom
	return reply.Atom
}

// name is the other way round.
func (r *requester) name(a xproto.Atom) string {
	r.t.Helper()
	if a == xproto.AtomNone {
		return ""
	}
	reply, err := xproto.GetAtomName(r.conn, a).Reply()
	if err != nil {
		r.t.Fatal(err)
	}
	return reply.Name
}

// multiple asks for pairs of target and property, and returns them as they were
// answered; ok is false when all was refused.
func (r *requester) multiple(at xproto.Timestamp, pairs ...string) (answer []string, ok bool) {
	r.t.Helper()
	var list []byte
	for _, p := range pairs {
		list = append(list, 0, 0, 0, 0)
		xgb.Put32(list[len(list)-4:], uint32(r.atom(p)))
	}
	into := r.atom("ANSWER")
	xproto.ChangeProperty(r.conn, xproto.PropModeReplace, r.win, into, r.atom("ATOM_PAIR"), 32, uint32(len(pairs)), list)
	xproto.ConvertSelection(r.conn, r.win, r.atom("CLIPBOARD"), r.atom("MULTIPLE"), into, at)
	for {
		e, isAnswer := within(r.t, r.events, "answer").(xproto.SelectionNotifyEvent)
		if !isAnswer {
			continue // a property changed
		}
		if e.Property == xproto.AtomNone {
			return nil, false
		}
		if e.Property != into || e.Target != r.atom("MULTIPLE") || e.Selection != r.atom("CLIPBOARD") {
			r.t.Fatalf("answered: %+v", e)
		}
		value := r.property("ANSWER")
		for ; len(value) >= 4; value = value[4:] {
			answer = append(answer, r.name(xproto.Atom(xgb.Get32(value))))
		}
		return answer, true
	}
}

func (r *requester) property(name string) []byte {
	r.t.Helper()
	reply, err := xproto.GetProperty(r.conn, false, r.win, r.atom(name), xproto.AtomAny, 0, 1<<20).Reply()
	if err != nil {
		r.t.Fatal(err)
	}
	return reply.Value
}

func TestMultipleIsAnswered(t *testing.T) {
	display(t)
	c, _ := open(t)
	if err := c.Copy([]byte("pä§s"), time.Hour); err != nil {
		t.Fatal(err)
	}
	r := newRequester(t)
	// ICCCM 2.6.2: what fails gets no property; MULTIPLE within MULTIPLE fails.
	got, ok := r.multiple(xproto.TimeCurrentTime,
		"UTF8_STRING", "A", "STRING", "B", "SAVE_TARGETS", "C", "x-kde-passwordManagerHint", "D", "MULTIPLE", "E", "image/png", "F", "TARGETS", "")
	if !ok {
		t.Fatal("refused")
	}
	diff(t, []string{
		"UTF8_STRING", "A", "STRING", "B", "SAVE_TARGETS", "", "x-kde-passwordManagerHint", "D", "MULTIPLE", "", "image/png", "", "TARGETS", "",
	}, got)
	for name, want := range map[string]string{"A": "pä§s", "B": "p\xe4\xa7s", "C": "", "D": "secret", "E": "", "F": ""} {
		if got := string(r.property(name)); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
}

func TestMultipleSendsLargeValuesInPieces(t *testing.T) {
	display(t)
	c, _ := open(t)
	want := bytes.Repeat([]byte("0123456789abcdef"), 12<<10)
	if err := c.Copy(want, time.Hour); err != nil {
		t.Fatal(err)
	}
	r := newRequester(t)
	got, ok := r.multiple(xproto.TimeCurrentTime, "UTF8_STRING", "A", "x-kde-passwordManagerHint", "B")
	if !ok {
		t.Fatal("refused")
	}
	diff(t, []string{"UTF8_STRING", "A", "x-kde-passwordManagerHint", "B"}, got)
	if size := r.property("A"); len(size) != 4 || int(xgb.Get32(size)) != len(want) {
		t.Fatalf("INCR says %v", size)
	}
	xproto.DeleteProperty(r.conn, r.win, r.atom("A")) // ICCCM 2.7.2: begin
	var value []byte
	for begun := false; ; {
		e, isChange := within(t, r.events, "piece").(xproto.PropertyNotifyEvent)
		if !isChange || e.Atom != r.atom("A") {
			continue
		}
		if e.State == xproto.PropertyDelete {
			begun = true // each piece after this is a new value
			continue
		}
		if !begun {
			continue // INCR itself
		}
		piece := r.property("A")
		xproto.DeleteProperty(r.conn, r.win, r.atom("A"))
		if len(piece) == 0 {
			break
		}
		value = append(value, piece...)
	}
	if !bytes.Equal(value, want) {
		t.Errorf("got %d bytes, want %d", len(value), len(want))
	}
}

func TestMultipleThatIsRefused(t *testing.T) {
	display(t)
	c, _ := open(t)
	if err := c.Copy([]byte("s3cret"), time.Hour); err != nil {
		t.Fatal(err)
	}
	r := newRequester(t)
	for name, c := range map[string]struct {
		at    xproto.Timestamp
		pairs []string
	}{
		"half a pair":       {xproto.TimeCurrentTime, []string{"UTF8_STRING", "A", "STRING"}},
		"too many":          {xproto.TimeCurrentTime, strings.Fields(strings.Repeat("UTF8_STRING A ", 33))},
		"before it was put": {1, []string{"UTF8_STRING", "A"}},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			if got, ok := r.multiple(c.at, c.pairs...); ok {
				t.Errorf("answered: %q", got)
			}
			if got := r.property("A"); len(got) != 0 {
				t.Errorf("got %q", got)
			}
		})
	}
	c.Clear()
	r.t = t
	if got, ok := r.multiple(xproto.TimeCurrentTime, "UTF8_STRING", "A"); ok {
		t.Errorf("after Clear: %q", got)
	}
}
