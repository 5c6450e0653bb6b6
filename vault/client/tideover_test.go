package client_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// own is a Tideover server with one user, one entry and one device.
type own struct {
	t           testing.TB
	root        *ecdsa.PrivateKey
	leaseKey    *ecdsa.PrivateKey
	keys        []lease.SubKey
	incarnation vault.ID
	device      *ecdsa.PrivateKey
	deviceID    vault.ID
	content     *vault.Content
	// spoil changes a lease before it is signed; spoilServer the description.
	spoil       func(*lease.Lease)
	spoilServer func(*wire.Server)
	refuse      vault.Cause      // of everything that needs a token or a device
	governing   http.HandlerFunc // answers orders, events and leases, whose request is proved

	mu     sync.Mutex
	nonces map[string]bool
	events []wire.JournalEvent
	calls  []string
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func spki(t testing.TB, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	b, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newOwn(t testing.TB) *own {
	t.Helper()
	o := &own{
		t: t, root: newKey(t), leaseKey: newKey(t), device: newKey(t),
		incarnation: vault.NewID(), deviceID: vault.NewID(), nonces: map[string]bool{},
	}
	sub, err := lease.SignSubKey(o.root, lease.UseLease, &o.leaseKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	o.keys = []lease.SubKey{sub}
	e := &vault.Entry{ID: id(t, dbEntry), Attachments: []vault.Attachment{{ID: id(t, certFile), Name: "cert.pem", Binary: &vault.Binary{Data: []byte("hello world")}}}}
	e.Set(vault.FieldTitle, vault.SecretText("db-prod"), false)
	e.Set(vault.FieldPassword, vault.SecretText(password), true)
	o.content = &vault.Content{Root: &vault.Group{ID: vault.NewID(), Name: "Root", Entries: []*vault.Entry{e}}}
	return o
}

func (o *own) pin() string { return lease.Pin(spki(o.t, o.root)) }

func (o *own) start() *httptest.Server {
	srv := httptest.NewServer(o)
	o.t.Cleanup(srv.Close)
	return srv
}

func (o *own) json(w http.ResponseWriter, v any) {
	b, err := wire.Marshal(v)
	if err != nil {
		o.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b)
}

func (o *own) fail(w http.ResponseWriter, status int, err error) {
	w.WriteHeader(status)
	o.json(w, wire.NewError(err))
}

func (o *own) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, r.Method+" "+r.URL.RequestURI())
	path, mine := strings.CutPrefix(r.URL.Path, wire.APIRoot)
	switch {
	case r.URL.Path == wire.TokenPath:
		o.json(w, wire.TokenAnswer{AccessToken: wire.Secret{Secret: vault.SecretText(accessToken)}, ExpiresIn: 60})
		return
	case !mine:
		w.WriteHeader(http.StatusNotFound)
		return
	case path == "/server":
		o.json(w, o.server())
		return
	case path == "/nonce":
		nonce := make([]byte, 32)
		rand.Read(nonce) //nolint:errcheck // never fails
		o.nonces[base64.StdEncoding.EncodeToString(nonce)] = true
		o.json(w, wire.Nonce{Nonce: nonce})
		return
	}
	below, signed := strings.CutPrefix(path, "/devices/"+o.deviceID.String()+"/")
	if signed && !o.proved(r, body) || (!signed || below == "cache") && r.Header.Get("Authorization") != "Bearer "+accessToken {
		o.fail(w, http.StatusUnauthorized, vault.NotSignedIn)
		return
	}
	if o.refuse != "" {
		o.fail(w, http.StatusForbidden, &vault.Problem{Cause: o.refuse, Detail: "since Monday", Until: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)})
		return
	}
	if o.governing != nil && (below == "orders" || below == "events" || below == "lease") {
		o.governing(w, r)
		return
	}
	o.serve(w, r, path, body)
}

func (o *own) server() wire.Server {
	s := wire.Server{
		Kind: wire.KindTideover, Version: "1.0", Incarnation: o.incarnation, Epoch: 2,
		Identity: spki(o.t, o.root), Time: time.Now().UTC(),
	}
	for _, k := range o.keys {
		s.Keys = append(s.Keys, wire.SubKey{KID: k.KID, Use: string(k.Use), Public: k.Public, Signature: k.Signature})
	}
	if o.spoilServer != nil {
		o.spoilServer(&s)
	}
	return s
}

// proved checks a device-signed request as the server does.
func (o *own) proved(r *http.Request, body []byte) bool {
	nonce := r.Header.Get(wire.HeaderNonce)
	if !o.nonces[nonce] || r.Header.Get(wire.HeaderDevice) != o.deviceID.String() {
		return false
	}
	delete(o.nonces, nonce)
	raw, _ := base64.StdEncoding.DecodeString(nonce)
	sig, err := base64.StdEncoding.DecodeString(r.Header.Get(wire.HeaderSignature))
	if err != nil || len(sig) != 64 {
		return false
	}
	digest := wire.RequestDigest(r.Method, r.URL.EscapedPath(), raw, body)
	return ecdsa.Verify(&o.device.PublicKey, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
}

func (o *own) signer() wire.Signer { return keyOf{o.device} }

// keyOf signs as the device whose key it is.
type keyOf struct{ *ecdsa.PrivateKey }

func (k keyOf) Sign(_ context.Context, digest [32]byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, k.PrivateKey, digest[:])
	if err != nil {
		return nil, err
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), nil
}

func (o *own) serve(w http.ResponseWriter, r *http.Request, path string, body []byte) {
	entry := o.content.Root.Entries[0]
	switch r.Method + " " + strings.Replace(path, o.deviceID.String(), "ID", 1) {
	case "GET /me":
		o.json(w, wire.Me{UserID: vault.NewID(), Name: "ann", OfflineEnabled: true, OfflineEntries: 1, Policy: json.RawMessage(`{"days":7}`)})
	case "GET /offline":
		judged, _ := vault.ParseID(r.URL.Query().Get("device")) // zero: none was named
		o.json(w, wire.DryRun{User: "ann", Server: judged.String(), Total: 1, Cached: 1, Entries: []wire.DryRunEntry{{ID: entry.ID, Path: "/db-prod", Cached: true}}})
	case "POST /devices", "GET /devices/ID", "GET /devices/ID/state":
		o.json(w, wire.Device{ID: o.deviceID, State: wire.DeviceApproved})
	case "GET /tree":
		w.Header().Set("Content-Type", wire.MediaStream)
		if err := wire.EncodeContent(w, wire.Metadata, wire.Head{}, o.content, wire.EncodeOptions{}); err != nil {
			o.t.Error(err)
		}
	case "GET /entries/" + dbEntry, "POST /entries/" + dbEntry + "/reveal":
		mode := wire.Metadata
		if r.Method == "POST" {
			mode = wire.Complete
			var in wire.RevealRequest
			if err := json.Unmarshal(body, &in); err != nil || in.Comment == "" {
				o.fail(w, http.StatusForbidden, vault.CommentRequired)
				return
			}
		}
		answer := wire.EntryAnswer{Entry: entry, Group: o.content.Root.ID, Facts: wire.Facts{ViewPassword: true}}
		b, err := answer.Encode(mode)
		if err != nil {
			o.t.Error(err)
		}
		_, _ = w.Write(b)
	case "GET /entries/" + dbEntry + "/attachments/" + certFile:
		w.Header().Set("Content-Type", wire.MediaBytes)
		_, _ = w.Write(entry.Attachments[0].Binary.Data)
	case "POST /devices/ID/cache":
		w.Header().Set("Content-Type", wire.MediaStream)
		_, _ = w.Write(o.stream(body))
	case "POST /devices/ID/proof", "POST /devices/ID/cleared":
		w.WriteHeader(http.StatusNoContent)
	case "POST /devices/ID/journal":
		var in wire.JournalUpload
		if err := json.Unmarshal(body, &in); err != nil {
			o.t.Error(err)
		}
		o.events = append(o.events, in.Events...)
		o.json(w, wire.JournalAnswer{Through: o.events[len(o.events)-1].Seq})
	default:
		o.fail(w, http.StatusNotFound, vault.NotFound)
	}
}

// stream is the answer of a cache request.
func (o *own) stream(body []byte) []byte {
	var in wire.CacheRequest
	if err := json.Unmarshal(body, &in); err != nil {
		o.t.Error(err)
	}
	var buf bytes.Buffer
	head := wire.Head{Incarnation: o.incarnation, Cache: in.Cache, Generation: in.Generation}
	err := wire.EncodeContent(&buf, wire.Complete, head, o.content, wire.EncodeOptions{
		Lease: func(n int, digest wire.Digest) (string, error) {
			l := lease.Lease{
				Version: 1, Issuer: o.incarnation, ID: vault.NewID(), Seq: 1, Issued: lease.At(time.Now()), Expires: lease.Never,
				User: vault.NewID(), Username: in.UserName, Device: o.deviceID, Cache: in.Cache, Generation: in.Generation,
				Record: lease.Hash(in.RecordSHA256), Root: in.RootName, Level: in.Level, Epoch: 2, Entries: n, Digest: lease.Hash(digest),
				Policy: lease.Policy{Days: 7, OfflineEdits: lease.EditsOff, MinLevel: "C", Checks: []string{}},
			}
			if o.spoil != nil {
				o.spoil(&l)
			}
			return lease.Sign(o.leaseKey, lease.KeyID(spki(o.t, o.leaseKey)), l)
		},
	})
	if err != nil {
		o.t.Error(err)
	}
	return buf.Bytes()
}

func (o *own) request() wire.CacheRequest {
	return wire.CacheRequest{Cache: vault.NewID(), Generation: 4, RecordSHA256: wire.Digest{1, 2, 3}, Level: "C", UserName: "ann@corp"}
}

func (o *own) open() *client.Client {
	c := open(o.t, o.start().URL)
	c.UseToken(vault.SecretText(accessToken))
	return c
}
