package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// device is a client's device: its key, and what the server called it.
type device struct {
	ID    vault.ID
	State wire.DeviceState
	key   *ecdsa.PrivateKey
	spki  []byte
}

// rootName is a Name as a chip gives it; the server only carries it.
func rootName() []byte {
	name := make([]byte, binding.NameSize)
	name[1] = 0x0b
	return name
}

func newDevice(t testing.TB) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	must(t, err)
	return &device{key: key, spki: spki}
}

func (d *device) body(t testing.TB) string {
	t.Helper()
	body, err := json.Marshal(wire.DeviceRequest{
		Name: "laptop", OS: "linux", PublicKey: d.spki, Level: binding.LevelB, RootName: rootName(), ClientVersion: "test",
	})
	must(t, err)
	return string(body)
}

// register makes the device known to the server as the user's.
func (f *fixture) register(d *device, user string) *device {
	f.t.Helper()
	got := f.want(yes, request{method: "POST", path: own + "/devices", as: user, body: d.body(f.t)})
	var in wire.Device
	decode(f.t, got.body, &in)
	d.ID, d.State = in.ID, in.State
	return d
}

// sign returns the headers of a device-signed request, with a fresh nonce.
func (f *fixture) sign(d *device, method, path, body string) map[string]string {
	f.t.Helper()
	var in wire.Nonce
	decode(f.t, f.want(yes, request{method: "GET", path: own + "/nonce"}).body, &in)
	return signWith(f.t, d, in.Nonce, wire.RequestDigest(method, path, in.Nonce, []byte(body)))
}

func signWith(t testing.TB, d *device, nonce []byte, digest [32]byte) map[string]string {
	t.Helper()
	r, s, err := ecdsa.Sign(rand.Reader, d.key, digest[:])
	must(t, err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return map[string]string{
		wire.HeaderDevice:    d.ID.String(),
		wire.HeaderNonce:     base64.StdEncoding.EncodeToString(nonce),
		wire.HeaderSignature: base64.StdEncoding.EncodeToString(signature),
	}
}

// signed sends a device-signed request; as may be empty.
func (f *fixture) signed(d *device, as, path, body string) answer {
	f.t.Helper()
	return f.do(request{method: "POST", path: path, as: as, body: body, header: f.sign(d, "POST", path, body)})
}

// records returns the audit's records about an entry, the oldest first.
func (f *fixture) records(entry vault.ID) []catalog.AuditRecord {
	f.t.Helper()
	var out []catalog.AuditRecord
	for r, err := range f.catalog.Audit(f.t.Context(), f.op, catalog.AuditQuery{Entry: entry}) {
		must(f.t, err)
		if r.Target == entry {
			out = append(out, r)
		}
	}
	return out
}

// user, level and grantOf find identifiers by name.
func (f *fixture) user(name string) vault.ID {
	f.t.Helper()
	u, err := f.catalog.UserByName(f.t.Context(), f.op, name)
	must(f.t, err)
	return u.ID
}

func (f *fixture) level(name string) vault.ID {
	f.t.Helper()
	levels, err := f.catalog.Levels(f.t.Context(), f.op)
	must(f.t, err)
	for _, l := range levels {
		if l.Name == name {
			return l.ID
		}
	}
	f.t.Fatalf("no access level %q", name)
	return vault.ID{}
}

func (f *fixture) grantOf(user string) vault.ID {
	f.t.Helper()
	grants, err := f.catalog.Grants(f.t.Context(), f.op, nil)
	must(f.t, err)
	for _, g := range grants {
		if g.User == user {
			return g.ID
		}
	}
	f.t.Fatalf("no grant of %q", user)
	return vault.ID{}
}
