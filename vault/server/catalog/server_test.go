package catalog_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

const password = "Kranich 41 stolpert"

// server is a catalog over a real database in a file, with a clock that the
// test turns.
type server struct {
	t      testing.TB
	dir    string
	target string // of sqlstore.Open
	db     store.Store
	keys   *keyring.Keyring
	*catalog.Catalog
	op *catalog.Caller

	mu  sync.Mutex
	now time.Time
}

func newServer(t testing.TB) *server { return newServerOn(t, "") }

// newServerOn is a server on a database of that URL; empty: on a file, which is a
// copy of the first that was made: the schema and what Init fills in take longer
// than most tests.
func newServerOn(t testing.TB, target string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), target: target, op: catalog.Operator("test"), now: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	if target == "" {
		s.target = filepath.Join(s.dir, fileName)
	}
	original.Lock()
	defer original.Unlock()
	if target == "" && original.files != nil {
		for name, data := range original.files {
			s.must(os.WriteFile(filepath.Join(s.dir, name), data, 0o600))
		}
		s.openCatalog(keyring.OpenFile)
		return s
	}
	s.openCatalog(keyring.CreateFile)
	if target == "" {
		original.files = s.files()
	}
	return s
}

const fileName, kekName = "server.db", "kek"

// original is what the first server on a file had when it was new.
var original struct {
	sync.Mutex
	files map[string][]byte
}

// openCatalog opens the server, and makes it if it is new.
func (s *server) openCatalog(kek func(path string) (*keyring.File, error)) {
	s.t.Helper()
	file, err := kek(filepath.Join(s.dir, kekName))
	s.must(err)
	s.db, s.keys = s.open(file)
	conf := s.config()
	if err := catalog.Init(context.Background(), conf, catalog.Setup{}); !errors.Is(err, catalog.ErrFilled) {
		s.must(err)
	}
	s.Catalog, err = catalog.Open(context.Background(), conf)
	s.must(err)
}

// files returns the server's files as of one moment.
func (s *server) files() map[string][]byte {
	s.t.Helper()
	backup := filepath.Join(s.t.TempDir(), fileName)
	s.must(s.db.(*sqlstore.Store).Backup(context.Background(), backup))
	out := map[string][]byte{}
	for name, path := range map[string]string{fileName: backup, kekName: filepath.Join(s.dir, kekName)} {
		data, err := os.ReadFile(path)
		s.must(err)
		out[name] = data
	}
	return out
}

// open opens the database once more, as another process would.
func (s *server) open(kek keyring.KEK) (store.Store, *keyring.Keyring) {
	s.t.Helper()
	db, err := sqlstore.Open(context.Background(), s.target)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			s.t.Error(err)
		}
	})
	keys, err := keyring.Open(context.Background(), keyring.Config{Store: db, KEK: kek, Now: s.clock})
	if err != nil {
		s.t.Fatal(err)
	}
	return db, keys
}

func (s *server) config() catalog.Config {
	return catalog.Config{Store: s.db, Keys: s.keys, Now: s.clock}
}

func (s *server) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *server) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// user makes an account and signs it in.
func (s *server) user(name string, roles ...string) *catalog.Caller {
	s.t.Helper()
	_, err := s.AddUser(context.Background(), s.op, catalog.NewUser{Name: name, Password: vault.SecretText(password), Roles: roles})
	s.must(err)
	return s.signIn(name)
}

func (s *server) signIn(name string) *catalog.Caller {
	s.t.Helper()
	token, err := s.SignIn(context.Background(), catalog.SignIn{Name: name, Password: vault.SecretText(password), Address: "192.0.2.1"})
	s.must(err)
	by, err := s.Authenticate(context.Background(), token.Access.Text(), "192.0.2.1")
	s.must(err)
	return by
}

// folder makes the folders of a path that are missing, and returns the last.
func (s *server) folder(path string) vault.ID {
	s.t.Helper()
	ctx := context.Background()
	n, err := s.Resolve(ctx, s.op, path, catalog.FolderNode)
	if err == nil {
		return n.ID
	}
	if !errors.Is(err, vault.NotFound) {
		s.t.Fatal(err)
	}
	up, name := split(path)
	id, err := s.AddFolder(ctx, s.op, catalog.NewFolder{Parent: s.folder(up), Group: &vault.Group{Name: name}})
	s.must(err)
	return id
}

func split(path string) (up, name string) {
	i := strings.LastIndex(path, "/")
	return path[:i], path[i+1:]
}

// entry makes an entry whose password is "pw:" and its title.
func (s *server) entry(path string) vault.ID {
	s.t.Helper()
	up, title := split(path)
	id, err := s.AddEntry(context.Background(), s.op, catalog.NewEntry{Folder: s.folder(up), Entry: newEntry(title)})
	s.must(err)
	return id
}

func newEntry(title string) *vault.Entry {
	e := &vault.Entry{}
	e.Set(vault.FieldTitle, vault.SecretText(title), false)
	e.Set(vault.FieldUsername, vault.SecretText("user of "+title), false)
	e.Set(vault.FieldPassword, vault.SecretText("pw:"+title), true)
	e.Set(vault.FieldURL, vault.SecretText("https://"+strings.ReplaceAll(title, " ", "-")+".example"), false)
	e.Set("PIN", vault.SecretText("1234 of "+title), true)
	e.Set("Owner", vault.SecretText("team of "+title), false)
	return e
}

func (s *server) grant(user, path, level string, until time.Time) vault.ID {
	s.t.Helper()
	ctx := context.Background()
	n, err := s.Resolve(ctx, s.op, path, 0)
	s.must(err)
	id, err := s.AddGrant(ctx, s.op, catalog.NewGrant{Node: n, User: user, Level: level, Until: until})
	s.must(err)
	return id
}

// level makes an access level.
func (s *server) level(name string, rights policy.Rights) {
	s.t.Helper()
	s.must(s.PutLevel(context.Background(), s.op, policy.Level{Name: name, Rights: rights}))
}

// cause returns the cause of an error, "" for none, or its text.
func cause(err error) vault.Cause {
	if err == nil {
		return ""
	}
	if p, ok := errors.AsType[*vault.Problem](err); ok {
		return p.Cause
	}
	return vault.Cause(err.Error())
}

// records returns the audit, as "action outcome target" without what setting up
// the test wrote.
func (s *server) records(q catalog.AuditQuery) []catalog.AuditRecord {
	s.t.Helper()
	var list []catalog.AuditRecord
	for r, err := range s.Audit(context.Background(), s.op, q) {
		s.must(err)
		list = append(list, r)
	}
	return list
}
