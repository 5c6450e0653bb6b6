package policy_test

import (
	"math/bits"
	"testing"

	"github.com/tideover/tideover/vault/policy"
)

// The numbers are in databases: this table may grow, its rows may not change.
func TestRightsKeepTheirNumbers(t *testing.T) {
	want := map[string]policy.Rights{
		"ViewFolders": 1 << 0, "ViewEntryNames": 1 << 1, "ViewEntryContents": 1 << 2, "ViewEntryPassword": 1 << 3,
		"ViewEntryHistory": 1 << 4, "ViewOffline": 1 << 5, "AddEntries": 1 << 6, "AddFolders": 1 << 7,
		"ModifyEntries": 1 << 8, "ModifyFolderNames": 1 << 9, "DeleteEntries": 1 << 10, "DeleteFolders": 1 << 11,
		"ArchiveEntries": 1 << 12, "ArchiveFolders": 1 << 13, "MoveEntries": 1 << 14, "MoveFolders": 1 << 15,
		"ViewSecurity": 1 << 16, "GrantPermissions": 1 << 17, "SetBlockInheritance": 1 << 18,
		"ModifyCommentSettings": 1 << 19, "ModifyNotificationSettings": 1 << 20,
		"ModifyPasswordAutoChangeSettings": 1 << 21, "ModifyProxySettings": 1 << 22, "UseViaProxy": 1 << 23,
		"ViewRecordedSessions": 1 << 24, "RequestAccess": 1 << 25, "AccessApprovals": 1 << 26,
	}
	for name, bit := range want {
		if got, ok := policy.RightNamed(name); !ok || got != bit {
			t.Errorf("RightNamed(%q) = %#x, %v, want %#x", name, uint64(got), ok, uint64(bit))
		}
		if got, ok := policy.RightNamed("Grant" + name); !ok || got != bit<<32 {
			t.Errorf("RightNamed(Grant%s) = %#x, %v, want %#x", name, uint64(got), ok, uint64(bit<<32))
		}
	}
	if got := bits.OnesCount64(uint64(policy.AllActions)); got != len(want) {
		t.Errorf("AllActions has %d rights, want %d", got, len(want))
	}
	if got := len(policy.RightNames()); got != 2*len(want) {
		t.Errorf("RightNames has %d names, want %d", got, 2*len(want))
	}
}

func TestParseRights(t *testing.T) {
	for _, c := range []struct {
		in   string
		want policy.Rights
		fail bool
	}{
		{in: "none"},
		{in: ""},
		{in: "ViewOffline", want: policy.ViewOffline},
		{in: "ViewFolders, GrantViewOffline", want: policy.ViewFolders | policy.ViewOffline.Twins()},
		{in: "GrantPermissions,GrantGrantPermissions", want: policy.GrantPermissions | policy.GrantPermissions.Twins()},
		{in: "viewoffline", fail: true},
		{in: "Everything", fail: true},
	} {
		got, err := policy.ParseRights(c.in)
		if got != c.want || (err != nil) != c.fail {
			t.Errorf("ParseRights(%q) = %v, %v", c.in, got, err)
		}
		if again, err := policy.ParseRights(got.String()); err != nil || again != got {
			t.Errorf("ParseRights(%q.String()) = %v, %v", c.in, again, err)
		}
	}
}

func TestMayGrant(t *testing.T) {
	level := map[string]policy.Rights{}
	for _, l := range policy.BuiltInLevels() {
		level[l.Name] = l.Rights
	}
	for _, c := range []struct {
		holder, gives string
		want          bool
	}{
		{"Read-Only", "Read-Only", false},
		{"Full + Offline", "Read-Only", false},
		{"Full + Grant", "Read-Only", true},
		{"Full + Grant", "Full + Grant", true},
		{"Full + Grant", "Full + Grant + Offline", true}, // holding and granting are two columns
		{"Full + Grant", "Full + Grant + Block", false},
		{"Full + Grant + Block", "Full + Grant + Block + Offline", true},
	} {
		if got := level[c.holder].MayGrant(level[c.gives]); got != c.want {
			t.Errorf("%s grants %s: %v, want %v", c.holder, c.gives, got, c.want)
		}
	}
	handOn := policy.ViewFolders.Twins()
	if handOn.MayGrant(handOn) {
		t.Error("the right to grant was handed on without GrantPermissions")
	}
}

func TestBuiltInLevels(t *testing.T) {
	offline := map[string]bool{}
	seen := map[string]bool{}
	for _, l := range policy.BuiltInLevels() {
		offline[l.Name] = l.Rights.Has(policy.ViewOffline)
		if !l.BuiltIn || l.ID.IsZero() || l.ID[6]>>4 != 4 || seen[l.ID.String()] {
			t.Errorf("%s: built-in %v, id %v", l.Name, l.BuiltIn, l.ID)
		}
		seen[l.ID.String()] = true
	}
	for name, want := range map[string]bool{
		"Full": false, "Full + Grant": false, "Full + Grant + Block": false, "Read-Only": false,
		"Full + Offline": true, "Full + Grant + Offline": true, "Full + Grant + Block + Offline": true, "Read-Only + Offline": true,
	} {
		if got, ok := offline[name]; !ok || got != want {
			t.Errorf("level %q: exists %v, ViewOffline %v, want %v", name, ok, got, want)
		}
	}
}

// What people read names rights as Pleasant's access levels do.
func TestRightsInWords(t *testing.T) {
	for r, want := range map[policy.Rights]string{
		0: "nothing",
		policy.ViewEntryPassword | policy.ViewOffline:                "View Entry Password, View Entry Offline",
		policy.ModifyEntries | policy.ModifyEntries.Twins():          "Modify Entries, Grant Modify Entries",
		policy.ModifyPasswordAutoChangeSettings | policy.UseViaProxy: "Modify Password Auto Change Settings, Use Via Proxy",
	} {
		if got := r.Words(); got != want {
			t.Errorf("%x: %q, want %q", uint64(r), got, want)
		}
	}
	for _, name := range policy.AllActions.Names() {
		r, _ := policy.RightNamed(name)
		if r.Words() == name && name != "" {
			t.Errorf("%s is a programmer's name", name)
		}
	}
}
