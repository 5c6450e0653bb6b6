package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// seen has the server write down what it has collected, and returns when the
// device was last seen.
func (f *fixture) seen(d *device) time.Time {
	f.t.Helper()
	ctx, stop := context.WithCancel(f.t.Context())
	stop()
	must(f.t, f.srv.Upkeep(ctx))
	found, err := f.catalog.Device(f.t.Context(), f.op, d.ID)
	must(f.t, err)
	return found.LastSeen
}

// enrolled makes a device known to the server without any request of its own.
func (f *fixture) enrolled(d *device, user string) *device {
	f.t.Helper()
	by, err := f.catalog.Authenticate(f.t.Context(), f.token(user), "192.0.2.1")
	must(f.t, err)
	row, err := f.catalog.RegisterDevice(f.t.Context(), by, catalog.NewDevice{Name: "laptop", OS: "linux", PublicKey: d.spki, Level: "B", RootName: rootName()})
	must(f.t, err)
	d.ID = row.ID
	return d
}

// Whoever is signed in and names a device of their own was there with it.
func TestEveryRequestThatNamesTheDeviceIsAContact(t *testing.T) {
	for name, r := range map[string]func(d *device) request{
		"in the path": func(d *device) request {
			return request{method: "GET", path: own + "/devices/" + d.ID.String()}
		},
		"in the query": func(d *device) request {
			return request{method: "GET", path: own + "/offline?device=" + d.ID.String()}
		},
		"in a header": func(d *device) request {
			return request{method: "GET", path: own + "/me", header: map[string]string{wire.HeaderDevice: d.ID.String()}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			d := f.enrolled(newDevice(t), "alice")
			if at := f.seen(d); !at.IsZero() {
				t.Fatalf("seen at %s before it did anything", at)
			}
			by := r(d)
			by.as = "bob"
			f.do(by)
			if at := f.seen(d); !at.IsZero() {
				t.Fatalf("somebody else's request touched it at %s", at)
			}
			by.as = "alice"
			f.want(yes, by)
			first := f.seen(d)
			if time.Since(first) > time.Hour {
				t.Fatalf("last seen %s", first)
			}
			f.want(yes, by) // within the same minute: nothing to write
			if again := f.seen(d); !again.Equal(first) {
				t.Errorf("written again within a minute: %s, %s", first, again)
			}
		})
	}
	t.Run("when it registers", func(t *testing.T) {
		f := newFixture(t)
		if at := f.seen(f.register(newDevice(t), "alice")); time.Since(at) > time.Hour {
			t.Errorf("last seen %s", at)
		}
	})
	t.Run("a device that does not exist", func(t *testing.T) {
		f := newFixture(t)
		f.want(yes, request{method: "GET", path: own + "/me", as: "alice", header: map[string]string{wire.HeaderDevice: vault.NewID().String()}})
		f.want(yes, request{method: "GET", path: own + "/me", as: "alice", header: map[string]string{wire.HeaderDevice: "x"}})
	})
}
