package kdbx_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVectors(t *testing.T) {
	files, err := filepath.Glob("testdata/vectors/*.kdbx")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d vectors, %v", len(files), err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			file, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(name, ".kdbx") + ".lines")
			if err != nil {
				t.Fatal(err)
			}
			doc, _ := read(t, file)
			if d := cmp.Diff(sorted(strings.Split(string(want), "\n")), lines(doc)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
