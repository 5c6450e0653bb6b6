package app

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// badLine is a real server on the network, one of whose routes is answered by a
// lie.
type badLine struct {
	url    string
	server http.Handler
	hangs  chan struct{} // told of each request that does

	mu    sync.Mutex
	route string // end of the path; empty: it is honest
	lie   lie
	heard int    // requests
	lease []byte // last line of the last stream
}

// lie answers in place of an honest server.
type lie func(l *badLine, w http.ResponseWriter, r *http.Request)

func (l *badLine) set(route string, as lie) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.route, l.lie, l.heard = route, as, 0
}

func (l *badLine) requests() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard
}

func (l *badLine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	route, as := l.route, l.lie
	l.heard++
	l.mu.Unlock()
	if route != "" && strings.HasSuffix(r.URL.Path, route) {
		as(l, w, r)
		return
	}
	l.server.ServeHTTP(w, r)
}

// honest returns what the server itself says.
func (l *badLine) honest(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	l.server.ServeHTTP(w, r)
	return w
}

// pass writes what the server said with another body.
func pass(w http.ResponseWriter, said *httptest.ResponseRecorder, body []byte) {
	w.Header().Set("Content-Type", said.Header().Get("Content-Type"))
	w.WriteHeader(said.Code)
	_, _ = w.Write(body) // who went away reads no more
}

// The lies.
var (
	hang lie = func(l *badLine, _ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or nobody sees that the client goes away
		l.hangs <- struct{}{}
		<-r.Context().Done()
	}
	hangUp lie = func(*badLine, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	cut    lie = func(l *badLine, w http.ResponseWriter, r *http.Request) {
		said := l.honest(r)
		w.Header().Set("Content-Length", strconv.Itoa(said.Body.Len()))
		pass(w, said, said.Body.Bytes()[:said.Body.Len()/2])
		panic(http.ErrAbortHandler)
	}
	half lie = func(l *badLine, w http.ResponseWriter, r *http.Request) {
		said := l.honest(r)
		pass(w, said, said.Body.Bytes()[:said.Body.Len()/2])
	}
	page lie = func(_ *badLine, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, "<html>Internal error of the proxy</html>")
	}
	noJSON lie = func(_ *badLine, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "<html>Welcome to the hotel</html>")
	}
	noEnd lie = func(_ *badLine, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		endless(w, r)
	}
	noLease lie = func(l *badLine, w http.ResponseWriter, r *http.Request) {
		said := l.honest(r)
		pass(w, said, withoutLast(said.Body.Bytes()))
	}
	otherContent lie = func(l *badLine, w http.ResponseWriter, r *http.Request) {
		said := l.honest(r)
		pass(w, said, bytes.Replace(said.Body.Bytes(), []byte("Mail gateway"), []byte("Mail gatewaz"), 1))
	}
	otherLease lie = func(l *badLine, w http.ResponseWriter, r *http.Request) {
		said := l.honest(r)
		l.mu.Lock()
		defer l.mu.Unlock()
		pass(w, said, append(withoutLast(said.Body.Bytes()), l.lease...))
	}
)

func withoutLast(lines []byte) []byte {
	lines = bytes.TrimRight(lines, "\n")
	return lines[:bytes.LastIndexByte(lines, '\n')+1]
}

// keepLease is no lie: it keeps the lease for one.
var keepLease lie = func(l *badLine, w http.ResponseWriter, r *http.Request) {
	said := l.honest(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lease = bytes.Clone(said.Body.Bytes()[len(withoutLast(said.Body.Bytes())):])
	pass(w, said, said.Body.Bytes())
}

const (
	toServer = "/server"
	toToken  = wire.TokenPath
	toMe     = "/me"
	toCache  = "/cache"
	toTree   = "/tree"
)

// says checks that a person reads what a cause means, and the words of a key,
// which say the way out.
func (h *harbour) says(where string, c vault.Cause, remedy string) {
	h.t.Helper()
	message, _, _ := strings.Cut(h.words.Failure(c).Message, ".") // what is in brackets follows
	for _, text := range []string{message, h.words.Text(remedy, nil)} {
		if !strings.Contains(where, text) {
			h.t.Errorf("%q is not in %q", text, where)
		}
	}
}

// remedy is the key of the way out of a cause.
func remedy(c vault.Cause) string { return "cause." + string(c) + ".remedy" }

type bad struct {
	name  string
	route string
	lie   lie
	cause vault.Cause
}

// Whatever the server does in the middle of a command, the window goes on, the
// wait can be ended, the person reads what happened and what to do, and nothing
// is lost or left behind.
func TestBadLine(t *testing.T) {
	h := newHarbour(t)
	t.Run("sign in", h.signsIn)
	h.arrive()
	h.settle()
	h.rest()
	h.isAt(h.main, session.Online)
	t.Run("refresh", h.refreshes)
	h.offline()
	t.Run("connect", h.connects)
	t.Run("disconnect", h.disconnects)
	t.Run("import", h.imports)
	h.online()
	t.Run("clear", h.clears)
	t.Run("hardware", h.leavesHardware)
}

// run lets each row happen at a server that lies in its way.
func (h *harbour) run(t *testing.T, rows []bad, row func(bad)) {
	before := h.t
	defer func() { h.t = before }()
	for _, b := range rows {
		t.Run(b.name+" at "+strings.Trim(b.route, "/"), func(t *testing.T) {
			h.t = t
			h.line.set(b.route, b.lie)
			row(b)
			h.clean()
		})
	}
}

// What is wrong with the server at the sign-in lets nobody in.
func (h *harbour) signsIn(t *testing.T) {
	h.run(t, []bad{
		{"gone", toServer, hangUp, vault.Unreachable},
		{"cut", toServer, cut, vault.Unreachable},
		{"page", toServer, page, vault.BadAnswer},
		{"no end", toServer, noEnd, vault.Hostile},
		{"gone", toToken, hangUp, vault.Unreachable},
		{"cut", toToken, cut, vault.Unreachable},
		{"page", toToken, page, vault.BadAnswer},
		{"no JSON", toToken, noJSON, vault.BadAnswer},
		{"no end", toToken, noEnd, vault.Hostile},
		{"half", toMe, half, vault.BadAnswer},
		{"page", "/devices", page, vault.BadAnswer},
		{"slow", toServer, hang, ""},
		{"slow", toToken, hang, ""},
		{"slow", toMe, hang, ""},
	}, func(b bad) {
		h.arrive()
		if b.cause == "" {
			h.hangs()
			h.login.cancel()
		}
		h.settle()
		if b.cause == "" {
			h.want(h.words.Text("login.cancelled", nil))
		} else {
			way := remedy(b.cause)
			if b.cause == vault.Unreachable {
				way = "login.unreachable.remedy" // there is no cache to work with
			}
			h.says(h.reads(), b.cause, way)
		}
		h.isAt(h.login, session.Disconnected)
		if h.status.SignedIn {
			h.t.Error("signed in")
		}
	})
	h.line.set("", nil)
}

// A list that does not come costs the session at most.
func (h *harbour) refreshes(t *testing.T) {
	h.run(t, []bad{
		{"gone", toTree, hangUp, vault.Unreachable},
		{"cut", toTree, cut, vault.Unreachable},
		{"half", toTree, half, vault.BadAnswer},
		{"page", toTree, page, vault.BadAnswer},
		{"no JSON", toTree, noJSON, vault.BadAnswer},
		{"no end", toTree, noEnd, vault.Hostile},
		{"slow", toTree, hang, ""},
	}, func(b bad) {
		h.do(present.CmdReload, "")
		if b.cause == "" {
			h.hangs()
			h.line.set("", nil)
			h.do(present.CmdReload, "") // another one takes its place
			h.rest()
		} else {
			h.rest()
			h.says(h.reads(), b.cause, remedy(b.cause))
		}
		h.line.set("", nil)
		if h.here != place(h.main) {
			h.arrive()
			h.rest()
		}
		h.isAt(h.main, session.Online)
	})
}
