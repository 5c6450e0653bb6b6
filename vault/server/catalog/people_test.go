package catalog_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/otp"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

func TestAddUserRefuses(t *testing.T) {
	s := newServer(t)
	s.user("Alice@Corp")
	for _, c := range []struct {
		name string
		user catalog.NewUser
		want vault.Cause
	}{
		{"taken", catalog.NewUser{Name: "alice@CORP"}, vault.Usage},
		{"empty", catalog.NewUser{}, vault.Usage},
		{"space at the end", catalog.NewUser{Name: "bob "}, vault.Usage},
		{"line feed", catalog.NewUser{Name: "bo\nb"}, vault.Usage},
		{"right-to-left override", catalog.NewUser{Name: "bo\u202eb"}, vault.Usage},
		{"long", catalog.NewUser{Name: string(make([]byte, 300))}, vault.Usage},
		{"weak password", catalog.NewUser{Name: "bob", Password: vault.SecretText("password1")}, vault.WeakPassword},
		{"password is the name", catalog.NewUser{Name: "bob.the.builder", Password: vault.SecretText("bob.the.builder")}, vault.WeakPassword},
		{"no such role", catalog.NewUser{Name: "bob", Roles: []string{"kings"}}, vault.NotFound},
	} {
		if _, err := s.AddUser(ctx, s.op, c.user); cause(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	users, err := s.Users(ctx, s.op)
	if err != nil || len(users) != 1 {
		t.Errorf("%d users, %v", len(users), err)
	}
}

func TestDisable(t *testing.T) {
	s := newServer(t)
	bob := s.user("bob")
	s.must(s.SetUserState(ctx, s.op, bob.User(), store.UserDisabled))
	if _, err := s.Me(ctx, bob); cause(err) != vault.NotSignedIn {
		t.Errorf("an old caller: %v", err)
	}
	if _, err := s.SignIn(ctx, catalog.SignIn{Name: "bob", Password: vault.SecretText(password)}); cause(err) != vault.WrongCredentials {
		t.Errorf("sign in: %v", err)
	}
	s.must(s.SetUserState(ctx, s.op, bob.User(), store.UserActive))
	s.signIn("bob")
	u, err := s.UserByName(ctx, s.op, "BOB")
	if err != nil || u.State != store.UserActive || u.LastSignIn.IsZero() {
		t.Errorf("got %+v, %v", u, err)
	}
	admin := s.user("admin", catalog.Administrators)
	if err := s.SetUserState(ctx, admin, admin.User(), store.UserDisabled); cause(err) != vault.Usage {
		t.Errorf("oneself: %v", err)
	}
}

func TestSetPassword(t *testing.T) {
	s := newServer(t)
	bob := s.user("bob")
	if err := s.SetPassword(ctx, bob, bob.User(), vault.SecretText("12345678")); cause(err) != vault.WeakPassword {
		t.Errorf("weak: %v", err)
	}
	token, err := s.SignIn(ctx, catalog.SignIn{Name: "bob", Password: vault.SecretText(password)})
	s.must(err)
	s.must(s.SetPassword(ctx, bob, bob.User(), vault.SecretText("Leiter 7 Kranich")))
	if _, err := s.Authenticate(ctx, token.Access.Text(), ""); cause(err) != vault.NotSignedIn {
		t.Errorf("an old session lives on: %v", err)
	}
	if _, err := s.SignIn(ctx, catalog.SignIn{Name: "bob", Password: vault.SecretText(password)}); cause(err) != vault.WrongCredentials {
		t.Errorf("the old password: %v", err)
	}
	if _, err := s.SignIn(ctx, catalog.SignIn{Name: "bob", Password: vault.SecretText("Leiter 7 Kranich")}); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if err := s.SetPassword(ctx, s.op, vault.NewID(), vault.SecretText(password)); cause(err) != vault.NotFound {
		t.Errorf("nobody: %v", err)
	}
}

// Who manages users is no administrator by that: not by passwords, not by codes,
// not by disabling the ones who are.
func TestUsherCannotBecomeAdministrator(t *testing.T) {
	s := newServer(t)
	_, err := s.AddRole(ctx, s.op, "Ushers", policy.ManageUsers)
	s.must(err)
	usher, admin := s.user("usher", "Ushers"), s.user("admin", catalog.Administrators)
	for name, err := range map[string]error{
		"password":     s.SetPassword(ctx, usher, admin.User(), vault.SecretText("Leiter 7 Kranich")),
		"disable":      s.SetUserState(ctx, usher, admin.User(), store.UserDisabled),
		"remove codes": s.RemoveTOTP(ctx, usher, admin.User()),
		"leave role":   s.RemoveMember(ctx, usher, catalog.Administrators, "admin"),
		"remove role":  s.RemoveRole(ctx, usher, "Ushers"),
	} {
		if cause(err) != vault.NotPermitted {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.EnrolTOTP(ctx, usher, admin.User()); cause(err) != vault.NotPermitted {
		t.Errorf("codes: %v", err)
	}
	if err := s.RemoveMember(ctx, admin, catalog.Administrators, "admin"); cause(err) != vault.Usage {
		t.Errorf("the last administrator leaves: %v", err)
	}
	s.user("second", catalog.Administrators)
	s.must(s.RemoveMember(ctx, admin, catalog.Administrators, "second"))
}

func TestOneTimeCodes(t *testing.T) {
	s := newServer(t)
	bob := s.user("bob")
	enrolment, err := s.EnrolTOTP(ctx, bob, bob.User())
	s.must(err)
	config, err := otp.Parse(enrolment.URI.Bytes())
	s.must(err)
	if config.Issuer != "Tideover" || config.Account != "bob" || config.Digits != 6 {
		t.Errorf("generator %q, %q, %d digits", config.Issuer, config.Account, config.Digits)
	}
	code := func() vault.Secret {
		c, err := config.Code(s.clock())
		s.must(err)
		return vault.SecretText(c)
	}
	s.signIn("bob") // not asked for yet
	if err := s.ConfirmTOTP(ctx, bob, enrolment.ID, vault.SecretText("000000")); cause(err) != vault.WrongCredentials {
		t.Errorf("confirm with a wrong code: %v", err)
	}
	s.must(s.ConfirmTOTP(ctx, bob, enrolment.ID, code()))
	attempt := catalog.SignIn{Name: "bob", Password: vault.SecretText(password)}
	if _, err := s.SignIn(ctx, attempt); cause(err) != vault.SecondFactor {
		t.Errorf("without code: %v", err)
	}
	attempt.OTP = code()
	if _, err := s.SignIn(ctx, attempt); cause(err) != vault.WrongCredentials {
		t.Errorf("with the code that confirmed: %v", err)
	}
	s.wait(time.Minute)
	attempt.OTP = code()
	if _, err := s.SignIn(ctx, attempt); err != nil {
		t.Errorf("with a code: %v", err)
	}
	if u, err := s.UserByName(ctx, bob, "bob"); err != nil || !u.SecondFactor {
		t.Errorf("second factor %v, %v", u.SecondFactor, err)
	}
	if err := s.RemoveTOTP(ctx, bob, bob.User()); cause(err) != vault.NotPermitted {
		t.Errorf("removing one's own: %v", err)
	}
	s.must(s.RemoveTOTP(ctx, s.op, bob.User()))
	s.signIn("bob")
	if err := s.RemoveTOTP(ctx, s.op, bob.User()); cause(err) != vault.NotFound {
		t.Errorf("removing what is not there: %v", err)
	}
}

func TestLevelsAndGrants(t *testing.T) {
	s := newServer(t)
	s.user("bob")
	levels, err := s.Levels(ctx, s.op)
	if err != nil || len(levels) != len(policy.BuiltInLevels()) {
		t.Fatalf("%d levels, %v", len(levels), err)
	}
	if err := s.PutLevel(ctx, s.op, policy.Level{ID: levels[0].ID, Name: "mine"}); cause(err) != vault.Usage {
		t.Errorf("changing a built-in level: %v", err)
	}
	if err := s.PutLevel(ctx, s.op, policy.Level{Name: "FULL"}); cause(err) != vault.Usage {
		t.Errorf("a name twice: %v", err)
	}
	id := s.entry("/A/x")
	node := catalog.Node{Kind: catalog.EntryNode, ID: id}
	for _, c := range []struct {
		name string
		g    catalog.NewGrant
		want vault.Cause
	}{
		{"nobody", catalog.NewGrant{Node: node, Level: "Full"}, vault.Usage},
		{"two", catalog.NewGrant{Node: node, Level: "Full", User: "bob", Role: catalog.Administrators}, vault.Usage},
		{"no such user", catalog.NewGrant{Node: node, Level: "Full", User: "eve"}, vault.NotFound},
		{"no such role", catalog.NewGrant{Node: node, Level: "Full", Role: "eves"}, vault.NotFound},
		{"no such level", catalog.NewGrant{Node: node, Level: "Fuller", User: "bob"}, vault.NotFound},
		{"no such entry", catalog.NewGrant{Node: catalog.Node{Kind: catalog.EntryNode, ID: vault.NewID()}, Level: "Full", User: "bob"}, vault.NotFound},
		{"no such folder", catalog.NewGrant{Node: catalog.Node{Kind: catalog.FolderNode, ID: vault.NewID()}, Level: "Full", User: "bob"}, vault.NotFound},
		{"over already", catalog.NewGrant{Node: node, Level: "Full", User: "bob", Until: s.now}, vault.Usage},
	} {
		if _, err := s.AddGrant(ctx, s.op, c.g); cause(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	s.level("Own", policy.ReadSecrets)
	grant := s.grant("bob", "/A/x", "own", s.now.Add(time.Hour))
	if err := s.RemoveLevel(ctx, s.op, "Own"); cause(err) != vault.Usage {
		t.Errorf("removing a level in use: %v", err)
	}
	list, err := s.Grants(ctx, s.op, &node)
	if err != nil || len(list) != 1 || list[0].Path != "/A/x" || list[0].User != "bob" || list[0].Level.Name != "Own" || !list[0].Until.Equal(s.now.Add(time.Hour)) {
		t.Errorf("grants: %+v, %v", list, err)
	}
	if list, err := s.Grants(ctx, s.signIn("bob"), nil); err != nil || len(list) != 0 {
		t.Errorf("bob sees grants: %+v, %v", list, err)
	}
	// A grant on the entry shows the way to it, and nothing else.
	tree, err := s.Tree(ctx, s.signIn("bob"), catalog.TreeQuery{Depth: -1})
	s.must(err)
	if len(tree.Folders) != 1 || !tree.Folders[0].Passage || tree.Folders[0].Group.Name != "A" || len(tree.Folders[0].Entries) != 1 {
		t.Errorf("tree: %+v", tree)
	}
	s.must(s.RemoveGrant(ctx, s.op, grant))
	if err := s.RemoveGrant(ctx, s.op, grant); cause(err) != vault.NotFound {
		t.Errorf("removing it again: %v", err)
	}
	s.must(s.RemoveLevel(ctx, s.op, "Own"))
	roles, err := s.Roles(ctx, s.op)
	if err != nil || len(roles) != 1 || roles[0].Name != catalog.Administrators || roles[0].Admin != policy.AllAdmin {
		t.Errorf("roles: %+v, %v", roles, err)
	}
	if err := s.RemoveRole(ctx, s.op, catalog.Administrators); cause(err) != vault.Usage {
		t.Errorf("removing the built-in role: %v", err)
	}
}

func TestSettings(t *testing.T) {
	s := newServer(t)
	get := func(key string) string {
		list, err := s.Settings(ctx, s.op)
		s.must(err)
		i := slices.IndexFunc(list, func(x policy.Setting) bool { return x.Key == key })
		if i < 0 {
			return ""
		}
		return list[i].Value
	}
	for _, c := range []struct {
		key, value string
		want       vault.Cause
	}{
		{"days", "3", ""},
		{"days", "40", vault.Usage},
		{"powered_on_s", "1000", ""},
		{"colour", "blue", vault.Usage},
		{"offline_package", "on", ""},
		{"offline_package", "perhaps", vault.Usage},
		{"offline", "off", ""},
		{"offline", "off", ""},
		{"offline", "on", ""},
		{"min_level", "A", ""},
	} {
		before := get(c.key)
		if err := s.Set(ctx, s.op, c.key, c.value); cause(err) != c.want {
			t.Errorf("%s=%s: %v", c.key, c.value, err)
		}
		want := c.value
		if c.want != "" {
			want = before
		}
		if got := get(c.key); got != want {
			t.Errorf("%s is %q, want %q", c.key, got, want)
		}
	}
	g, err := s.Governance(ctx)
	if err != nil || g.Days != 3 || g.PoweredOnS != 1000 || g.MinLevel != "A" {
		t.Errorf("governance: %+v, %v", g, err)
	}
	in, err := s.Instance(ctx)
	if err != nil || in.Epoch != 2 || !in.OfflinePackage || !in.OfflineEnabled {
		t.Errorf("instance: %+v, %v", in, err)
	}
	if got := s.records(catalog.AuditQuery{Action: catalog.ActionPolicy}); len(got) != 6 || got[0].Detail != "days=3" {
		t.Errorf("audit: %d records, %+v", len(got), got)
	}
}

func TestAuditPages(t *testing.T) {
	s := newServer(t)
	id := s.entry("/A/x")
	const reveals = 1100 // more than two pages
	for range reveals {
		_, err := s.Password(ctx, s.op, id, "")
		s.must(err)
	}
	all := s.records(catalog.AuditQuery{Action: catalog.ActionReveal})
	if len(all) != reveals {
		t.Errorf("%d records, want %d", len(all), reveals)
	}
	for i := 1; i < len(all); i++ {
		if all[i].Seq <= all[i-1].Seq {
			t.Fatalf("record %d is out of order", i)
		}
	}
	if got := s.records(catalog.AuditQuery{Action: catalog.ActionReveal, Limit: 700}); len(got) != 700 {
		t.Errorf("limit 700: %d", len(got))
	}
	newest := s.records(catalog.AuditQuery{Newest: true, Limit: 3})
	if len(newest) != 3 || newest[0].Seq != all[reveals-1].Seq || newest[2].Seq != newest[0].Seq-2 {
		t.Errorf("newest: %+v", newest)
	}
	n, err := s.VerifyAudit(ctx, s.op)
	if err != nil || n != newest[0].Seq {
		t.Errorf("verified %d of %d, %v", n, newest[0].Seq, err)
	}
}

// A lost disk means that nothing secret leaves: no record, no password.
func TestNoSecretWithoutAudit(t *testing.T) {
	s := newServer(t)
	id := s.entry("/A/x")
	full := &fullDisk{Store: s.db}
	conf := s.config()
	conf.Store = full
	c, err := catalog.Open(ctx, conf)
	s.must(err)
	full.full = true
	if pw, err := c.Password(ctx, s.op, id, ""); cause(err) != vault.ReadOnly || !errors.Is(err, store.ErrFull) || !pw.IsEmpty() {
		t.Errorf("password: %v", err)
	}
	if e, err := c.Reveal(ctx, s.op, id, ""); cause(err) != vault.ReadOnly || e != nil {
		t.Errorf("reveal: %v", err)
	}
	if _, err := c.Entry(ctx, s.op, id); err != nil {
		t.Errorf("other reads go on: %v", err)
	}
}
