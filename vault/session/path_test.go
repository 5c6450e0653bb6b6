package session_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

func TestPaths(t *testing.T) {
	tests := []struct {
		path  string
		names []string
		again string // what FormatPath makes of the names
	}{
		{"/", nil, "/"},
		{"", nil, "/"},
		{"/Servers/web", []string{"Servers", "web"}, "/Servers/web"},
		{"Servers/web/", []string{"Servers", "web"}, "/Servers/web"},
		{`/a\/b/c\\d`, []string{"a/b", `c\d`}, `/a\/b/c\\d`},
		{"//x", []string{"", "x"}, "//x"},
		{`/\/`, []string{"/"}, `/\/`},
		{"/Größe/日本", []string{"Größe", "日本"}, "/Größe/日本"},
	}
	for _, tt := range tests {
		names, err := session.ParsePath(tt.path)
		if err != nil {
			t.Errorf("%q: %v", tt.path, err)
		}
		if diff := cmp.Diff(tt.names, names); diff != "" {
			t.Errorf("%q: %s", tt.path, diff)
		}
		if got := session.FormatPath(names); got != tt.again {
			t.Errorf("FormatPath(%q) = %q, want %q", names, got, tt.again)
		}
	}
	for _, bad := range []string{`/a\`, `/a\b`, `\`} {
		if _, err := session.ParsePath(bad); !errors.Is(err, vault.Usage) {
			t.Errorf("%q: %v, want a usage problem", bad, err)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"/", `/a\/b`, `\\`, "//", "/x/", `/a\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		names, err := session.ParsePath(path)
		if err != nil {
			return
		}
		again, err := session.ParsePath(session.FormatPath(names))
		if err != nil || !cmp.Equal(names, again) {
			t.Errorf("%q: %q became %q, %v", path, names, again, err)
		}
	})
}
