//go:build linux && amd64

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSmoke runs the short form of `make attack` against programs that are
// built for it. Its table is in the log; -v shows it.
func TestSmoke(t *testing.T) {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "../../cmd/tideover-cli", "../../cmd/tideover-server", ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	out, err := exec.Command(filepath.Join(bin, "attack"), "-bin", bin, "-smoke").CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
