package server_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
	"github.com/tideover/tideover/vault/wire"
)

// upkeep keeps a server up for the length of the test.
func (f *fixture) upkeep() {
	f.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.srv.Upkeep(ctx) }()
	f.t.Cleanup(func() {
		stop()
		must(f.t, <-ended)
	})
}

// keySet is what a client knows of the server's keys.
func (f *fixture) keySet() lease.KeySet {
	f.t.Helper()
	var in wire.Server
	decode(f.t, f.want(yes, request{method: "GET", path: own + "/server"}).body, &in)
	var keys []lease.SubKey
	for _, k := range in.Keys {
		keys = append(keys, lease.SubKey{KID: k.KID, Use: lease.Use(k.Use), Public: k.Public, Signature: k.Signature})
	}
	set, err := lease.VerifySubKeys(in.Identity, keys)
	must(f.t, err)
	return set
}

// follow opens a device's events stream and returns its orders as they come.
func (f *fixture) follow(d *device, after lease.Mark) <-chan *lease.Order {
	f.t.Helper()
	path := own + "/devices/" + d.ID.String() + "/events"
	header := f.sign(d, "GET", path, "")
	ctx, stop := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", f.url+path+"?after="+after.String(), nil)
	must(f.t, err)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := f.client.Do(req)
	must(f.t, err)
	if resp.StatusCode != yes || resp.Header.Get("Content-Type") != wire.MediaEvents {
		f.t.Fatalf("events: %d %s", resp.StatusCode, resp.Header)
	}
	keys := f.keySet()
	out, ended := make(chan *lease.Order, 16), make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			token, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			o, err := lease.VerifyOrder(token, keys)
			if err != nil {
				f.t.Errorf("an order: %v", err)
				return
			}
			out <- o
		}
	}()
	f.t.Cleanup(func() {
		stop()
		<-ended
		_ = resp.Body.Close() // it was cut off
	})
	return out
}

// An order reaches the stream of its device, whoever wrote it: here, through
// another instance, or before somebody listened.
func TestEvents(t *testing.T) {
	dir := t.TempDir()
	t.Run("sqlite", func(t *testing.T) { events(t, newFixtureOn(t, dir, filepath.Join(dir, "test.db"))) })
	t.Run("postgres", func(t *testing.T) { events(t, newFixtureOn(t, t.TempDir(), postgres.Fresh(t))) })
}

func events(t *testing.T, f *fixture) {
	ctx := t.Context()
	other := f.another()
	f.upkeep()
	other.upkeep()
	alice, bob := f.register(newDevice(t), "alice"), f.register(newDevice(t), "bob")
	hers, there, his := f.follow(alice, lease.Mark{}), other.follow(alice, lease.Mark{}), f.follow(bob, lease.Mark{})
	expect := func(from <-chan *lease.Order, kind lease.OrderKind, d *device) lease.Mark {
		t.Helper()
		o := <-from
		if o.Kind != kind || d != nil && o.Device != d.ID || d == nil && !o.Device.IsZero() {
			t.Fatalf("%+v, want %s", o, kind)
		}
		return o.Mark()
	}

	must(t, f.catalog.SetDeviceState(ctx, f.op, alice.ID, store.DeviceSuspended, ""))
	expect(hers, lease.OrderSuspend, alice)
	expect(there, lease.OrderSuspend, alice)
	must(t, other.catalog.SetDeviceState(ctx, f.op, alice.ID, store.DeviceApproved, ""))
	expect(hers, lease.OrderResume, alice)
	first := expect(there, lease.OrderResume, alice)
	// What stands nowhere in his stream comes before what does.
	must(t, other.catalog.SetUserState(ctx, f.op, f.user("bob"), store.UserDisabled))
	expect(his, lease.OrderWipe, bob)
	must(t, f.catalog.SetOffline(ctx, f.op, false))
	expect(hers, lease.OrderKill, nil)
	expect(there, lease.OrderKill, nil)
	last := expect(his, lease.OrderKill, nil)

	// Who comes later hears what was before, from where they stand.
	again := other.follow(alice, first)
	expect(again, lease.OrderKill, nil)

	path := own + "/devices/" + alice.ID.String() + "/orders"
	for after, want := range map[lease.Mark]int{{}: 3, first: 1, last: 0} {
		header := other.sign(alice, "GET", path, "")
		var in wire.Orders
		decode(t, other.want(yes, request{method: "GET", path: path + "?after=" + after.String(), header: header}).body, &in)
		if len(in.Orders) != want || in.State != wire.DeviceApproved {
			t.Errorf("after %s: %d orders, state %s", after, len(in.Orders), in.State)
		}
	}
	got := f.do(request{method: "GET", path: path + "?after=x", header: f.sign(alice, "GET", path, "")})
	if got.status != invalid {
		t.Errorf("a mark that is none: %s", got)
	}
	if got := f.do(request{method: "GET", path: path, header: f.sign(bob, "GET", path, "")}); got.status != anon {
		t.Errorf("another's orders: %s", got)
	}
}

// A device has a few streams at most; the oldest makes room.
func TestEventsOfOneDevice(t *testing.T) {
	f := newFixture(t)
	f.upkeep()
	d := f.register(newDevice(t), "alice")
	streams := make([]<-chan *lease.Order, 9)
	for i := range streams {
		streams[i] = f.follow(d, lease.Mark{})
	}
	must(t, f.catalog.SetDeviceState(t.Context(), f.op, d.ID, store.DeviceRevoked, ""))
	for _, s := range streams[1:] {
		if o := <-s; o.Kind != lease.OrderRevoke {
			t.Errorf("%+v", o)
		}
	}
	select {
	case o := <-streams[0]:
		t.Errorf("the oldest stream has %+v", o)
	default:
	}
}

// The list is public, signed, written beside the database, and knows when a
// database is put back that is older.
func TestList(t *testing.T) {
	ctx := t.Context()
	f := newFixture(t)
	d := f.register(newDevice(t), "alice")
	path := filepath.Join(f.dir, server.ListFile)
	get := func() *lease.List {
		t.Helper()
		got := f.want(yes, request{method: "GET", path: own + "/revoked"})
		l, err := lease.VerifyList(string(got.body), f.keySet())
		must(t, err)
		return l
	}
	if l := get(); len(l.Devices)+len(l.Users) != 0 || !l.Offline {
		t.Errorf("%+v", l)
	}
	must(t, server.CheckList(ctx, path, f.id, f.catalog)) // there is none
	before := f.backup()
	must(t, f.catalog.SetDeviceState(ctx, f.op, d.ID, store.DeviceRevoked, ""))
	must(t, f.catalog.SetUserState(ctx, f.op, f.user("bob"), store.UserDisabled))
	if l := get(); !l.HasDevice(d.ID) || !l.HasUser(f.user("bob")) || l.HasUser(f.user("alice")) {
		t.Errorf("%+v", l)
	}
	must(t, server.WriteList(ctx, path, f.id, f.catalog))
	must(t, server.CheckList(ctx, path, f.id, f.catalog))
	l, err := server.ReadList(ctx, path, f.id, f.catalog)
	must(t, err)
	if !l.HasDevice(d.ID) {
		t.Errorf("%+v", l)
	}

	// The leaver is still active in the copy from before.
	if err := server.CheckList(ctx, path, f.id, before); causeOf(err) != vault.Superseded {
		t.Errorf("an older database: %v", err)
	}
	for name, damage := range map[string]func([]byte) []byte{
		"cut short": func(b []byte) []byte { return b[:len(b)-1] },
		"changed":   func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
	} {
		raw, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(path, damage(raw), 0o600))
		if _, err := server.ReadList(ctx, path, f.id, f.catalog); causeOf(err) != vault.Damaged {
			t.Errorf("%s: %v", name, err)
		}
		must(t, server.CheckList(ctx, path, f.id, f.catalog))
		must(t, server.WriteList(ctx, path, f.id, f.catalog))
	}
	dir := t.TempDir()
	stranger := newFixtureOn(t, dir, filepath.Join(dir, databaseName)) // with an identity of its own
	if _, err := server.ReadList(ctx, path, stranger.id, stranger.catalog); causeOf(err) != vault.Damaged {
		t.Errorf("another server's list: %v", err)
	}
}

// backup returns the catalog of a copy of the database as it is now.
func (f *fixture) backup() *catalog.Catalog {
	f.t.Helper()
	db, err := sqlstore.Open(f.t.Context(), f.database)
	must(f.t, err)
	copied := *f
	copied.database = filepath.Join(f.t.TempDir(), "copy.db")
	must(f.t, db.Backup(f.t.Context(), copied.database))
	must(f.t, db.Close())
	kek, err := keyring.OpenFile(filepath.Join(f.dir, kekName))
	must(f.t, err)
	c, err := catalog.Open(f.t.Context(), copied.open(kek))
	must(f.t, err)
	return c
}

// A disabled user's right credentials bring the device its order, and no session.
func TestBarredSignIn(t *testing.T) {
	f := newFixture(t)
	d := f.register(newDevice(t), "alice")
	must(t, f.catalog.SetUserState(t.Context(), f.op, f.user("alice"), store.UserDisabled))
	try := func(password, device string) answer {
		header := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		if device != "" {
			header[wire.HeaderDevice] = device
		}
		body := "grant_type=password&username=alice&password=" + strings.ReplaceAll(password, " ", "+")
		return f.want(invalid, request{method: "POST", path: "/OAuth2/Token", body: body, header: header})
	}
	var in wire.OAuthError
	decode(t, try(anyPassword, d.ID.String()).body, &in)
	if len(in.Orders) != 1 || in.Error != wire.InvalidGrant {
		t.Fatalf("%+v", in)
	}
	o, err := lease.VerifyOrder(in.Orders[0], f.keySet())
	must(t, err)
	if o.Kind != lease.OrderWipe || o.Device != d.ID {
		t.Errorf("%+v", o)
	}
	plain := string(try("wrong", d.ID.String()).body)
	if got := string(try(anyPassword, "").body); got != plain || strings.Contains(got, "orders") {
		t.Errorf("without a device: %s", got)
	}
	if got := string(try(anyPassword, vault.NewID().String()).body); got != plain {
		t.Errorf("with another device: %s", got)
	}
}

// A lease is renewed for the device alone, and the chip's bounds move with it.
func TestPostLease(t *testing.T) {
	f := newFixture(t)
	d := f.register(newDevice(t), "alice")
	cache := vault.NewID()
	base := own + "/devices/" + d.ID.String()
	body := `{"cache":"` + cache.String() + `","generation":1,"record_sha256":"` + strings.Repeat("ab", 32) + `","root_name":"` +
		base64.StdEncoding.EncodeToString(rootName()) + `","level":"B","clock_ms":1000,"resets":3,"user_name":"alice"}`
	if got := f.signed(d, "alice", base+"/cache", body); got.status != yes {
		t.Fatal(got)
	}
	got := f.signed(d, "", base+"/lease", `{"cache":"`+cache.String()+`","generation":1,"clock_ms":5000,"resets":4}`)
	if got.status != yes {
		t.Fatal(got)
	}
	var in wire.LeaseAnswer
	decode(t, got.body, &in)
	l, err := lease.Verify(in.Lease, f.keySet())
	must(t, err)
	if l.Seq != 2 || l.Chip == nil || l.Chip.ClockMS != 5000 || l.Chip.Resets != 4 || l.Device != d.ID ||
		l.Expires.Time().Sub(l.Issued.Time()) != time.Duration(l.Policy.Days)*24*time.Hour {
		t.Errorf("%+v", l)
	}
	for body, want := range map[string]int{
		`{"cache":"` + cache.String() + `","generation":2}`: unseen,
		`{"cache":"` + cache.String() + `","generation":0}`: invalid,
		`{}`: invalid,
		`{"cache":"` + vault.NewID().String() + `","generation":1}`: unseen,
	} {
		if got := f.signed(d, "", base+"/lease", body); got.status != want {
			t.Errorf("%s: %s, want %d", body, got, want)
		}
	}
}
