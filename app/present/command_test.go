package present_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/assets"
	"github.com/tideover/tideover/vault/session"
)

// The states that every command is judged in.
func states() map[string]present.State {
	online := present.State{Mode: session.Online, SignedIn: true, User: "erika", GroupEdits: true, Moves: true}
	offline := present.State{Mode: session.Offline, User: "erika", HasCache: true, CacheUsable: true, GroupEdits: true, Moves: true}
	selected := func(s present.State) present.State {
		s.Selected, s.HasUser, s.HasPassword, s.HasURL, s.HasOTP, s.Fields, s.Attachments, s.Group = 1, true, true, true, true, 2, 1, true
		return s
	}
	with := func(s present.State, change func(*present.State)) present.State {
		change(&s)
		return s
	}
	return map[string]present.State{
		"never used":                     {Mode: session.Disconnected},
		"disconnected":                   {Mode: session.Disconnected, User: "erika"},
		"disconnected, permitted":        {Mode: session.Disconnected, User: "erika", Offline: true},
		"disconnected, cache":            {Mode: session.Disconnected, User: "erika", HasCache: true, CacheUsable: true},
		"disconnected, ended cache":      {Mode: session.Disconnected, User: "erika", HasCache: true},
		"online":                         online,
		"online, session over":           with(online, func(s *present.State) { s.SignedIn = false }),
		"online, one entry":              selected(online),
		"online, bare entry":             with(online, func(s *present.State) { s.Selected = 1 }),
		"online, three entries":          with(online, func(s *present.State) { s.Selected = 3 }),
		"online, no access":              with(selected(online), func(s *present.State) { s.NoEdit = present.ReasonNoAccess }),
		"online, drafts":                 with(online, func(s *present.State) { s.Drafts, s.HasCache = 2, true }),
		"online, busy":                   with(selected(online), func(s *present.State) { s.Busy = true }),
		"online, locked":                 with(selected(online), func(s *present.State) { s.Locked = true }),
		"online, dialog":                 with(selected(online), func(s *present.State) { s.DialogOpen = true }),
		"online, simple groups":          with(selected(online), func(s *present.State) { s.GroupEdits, s.Moves = false, false }),
		"offline":                        offline,
		"offline, one entry":             selected(offline),
		"offline, edits off":             with(selected(offline), func(s *present.State) { s.NoEdit = present.ReasonEditsOff }),
		"offline, no secrets":            with(selected(offline), func(s *present.State) { s.NoReveal, s.NoCopy = true, true }),
		"offline, drafts, searching":     with(selected(offline), func(s *present.State) { s.Drafts, s.Searching = 1, true }),
		"offline, locked":                with(offline, func(s *present.State) { s.Locked = true }),
		"offline, locked, nothing known": {Mode: session.Offline, Locked: true},
	}
}

// want is where a command can be given; everywhere else it must not be.
func TestEnabledInEveryState(t *testing.T) {
	never := []string{}
	all := slices.Sorted(func(yield func(string) bool) {
		for name := range states() {
			if name != "online, dialog" && !yield(name) {
				return
			}
		}
	})
	except := func(from []string, without ...string) []string {
		return slices.DeleteFunc(slices.Clone(from), func(n string) bool { return slices.Contains(without, n) })
	}
	open := []string{
		"online", "online, one entry", "online, bare entry", "online, three entries", "online, no access", "online, drafts", "online, busy",
		"online, simple groups", "offline", "offline, one entry", "offline, edits off", "offline, no secrets", "offline, drafts, searching",
	}
	full := []string{
		"online, one entry", "online, no access", "online, busy", "online, simple groups", "offline, one entry", "offline, edits off",
		"offline, no secrets", "offline, drafts, searching",
	}
	editing := except(open, "online, no access", "offline, edits off", "online, busy")
	cached := []string{
		"disconnected, cache", "disconnected, ended cache", "online, drafts", "offline", "offline, one entry", "offline, edits off",
		"offline, no secrets", "offline, drafts, searching", "offline, locked",
	}
	offlines := []string{"offline", "offline, one entry", "offline, edits off", "offline, no secrets", "offline, drafts, searching", "offline, locked"}
	away := []string{"disconnected", "disconnected, permitted", "disconnected, cache", "disconnected, ended cache", "online, session over"}
	onlines := []string{
		"online", "online, session over", "online, one entry", "online, bare entry", "online, three entries", "online, no access",
		"online, simple groups", "online, locked",
	}
	// What is no draft, so nothing offline.
	changingGroups := except(except(full, "online, no access", "online, busy"), offlines...)
	want := map[present.CommandID][]string{
		present.CmdSignIn:          append(except(onlines), "never used", "disconnected", "disconnected, permitted", "disconnected, cache", "disconnected, ended cache", "online, drafts"),
		present.CmdConnect:         append(slices.Clone(offlines), away...),
		present.CmdDisconnect:      append(slices.Clone(onlines), "disconnected, cache"),
		present.CmdWorkOffline:     {"disconnected, cache"},
		present.CmdReload:          open,
		present.CmdOfflineContents: cached,
		present.CmdSecurityKeys:    cached,
		present.CmdImportCache:     except(all, "online, busy"), // a file teaches a new client its account
		present.CmdClearCache:      cached,
		present.CmdHardware:        except(all, "online, busy", "offline, locked, nothing known", "never used"),
		present.CmdSignOut:         except(append(slices.Clone(onlines), "online, drafts"), "online, session over"),
		present.CmdLock:            open,
		present.CmdExit:            append(slices.Clone(all), "online, dialog"),

		present.CmdCopyUser:       full,
		present.CmdCopyPassword:   except(full, "offline, no secrets"),
		present.CmdOpenURL:        full,
		present.CmdCopyURL:        full,
		present.CmdCopyCode:       except(full, "offline, no secrets"),
		present.CmdShowCode:       except(full, "offline, no secrets"),
		present.CmdCopyField:      full,
		present.CmdSaveAttachment: except(full, "offline, no secrets"),
		present.CmdAddEntry:       editing,
		present.CmdEditEntry:      append(slices.Clone(full), "online, bare entry"),
		present.CmdDuplicateEntry: append(except(full, "online, no access", "offline, edits off", "online, busy", "offline, no secrets"), "online, bare entry"),
		present.CmdDeleteEntry:    append(except(full, "online, no access", "offline, edits off", "online, busy"), "online, bare entry", "online, three entries"),
		present.CmdMoveEntry:      append(except(changingGroups), "online, bare entry", "online, three entries"),

		present.CmdAddGroup:    except(editing, offlines...),
		present.CmdRenameGroup: changingGroups,
		present.CmdDeleteGroup: changingGroups,

		present.CmdFindEntries: open,
		present.CmdFindInGroup: open,
		present.CmdClearSearch: {"offline, drafts, searching"},
		present.CmdFindExpired: open,
		present.CmdFindDrafts:  {"online, drafts", "offline, drafts, searching"},

		present.CmdTrayConnect:   away,
		present.CmdTrayGoOnline:  offlines,
		present.CmdTrayGoOffline: {"disconnected, cache"},
	}
	languages := map[string]*present.Catalogue{"en": present.Load("en"), "de": present.Load("de")}
	for _, c := range present.Commands() {
		expected, ok := want[c.ID]
		if !ok { // the look of the window, help, the tray's Show
			expected = all
		}
		if len(expected) == 0 {
			expected = never
		}
		for name, s := range states() {
			enabled, reason := c.Enabled(s)
			if enabled != slices.Contains(expected, name) {
				t.Errorf("%s, %s: enabled %v (%s)", c.ID, name, enabled, reason)
			}
			if enabled != (reason == "") {
				t.Errorf("%s, %s: enabled %v with the reason %q", c.ID, name, enabled, reason)
			}
			for lang, words := range languages {
				if why := s.Why(words, reason); !enabled && (why == reason || !strings.HasSuffix(why, ".")) {
					t.Errorf("%s: no words for %s: %q", lang, reason, why)
				}
			}
		}
	}
}

func TestVisible(t *testing.T) {
	hidden := map[present.CommandID][]string{
		present.CmdWorkOffline: {
			"never used", "disconnected", "online", "online, session over", "online, one entry", "online, bare entry", "online, three entries",
			"online, no access", "online, busy", "online, locked", "online, dialog", "online, simple groups", "offline, locked, nothing known",
		},
	}
	for name, s := range states() {
		for _, id := range []present.CommandID{present.CmdMoveEntry, present.CmdAddGroup, present.CmdRenameGroup, present.CmdDeleteGroup} {
			if !s.GroupEdits {
				hidden[id] = append(hidden[id], name)
			}
		}
	}
	for _, c := range present.Commands() {
		for name, s := range states() {
			if got := c.Visible(s); got == slices.Contains(hidden[c.ID], name) {
				t.Errorf("%s, %s: visible %v", c.ID, name, got)
			}
		}
	}
}

func TestSignInIsRefusedByNameWhileOffline(t *testing.T) {
	c := present.FindCommand(present.Commands(), present.CmdSignIn)
	s := states()["offline"]
	ok, reason := c.Enabled(s)
	if why := s.Why(present.Load("en"), reason); ok || !strings.HasPrefix(why, "erika is working offline") {
		t.Errorf("got %v, %q", ok, why)
	}
}

func TestCommandsAreWhole(t *testing.T) {
	commands := present.Commands()
	keys, ids := map[present.Shortcut]present.CommandID{}, map[present.CommandID]bool{}
	for _, c := range commands {
		if ids[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		ids[c.ID] = true
		if other, taken := keys[c.Shortcut]; taken && !c.Shortcut.IsZero() {
			t.Errorf("%s and %s share %s", c.ID, other, c.Shortcut)
		}
		keys[c.Shortcut] = c.ID
		if got := present.ByShortcut(commands, c.Shortcut); !c.Shortcut.IsZero() && got.ID != c.ID {
			t.Errorf("%s means %s", c.Shortcut, got.ID)
		}
		if c.Icon != "" {
			if _, err := fs.Stat(assets.Icons, "icons/"+c.Icon+".svg"); err != nil {
				t.Errorf("%s: %v", c.ID, err)
			}
		}
		for _, lang := range present.Languages() {
			words := present.Load(lang)
			for _, key := range []string{c.Label, c.Menu, c.Submenu} {
				if key != "" && words.Text(key, nil) == key {
					t.Errorf("%s: no words for %s", lang, key)
				}
			}
		}
	}
	if got := present.ByShortcut(commands, present.Shortcut{}); got != nil {
		t.Errorf("no keys mean %s", got.ID)
	}
}

// The labels that people know from the product before are exact, in every
// language.
func TestExactLabels(t *testing.T) {
	want := map[string]string{
		"menu.server": "Password Server", "menu.server.disconnect": "Disconnect/Cache…", "menu.server.connect": "Connect…",
		"menu.server.work_offline": "Work Offline", "menu.server.clear_cache": "Clear offline cache…",
		"menu.server.import_cache": "Import cache file…", "menu.server.contents": "Offline contents…",
		"menu.tray.connect": "Connect", "menu.tray.go_online": "Go Online", "menu.tray.go_offline": "Go Offline", "mode.offline": "Working Offline",
	}
	for _, lang := range present.Languages() {
		for key, label := range want {
			if got := present.Load(lang).Text(key, nil); got != label {
				t.Errorf("%s: %s is %q, want %q", lang, key, got, label)
			}
		}
	}
}

func TestShortcutsAreThoseOfKeePass(t *testing.T) {
	want := []present.ShortcutHelp{
		{Keys: "F5", Label: "Reload"},
		{Keys: "Ctrl+L", Label: "Lock"},
		{Keys: "Ctrl+Q", Label: "Exit"},
		{Keys: "Ctrl+B", Label: "Copy user name"},
		{Keys: "Ctrl+C", Label: "Copy password"},
		{Keys: "Ctrl+U", Label: "Open URL"},
		{Keys: "Ctrl+Shift+U", Label: "Copy URL"},
		{Keys: "Ctrl+T", Label: "Copy one-time code"},
		{Keys: "Ctrl+Shift+T", Label: "Show one-time code"},
		{Keys: "Ctrl+I", Label: "Add entry…"},
		{Keys: "Return", Label: "Edit/View entry…"},
		{Keys: "Ctrl+K", Label: "Duplicate entry"},
		{Keys: "Delete", Label: "Delete entry"},
		{Keys: "Ctrl+F", Label: "Find"},
		{Keys: "Ctrl+Shift+F", Label: "Find in this group"},
		{Keys: "Escape", Label: "Clear search"},
		{Keys: "F1", Label: "Keyboard shortcuts"},
	}
	got := present.Shortcuts(present.Load("en"), present.Commands())
	for i := range got {
		if got[i].Menu == "" {
			t.Errorf("%s: in no menu", got[i].Label)
		}
		got[i].Menu = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMenusToolbarAndTray(t *testing.T) {
	words, commands := present.Load("en"), present.Commands()
	line := func(items []present.MenuItem) string {
		var parts []string
		for _, i := range items {
			switch {
			case i.Separator:
				parts = append(parts, "|")
			case i.ID == "":
				parts = append(parts, i.Label+" >")
			case !i.Enabled:
				parts = append(parts, "("+i.Label+")")
			default:
				parts = append(parts, i.Label)
			}
		}
		return strings.Join(parts, " ")
	}
	for name, s := range states() {
		for _, m := range present.Menus(words, commands, s) {
			if l := line(m.Items); strings.Contains(l, "| |") || strings.HasPrefix(l, "|") || strings.HasSuffix(l, "|") {
				t.Errorf("%s: %s: %s", name, m.Label, l)
			}
		}
	}
	online, offline := states()["online"], states()["offline"]
	for _, tt := range []struct{ name, got, want string }{
		{"toolbar online", line(present.Toolbar(words, commands, online))[:len("Disconnect/Cache… |")], "Disconnect/Cache… |"},
		{"toolbar offline", line(present.Toolbar(words, commands, offline))[:len("Connect… |")], "Connect… |"},
		{"tray online", line(present.TrayMenu(words, commands, online)), "Show | (Connect) (Go Online) (Go Offline) | Lock Exit"},
		{"tray offline", line(present.TrayMenu(words, commands, offline)), "Show | (Connect) Go Online (Go Offline) | Lock Exit"},
		{"tray disconnected", line(present.TrayMenu(words, commands, states()["disconnected, cache"])), "Show | Connect (Go Online) Go Offline | (Lock) Exit"},
		{"view", line(present.Menus(words, commands, online)[4].Items), "Colours > Language | Toolbar Details > | Columns Show entries of subgroups"},
		{"group menu", line(present.GroupMenu(words, commands, states()["online, simple groups"])), "Add entry… Find in this group"},
		{"entry menu", line(present.EntryMenu(words, commands, states()["offline, edits off"])), "Copy user name Copy password Open URL Copy URL | Copy one-time code Show one-time code Copy field Save attachment | (Add entry…) Edit/View entry… (Duplicate entry) (Delete entry) (Move to group…)"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s:\n%s, want\n%s", tt.name, tt.got, tt.want)
		}
	}
}
