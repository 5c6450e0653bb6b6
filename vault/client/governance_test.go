package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

func TestOrdersAndLease(t *testing.T) {
	o := newOwn(t)
	var asked []string
	o.governing = func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+strings.TrimPrefix(r.URL.RequestURI(), wire.APIRoot+"/devices/"+o.deviceID.String()))
		if strings.HasSuffix(r.URL.Path, "/lease") {
			o.json(w, wire.LeaseAnswer{Lease: "a.b.c"})
			return
		}
		o.json(w, wire.Orders{Orders: []string{"x.y.z"}, State: wire.DeviceSuspended})
	}
	c, ctx := o.open(), context.Background()
	c.UseToken(vault.Secret{}) // nobody is signed in
	got, err := c.Orders(ctx, o.deviceID, lease.Mark{Epoch: 2, Seq: 9}, o.signer())
	if d := cmp.Diff(wire.Orders{Orders: []string{"x.y.z"}, State: wire.DeviceSuspended}, got); d != "" || err != nil {
		t.Errorf("%s, %v", d, err)
	}
	token, err := c.RenewLease(ctx, o.deviceID, wire.LeaseRequest{Cache: o.deviceID, Generation: 3}, o.signer())
	if token != "a.b.c" || err != nil {
		t.Errorf("%q, %v", token, err)
	}
	if d := cmp.Diff([]string{"GET /orders?after=2.9", "POST /lease"}, asked); d != "" {
		t.Error(d)
	}
}

// What a stream sends is taken apart line by line, and nothing but orders is
// handed on, whatever else is in it.
func TestEvents(t *testing.T) {
	const whole = ": here\n\nevent: order\nid: 1.1\ndata: a.b.c\n\n"
	for name, c := range map[string]struct {
		body, kind string
		want       []string
		cause      vault.Cause
	}{
		"one":               {whole, wire.MediaEvents, []string{"a.b.c"}, ""},
		"two":               {whole + ": still here\n\n" + "event:order\r\ndata:d.e.f\r\n\r\n", wire.MediaEvents, []string{"a.b.c", "d.e.f"}, ""},
		"other kinds":       {"event: lease\ndata: a\n\ndata: b\n\nevent: order\n\nretry: 1\n\n", wire.MediaEvents, nil, ""},
		"cut off in one":    {"event: order\ndata: a.b", wire.MediaEvents, nil, ""},
		"a line for ever":   {"event: order\ndata: " + strings.Repeat("a", 8<<10) + "\n\n", wire.MediaEvents, nil, vault.Hostile},
		"no stream":         {`{}`, "application/json", nil, vault.BadAnswer},
		"a page for people": {"<html>", "text/html", nil, vault.BadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOwn(t)
			o.governing = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				_, _ = w.Write([]byte(c.body))
			}
			var got []string
			err := o.open().Events(context.Background(), o.deviceID, lease.Mark{}, o.signer(), func(order string) { got = append(got, order) })
			if c.cause == "" && err != nil || c.cause != "" && !errors.Is(err, c.cause) {
				t.Errorf("%v, want %q", err, c.cause)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// A stream ends with its context, although the server goes on.
func TestEventsEndWithTheContext(t *testing.T) {
	o := newOwn(t)
	o.governing = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", wire.MediaEvents)
		_, _ = w.Write([]byte("event: order\ndata: a.b.c\n\n"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	ctx, stop := context.WithCancel(context.Background())
	err := o.open().Events(ctx, o.deviceID, lease.Mark{}, o.signer(), func(string) { stop() })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRevocationList(t *testing.T) {
	o := newOwn(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == wire.APIRoot+"/revoked" {
			w.Header().Set("Content-Type", wire.MediaStatement)
			_, _ = w.Write([]byte("l.i.st"))
			return
		}
		o.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	if got, err := open(t, srv.URL).RevocationList(context.Background()); got != "l.i.st" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// A refused sign-in may bring orders, for the device that was named.
func TestSignInBringsOrders(t *testing.T) {
	o := newOwn(t)
	named := ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != wire.TokenPath {
			o.ServeHTTP(w, r)
			return
		}
		named = r.Header.Get(wire.HeaderDevice)
		w.WriteHeader(http.StatusBadRequest)
		o.json(w, wire.OAuthError{Error: wire.InvalidGrant, Description: "no", Orders: []string{"a.b.c"}})
	}))
	t.Cleanup(srv.Close)
	_, err := open(t, srv.URL).SignIn(context.Background(), wire.Credentials{User: "ann", Password: vault.SecretText("x"), Device: o.deviceID})
	var ordered *wire.Ordered
	if !errors.Is(err, vault.WrongCredentials) || !errors.As(err, &ordered) || ordered.Orders[0] != "a.b.c" || named != o.deviceID.String() {
		t.Errorf("%v, %q", err, named)
	}
}
