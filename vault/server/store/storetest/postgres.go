package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tideover/tideover/vault"
)

// Postgres is a PostgreSQL server for the length of a test.
type Postgres struct {
	base url.URL
}

// dsnVariable names a server that is there already, as a postgres:// URL. Its
// user must be allowed to create schemas.
const dsnVariable = "TEST_POSTGRES_DSN"

// StartPostgres returns the server that TEST_POSTGRES_DSN names, or starts one
// on a socket in a directory of its own and stops it when the test ends. It
// never skips: a machine without PostgreSQL fails the test.
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	if dsn := os.Getenv(dsnVariable); dsn != "" {
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatalf("%s: not a URL", dsnVariable)
		}
		return &Postgres{base: *u}
	}
	p, stop := startServer(t)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// Shared is one server for all tests of a package: the first one that asks
// starts it. Close it when they have run, in TestMain.
type Shared struct {
	mu     sync.Mutex
	server *Postgres
	stop   func() error
}

// Fresh returns the URL of an empty schema, which goes when the test ends.
func (s *Shared) Fresh(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	if s.server == nil {
		if os.Getenv(dsnVariable) != "" {
			s.server = StartPostgres(t)
		} else {
			s.server, s.stop = startServer(t)
		}
	}
	p := s.server
	s.mu.Unlock()
	return p.Fresh(t)
}

// Close stops the server, if one was started.
func (s *Shared) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop == nil {
		return nil
	}
	stop := s.stop
	s.server, s.stop = nil, nil
	return stop()
}

// Fresh returns the URL of an empty schema, which goes when the test ends.
func (p *Postgres) Fresh(t testing.TB) string {
	t.Helper()
	id := vault.NewID()
	schema := "t_" + strings.ReplaceAll(id.String(), "-", "")
	p.exec(t, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { p.exec(t, "DROP SCHEMA "+schema+" CASCADE") })
	u := p.base
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func (p *Postgres) exec(t testing.TB, statement string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, p.base.String())
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }() // the statement's error tells more
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// serverScript makes a cluster and runs it until its standard input ends, which
// is also when the test process dies. It has no durability to lose: fsync off.
const serverScript = `
set -e
trap '' INT TERM
bin=$1 dir=$2
"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >"$dir/log" 2>&1
"$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" start \
  -o "-c listen_addresses='' -c unix_socket_directories='$dir' -c fsync=off -c max_connections=200" >/dev/null
echo ready
cat >/dev/null || true
"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null
rm -rf "$dir/data"
`

// startServer starts one; stop ends it and takes its files away.
func startServer(t testing.TB) (p *Postgres, stop func() error) {
	t.Helper()
	bin := serverPrograms(t)
	// Not t.TempDir: its path is long for a socket, and root's alone.
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		t.Fatal(err)
	}
	command := []string{"sh", "-c", serverScript, "sh", bin, dir}
	if os.Geteuid() == 0 { // the server refuses to run as root
		command = append(asOther(t, dir), command...)
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = dir
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	stop = func() error {
		defer func() { _ = os.RemoveAll(dir) }() // below /tmp; the script has removed the data
		if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
			return fmt.Errorf("stop PostgreSQL: %w\n%s", err, &stderr)
		}
		return nil
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || line != "ready\n" {
		log, _ := os.ReadFile(filepath.Join(dir, "log")) // may not be there
		t.Fatalf("PostgreSQL did not start: %v\n%s\n%v", err, log, stop())
	}
	q := url.Values{"host": {dir}, "user": {"postgres"}, "dbname": {"postgres"}}
	return &Postgres{base: url.URL{Scheme: "postgres", Path: "/", RawQuery: q.Encode()}}, stop
}

// serverPrograms finds the newest installed server.
func serverPrograms(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		t.Fatal(err)
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		t.Fatalf("PostgreSQL is missing: apt-get install postgresql (or set %s)", dsnVariable)
	}
	return filepath.Dir(slices.Max(found))
}

// asOther returns the command that runs the server as another user, whose the
// directory becomes.
func asOther(t testing.TB, dir string) []string {
	t.Helper()
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		var uid, gid int
		if _, err := fmt.Sscan(u.Uid+" "+u.Gid, &uid, &gid); err != nil {
			t.Fatalf("user %s: %v", name, err)
		}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		if _, err := exec.LookPath("setpriv"); err != nil {
			t.Fatal("setpriv is missing: apt-get install util-linux")
		}
		return []string{"setpriv", "--reuid=" + u.Uid, "--regid=" + u.Gid, "--clear-groups"}
	}
	t.Fatal("no user to run PostgreSQL as: apt-get install postgresql")
	return nil
}
