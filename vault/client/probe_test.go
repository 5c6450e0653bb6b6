package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
)

// A server that fails when it is asked who it is may be any. It used to pass for
// one of the other kind, and was kept as that from the first sign-in on.
func TestFailingServerIsOfNoKind(t *testing.T) {
	for _, status := range []int{http.StatusInternalServerError, http.StatusInsufficientStorage} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
		}))
		defer srv.Close()
		c, err := client.New(client.Config{URL: srv.URL})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if id, err := c.Probe(t.Context()); !errors.Is(err, vault.BadAnswer) {
			t.Errorf("%d: %+v, %v", status, id, err)
		}
	}
}
