package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

func TestTideoverServer(t *testing.T) {
	o := newOwn(t)
	c := o.open()
	ctx := context.Background()
	who, err := c.Probe(ctx)
	if err != nil || who.Kind != wire.KindTideover || who.Server.Incarnation != o.incarnation {
		t.Fatal(who, err)
	}
	me, err := c.Me(ctx)
	if err != nil || me.Name != "ann" || string(me.Policy) != `{"days":7}` {
		t.Errorf("%+v, %v", me, err)
	}
	if ok, err := c.OfflineAvailable(ctx); !ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
	tree, err := c.Tree(ctx)
	if err != nil {
		t.Fatal(err)
	}
	e := tree.Content.Root.Entries[0]
	if f := e.Field(vault.FieldPassword); f == nil || !f.Value.IsEmpty() || tree.Facts[e.ID].AttachmentSizes[0] != 11 {
		t.Errorf("tree: %+v", e)
	}
	answer, err := c.Entry(ctx, e.ID)
	if err != nil || answer.Entry.Title() != "db-prod" || !answer.Facts.ViewPassword {
		t.Errorf("entry: %+v, %v", answer, err)
	}
	_, err = c.Reveal(ctx, e.ID, "")
	want(t, "no comment", err, vault.CommentRequired)
	secret, err := c.Password(ctx, e.ID, "on call")
	if err != nil || secret.Text() != password {
		t.Errorf("%v", err)
	}
	file, err := c.Attachment(ctx, e.ID, id(t, certFile), "")
	if err != nil || string(file) != "hello world" {
		t.Errorf("%q, %v", file, err)
	}
	for _, device := range []vault.ID{o.deviceID, {}} {
		dry, err := c.DryRun(ctx, device)
		if err != nil || dry.Entries[0].ID != e.ID || dry.Server != device.String() {
			t.Errorf("%+v, %v", dry, err)
		}
	}
	for name, call := range map[string]func() (wire.Device, error){
		"register": func() (wire.Device, error) { return c.Register(ctx, wire.DeviceRequest{Name: "laptop"}) },
		"device":   func() (wire.Device, error) { return c.Device(ctx, o.deviceID) },
	} {
		if d, err := call(); err != nil || d.ID != o.deviceID || d.State != wire.DeviceApproved {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
	_, err = c.Entry(ctx, vault.NewID())
	want(t, "unknown entry", err, vault.NotFound)
}

func TestCache(t *testing.T) {
	o := newOwn(t)
	c := o.open()
	var steps []int
	content, token, err := c.Cache(context.Background(), o.deviceID, o.request(), o.signer(), func(done, total int) { steps = append(steps, done, total) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o.content, content, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if strings.Count(token, ".") != 2 || !cmp.Equal(steps, []int{1, 1}) {
		t.Errorf("lease %q, progress %v", token, steps)
	}
}

// Whatever in the lease is not what was asked, or not what came, voids it all.
func TestCacheIsVoidWithoutItsLease(t *testing.T) {
	for name, spoil := range map[string]func(*lease.Lease){
		"entries":     func(l *lease.Lease) { l.Entries++ },
		"digest":      func(l *lease.Lease) { l.Digest[0] ^= 1 },
		"device":      func(l *lease.Lease) { l.Device = vault.NewID() },
		"cache":       func(l *lease.Lease) { l.Cache = vault.NewID() },
		"generation":  func(l *lease.Lease) { l.Generation-- },
		"record":      func(l *lease.Lease) { l.Record[0] ^= 1 },
		"user name":   func(l *lease.Lease) { l.Username = "bob" },
		"incarnation": func(l *lease.Lease) { l.Issuer = vault.NewID() },
		"epoch":       func(l *lease.Lease) { l.Epoch-- },
		"level":       func(l *lease.Lease) { l.Level, l.Root, l.Chip = "B", make(lease.Name, 34), &lease.Chip{} },
	} {
		o := newOwn(t)
		o.spoil = spoil
		content, token, err := o.open().Cache(context.Background(), o.deviceID, o.request(), o.signer(), nil)
		if content != nil || token != "" {
			t.Errorf("%s: something was returned", name)
		}
		want(t, name, err, vault.BadAnswer)
	}
	o := newOwn(t)
	o.leaseKey = newKey(t) // one that the root has not introduced
	_, _, err := o.open().Cache(context.Background(), o.deviceID, o.request(), o.signer(), nil)
	want(t, "foreign key", err, vault.BadAnswer)
}

// A lease may be signed by a sub-key that is younger than the last probe.
func TestCacheAsksForTodaysKeys(t *testing.T) {
	o := newOwn(t)
	c := o.open()
	if _, err := c.Probe(context.Background()); err != nil {
		t.Fatal(err)
	}
	next := newKey(t)
	sub, err := lease.SignSubKey(o.root, lease.UseLease, &next.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	o.keys, o.leaseKey = append(o.keys, sub), next
	o.mu.Unlock()
	if _, _, err := c.Cache(context.Background(), o.deviceID, o.request(), o.signer(), nil); err != nil {
		t.Error(err)
	}
}

func TestDeviceReportsNeedNoToken(t *testing.T) {
	o := newOwn(t)
	c := open(t, o.start().URL)
	ctx := context.Background()
	if err := c.Proof(ctx, o.deviceID, 4, o.signer()); err != nil {
		t.Error(err)
	}
	if err := c.Cleared(ctx, o.deviceID, 4, o.signer()); err != nil {
		t.Error(err)
	}
	if d, err := c.DeviceState(ctx, o.deviceID, o.signer()); err != nil || d.ID != o.deviceID || d.State != wire.DeviceApproved {
		t.Errorf("%+v, %v", d, err)
	}
	var events []wire.JournalEvent
	for i := range 12_345 { // more than one part
		events = append(events, wire.JournalEvent{Seq: uint64(i + 1), Type: "reveal", Entry: id(t, dbEntry)})
	}
	through, err := c.Journal(ctx, o.deviceID, events, o.signer())
	if err != nil || through != 12_345 {
		t.Fatal(through, err)
	}
	if diff := cmp.Diff(events, o.events); diff != "" {
		t.Errorf("%.500s", diff)
	}
	// That there are none is said, too.
	o.events = o.events[:1]
	if through, err := c.Journal(ctx, o.deviceID, nil, o.signer()); err != nil || through != 1 {
		t.Error(through, err)
	}
	other := newOwn(t)
	want(t, "another device's signature", c.Proof(ctx, o.deviceID, 4, other.signer()), vault.NotSignedIn)
	broken := errors.New("no chip")
	if err := c.Proof(ctx, o.deviceID, 4, brokenKey{broken}); !errors.Is(err, broken) {
		t.Errorf("the signer's error is lost: %v", err)
	}
}

// brokenKey is a device key that cannot be used.
type brokenKey struct{ why error }

func (k brokenKey) Sign(context.Context, [32]byte) ([]byte, error) { return nil, k.why }

func TestCausesOfATideoverServer(t *testing.T) {
	for _, cause := range []vault.Cause{vault.ApprovalPending, vault.Revoked, vault.LevelTooLow, vault.Superseded} {
		o := newOwn(t)
		o.refuse = cause
		_, _, err := o.open().Cache(context.Background(), o.deviceID, o.request(), o.signer(), nil)
		want(t, string(cause), err, cause)
		var p *vault.Problem
		if !errors.As(err, &p) || p.Detail != "since Monday" || p.Until.Year() != 2030 {
			t.Errorf("%s: the evidence is lost: %v", cause, err)
		}
	}
}

func TestIdentityOfATideoverServer(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*wire.Server)
		want  vault.Cause
	}{
		"a sub-key of another root": {func(s *wire.Server) { s.Identity = spki(t, newKey(t)) }, vault.IdentityChanged},
		"a false signature":         {func(s *wire.Server) { s.Keys[0].Signature[5] ^= 1 }, vault.IdentityChanged},
		"no identity":               {func(s *wire.Server) { s.Identity = nil }, vault.Damaged},
	} {
		o := newOwn(t)
		o.spoilServer = tc.spoil
		c := o.open()
		_, err := c.SignIn(context.Background(), credentials())
		want(t, name, err, tc.want)
		for _, call := range o.calls {
			if strings.Contains(call, "Token") {
				t.Errorf("%s: the password was sent", name)
			}
		}
	}
	o := newOwn(t)
	c, err := client.New(client.Config{URL: o.start().URL, Pin: newOwn(t).pin()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Probe(context.Background())
	want(t, "another pin", err, vault.IdentityChanged)
}

// A server that was a Tideover server must not become one without approval and
// leases by dropping a route.
func TestKindIsNeverDowngraded(t *testing.T) {
	p := &replay{t: t, versions: "6"}
	c, err := client.New(client.Config{URL: p.start().URL, Kind: wire.KindTideover})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.SignIn(context.Background(), credentials())
	want(t, "Tideover to Pleasant", err, vault.IdentityChanged)
	o := newOwn(t)
	if c, err = client.New(client.Config{URL: o.start().URL, Kind: wire.KindPleasant}); err != nil {
		t.Fatal(err)
	}
	_, err = c.SignIn(context.Background(), credentials())
	want(t, "Pleasant to Tideover", err, vault.IdentityChanged)
	for _, line := range append(p.requests(), o.calls...) {
		if strings.Contains(line, "Token") {
			t.Errorf("the password was sent: %s", line)
		}
	}
}

// TestCacheCutAtEveryLength cuts a small stream at every byte, once with an
// honest end of the answer and once with a dropped connection.
func TestCacheCutAtEveryLength(t *testing.T) {
	o := newOwn(t)
	c, cutter := cutting(t, o)
	request := o.request()
	ask := func(length int, drop bool) error {
		cutter.Store(&cut{length, drop})
		_, _, err := c.Cache(context.Background(), o.deviceID, request, o.signer(), nil)
		return err
	}
	if err := ask(1<<20, false); err != nil {
		t.Fatal(err)
	}
	length := len(o.stream(mustMarshal(t, request)))
	for at := 0; at < length; at += 1 + at/50 { // close together in the head, a few in every record
		want(t, "cut", ask(at, false), vault.BadAnswer)
		want(t, "dropped", ask(at, true), vault.Unreachable)
	}
	want(t, "without the line feed of the lease", ask(length-1, false), vault.BadAnswer)
}

// cut is where a stream ends, and whether the connection ends with it.
type cut struct {
	length int
	drop   bool
}

// cutting is a client whose caches are cut.
func cutting(t *testing.T, o *own) (*client.Client, *atomic.Pointer[cut]) {
	t.Helper()
	now := &atomic.Pointer[cut]{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/cache") {
			o.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		whole, at := o.stream(body), now.Load()
		_, _ = w.Write(whole[:min(at.length, len(whole))])
		if at.drop {
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(srv.Close)
	c := open(t, srv.URL)
	c.UseToken(vault.SecretText(accessToken))
	return c, now
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := wire.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
