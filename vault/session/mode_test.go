package session_test

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault/session"
)

// row is one line of testdata/states.csv.
type row struct {
	facts  session.Facts
	after  session.Mode
	source string
	cells  []string // before, event, cache, server
}

func readStates(t *testing.T) []row {
	t.Helper()
	f, err := os.Open("testdata/states.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // only read
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	mode := func(s string) session.Mode {
		m, err := session.ParseMode(s)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	yes := func(s, on, off string) bool {
		if s != on && s != off {
			t.Fatalf("%q is neither %q nor %q", s, on, off)
		}
		return s == on
	}
	var rows []row
	for _, l := range lines[1:] {
		rows = append(rows, row{
			facts: session.Facts{
				Before: mode(l[0]), Event: session.Event(l[1]),
				Cache: yes(l[2], "yes", "no"), Server: yes(l[3], "yes", "no"), AutoCache: yes(l[4], "on", "off"),
			},
			after: mode(l[5]), source: l[6], cells: l[:4],
		})
	}
	return rows
}

func TestNextOnEveryRow(t *testing.T) {
	surveyed := 0
	seen := map[session.Facts]bool{}
	for _, r := range readStates(t) {
		if seen[r.facts] {
			t.Errorf("%+v stands twice in states.csv", r.facts)
		}
		seen[r.facts] = true
		if strings.HasPrefix(r.source, "A.4 ") {
			surveyed++
		}
		if got := session.Next(r.facts); got != r.after {
			t.Errorf("next(%+v) = %s, want %s (%s)", r.facts, got, r.after, r.source)
		}
	}
	if surveyed != 36 {
		t.Errorf("%d cells of the surveyed table, want 36", surveyed)
	}
}

// What every row has in common, for all combinations, written or not.
func TestNextKeepsItsRules(t *testing.T) {
	modes := []session.Mode{session.Online, session.Offline, session.Disconnected}
	events := []session.Event{
		session.Restart, session.Shutdown, session.Logoff, session.Resume, session.ConnectionLost,
		session.ConnectionRegained, session.SignIn, session.SignOut, session.Disconnect, session.GoOffline,
		session.Connect, session.CacheEnded,
	}
	bools := []bool{false, true}
	for _, before := range modes {
		for _, event := range events {
			for _, cache := range bools {
				for _, server := range bools {
					f := session.Facts{Before: before, Event: event, Cache: cache, Server: server}
					after := session.Next(f)
					withFlag := f
					withFlag.AutoCache = true
					if session.Next(withFlag) != after {
						t.Errorf("%+v: the flag changes the mode", f)
					}
					if after == session.Offline && (!cache || event == session.CacheEnded) {
						t.Errorf("%+v: offline without a cache", f)
					}
					if after == session.Online && !server && event != session.ConnectionRegained {
						t.Errorf("%+v: online without a server", f)
					}
					if before == session.Offline && after == session.Online && event != session.Connect {
						t.Errorf("%+v: left offline without Connect", f)
					}
					if before == session.Disconnected && after != before {
						switch event {
						case session.SignIn, session.Connect, session.Disconnect, session.GoOffline:
						default:
							t.Errorf("%+v: left disconnected without a command", f)
						}
					}
					empty := f
					if before == session.Disconnected {
						empty.Before = ""
						if session.Next(empty) != after {
							t.Errorf("%+v: no mode is not disconnected", f)
						}
					}
				}
			}
		}
	}
}

// STATES.md prints the same table; a page that nobody checks would drift.
func TestStatesPageIsTheTable(t *testing.T) {
	page, err := os.ReadFile("STATES.md")
	if err != nil {
		t.Fatal(err)
	}
	printed := map[string]string{}
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) != 6 || cells[0] == "before" {
			continue
		}
		key := strings.Join(cells[:4], " ")
		if _, ok := printed[key+" on"]; ok {
			t.Errorf("%s is printed twice", key)
		}
		printed[key+" on"], printed[key+" off"] = cells[4], cells[5]
	}
	want := map[string]string{}
	for _, r := range readStates(t) {
		flag := " off"
		if r.facts.AutoCache {
			flag = " on"
		}
		want[strings.Join(r.cells, " ")+flag] = string(r.after)
	}
	if diff := cmp.Diff(want, printed); diff != "" {
		t.Errorf("STATES.md differs from states.csv (-csv +page):\n%s", diff)
	}
	for r := range want {
		event := strings.Fields(r)[1]
		if !strings.Contains(string(page), "| `"+event+"` |") {
			t.Errorf("STATES.md does not say what %s is", event)
		}
	}
}
