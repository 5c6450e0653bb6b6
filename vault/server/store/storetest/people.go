package storetest

import (
	"iter"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

func testUsers(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	u := store.User{
		ID: vault.NewID(), Name: "Ältere.Straße@Corp", Display: "Ä", PasswordHash: "$argon2id$x", State: store.UserActive,
		Source: store.SourceLDAP, ExternalID: "guid-1", Policy: []byte(`{}`), Stamp: 3, Created: at(0), Modified: at(1),
		DisabledAt: at(2), LastSignIn: at(3), Failures: 4, LastFailure: at(5), LockedUntil: at(6),
	}
	other := newUser("bob")
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddUser(ctx, u); err != nil {
			return err
		}
		return tx.AddUser(ctx, other)
	})
	byName := func(name string) func(store.Reader) (store.User, error) {
		return func(r store.Reader) (store.User, error) { return r.UserByName(ctx, name) }
	}
	same(t, "by id", read(t, s, func(r store.Reader) (store.User, error) { return r.User(ctx, u.ID) }), u)
	same(t, "by folded name", read(t, s, byName("ÄLTERE.STRASSE@CORP")), u)
	same(t, "by external id", read(t, s, func(r store.Reader) (store.User, error) {
		return r.UserByExternalID(ctx, store.SourceLDAP, "guid-1")
	}), u)

	u.Name, u.Display, u.PasswordHash, u.State = "carol", "", "", store.UserDisabled
	u.ExternalID, u.Policy, u.Stamp, u.Modified = "guid-2", nil, 4, at(9)
	update(t, s, func(tx store.Tx) error { return tx.UpdateUser(ctx, u) })
	same(t, "updated", read(t, s, byName("CAROL")), u)

	sign := store.SignIn{User: u.ID, LastSignIn: at(10), Failures: 0}
	update(t, s, func(tx store.Tx) error { return tx.RecordSignIn(ctx, sign) })
	u.LastSignIn, u.Failures = at(10), 0
	u.LastFailure, u.LockedUntil = sign.LastFailure, sign.LockedUntil
	same(t, "signed in", read(t, s, byName("carol")), u)

	all := collected(t, s, func(r store.Reader) iter.Seq2[store.User, error] { return r.Users(ctx) })
	same(t, "all, by name", all, []store.User{other, u})

	taken := newUser("BOB")
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddUser(ctx, taken) })
	taken = newUser("dave")
	taken.Source, taken.ExternalID = store.SourceLDAP, "guid-2"
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddUser(ctx, taken) })
	renamed := other
	renamed.Name = "Carol"
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.UpdateUser(ctx, renamed) })

	nobody := newUser("nobody")
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.UpdateUser(ctx, nobody) })
	refused(t, s, store.Missing, func(tx store.Tx) error {
		return tx.RecordSignIn(ctx, store.SignIn{User: nobody.ID})
	})
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DeleteUser(ctx, nobody.ID) })
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.UserByName(ctx, "nobody"); return err })
	refused(t, s, store.Missing, func(tx store.Tx) error {
		_, err := tx.UserByExternalID(ctx, store.SourceOIDC, "guid-2")
		return err
	})

	// Deleting a user takes along what is theirs.
	d := newDevice(other.ID)
	f := store.Factor{ID: vault.NewID(), User: other.ID, Kind: store.FactorTOTP, Created: at(0)}
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddDevice(ctx, d); err != nil {
			return err
		}
		return tx.AddFactor(ctx, f)
	})
	update(t, s, func(tx store.Tx) error { return tx.DeleteUser(ctx, other.ID) })
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Device(ctx, d.ID); return err })
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Factor(ctx, f.ID); return err })
}

func testFactors(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	first := store.Factor{
		ID: vault.NewID(), User: b.user.ID, Kind: store.FactorTOTP, Name: "phone", Secret: sealed(), Version: 1,
		LastStep: 10, Created: at(0),
	}
	second := store.Factor{
		ID: vault.NewID(), User: b.user.ID, Kind: store.FactorPasskey, Secret: sealed(), Version: 1,
		Confirmed: at(1), Created: at(1),
	}
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddFactor(ctx, second); err != nil {
			return err
		}
		return tx.AddFactor(ctx, first)
	})
	factors := func(r store.Reader) ([]store.Factor, error) { return r.Factors(ctx, b.user.ID) }
	same(t, "oldest first", read(t, s, factors), []store.Factor{first, second})

	update(t, s, func(tx store.Tx) error { return tx.SpendFactor(ctx, first.ID, 11) })
	refused(t, s, store.Stale, func(tx store.Tx) error { return tx.SpendFactor(ctx, first.ID, 11) })
	refused(t, s, store.Stale, func(tx store.Tx) error { return tx.SpendFactor(ctx, first.ID, 10) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.SpendFactor(ctx, vault.NewID(), 12) })

	first.Name, first.Secret, first.Version, first.Confirmed = "tablet", sealed(), 2, at(3)
	update(t, s, func(tx store.Tx) error { return tx.UpdateFactor(ctx, first) })
	first.LastStep = 11 // UpdateFactor leaves it
	same(t, "updated", read(t, s, func(r store.Reader) (store.Factor, error) { return r.Factor(ctx, first.ID) }), first)

	update(t, s, func(tx store.Tx) error { return tx.DeleteFactor(ctx, second.ID) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DeleteFactor(ctx, second.ID) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.UpdateFactor(ctx, second) })
	second.User = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.AddFactor(ctx, second) })
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddFactor(ctx, first) })
}

func testTokens(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	api := store.Token{
		Hash: digest(), Kind: store.TokenAPI, User: b.user.ID, Device: b.device.ID, Stamp: 2, Created: at(1),
		Expires: at(10), Address: "::1", Agent: "test",
	}
	web := store.Token{
		Hash: digest(), Kind: store.TokenWeb, User: b.user.ID, Created: at(0), Expires: at(5),
		LastUsed: at(1), Confirms: at(2),
	}
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddToken(ctx, api); err != nil {
			return err
		}
		return tx.AddToken(ctx, web)
	})
	token := func(hash [32]byte) func(store.Reader) (store.Token, error) {
		return func(r store.Reader) (store.Token, error) { return r.Token(ctx, hash) }
	}
	tokens := func(r store.Reader) ([]store.Token, error) { return r.Tokens(ctx, b.user.ID) }
	same(t, "token", read(t, s, token(api.Hash)), api)
	same(t, "newest first", read(t, s, tokens), []store.Token{api, web})

	api.Expires, api.LastUsed, api.Confirms = at(11), at(3), at(4)
	update(t, s, func(tx store.Tx) error { return tx.UpdateToken(ctx, api) })
	same(t, "updated", read(t, s, token(api.Hash)), api)
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddToken(ctx, api) })

	deleted := func(q store.TokenQuery) (n int64) {
		t.Helper()
		update(t, s, func(tx store.Tx) (err error) {
			n, err = tx.DeleteTokens(ctx, q)
			return err
		})
		return n
	}
	same(t, "deleted by the zero query", deleted(store.TokenQuery{}), 0)
	same(t, "deleted: expired", deleted(store.TokenQuery{ExpiredBefore: at(6)}), 1)
	same(t, "deleted: expired, again", deleted(store.TokenQuery{ExpiredBefore: at(6)}), 0)
	same(t, "deleted: of another user", deleted(store.TokenQuery{User: vault.NewID(), Device: b.device.ID}), 0)
	same(t, "deleted: of the device", deleted(store.TokenQuery{Device: b.device.ID}), 1)
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Token(ctx, api.Hash); return err })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DeleteToken(ctx, api.Hash) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.UpdateToken(ctx, api) })
	api.User = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.AddToken(ctx, api) })

	nonce := digest()
	update(t, s, func(tx store.Tx) error { return tx.Spend(ctx, nonce, at(5)) })
	refused(t, s, store.Stale, func(tx store.Tx) error { return tx.Spend(ctx, nonce, at(6)) })
	same(t, "deleted: expired nonces do not count", deleted(store.TokenQuery{ExpiredBefore: at(6)}), 0)
	update(t, s, func(tx store.Tx) error { return tx.Spend(ctx, nonce, at(9)) })
}

func testRoles(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	admins := store.Role{
		ID: vault.NewID(), Name: "Administrators", Rights: 1<<63 | 5, Source: store.SourceSCIM, ExternalID: "x",
		Policy: []byte("{}"), Created: at(0), Modified: at(1),
	}
	users := store.Role{ID: vault.NewID(), Name: "users", Source: store.SourceLocal, Created: at(0)}
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddRole(ctx, users); err != nil {
			return err
		}
		return tx.AddRole(ctx, admins)
	})
	roles := func(r store.Reader) ([]store.Role, error) { return r.Roles(ctx) }
	same(t, "all, by name", read(t, s, roles), []store.Role{admins, users})
	same(t, "by name", read(t, s, func(r store.Reader) (store.Role, error) {
		return r.RoleByName(ctx, "ADMINISTRATORS")
	}), admins)
	same(t, "by id", read(t, s, func(r store.Reader) (store.Role, error) { return r.Role(ctx, users.ID) }), users)

	users.Name, users.Rights, users.Policy, users.Modified = "Staff", 2, []byte("p"), at(4)
	update(t, s, func(tx store.Tx) error { return tx.UpdateRole(ctx, users) })
	same(t, "updated", read(t, s, roles), []store.Role{admins, users})
	twin := store.Role{ID: vault.NewID(), Name: "STAFF", Created: at(0)}
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddRole(ctx, twin) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.UpdateRole(ctx, twin) })
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.RoleByName(ctx, "x"); return err })

	m := store.Member{Role: admins.ID, User: b.user.ID}
	members := func(role vault.ID) []store.Member {
		return read(t, s, func(r store.Reader) ([]store.Member, error) { return r.Members(ctx, role) })
	}
	for range 2 { // the second time changes nothing
		update(t, s, func(tx store.Tx) error { return tx.AddMember(ctx, m) })
	}
	same(t, "members", members(vault.ID{}), []store.Member{m})
	same(t, "members of the role", members(admins.ID), []store.Member{m})
	same(t, "members of another", members(users.ID), nil)
	refused(t, s, store.Missing, func(tx store.Tx) error {
		return tx.AddMember(ctx, store.Member{Role: admins.ID, User: vault.NewID()})
	})
	update(t, s, func(tx store.Tx) error { return tx.DeleteMember(ctx, m) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DeleteMember(ctx, m) })

	update(t, s, func(tx store.Tx) error { return tx.AddMember(ctx, m) })
	update(t, s, func(tx store.Tx) error { return tx.DeleteRole(ctx, admins.ID) })
	same(t, "members after the role went", members(vault.ID{}), nil)
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DeleteRole(ctx, admins.ID) })
}

func testRequests(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	r := store.Request{
		ID: vault.NewID(), User: b.user.ID, Device: b.device.ID, Action: "change", Target: b.entry.ID,
		Content: sealed(), Comment: "please", State: store.RequestOpen, Created: at(1),
	}
	older := store.Request{
		ID: vault.NewID(), User: b.user.ID, Action: "offline", State: store.RequestOpen, Created: at(0),
	}
	for _, v := range []store.Request{r, older} {
		update(t, s, func(tx store.Tx) error { return tx.AddRequest(ctx, v) })
	}
	requests := func(state store.RequestState) []store.Request {
		return read(t, s, func(rd store.Reader) ([]store.Request, error) { return rd.Requests(ctx, state) })
	}
	same(t, "oldest first", requests(0), []store.Request{older, r})
	r.State, r.DecidedBy, r.DecidedAt = store.RequestGranted, b.user.ID, at(5)
	update(t, s, func(tx store.Tx) error { return tx.DecideRequest(ctx, r) })
	same(t, "open", requests(store.RequestOpen), []store.Request{older})
	same(t, "granted", requests(store.RequestGranted), []store.Request{r})
	refused(t, s, store.Stale, func(tx store.Tx) error { return tx.DecideRequest(ctx, r) })
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddRequest(ctx, r) })
	r.ID = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DecideRequest(ctx, r) })
	r.User = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.AddRequest(ctx, r) })
}
