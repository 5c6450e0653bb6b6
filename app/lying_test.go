package app

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// liar is a Pleasant server on the network, which answers one route with
// anything.
type liar struct {
	mu   sync.Mutex
	path string // end of the route; empty: it is honest
	lie  http.HandlerFunc
	tree any
}

func (l *liar) set(path string, lie http.HandlerFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.path, l.lie = path, lie
}

func (l *liar) list(tree any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tree = tree
}

func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // or closing would reset the connection before the answer is read
	l.mu.Lock()
	path, lie, tree := l.path, l.lie, l.tree
	l.mu.Unlock()
	if path != "" && strings.HasSuffix(r.URL.Path, path) {
		lie(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch rest, ok := strings.CutPrefix(r.URL.Path, "/api/v6/rest/"); {
	case r.URL.Path == wire.TokenPath:
		_, _ = io.WriteString(w, `{"access_token":"token","token_type":"bearer","expires_in":1199}`)
	case !ok:
		http.Error(w, `{}`, http.StatusNotFound)
	case r.Header.Get("Authorization") != "Bearer token":
		http.Error(w, `{}`, http.StatusUnauthorized)
	case rest == "folders":
		_ = json.NewEncoder(w).Encode(tree) // who went away asks no more
	case rest == "folders/root":
		_, _ = io.WriteString(w, `"`+entryID(50).String()+`"`)
	case strings.HasSuffix(rest, "/password"):
		_, _ = io.WriteString(w, `"pass-Mail"`)
	case strings.HasPrefix(rest, "entries/"):
		_ = json.NewEncoder(w).Encode(credential(1, "Mail"))
	case rest == "IsOfflineAvailable":
		_, _ = io.WriteString(w, `false`)
	default:
		http.Error(w, `{}`, http.StatusNotFound)
	}
}

// object is one of JSON.
type object map[string]any

func credential(n int, name string) object {
	return object{"Id": entryID(n).String(), "Name": name, "Username": "postmaster", "HasViewEntryPasswordAccess": true, "HasModifyEntriesAccess": true}
}

func folder(n int, name string, children []object, credentials ...object) object {
	return object{"Id": entryID(n).String(), "Name": name, "Children": children, "Credentials": credentials}
}

func newLiar(t *testing.T) (*desk, *liar) {
	t.Helper()
	l := &liar{tree: folder(50, "Root", nil, credential(1, "Mail"))}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	limits := wire.DefaultLimits()
	limits.Bytes = 8 << 20
	c, err := client.New(client.Config{URL: server.URL, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return newDeskBefore(t, &office{}, func(*office) session.Remote { return c }), l
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// raw answers with bytes that no honest server would send.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

// endless answers until who asked goes away.
func endless(w http.ResponseWriter, _ *http.Request) {
	block := make([]byte, 64<<10)
	for {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// What a lying server costs is told, with the way out, and no more than the
// action is lost.
func TestLyingAnswers(t *testing.T) {
	const (
		bad     = "What answered is not the password server that was expected"
		badWay  = "Check the address of the server"
		large   = "goes beyond the limits that protect this computer"
		largely = "Find out where it comes from before you try again."
		gone    = "The server cannot be reached"
		goneWay = "Check the network"
	)
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	for _, lie := range []struct {
		name            string
		answer          http.HandlerFunc
		message, remedy string
	}{
		{"no JSON", says("<html>Welcome to the hotel</html>"), bad, badWay},
		{"half of it", says(`{"Id":"`), bad, badWay},
		{"nothing", says(""), bad, badWay},
		{"another type", says(`{"Id":7,"Name":[],"Children":{}}`), bad, badWay},
		{"no end", endless, large, largely},
		{"a length too long", raw(head + "Content-Length: 500\r\n\r\n{}"), gone, goneWay},
		{"a length beyond all", raw(head + "Content-Length: 99999999999999\r\n\r\n{}"), large, largely},
		{"a length too short", raw(head + "Content-Length: 3\r\n\r\n{\"a\":1}"), bad, badWay},
		{"an error without end", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			endless(w, r)
		}, bad, badWay},
	} {
		t.Run(lie.name, func(t *testing.T) {
			k, l := newLiar(t)
			for _, ask := range []struct {
				path string
				do   func()
			}{
				{"/folders", func() { k.do(present.CmdReload, "") }},
				{"/entries/" + entryID(1).String(), func() { k.main.reveal(entryID(1), vault.FieldPassword) }},
			} {
				k.choose(1)
				l.set(ask.path, lie.answer)
				ask.do()
				k.idle()
				k.want(lie.message, lie.remedy)
				k.paintable(lie.name)
				l.set("", nil)
				k.back()
				k.atRest()
			}
			k.main.reveal(entryID(1), vault.FieldPassword)
			k.settle()
			if !k.main.screen.Details().Shows(entryID(1), vault.FieldPassword) {
				t.Error("the honest server is not believed again")
			}
		})
	}
}

// A list that cannot be is shown as far as it can: nothing is lost, nothing
// turns in a circle.
func TestLyingLists(t *testing.T) {
	k, l := newLiar(t)
	show := func(tree object) {
		t.Helper()
		l.list(tree)
		k.do(present.CmdReload, "")
		k.settle()
		k.paintable("listed")
	}

	show(folder(50, "Root", nil, object{"Id": entryID(1).String()}, object{"Name": "no identifier"}, object{}, credential(2, "")))
	if k.shows() != 4 {
		t.Errorf("%d of 4 entries without a title or an identifier are listed", k.shows())
	}
	k.choose(1)
	k.want("(no title)")
	k.do(present.CmdEditEntry, "")
	k.paintable("edited")
	k.escape()

	show(folder(50, "Root", nil, credential(1, "first"), credential(1, "second"), credential(2, "other")))
	if k.shows() != 3 {
		t.Errorf("%d of 3 entries with one identifier are listed", k.shows())
	}
	k.choose(1)
	k.want("first", "second", "other")
	k.main.screen.SelectAll()
	k.settle()
	k.do(present.CmdDeleteEntry, "")
	k.escape()

	self := folder(50, "Root", []object{folder(51, "Servers", []object{
		folder(50, "Root again", []object{folder(51, "Servers again", nil, credential(3, "deepest"))}),
	})}, credential(1, "Mail"))
	show(self)
	if k.shows() != 2 {
		t.Errorf("%d of 2 entries are listed", k.shows())
	}
	for _, n := range k.main.index.Tree().Nodes {
		k.main.screen.SelectGroup(n.UID, k.main.index.Tree().Above(n.UID)...)
		k.main.choose(n.UID)
		k.settle()
		k.want(n.Name)
	}

	show(folder(50, longName, []object{folder(51, longName, nil, credential(1, longName))}))
	k.choose(1)
	k.paintable("a title of a megabyte")
	k.find("endless endless")
	if k.shows() != 1 {
		t.Errorf("%d of 1 long titles are found", k.shows())
	}
	k.find("")

	deep := folder(50, "Root", nil)
	for range 300 {
		deep = folder(50, "Root", []object{deep})
	}
	l.list(deep)
	k.do(present.CmdReload, "")
	k.idle()
	k.want("goes beyond the limits that protect this computer", "Find out where it comes from before you try again.")

	crowd := credential(1, "crowd")
	tags, fields := []object{}, object{}
	for i := range 5000 {
		tags = append(tags, object{"Name": "tag " + entryID(i).String()})
		fields["field "+entryID(i).String()] = "value"
	}
	crowd["Tags"], crowd["CustomUserFields"] = tags, fields
	show(folder(50, "Root", nil, crowd))
	k.choose(1)
	k.paintable("5000 tags and fields")
	k.do(present.CmdEditEntry, "")
	k.paintable("5000 tags and fields to edit")
	k.escape()
}
