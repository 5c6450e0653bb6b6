package sqlstore_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

// statements returns the constants of this package that are SQL statements, by
// name, with the constants in them put together.
func statements(t *testing.T) map[string]string {
	t.Helper()
	values := map[string]ast.Expr{}
	names, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if !strings.HasSuffix(n.Name(), ".go") || strings.HasSuffix(n.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), n.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.CONST {
				continue
			}
			for _, spec := range gen.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
					for i := range v.Names {
						values[v.Names[i].Name] = v.Values[i]
					}
				}
			}
		}
	}
	out := map[string]string{}
	for name, expr := range values {
		if text, ok := constant(values, expr); ok && strings.HasPrefix(name, "sql") && strings.Contains(text, " ") {
			out[name] = text
		}
	}
	if len(out) < 100 { // there are more; fewer means that this test reads nothing
		t.Fatalf("found only %d statements", len(out))
	}
	return out
}

func constant(values map[string]ast.Expr, expr ast.Expr) (string, bool) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		next, ok := values[e.Name]
		if !ok {
			return "", false
		}
		return constant(values, next)
	case *ast.BinaryExpr:
		left, ok1 := constant(values, e.X)
		right, ok2 := constant(values, e.Y)
		return left + right, ok1 && ok2 && e.Op == token.ADD
	}
	return "", false
}

var parameter = regexp.MustCompile(`\$(\d+)`)

// ascending reports whether $1, $2… appear for the first time in that order. A
// driver may number parameters by appearance: mattn/go-sqlite3 binds "$2, $1"
// the wrong way round, without an error.
func ascending(text string) bool {
	highest := 0
	for _, m := range parameter.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil || n > highest+1 {
			return false
		}
		highest = max(highest, n)
	}
	return true
}

func TestParametersAscend(t *testing.T) {
	for name, text := range statements(t) {
		if !ascending(text) {
			t.Errorf("%s: parameters out of order: %s", name, text)
		}
	}
	for text, want := range map[string]bool{"$1 $2 $1 $3": true, "": true, "$2, $1": false, "$1 $3": false} {
		if got := ascending(text); got != want {
			t.Errorf("ascending(%q) = %t, want %t", text, got, want)
		}
	}
}

// TestNotPortable keeps words out of the SQL that the databases understand
// differently.
func TestNotPortable(t *testing.T) {
	words := regexp.MustCompile(`(?i)\b(ilike|now|current_timestamp|rowid|serial|json_extract|insert or|true|false)\b|::`)
	for name, text := range statements(t) {
		if found := words.FindString(text); found != "" {
			t.Errorf("%s: %q is not portable: %s", name, found, text)
		}
	}
}

// TestPrepare has both databases read every statement.
func TestPrepare(t *testing.T) {
	ctx := context.Background()
	for name, target := range map[string]string{
		"sqlite":   freshFile(t),
		"postgres": postgres.Fresh(t),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := sqlstore.Open(ctx, target)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			_, db := s.Pools()
			for name, text := range statements(t) {
				if name == "sqlBackup" && !strings.HasPrefix(target, "/") {
					continue // SQLite's own
				}
				stmt, err := db.PrepareContext(ctx, s.Text(text))
				if err != nil {
					t.Errorf("%s: %v: %s", name, err, s.Text(text))
					continue
				}
				if err := stmt.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// schema is the tables of a DDL file: columns in order, with their comments.
type schema map[string][]string

// readSchema adds the tables of a DDL file to out.
func readSchema(t *testing.T, path string, out schema) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	table := ""
	column := regexp.MustCompile(`^  ([a-z_]+) +(TEXT|BLOB|BYTEA|INTEGER|BIGINT|BOOLEAN)\b`)
	comment := regexp.MustCompile(`-- (.+)$`)
	create := regexp.MustCompile(`^CREATE TABLE ([a-z_]+) \($`)
	alter := regexp.MustCompile(`^ALTER TABLE ([a-z_]+) ADD COLUMN (.+)$`)
	before := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if m := alter.FindStringSubmatch(line); m != nil {
			table, line = m[1], "  "+m[2]
		}
		if m := create.FindStringSubmatch(line); m != nil {
			table = m[1]
			if !strings.HasPrefix(before, "--") {
				t.Errorf("%s: table %s has no comment", path, table)
			}
		}
		if m := column.FindStringSubmatch(line); m != nil {
			c := comment.FindStringSubmatch(line)
			if c == nil {
				t.Errorf("%s: column %s.%s has no comment", path, table, m[1])
				c = []string{"", ""}
			}
			out[table] = append(out[table], m[1]+": "+c[1])
		}
		before = line
	}
}

// readFolder returns what all files of a DDL folder make.
func readFolder(t *testing.T, dir string) schema {
	t.Helper()
	out := schema{}
	for _, name := range files(t, dir) {
		readSchema(t, dir+"/"+name, out)
	}
	if len(out) < 25 { // there are more; fewer means that this test reads nothing
		t.Fatalf("%s: found only %d tables", dir, len(out))
	}
	return out
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestSameSchema compares the two DDL folders: same tables, columns, meanings.
func TestSameSchema(t *testing.T) {
	const sqlite, postgres = "migrations/sqlite", "migrations/postgres"
	if d := cmp.Diff(files(t, sqlite), files(t, postgres)); d != "" {
		t.Fatalf("files of the two folders (-sqlite +postgres):\n%s", d)
	}
	for _, name := range files(t, sqlite) {
		one, other := schema{}, schema{}
		readSchema(t, sqlite+"/"+name, one)
		readSchema(t, postgres+"/"+name, other)
		if d := cmp.Diff(one, other); d != "" {
			t.Errorf("%s (-sqlite +postgres):\n%s", name, d)
		}
	}
}

// TestTablesMatchColumns compares what the databases really have with the files.
func TestTablesMatchColumns(t *testing.T) {
	ctx := context.Background()
	s, err := sqlstore.Open(ctx, freshFile(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	db, _ := s.Pools()
	want := readFolder(t, "migrations/sqlite")
	for _, table := range slices.Sorted(maps.Keys(want)) {
		rows, err := db.QueryContext(ctx, fmt.Sprintf("SELECT name FROM pragma_table_info('%s')", table))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rows.Next() {
			n++
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if n != len(want[table]) {
			t.Errorf("table %s has %d columns, its file %d with comments", table, n, len(want[table]))
		}
	}
}
