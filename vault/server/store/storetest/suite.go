package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/tideover/tideover/vault/server/store"
)

// Target is an implementation under test.
type Target struct {
	// Fresh returns what opens a new, empty database, which goes with the test.
	Fresh func(t testing.TB) string
	// Open opens it.
	Open func(ctx context.Context, target string) (store.Store, error)
}

// Run tries everything that package store promises.
func Run(t *testing.T, target Target) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Target)
	}{
		{"Users", testUsers},
		{"Factors", testFactors},
		{"Tokens", testTokens},
		{"Roles", testRoles},
		{"Access", testAccess},
		{"Permissions", testPermissions},
		{"Folders", testFolders},
		{"Entries", testEntries},
		{"EntryQueries", testEntryQueries},
		{"History", testHistory},
		{"Attachments", testAttachments},
		{"Blobs", testBlobs},
		{"Icons", testIcons},
		{"Tombstones", testTombstones},
		{"Settings", testSettings},
		{"Devices", testDevices},
		{"Caches", testCaches},
		{"Chips", testChips},
		{"Slots", testSlots},
		{"Leases", testLeases},
		{"Journal", testJournal},
		{"Audit", testAudit},
		{"AuditQueries", testAuditQueries},
		{"Keys", testKeys},
		{"Requests", testRequests},
		{"Orders", testOrders},
		{"OrderRace", testOrderRace},
		{"Escrows", testEscrows},
		{"Releases", testReleases},
		{"Text", testText},
		{"Errors", testErrors},
		{"Transactions", testTransactions},
		{"Sequences", testSequences},
		{"Revisions", testRevisions},
		{"TwoProcesses", testTwoProcesses},
		{"Feed", testFeed},
		{"SpendOnce", testSpendOnce},
		{"LeaseRace", testLeaseRace},
		{"Reopen", testReopen},
		{"Crash", testCrash},
		{"Import", testImport},
		{"Close", testClose},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, target) })
	}
}

// open opens a fresh database for the length of the test.
func (g Target) open(t *testing.T) store.Store {
	t.Helper()
	return g.openAt(t, g.Fresh(t))
}

func (g Target) openAt(t *testing.T, target string) store.Store {
	t.Helper()
	s, err := g.Open(t.Context(), target)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// update runs fn in a transaction that must succeed.
func update(t *testing.T, s store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

// view runs fn on a snapshot; it must succeed.
func view(t *testing.T, s store.Store, fn func(store.Reader) error) {
	t.Helper()
	if err := s.View(t.Context(), fn); err != nil {
		t.Fatalf("view: %v", err)
	}
}

// refused runs fn in a transaction that must fail with the reason, as an *Error
// and as the sentinel that belongs to it.
func refused(t *testing.T, s store.Store, want store.Reason, fn func(store.Tx) error) {
	t.Helper()
	err := s.Update(t.Context(), fn)
	var e *store.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want a *store.Error", err)
	}
	if e.Reason != want {
		t.Errorf("got reason %v (%v), want %v", e.Reason, err, want)
	}
	notFound := want == store.Missing
	conflict := want == store.Duplicate || want == store.Stale || want == store.InUse
	if got := errors.Is(err, store.ErrNotFound); got != notFound {
		t.Errorf("got ErrNotFound %t for %v, want %t", got, err, notFound)
	}
	if got := errors.Is(err, store.ErrConflict); got != conflict {
		t.Errorf("got ErrConflict %t for %v, want %t", got, err, conflict)
	}
}
