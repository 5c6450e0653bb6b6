package server_test

import (
	"net/http"
	"testing"

	"github.com/tideover/tideover/vault/wire"
)

// FuzzAttestation sends whatever comes, signed by a device, to where chips prove
// themselves and where level A gets what it needs. Nothing of it may end in a
// fault of the server, nor in a chip that is known.
func FuzzAttestation(f *testing.F) {
	site := newFixture(f)
	d := site.register(newDevice(f), "alice")
	base := own + "/devices/" + d.ID.String()
	cache := base + "/caches/" + site.team.String()
	targets := []struct{ method, path string }{
		{http.MethodPost, base + "/attestation"},
		{http.MethodPut, base + "/attestation"},
		{http.MethodPost, cache + "/indices"},
		{http.MethodPost, cache + "/permit"},
		{http.MethodPost, cache + "/reading"},
		{http.MethodPost, base + "/proof"},
		{http.MethodPost, base + "/cleared"},
		{http.MethodPost, base + "/lease"},
	}
	for _, body := range []string{
		`{}`, `null`, `{"ek":"ACM=","certificates":[""],"ak":"","root":"AAs=","manufacturer":"INTC","virtual":false}`,
		`{"secret":"","key":"ACM=","creation":"AAA=","statement":{"attested":"/1RDR4AU","signature":"ABgACw=="}}`,
		`{"counter":25167360,"pin_fail":25167361,"pin_pass":0,"attestation":{"contact":{"attested":"","signature":""}}}`,
		`{"counter":4294967295,"pin_fail":-1}`, `{"index":"pin_fail","kind":"rekey","count":0,"limit":0}`,
		`{"index":"counter","statement":{"attested":"/1RDR4AU","signature":"ABgAC"}}`,
		`{"generation":18446744073709551615,"attestation":{"sealed":{"public":"","creation":"","statement":{}},"counter":{},"contact":{}}}`,
	} {
		for which := range targets {
			f.Add(uint8(which), body)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		to := targets[int(which)%len(targets)]
		in := *site
		in.t = t
		nonce, err := in.catalog.IssueNonce(t.Context()) // not over the wire: that has a rate
		must(t, err)
		got := in.do(request{
			method: to.method, path: to.path, as: "alice", body: body,
			header: signWith(t, d, nonce, wire.RequestDigest(to.method, to.path, nonce, []byte(body))),
		})
		if got.status >= http.StatusInternalServerError {
			t.Errorf("%s %s: %d %s for %q", to.method, to.path, got.status, got.body, body)
		}
		if to.method == http.MethodPut && got.status < http.StatusMultipleChoices {
			t.Errorf("a chip was believed: %s for %q", got.body, body)
		}
	})
}
