package vault_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tideover/tideover/vault"
)

func TestSplitPath(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
		fail bool
	}{
		{in: "", want: nil},
		{in: "/", want: nil},
		{in: "/a", want: []string{"a"}},
		{in: "a/b", want: []string{"a", "b"}},
		{in: "/a/b/", want: []string{"a", "b"}},
		{in: `/a\/b/c\\d`, want: []string{"a/b", `c\d`}},
		{in: `/\\/\/`, want: []string{`\`, "/"}},
		{in: "/ä ö/ ", want: []string{"ä ö", " "}},
		{in: "//a", fail: true},
		{in: "/a//b", fail: true},
		{in: `/a\b`, fail: true},
		{in: `/a\`, fail: true},
	} {
		got, err := vault.SplitPath(c.in)
		if !slices.Equal(got, c.want) || (err != nil) != c.fail {
			t.Errorf("SplitPath(%q) = %q, %v", c.in, got, err)
		}
		if err != nil && !errors.Is(err, vault.Usage) {
			t.Errorf("SplitPath(%q): %v is not a usage problem", c.in, err)
		}
	}
}

func FuzzPath(f *testing.F) {
	f.Add("a", "b/c")
	f.Add(`\`, `/\/`)
	f.Fuzz(func(t *testing.T, a, b string) {
		if a == "" || b == "" {
			return // no names
		}
		got, err := vault.SplitPath(vault.JoinPath(a, b))
		if err != nil || !slices.Equal(got, []string{a, b}) {
			t.Errorf("%q, %q: got %q, %v", a, b, got, err)
		}
	})
}
