package catalog_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// target is what the actions of the matrix act on, made anew for each row.
type target struct {
	folder, sub, entry, plain, masked vault.ID
	victim                            vault.ID // a user
	device                            vault.ID // of the victim
	grant                             vault.ID
}

// people of the matrix: the access level that each holds on the folder.
var people = []struct{ name, level string }{
	{"nobody", ""},
	{"namer", "Names"},
	{"reader", "Contents"},
	{"viewer", "Read-Only"},
	{"offliner", "Read-Only + Offline"},
	{"worker", "Full"},
	{"granter", "Full + Grant"},
	{"blocker", "Full + Grant + Block"},
	{"usher", ""},     // manages users, holds nothing
	{"admin", ""},     // Administrators
	{"temporary", ""}, // Full + Grant + Offline, for an hour
}

// Outcomes: y done, p not permitted, n not found.
var matrix = []struct {
	action string
	//       nobody namer reader viewer offliner worker granter blocker usher admin temporary
	want string
	do   func(s *server, by *catalog.Caller, at target) error
}{
	{"tree", "n y y y y y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.Tree(ctx, by, catalog.TreeQuery{Folder: at.folder})
		return err
	}},
	{"entry", "n y y y y y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.Entry(ctx, by, at.entry)
		return err
	}},
	{"reveal", "n p p y y y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.Reveal(ctx, by, at.entry, "")
		return err
	}},
	{"password", "n p p y y y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.Password(ctx, by, at.entry, "")
		return err
	}},
	{"plain attachment", "n n y y y y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.Attachment(ctx, by, at.entry, at.plain, "")
		return err
	}},
	{"protected attachment", "n n p y y y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.Attachment(ctx, by, at.entry, at.masked, "")
		return err
	}},
	{"files", "n p p y y y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		files, err := s.Files(ctx, by, at.entry, catalog.FileQuery{Bytes: 1 << 20, All: true})
		if err == nil && len(files) == 0 {
			return vault.NotPermitted // nothing was given
		}
		return err
	}},
	{"what files may be read", "n p y y y y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		files, err := s.Files(ctx, by, at.entry, catalog.FileQuery{Bytes: 1 << 20})
		if err == nil && len(files) == 0 {
			return vault.NotPermitted
		}
		return err
	}},
	{"replace attachment", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.ReplaceAttachment(ctx, by, at.entry, "", catalog.File{ID: at.plain, Name: "renamed", Data: []byte("x")})
		return err
	}},
	{"add attachment", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.AddAttachment(ctx, by, at.entry, "", catalog.File{Name: "new", Data: []byte("x")})
		return err
	}},
	{"remove attachment", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		return s.RemoveAttachment(ctx, by, at.entry, at.plain, "")
	}},
	{"add entry", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.AddEntry(ctx, by, catalog.NewEntry{Folder: at.folder, Entry: newEntry("new")})
		return err
	}},
	{"edit entry", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		return s.EditEntry(ctx, by, at.entry, "", func(e *vault.Entry) error {
			e.Set(vault.FieldNotes, vault.SecretText("new"), false)
			return nil
		})
	}},
	{"move entry", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		return s.MoveEntry(ctx, by, at.entry, at.sub, "")
	}},
	{"move and edit entry", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		return s.ChangeEntry(ctx, by, at.entry, catalog.EntryChange{Folder: at.sub, Edit: func(e *vault.Entry) error {
			e.Tags = []string{"new"}
			return nil
		}})
	}},
	{"archive entry", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		return s.RemoveEntry(ctx, by, at.entry, catalog.Removal{Archive: true})
	}},
	{"delete entry", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		return s.RemoveEntry(ctx, by, at.entry, catalog.Removal{})
	}},
	{"add folder", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.AddFolder(ctx, by, catalog.NewFolder{Parent: at.folder, Group: &vault.Group{Name: "new"}})
		return err
	}},
	{"edit folder", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		return s.EditFolder(ctx, by, at.folder, "", func(g *vault.Group) error { g.Notes = "new"; return nil })
	}},
	{"change a folder in its place", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		return s.ChangeFolder(ctx, by, at.sub, catalog.FolderChange{Parent: at.folder, Edit: func(g *vault.Group) error { g.Notes = "new"; return nil }})
	}},
	{"delete folder", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		return s.RemoveFolder(ctx, by, at.folder, catalog.Removal{})
	}},
	{"set flags", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		return s.SetFlags(ctx, by, catalog.Node{Kind: catalog.EntryNode, ID: at.entry}, policy.CommentOnViewPassword)
	}},
	{"set prompts", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		return s.SetPrompts(ctx, by, catalog.Node{Kind: catalog.FolderNode, ID: at.folder}, policy.CommentOnMoveFolders)
	}},
	{"block", "n p p p p p p y n y p", func(s *server, by *catalog.Caller, at target) error {
		return s.SetBlock(ctx, by, at.folder, true)
	}},
	{"import", "n p p p p y y y n y y", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.Import(ctx, by, "/Vault", &vault.Content{Root: &vault.Group{Entries: []*vault.Entry{newEntry("new")}}})
		return err
	}},
	// Time-limited rights to grant cannot make something for ever.
	{"grant", "n p p p p p y y n y p", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.AddGrant(ctx, by, catalog.NewGrant{Node: catalog.Node{Kind: catalog.FolderNode, ID: at.folder}, User: "victim", Level: "Read-Only + Offline"})
		return err
	}},
	{"grant with block", "n p p p p p p y n y p", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.AddGrant(ctx, by, catalog.NewGrant{Node: catalog.Node{Kind: catalog.FolderNode, ID: at.folder}, User: "victim", Level: "Full + Grant + Block"})
		return err
	}},
	{"take a grant", "n p p p p p y y n y p", func(s *server, by *catalog.Caller, at target) error {
		return s.RemoveGrant(ctx, by, at.grant)
	}},
	{"package", "y y y y y y y y y y y", func(s *server, by *catalog.Caller, at target) error {
		p, err := s.Package(ctx, by, catalog.PackageRequest{})
		if err != nil {
			return err
		}
		defer p.Close()
		for e, err := range p.Entries(ctx) {
			if err != nil {
				return err
			}
			if by.Name() != "offliner" && by.Name() != "admin" {
				s.t.Errorf("%s got %q offline", by.Name(), e.Entry.Title())
			}
		}
		return nil
	}},
	{"users", "p p p p p p p p y y p", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.Users(ctx, by)
		return err
	}},
	{"add user", "p p p p p p p p y y p", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.AddUser(ctx, by, catalog.NewUser{Name: "new"})
		return err
	}},
	{"add administrator", "p p p p p p p p p y p", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.AddUser(ctx, by, catalog.NewUser{Name: "new", Roles: []string{catalog.Administrators}})
		return err
	}},
	{"become administrator", "p p p p p p p p p y p", func(s *server, by *catalog.Caller, at target) error {
		return s.AddMember(ctx, by, catalog.Administrators, by.Name())
	}},
	{"take a role with access", "p p p p p p p p p y p", func(s *server, by *catalog.Caller, at target) error {
		return s.AddMember(ctx, by, "Readers", by.Name())
	}},
	{"disable user", "p p p p p p p p y y p", func(s *server, by *catalog.Caller, at target) error {
		return s.SetUserState(ctx, by, at.victim, store.UserDisabled)
	}},
	{"another's password", "p p p p p p p p y y p", func(s *server, by *catalog.Caller, at target) error {
		return s.SetPassword(ctx, by, at.victim, vault.SecretText(password+" neu"))
	}},
	{"another's one-time codes", "p p p p p p p p y y p", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.EnrolTOTP(ctx, by, at.victim)
		return err
	}},
	{"another's dry run", "p p p p p p p p y y p", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.DryRun(ctx, by, at.victim)
		return err
	}},
	{"another's device", "n n n n n n n n n y n", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.Device(ctx, by, at.device)
		return err
	}},
	{"revoke another's device", "n n n n n n n n n y n", func(s *server, by *catalog.Caller, at target) error {
		return s.SetDeviceState(ctx, by, at.device, store.DeviceRevoked, "lost")
	}},
	{"roles", "p p p p p p p p y y p", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.Roles(ctx, by)
		return err
	}},
	{"add role", "p p p p p p p p p y p", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.AddRole(ctx, by, "new", policy.ManageUsers)
		return err
	}},
	{"put level", "p p p p p p p p p y p", func(s *server, by *catalog.Caller, at target) error {
		return s.PutLevel(ctx, by, policy.Level{Name: "new"})
	}},
	{"settings", "p p p p p p p p p y p", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.Settings(ctx, by)
		return err
	}},
	{"set policy", "p p p p p p p p p y p", func(s *server, by *catalog.Caller, at target) error {
		return s.Set(ctx, by, "days", "30")
	}},
	{"kill switch", "p p p p p p p p p y p", func(s *server, by *catalog.Caller, at target) error {
		return s.SetOffline(ctx, by, false)
	}},
	{"audit", "p p p p p p p p p y p", func(s *server, by *catalog.Caller, at target) error {
		for _, err := range s.Audit(ctx, by, catalog.AuditQuery{}) {
			return err
		}
		return nil
	}},
	{"verify audit", "p p p p p p p p p y p", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.VerifyAudit(ctx, by)
		return err
	}},
	{"journal", "p p p p p p p p p y p", func(s *server, by *catalog.Caller, at target) error {
		_, err := s.Journal(ctx, by, at.device)
		return err
	}},
}

var ctx = context.Background()

// Every action by every kind of person has the outcome of the table, and a
// refusal changes nothing.
func TestAuthorisationMatrix(t *testing.T) {
	s := newServer(t)
	callers := s.matrixPeople()
	var at target
	used := true // something was done to it
	for _, row := range matrix {
		wants := strings.Fields(row.want)
		if len(wants) != len(people) {
			t.Fatalf("%s: %d outcomes for %d people", row.action, len(wants), len(people))
		}
		for i, by := range callers {
			if used {
				at = s.matrixTarget()
			}
			before := s.fingerprint(by)
			err := row.do(s, by, at)
			used = s.fingerprint(by) != before
			got := map[vault.Cause]string{"": "y", vault.NotPermitted: "p", vault.NotFound: "n"}[cause(err)]
			if got != wants[i] {
				t.Errorf("%s by %s: %v, want %s", row.action, people[i].name, err, wants[i])
			}
			if err != nil && used {
				t.Errorf("%s by %s was refused and changed something", row.action, people[i].name)
			}
			if used {
				s.undo(row.action, at)
			}
		}
	}
}

// matrixPeople makes the people and gives them what they hold. The folder is
// made anew for each row; what they hold is on the one above.
func (s *server) matrixPeople() []*catalog.Caller {
	s.t.Helper()
	s.level("Names", policy.ViewFolders|policy.ViewEntryNames)
	s.level("Contents", policy.ViewFolders|policy.ViewEntryNames|policy.ViewEntryContents)
	s.folder("/Vault")
	_, err := s.AddRole(ctx, s.op, "Ushers", policy.ManageUsers)
	s.must(err)
	_, err = s.AddRole(ctx, s.op, "Readers", 0)
	s.must(err)
	_, err = s.AddGrant(ctx, s.op, catalog.NewGrant{Node: catalog.Node{Kind: catalog.FolderNode, ID: s.folder("/Vault")}, Role: "Readers", Level: "Read-Only"})
	s.must(err)
	s.must(s.Set(ctx, s.op, "offline_package", "on"))
	var list []*catalog.Caller
	for _, p := range people {
		switch p.name {
		case "usher":
			list = append(list, s.user(p.name, "Ushers"))
			continue
		case "admin":
			list = append(list, s.user(p.name, catalog.Administrators))
			continue
		}
		list = append(list, s.user(p.name))
		if p.level != "" {
			s.grant(p.name, "/Vault", p.level, time.Time{})
		}
		if p.name == "temporary" {
			s.grant(p.name, "/Vault", "Full + Grant + Offline", s.now.Add(time.Hour))
		}
	}
	s.user("victim")
	return list
}

func (s *server) matrixTarget() target {
	s.t.Helper()
	var at target
	var err error
	at.folder, err = s.AddFolder(ctx, s.op, catalog.NewFolder{Parent: s.folder("/Vault"), Group: &vault.Group{Name: "F"}})
	s.must(err)
	at.sub, err = s.AddFolder(ctx, s.op, catalog.NewFolder{Parent: at.folder, Group: &vault.Group{Name: "Sub"}})
	s.must(err)
	e := newEntry("secret")
	e.Attachments = []vault.Attachment{
		{Name: "plain", Binary: &vault.Binary{Data: []byte("plain")}},
		{Name: "masked", Binary: &vault.Binary{Data: []byte("masked"), Protected: true}},
	}
	at.entry, err = s.AddEntry(ctx, s.op, catalog.NewEntry{Folder: at.folder, Entry: e})
	s.must(err)
	got, err := s.Entry(ctx, s.op, at.entry)
	s.must(err)
	at.plain, at.masked = got.Attachments[0].ID, got.Attachments[1].ID
	victim, err := s.UserByName(ctx, s.op, "victim")
	s.must(err)
	at.victim = victim.ID
	if victim.State == store.UserDisabled {
		s.must(s.SetUserState(ctx, s.op, at.victim, store.UserActive))
	}
	at.device = s.matrixDevice(at.victim)
	at.grant = s.matrixGrant(at.folder)
	return at
}

func (s *server) matrixGrant(folder vault.ID) vault.ID {
	s.t.Helper()
	id, err := s.AddGrant(ctx, s.op, catalog.NewGrant{Node: catalog.Node{Kind: catalog.FolderNode, ID: folder}, Role: "Readers", Level: "Read-Only"})
	s.must(err)
	return id
}

func (s *server) matrixDevice(user vault.ID) vault.ID {
	s.t.Helper()
	d := store.Device{ID: vault.NewID(), User: user, Name: "pc", PublicKey: []byte(vault.NewID().String()), Level: "B", State: store.DeviceApproved, Created: s.now}
	s.must(s.db.Update(ctx, func(tx store.Tx) error { return tx.AddDevice(ctx, d) }))
	return d.ID
}

// fingerprint is what a refused action must leave as it is.
func (s *server) fingerprint(by *catalog.Caller) [3]int64 {
	s.t.Helper()
	rev, err := s.db.Revision(ctx)
	s.must(err)
	return [3]int64{rev.Rev, rev.Perm, rev.Gov}
}

// undo takes back what would change the rows after.
func (s *server) undo(action string, at target) {
	s.t.Helper()
	if err := s.RemoveFolder(ctx, s.op, at.folder, catalog.Removal{}); err != nil && cause(err) != vault.NotFound {
		s.t.Fatal(err)
	}
	switch action {
	case "kill switch":
		s.must(s.SetOffline(ctx, s.op, true))
	case "add user", "add administrator":
		if u, err := s.UserByName(ctx, s.op, "new"); err == nil {
			s.must(s.db.Update(ctx, func(tx store.Tx) error { return tx.DeleteUser(ctx, u.ID) }))
			s.wait(time.Second) // another process's change, so to say
		}
	case "add role":
		if err := s.RemoveRole(ctx, s.op, "new"); err != nil && cause(err) != vault.NotFound {
			s.t.Fatal(err)
		}
	case "put level":
		if err := s.RemoveLevel(ctx, s.op, "new"); err != nil && cause(err) != vault.NotFound {
			s.t.Fatal(err)
		}
	case "take a role with access":
		if err := s.RemoveMember(ctx, s.op, "Readers", "admin"); err != nil && cause(err) != vault.NotFound {
			s.t.Fatal(err)
		}
	}
}
