package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/escrow"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/otp"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// listed returns the recovery keys that GET /server lists, none of which may
// stop a client from believing the rest.
func (f *fixture) listed() []string {
	f.t.Helper()
	var in wire.Server
	decode(f.t, f.want(yes, request{method: "GET", path: own + "/server"}).body, &in)
	var keys []lease.SubKey
	var kids []string
	for _, k := range in.Keys {
		keys = append(keys, lease.SubKey{KID: k.KID, Use: lease.Use(k.Use), Public: k.Public, Signature: k.Signature})
		if k.Use == string(lease.UseRecovery) {
			kids = append(kids, k.KID)
		}
	}
	_, err := lease.VerifySubKeys(in.Identity, keys)
	must(f.t, err)
	return kids
}

// secondFactor gives somebody one-time codes, and returns what makes them.
func (f *fixture) secondFactor(name string) otp.Config {
	f.t.Helper()
	made, err := f.catalog.EnrolTOTP(f.t.Context(), f.op, f.user(name))
	must(f.t, err)
	config, err := otp.Parse(made.URI.Bytes())
	must(f.t, err)
	code, err := config.Code(time.Now())
	must(f.t, err)
	must(f.t, f.catalog.ConfirmTOTP(f.t.Context(), f.op, made.ID, vault.SecretText(code)))
	return config
}

// TestRecoveryOverTheWire: the key is listed as soon as it is turned on, what a
// client wraps is kept, and the device hears of its release by every answer
// about itself.
func TestRecoveryOverTheWire(t *testing.T) {
	f := newFixture(t)
	if kids := f.listed(); kids != nil {
		t.Fatalf("listed without one: %v", kids)
	}
	sub, private, err := f.id.MakeRecoveryKey()
	must(t, err)
	must(t, f.catalog.RecoveryOn(t.Context(), f.op, sub, private))
	if kids := f.listed(); len(kids) != 1 || kids[0] != sub.KID {
		t.Fatalf("listed: %v", kids)
	}

	d := f.register(newDevice(t), "alice")
	path := own + "/devices/" + d.ID.String()
	keys, err := lease.VerifySubKeys(f.id.SPKI(), []lease.SubKey{sub})
	must(t, err)
	_, public, _ := keys.Recovery()
	machine := make([]byte, 32)
	rand.Read(machine)
	body := cacheBody(t, func(r *wire.CacheRequest) {
		wrapped, err := escrow.Wrap(public, escrow.Binding{
			Device: d.ID, Cache: r.Cache, Generation: r.Generation, Record: r.RecordSHA256, User: f.user("alice"),
		}, vault.NewSecret(machine))
		must(t, err)
		r.Escrow = &wire.Escrow{Key: sub.KID, Wrapped: wrapped}
	})
	if got := f.signed(d, "alice", path+"/cache", body); got.status != yes {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if r, err := f.catalog.Recovery(t.Context(), f.op); err != nil || r.Escrowed != 1 {
		t.Fatalf("escrowed: %+v, %v", r, err)
	}

	_, err = f.catalog.AddUser(t.Context(), f.op, catalog.NewUser{
		Name: "vice", Password: vault.SecretText(anyPassword), Roles: []string{catalog.Administrators},
	})
	must(t, err)
	as := map[string]catalog.SignIn{}
	for _, name := range []string{"admin", "vice"} {
		config := f.secondFactor(name)
		code, err := config.Code(time.Now().Add(config.Period)) // that of now was used
		must(t, err)
		as[name] = catalog.SignIn{Name: name, Password: vault.SecretText(anyPassword), OTP: vault.SecretText(code)}
	}
	asked, err := f.catalog.AskRelease(t.Context(), f.op, catalog.ReleaseRequest{Device: d.ID, Reason: "it broke", As: as["admin"]})
	must(t, err)
	_, secret, err := f.catalog.ApproveRelease(t.Context(), f.op, catalog.Approve{Release: asked.ID, As: as["vice"]})
	if err != nil || !secret.Equal(vault.NewSecret(machine)) {
		t.Fatalf("released: %v", err)
	}
	var device wire.Device
	decode(t, f.want(yes, request{method: "GET", path: path, as: "alice"}).body, &device)
	var orders wire.Orders
	decode(t, f.want(yes, request{method: "GET", path: path + "/orders", header: f.sign(d, "GET", path+"/orders", "")}).body, &orders)
	for name, r := range map[string]*wire.Released{"the user": device.Released, "the device": orders.Released} {
		if r == nil || r.ID != asked.ID || r.AskedBy != "admin" || r.ApprovedBy != "vice" || r.Reason != "it broke" || r.Generation != 3 {
			t.Errorf("%s hears %+v", name, r)
		}
	}

	_, err = f.catalog.RecoveryOff(t.Context(), f.op)
	must(t, err)
	if kids := f.listed(); kids != nil {
		t.Errorf("listed after it was turned off: %v", kids)
	}
	// Whoever writes the database does not have the root: a key that it did not
	// sign is kept back, and stops no client.
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	forged, err := lease.SignSubKey(root, lease.UseRecovery, &root.PublicKey)
	must(t, err)
	must(t, f.catalog.RecoveryOn(t.Context(), f.op, forged, vault.SecretText("x")))
	if kids := f.listed(); kids != nil {
		t.Errorf("a forged key is listed: %v", kids)
	}
}
