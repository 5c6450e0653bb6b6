package catalog_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/escrow"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/otp"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// organisation is a server with two administrators who have second factors, a
// user with a device, and a recovery key.
type organisation struct {
	*server
	t     *testing.T
	key   *ecdsa.PrivateKey
	sub   lease.SubKey
	codes map[string]otp.Config
	ann   *catalog.Caller
	d     store.Device
	cache vault.ID
}

func newOrganisation(t *testing.T) *organisation { return newOrganisationOn(t, newServer(t)) }

func newOrganisationOn(t *testing.T, s *server) *organisation {
	o := &organisation{server: s, t: t, codes: map[string]otp.Config{}, cache: vault.NewID()}
	for _, name := range []string{"boss", "vice"} {
		o.user(name, catalog.Administrators)
		o.enrol(name)
	}
	o.ann = o.user("ann")
	o.entry("/Web/one")
	o.grant("ann", "/Web", "Read-Only + Offline", time.Time{})
	o.d = o.device(o.ann)
	o.turnOn()
	return o
}

func (o *organisation) enrol(name string) {
	o.t.Helper()
	u, err := o.UserByName(ctx, o.op, name)
	o.must(err)
	e, err := o.EnrolTOTP(ctx, o.op, u.ID)
	o.must(err)
	config, err := otp.Parse(e.URI.Bytes())
	o.must(err)
	o.codes[name] = config
	o.must(o.ConfirmTOTP(ctx, o.op, e.ID, o.as(name).OTP))
	o.wait(time.Minute) // a code counts once
}

func (o *organisation) turnOn() {
	o.t.Helper()
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	o.must(err)
	o.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	o.must(err)
	o.sub, err = lease.SignSubKey(root, lease.UseRecovery, &o.key.PublicKey)
	o.must(err)
	der, err := x509.MarshalPKCS8PrivateKey(o.key)
	o.must(err)
	o.must(o.RecoveryOn(ctx, o.op, o.sub, vault.NewSecret(der)))
}

// as is a sign-in of an administrator with the code of now.
func (o *organisation) as(name string) catalog.SignIn {
	o.t.Helper()
	in := catalog.SignIn{Name: name, Password: vault.SecretText(password)}
	if config, ok := o.codes[name]; ok {
		code, err := config.Code(o.clock())
		o.must(err)
		in.OTP = vault.SecretText(code)
	}
	return in
}

// machine is the machine secret of a generation.
func machine(generation uint64) vault.Secret {
	return vault.NewSecret(bytes.Repeat([]byte{byte(generation)}, 32))
}

// send makes a generation pending, with its secret escrowed.
func (o *organisation) send(generation uint64) {
	o.t.Helper()
	r := request(o.d, o.cache, generation)
	wrapped, err := escrow.Wrap(&o.key.PublicKey, escrow.Binding{
		Device: o.d.ID, Cache: o.cache, Generation: generation, Record: r.Record, User: o.ann.User(),
	}, machine(generation))
	o.must(err)
	r.Escrow = catalog.Escrow{Key: o.sub.KID, Wrapped: wrapped}
	o.sendWith(r)
}

func (o *organisation) sendWith(r catalog.PackageRequest) {
	o.t.Helper()
	p, err := o.Package(ctx, o.ann, r)
	o.must(err)
	p.Close()
}

// kept are the generations whose secrets the server has.
func (o *organisation) kept() string {
	o.t.Helper()
	var list []int64
	o.must(o.db.View(ctx, func(r store.Reader) error {
		list = nil
		all, err := r.Escrows(ctx, vault.ID{})
		for _, e := range all {
			list = append(list, e.Generation)
		}
		return err
	}))
	return fmt.Sprint(list)
}

func (o *organisation) ask(name string) (catalog.Release, error) {
	o.wait(time.Minute)
	return o.AskRelease(ctx, o.op, catalog.ReleaseRequest{Device: o.d.ID, Reason: "the board broke", As: o.as(name)})
}

func (o *organisation) approve(id vault.ID, name string) (catalog.Release, vault.Secret, error) {
	o.wait(time.Minute)
	return o.ApproveRelease(ctx, o.op, catalog.Approve{Release: id, As: o.as(name)})
}
