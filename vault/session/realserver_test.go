package session_test

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/servertest"
)

// accountPassword is one that a real server takes.
const accountPassword = "forty two blue lanterns"

// realServer is a server with its database and its identity, and a user who may
// take everything offline, on software chips too.
type realServer struct {
	t       testing.TB
	dir     string
	now     func() time.Time
	maker   *tpmtest.Maker // of chips, whom the server believes; nil: nobody
	catalog *catalog.Catalog
	op      *catalog.Caller
	id      *server.Identity
}

// newRealServer returns a server of the test's own.
func newRealServer(t testing.TB, maker *tpmtest.Maker, now func() time.Time) *realServer {
	t.Helper()
	r := &realServer{t: t, dir: t.TempDir(), now: now, maker: maker, op: catalog.Operator("test")}
	files, err := filledServer()
	r.must(err)
	for name, data := range files {
		r.must(os.WriteFile(filepath.Join(r.dir, name), data, 0o600))
	}
	r.id, err = server.OpenIdentity(r.dir, time.Now())
	r.must(err)
	r.catalog, err = catalog.Open(t.Context(), r.config())
	r.must(err)
	r.must(r.catalog.NoteMakers(t.Context()))
	return r
}

func (r *realServer) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *realServer) config() catalog.Config { return r.configOn("") }

// configOn is config on a database at another path.
func (r *realServer) configOn(path string) catalog.Config {
	r.t.Helper()
	config, closing, err := servertest.OpenConfig(context.Background(), r.dir, path)
	r.must(err)
	r.t.Cleanup(func() { r.must(closing()) })
	config.Now = r.now
	if r.maker != nil {
		config.Attest = attest.New(attest.Config{Roots: []*x509.Certificate{r.maker.Cert}})
	}
	return config
}

// filledServer is the folder of a server that was set up: that takes a second,
// with the race detector several, and nothing of it is what these tests are about.
var filledServer = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "server")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it was read
	if err := fillServer(context.Background(), dir); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return files, err
})

func fillServer(ctx context.Context, dir string) (err error) {
	if err := servertest.Fill(ctx, dir, servertest.Filling{
		Admin: secret(master), User: user, Password: secret(accountPassword), Content: testContent(),
	}); err != nil {
		return err
	}
	config, closing, err := servertest.OpenConfig(ctx, dir, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()
	c, err := catalog.Open(ctx, config)
	if err != nil {
		return err
	}
	return c.Set(ctx, catalog.Operator("test"), "allow_virtual", "on")
}
