package session_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// liar stands between a client and its server, and may answer in its place.
type liar struct {
	mu     sync.Mutex
	orders []string // in place of those of the poll and of the stream; nil: the server's
	list   string   // in place of the server's; empty: the server's
	mute   bool     // nothing of the governance is answered
}

func (l *liar) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *liar) between(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		orders, list, mute := l.orders, l.list, l.mute
		l.mu.Unlock()
		end := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		governing := slices.Contains([]string{"orders", "events", "lease", "revoked"}, end) && strings.HasPrefix(r.URL.Path, wire.APIRoot)
		switch {
		case governing && mute:
			w.WriteHeader(http.StatusServiceUnavailable)
		case end == "revoked" && list != "":
			_, _ = w.Write([]byte(list))
		case end == "orders" && orders != nil:
			body, _ := wire.Marshal(wire.Orders{Orders: orders, State: wire.DeviceApproved})
			_, _ = w.Write(body)
		case end == "events" && orders != nil:
			w.Header().Set("Content-Type", wire.MediaEvents)
			for _, o := range orders {
				_, _ = w.Write([]byte("event: order\ndata: " + o + "\n\n"))
			}
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// signingKey returns a key by which the server signs: what whoever has broken
// into it has.
func (g *governed) signingKey(use lease.Use) (string, *ecdsa.PrivateKey) {
	g.t.Helper()
	rows, err := g.catalog.SubKeys(g.ctx())
	g.must(err)
	for _, row := range rows {
		if row.Use == string(use) {
			key, err := x509.ParsePKCS8PrivateKey(row.Private.Bytes())
			g.must(err)
			return row.ID, key.(*ecdsa.PrivateKey)
		}
	}
	g.t.Fatalf("no %s key", use)
	return "", nil
}

// order signs an order, for this device unless it says otherwise.
func (g *governed) order(kid string, key *ecdsa.PrivateKey, o lease.Order) string {
	g.t.Helper()
	st := g.status()
	o.Version, o.Issuer, o.ID, o.Issued = lease.Version, vault.NewID(), vault.NewID(), lease.At(g.Now())
	if o.Device.IsZero() && o.Kind != lease.OrderKill {
		o.Device = st.Device.ID
	}
	if o.User.IsZero() && o.Kind != lease.OrderKill {
		o.User = g.user()
	}
	token, err := lease.SignOrder(key, kid, o)
	g.must(err)
	return token
}

// Nothing but an order of this server, for this device, after the last one, does
// anything. What is not is told.
func TestFalseOrders(t *testing.T) {
	t.Parallel()
	lies := &liar{}
	g := newGoverned(t, lies.between)
	g.offline()
	kid, key := g.signingKey(lease.UseOrder)
	leaseKID, leaseKey := g.signingKey(lease.UseLease)
	revoke := func(change func(*lease.Order)) lease.Order {
		o := lease.Order{Kind: lease.OrderRevoke, Seq: 50, Epoch: 1}
		if change != nil {
			change(&o)
		}
		return o
	}
	genuine := g.order(kid, key, revoke(nil))
	untrue := []string{
		g.order(kid, newKey(t), revoke(nil)),                                                         // forged, with the name of the right key
		g.order("0123456789abcdef", newKey(t), revoke(nil)),                                          // by a key that the root did not sign: another server's
		g.order(leaseKID, leaseKey, revoke(nil)),                                                     // by a key for something else
		g.order(kid, key, revoke(func(o *lease.Order) { o.Device = vault.NewID() })),                 // another device's
		g.order(kid, key, revoke(func(o *lease.Order) { o.User = vault.NewID() })),                   // another user's
		genuine[:len(genuine)-4] + "AAAA",                                                            // changed on the way
		strings.Replace(genuine, ".", "", 1), "", "..", strings.Repeat("A", lease.MaxOrderBytes+100), // none at all
		g.order(kid, key, lease.Order{Kind: lease.OrderKill, Seq: 51, Epoch: 1})[:100],
	}
	lies.set(func() { lies.orders = untrue })
	stop := g.govern()
	_, told := g.until(session.Following)
	stop()
	n := 0
	for _, news := range told {
		if news.Kind == session.OrderIgnored && news.Err != nil {
			n++
		}
	}
	if n != len(untrue) {
		t.Errorf("%d of %d were told: %+v", n, len(untrue), told)
	}
	if !g.s.Unlocked() || g.status().Cache.State != cache.Usable {
		t.Fatalf("a false order did something: %+v", g.status().Cache)
	}

	lies.set(func() {
		lies.orders = []string{g.order(kid, key, lease.Order{Kind: lease.OrderSuspend, Seq: 60, Epoch: 1})}
	})
	stop = g.govern()
	g.until(session.DeviceSuspended)
	stop()
	// An older "resume" is sent again: it stays suspended.
	lies.set(func() {
		lies.orders = []string{
			g.order(kid, key, lease.Order{Kind: lease.OrderResume, Seq: 59, Epoch: 1}),
			g.order(kid, key, lease.Order{Kind: lease.OrderResume, Seq: 60, Epoch: 1}),
		}
	})
	stop = g.govern()
	_, told = g.until(session.Following)
	stop()
	if st := g.status(); st.Cache.State != cache.Suspended {
		t.Errorf("an older order resumed it: %s, %+v", st.Cache.State, told)
	}
	// One of a later epoch is later, whatever its number.
	lies.set(func() {
		lies.orders = []string{g.order(kid, key, lease.Order{Kind: lease.OrderResume, Seq: 1, Epoch: 2})}
	})
	stop = g.govern()
	g.until(session.DeviceResumed)
	stop()
	// A wipe reaches the generations that it names.
	lies.set(func() {
		lies.orders = []string{g.order(kid, key, lease.Order{Kind: lease.OrderWipe, Seq: 2, Epoch: 2, Generation: 1})}
	})
	stop = g.govern()
	g.until(session.CacheRevoked)
	stop()
	if st := g.status(); st.Cache.State != cache.Revoked {
		t.Errorf("%s", st.Cache.State)
	}
}

// A list only takes away: frozen, going back, blocked, or another server's, it
// changes nothing, and it is told.
func TestFalseLists(t *testing.T) {
	t.Parallel()
	lies := &liar{}
	g := newGoverned(t, lies.between)
	before := g.offline()
	kid, key := g.signingKey(lease.UseList)
	sign := func(kid string, key *ecdsa.PrivateKey, change func(*lease.List)) string {
		t.Helper()
		l := lease.List{
			Version: lease.Version, Issuer: vault.NewID(), Seq: 10, Epoch: 1, Issued: lease.At(g.Now()), Offline: true,
			Devices: []vault.ID{}, Users: []vault.ID{},
		}
		if change != nil {
			change(&l)
		}
		token, err := lease.SignList(key, kid, l)
		g.must(err)
		return token
	}
	contact := func(list string) (ignored bool) {
		t.Helper()
		lies.set(func() { lies.list = list })
		stop := g.govern()
		defer stop()
		_, told := g.until(session.Following)
		for _, n := range told {
			ignored = ignored || n.Kind == session.ListIgnored && n.Err != nil
		}
		return ignored
	}
	names := func(l *lease.List) { l.Devices = []vault.ID{before.Device.ID} }
	if contact(sign(kid, key, nil)) {
		t.Error("a list in order is told")
	}
	for name, list := range map[string]string{
		"another server's": sign(kid, newKey(t), names),
		"going back":       sign(kid, key, func(l *lease.List) { names(l); l.Seq = 9 }),
		"standing still":   sign(kid, key, func(l *lease.List) { l.Issued -= 4 * 24 * 3600 }),
		"none":             "no list",
	} {
		if !contact(list) {
			t.Errorf("%s: not told", name)
		}
		if st := g.status(); st.Cache.State != cache.Usable || !st.Cache.Verdict.Until.Equal(before.Cache.Verdict.Until) {
			t.Errorf("%s: %+v", name, st.Cache)
		}
	}
	// One that names this device is as good as an order.
	lies.set(func() { lies.list = sign(kid, key, names) })
	g.govern()
	g.until(session.CacheRevoked)
	g.wiped(before, cache.Revoked)
}

// Who blocks everything gains nothing: the lease is not renewed, and ends.
func TestBlockedGovernance(t *testing.T) {
	t.Parallel()
	lies := &liar{mute: true}
	g := newGoverned(t, lies.between)
	before := g.offline()
	g.must(g.catalog.SetDeviceState(g.ctx(), g.op, before.Device.ID, store.DeviceRevoked, ""))
	g.pass(24 * time.Hour)
	stop := g.govern()
	g.until(session.GovernorAway)
	stop()
	if st := g.status(); st.Cache.State != cache.Usable || !st.Cache.Verdict.Until.Equal(before.Cache.Verdict.Until) {
		t.Errorf("%+v", st.Cache)
	}
	g.pass(time.Duration(before.Cache.Policy.Days-1) * 24 * time.Hour)
	if st := g.status(); st.Cache.State != cache.Expired {
		t.Errorf("%+v", st.Cache)
	}
}

// The server is brought back from a backup in which the leaver is active. The
// list beside it keeps them out, and their device hears of it although it knows
// later orders than the backup.
func TestLeaverInARestoredServer(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, nil)
	before := g.offline()
	backup := filepath.Join(g.dir, "backup.db")
	db, err := sqlstore.Open(g.ctx(), filepath.Join(g.dir, "test.db"))
	g.must(err)
	g.must(db.Backup(g.ctx(), backup))
	g.must(db.Close())

	// An order that the device knows, and that the backup does not.
	g.must(g.catalog.SetDeviceState(g.ctx(), g.op, before.Device.ID, store.DeviceSuspended, ""))
	stop := g.govern()
	g.until(session.DeviceSuspended)
	stop()
	g.must(g.catalog.SetDeviceState(g.ctx(), g.op, before.Device.ID, store.DeviceApproved, ""))
	stop = g.govern()
	g.until(session.DeviceResumed)
	stop()
	g.must(g.catalog.SetUserState(g.ctx(), g.op, g.user(), store.UserDisabled))
	g.must(server.WriteList(g.ctx(), g.listPath(), g.id, g.catalog))
	if st := g.status(); st.Cache.State != cache.Usable {
		t.Fatalf("%+v", st.Cache)
	}

	restored, err := catalog.Open(g.ctx(), g.configOn(backup))
	g.must(err)
	list, err := server.ReadList(g.ctx(), g.listPath(), g.id, restored)
	g.must(err)
	var none *catalog.Ended
	done, err := restored.Restore(g.ctx(), g.op, catalog.Restoring{Backup: "backup.db", Since: none.Merge(list)})
	g.must(err)
	if len(done.Disabled) != 1 || done.Disabled[0].Name != user {
		t.Fatalf("%+v", done)
	}
	// The restored server takes the place of the other.
	g.catalog = restored
	srv, err := server.New(g.ctx(), server.Config{Identity: g.id, Catalog: restored, Version: "test", Now: g.Now})
	g.must(err)
	g.replaceVault(srv)
	g.govern()
	g.until(session.CacheRevoked)
	g.wiped(before, cache.Revoked)
	if _, err := os.Stat(before.Cache.Path); !os.IsNotExist(err) {
		t.Error("the file is there")
	}
}
