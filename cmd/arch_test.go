// Package cmd_test holds the shape of the tree to what the design says: who
// may import whom, one package comment each, no file that nobody can read in
// one sitting, nothing of the tests in what ships.
package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tideover/tideover"

// mayImport is the import table of the design. A package that is not here
// fails, and so does an arrow that is not here: both are changes to review.
// "*" after a slash stands for every package below.
var mayImport = map[string][]string{
	"vault":                       {},
	"vault/process":               {},
	"vault/locked":                {},
	"vault/otp":                   {"vault"},
	"vault/kdbx":                  {"vault"},
	"vault/convert":               {"vault", "vault/kdbx"},
	"vault/generate":              {"vault"},
	"vault/fido":                  {"vault"},
	"vault/fido/fidotest":         {},
	"vault/escrow":                {"vault"},
	"vault/lease":                 {"vault", "tpm/binding"},
	"vault/audit":                 {"vault"},
	"vault/policy":                {"vault", "vault/lease", "vault/policy/strength", "tpm/binding"},
	"vault/policy/strength":       {},
	"vault/cache":                 {"vault", "vault/locked", "vault/process", "vault/fido", "vault/kdbx", "vault/escrow", "vault/lease", "vault/audit", "tpm/binding"},
	"vault/wire":                  {"vault", "tpm/binding"},
	"vault/client":                {"vault", "vault/wire", "vault/lease", "tpm/binding"},
	"vault/session":               {"vault", "vault/process", "vault/cache", "vault/fido", "vault/policy", "vault/lease", "vault/audit", "vault/wire", "vault/otp", "tpm/binding"},
	"vault/server":                {"vault", "vault/wire", "vault/lease", "vault/policy", "vault/audit", "vault/server/catalog", "vault/server/auth", "vault/server/keyring", "vault/server/store", "tpm/attest", "tpm/binding"},
	"vault/server/store":          {"vault"},
	"vault/server/store/sqlstore": {"vault", "vault/server/store"},
	"vault/server/store/storetest": {
		"vault", "vault/server/store",
	},
	"vault/server/servertest": {"vault", "vault/server", "vault/server/catalog", "vault/server/keyring", "vault/server/store", "vault/server/store/sqlstore"},
	"vault/server/keyring":    {"vault", "vault/server/store"},
	"vault/server/auth":       {"vault", "vault/otp", "vault/server/store"},
	"vault/server/catalog":    {"vault", "tpm/attest", "tpm/binding", "vault/kdbx", "vault/escrow", "vault/lease", "vault/policy", "vault/audit", "vault/otp", "vault/server/auth", "vault/server/keyring", "vault/server/store"},
	"tpm/binding":             {},
	"tpm":                     {"tpm/binding"},
	"tpm/attest":              {"tpm/binding"},
	"tpm/tpmtest":             {"tpm", "tpm/binding"},
	"assets":                  {},
	"app/present":             {"vault", "vault/session", "vault/policy", "vault/wire", "vault/otp", "assets"},
	"app/native":              {},
	"app/theme":               {"assets"},
	"app/widget":              {"app/theme", "app/present"},
	"app/screen":              {"app/theme", "app/widget", "app/present", "vault"},
	"app/start":               {"vault", "tpm", "tpm/binding", "vault/cache", "vault/fido", "vault/client", "vault/session"},
	"app":                     {"app/native", "app/present", "app/screen", "app/start", "app/theme", "app/widget", "vault", "vault/cache", "vault/fido", "vault/generate", "vault/otp", "vault/policy", "vault/session", "vault/wire", "tpm/binding"},
	"cmd/tideover":            {"app", "app/native", "app/present", "app/start", "vault/cache", "vault/process"},
	"cmd/tideover-cli":        {"assets", "app/present", "app/start", "tpm/binding", "vault", "vault/otp", "vault/cache", "vault/fido", "vault/session", "vault/wire", "vault/lease", "vault/policy", "vault/audit", "vault/kdbx", "vault/process"},
	"cmd/tideover-server":     {"assets", "app/present", "vault", "vault/process", "vault/convert", "vault/kdbx", "vault/lease", "vault/policy", "vault/audit", "vault/otp", "vault/server", "vault/server/*", "tpm/attest", "tpm/binding"},
	"cmd/internal/scripttest": {},
	"app/apptest":             {},
	"packaging/gallery":       {"app", "app/present", "app/screen", "app/start", "app/theme", "app/widget", "assets", "vault", "vault/cache", "vault/fido", "vault/fido/fidotest", "vault/session", "vault/wire"},
	"packaging/pictures":      {"app/apptest", "assets", "tpm/tpmtest"},
	"packaging/demo":          {},
	"packaging/story":         {"packaging/demo", "tpm/tpmtest", "vault", "vault/kdbx"},
	"packaging/attack":        {"packaging/demo", "tpm", "tpm/tpmtest", "vault", "vault/kdbx"},
	"packaging/bench/kdbx":    {"vault", "vault/kdbx"},
	"packaging/bench/cache":   {"tpm/tpmtest"},
	"packaging/bench/gui":     {"app/apptest", "tpm/tpmtest", "vault", "vault/kdbx"},
	"packaging/bench/limit":   {}, // the rulers share no code with what they measure
	"packaging/bench/rows":    {},
}

// onlyThese may use a library from outside; everything else may not.
var onlyThese = map[string][]string{
	"fyne.io/":                         {"app", "app/*", "cmd/tideover", "packaging/gallery"},
	"github.com/google/go-tpm":         {"tpm", "tpm/tpmtest", "tpm/attest"},
	"modernc.org/sqlite":               {"vault/server/store/sqlstore", "packaging/bench/rows"},
	"github.com/jackc/pgx":             {"vault/server/store/sqlstore", "vault/server/store/storetest"},
	"github.com/pressly/goose":         {"vault/server/store/sqlstore"},
	"database/sql":                     {"vault/server/store/sqlstore", "vault/server/store/storetest", "packaging/bench/rows"},
	"github.com/tobischo/gokeepasslib": {"vault/convert"},
	"net/http":                         {"vault/client", "vault/wire", "vault/server", "vault/server/admin", "cmd/tideover-server", "packaging/story"},
	"github.com/spf13/cobra":           {"cmd/tideover-cli", "cmd/tideover-server"},
	"github.com/zalando/go-keyring":    {"app/start"},
	"github.com/jezek/xgb":             {"app/native", "app/apptest"},
	"github.com/ccojocar/zxcvbn-go":    {"vault/policy/strength"},
	"github.com/fxamacker/cbor":        {"vault/fido"},
	"testing":                          {"tpm/tpmtest", "vault/server/store/storetest"},
	"github.com/godbus/dbus":           {"app/native", "app/apptest"},
}

// neverShipped must not be linked into a binary of ours: what is for tests, and
// the parts of zxcvbn that unpack its lists at every start.
var neverShipped = []string{
	module + "/tpm/tpmtest", module + "/app/apptest", module + "/vault/fido/fidotest", module + "/vault/server/servertest", "github.com/google/go-tpm-tools", "github.com/google/go-tpm/tpm2/transport/simulator", "testing",
	"github.com/ccojocar/zxcvbn-go/frequency", "github.com/ccojocar/zxcvbn-go/matching", "github.com/ccojocar/zxcvbn-go/adjacency",
}

// topLevel is every name that the root of the project may hold.
var topLevel = []string{"cmd", "app", "vault", "tpm", "assets", "packaging", "README.md", "LICENSE", "Makefile", "go.mod", "go.sum", "FyneApp.toml", "bin", "build"}

type pkg struct {
	ImportPath, Name, Doc, Dir string
	Imports, GoFiles, Deps     []string
}

func (p pkg) path() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

func TestImportTable(t *testing.T) {
	for _, p := range list(t) {
		if len(p.GoFiles) == 0 {
			continue // this folder: tests only
		}
		allowed, ok := lookup(mayImport, p.path())
		if !ok {
			t.Errorf("%s is not in the import table", p.path())
			continue
		}
		for _, i := range p.Imports {
			ours := strings.TrimPrefix(strings.TrimPrefix(i, module), "/")
			switch {
			case strings.HasPrefix(i, module+"/"):
				if !matches(allowed, ours) {
					t.Errorf("%s imports %s, which the table does not allow", p.path(), ours)
				}
			case i == "C":
				t.Errorf("%s uses cgo", p.path())
			default:
				for lib, users := range onlyThese {
					if strings.HasPrefix(i, lib) && !matches(users, p.path()) {
						t.Errorf("%s uses %s, which only %v may", p.path(), i, users)
					}
				}
			}
		}
	}
}

func TestStandardLibraryOnly(t *testing.T) {
	plain := []string{"vault", "vault/audit", "tpm/binding"}
	for _, p := range list(t) {
		if !slices.Contains(plain, p.path()) {
			continue
		}
		for _, i := range p.Imports {
			if strings.Contains(strings.SplitN(i, "/", 2)[0], ".") && !strings.HasPrefix(i, module) {
				t.Errorf("%s imports %s; it stands on the standard library alone", p.path(), i)
			}
		}
	}
}

func TestNothingOfTheTestsShips(t *testing.T) {
	for _, p := range list(t) {
		if p.Name != "main" || !strings.HasPrefix(p.path(), "cmd/") {
			continue
		}
		for _, dep := range p.Deps {
			if dep == "testing" && p.path() == "cmd/tideover" {
				continue // xgb keeps a helper of its tests among its sources; ours are held to it by onlyThese
			}
			if slices.ContainsFunc(neverShipped, func(n string) bool { return dep == n || strings.HasPrefix(dep, n+"/") }) {
				t.Errorf("%s links %s", p.path(), dep)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range list(t) {
		if len(p.GoFiles) > 0 && len(p.Doc) < 20 {
			t.Errorf("%s has no package comment", p.path())
		}
		if slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, p.Name) {
			t.Errorf("%s: a name that says nothing", p.path())
		}
	}
}

func TestFilesAreReadable(t *testing.T) {
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", "bin", "build", "testdata"}, d.Name()) {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if n := bytes.Count(text, []byte("\n")); n > 600 {
			t.Errorf("%s has %d lines; 600 is the end", path, n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(topLevel, e.Name()) {
			t.Errorf("%s stands at the top level, where it has no place", e.Name())
		}
	}
}

func lookup(table map[string][]string, path string) ([]string, bool) {
	if v, ok := table[path]; ok {
		return v, true
	}
	for k, v := range table {
		if below, ok := strings.CutSuffix(k, "*"); ok && strings.HasPrefix(path, below) {
			return v, true
		}
	}
	return nil, false
}

func matches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		below, wild := strings.CutSuffix(p, "*")
		return p == path || wild && strings.HasPrefix(path, below)
	})
}

// list asks the go tool once for every package of the module.
func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-tags=migrated_fynedo,x11,no_emoji", "-json=ImportPath,Name,Doc,Dir,Imports,GoFiles,Deps", module+"/...")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1") // as the window is built; nothing is compiled
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 5 {
		t.Fatalf("go list found %d packages", len(all))
	}
	return all
}
