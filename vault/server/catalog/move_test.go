package catalog_test

import (
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
)

// Nobody obtains a password by moving its entry to where they see passwords.
func TestMovingGivesNoRights(t *testing.T) {
	s := newServer(t)
	s.level("Mover", policy.ViewFolders|policy.ViewEntryNames|policy.MoveEntries|policy.MoveFolders|policy.AddEntries|policy.AddFolders)
	bob := s.user("bob")
	secret := s.entry("/Closed/Inner/secret")
	s.folder("/Bob's")
	s.folder("/Other")
	s.grant("bob", "/Closed", "Mover", time.Time{})
	s.grant("bob", "/Bob's", "Full", time.Time{})
	s.grant("bob", "/Other", "Mover", time.Time{})

	if err := s.MoveEntry(ctx, bob, secret, s.folder("/Bob's"), ""); cause(err) != vault.NotPermitted {
		t.Errorf("entry: %v", err)
	}
	if err := s.MoveFolder(ctx, bob, s.folder("/Closed/Inner"), s.folder("/Bob's"), ""); cause(err) != vault.NotPermitted {
		t.Errorf("folder: %v", err)
	}
	if err := s.MoveEntry(ctx, bob, secret, s.folder("/Other"), ""); err != nil {
		t.Errorf("entry to where the same is held: %v", err)
	}
	if err := s.MoveFolder(ctx, bob, s.folder("/Closed/Inner"), s.folder("/Other"), ""); err != nil {
		t.Errorf("folder to where the same is held: %v", err)
	}
	if n, err := s.Resolve(ctx, s.op, "/Other/secret", catalog.EntryNode); err != nil || n.ID != secret {
		t.Errorf("moved entry: %v, %v", n, err)
	}
	if _, err := s.Resolve(ctx, s.op, "/Other/Inner", catalog.FolderNode); err != nil {
		t.Errorf("moved folder: %v", err)
	}
}

// Nor does a time-limited right become one for ever.
func TestMovingDoesNotOutliveTheGrant(t *testing.T) {
	s := newServer(t)
	bob := s.user("bob")
	secret := s.entry("/Lent/secret")
	s.folder("/Bob's")
	s.grant("bob", "/Lent", "Full + Offline", s.now.Add(time.Hour))
	s.grant("bob", "/Bob's", "Full + Offline", time.Time{})
	if err := s.MoveEntry(ctx, bob, secret, s.folder("/Bob's"), ""); cause(err) != vault.NotPermitted {
		t.Errorf("got %v", err)
	}
	s.wait(time.Hour)
	if _, err := s.Entry(ctx, bob, secret); cause(err) != vault.NotFound {
		t.Errorf("after the grant: %v", err)
	}
}

// Undoing a block must not open the folder to the one who undoes it.
func TestUnblockingGivesNoRights(t *testing.T) {
	s := newServer(t)
	bob := s.user("bob")
	s.entry("/A/Blocked/secret")
	s.level("Blocker", policy.ViewFolders|policy.SetBlockInheritance)
	s.must(s.SetBlock(ctx, s.op, s.folder("/A/Blocked"), true))
	s.grant("bob", "/A", "Full + Grant + Block", time.Time{})
	s.grant("bob", "/A/Blocked", "Blocker", time.Time{})
	if err := s.SetBlock(ctx, bob, s.folder("/A/Blocked"), false); cause(err) != vault.NotPermitted {
		t.Errorf("got %v", err)
	}
	s.must(s.SetBlock(ctx, s.op, s.folder("/A/Blocked"), false))
	if _, err := s.Resolve(ctx, bob, "/A/Blocked/secret", catalog.EntryNode); err != nil {
		t.Errorf("after an administrator undid it: %v", err)
	}
}

func TestFolderMoves(t *testing.T) {
	s := newServer(t)
	s.entry("/A/B/C/x")
	for _, c := range []struct {
		name, from, to string
		want           vault.Cause
	}{
		{"into itself", "/A", "/A", vault.Usage},
		{"below itself", "/A", "/A/B/C", vault.Usage},
		{"the root", "/", "/A", vault.Usage},
		{"where it is", "/A/B", "/A", ""},
		{"upwards", "/A/B/C", "/", ""},
		{"down again", "/C", "/A/B", ""},
	} {
		from, err := s.Resolve(ctx, s.op, c.from, catalog.FolderNode)
		s.must(err)
		to, err := s.Resolve(ctx, s.op, c.to, catalog.FolderNode)
		s.must(err)
		if err := s.MoveFolder(ctx, s.op, from.ID, to.ID, ""); cause(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := s.Resolve(ctx, s.op, "/A/B/C/x", catalog.EntryNode); err != nil {
		t.Error(err)
	}
}

func TestRemoveFolder(t *testing.T) {
	s := newServer(t)
	bob := s.user("bob")
	x := s.entry("/A/B/x")
	y := s.entry("/A/B/C/y")
	s.grant("bob", "/A", "Full", time.Time{})
	s.must(s.SetBlock(ctx, s.op, s.folder("/A/B/C"), true)) // bob holds nothing there
	if err := s.RemoveFolder(ctx, bob, s.folder("/A"), catalog.Removal{}); cause(err) != vault.NotPermitted {
		t.Errorf("with something below that may not go: %v", err)
	}
	s.must(s.RemoveFolder(ctx, s.op, s.folder("/A/B/C"), catalog.Removal{Archive: true}))
	if _, err := s.Entry(ctx, s.op, y); cause(err) != vault.NotFound {
		t.Errorf("in an archived folder: %v", err)
	}
	s.must(s.RemoveFolder(ctx, bob, s.folder("/A/B"), catalog.Removal{}))
	if _, err := s.Entry(ctx, s.op, x); cause(err) != vault.NotFound {
		t.Errorf("in a deleted folder: %v", err)
	}
	if err := s.RemoveFolder(ctx, s.op, s.Root(), catalog.Removal{}); cause(err) != vault.Usage {
		t.Errorf("the root: %v", err)
	}
	got := s.records(catalog.AuditQuery{Action: catalog.ActionRemoveFolder})
	if len(got) != 3 { // the archived folder, and two entries of the deleted one
		t.Errorf("audit: %+v", got)
	}
	if _, err := s.VerifyAudit(ctx, s.op); err != nil {
		t.Error(err)
	}
}
