package present_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tideover/tideover/app/present"
)

func TestShown(t *testing.T) {
	for name, want := range map[string]string{
		"":                                "",
		"Mail":                            "Mail",
		"second\nline\tof\r\nit":          "second line of  it",
		"\x00\x1b[31mred\x7f\u0085\u009b": "[31mred ",
		"invoice\u202egpj.exe":            "invoicegpj.exe",
		"a\u2066b\u2069c\u2028d":          "abc d",
		"שרת\u200f דואר":                  "שרת\u200f דואר", // marks turn nothing around
		"👩\u200d👧":                        "👩\u200d👧",
		"mail\xff":                        "mail\ufffd",
	} {
		if got := present.Shown(name); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
	for _, long := range []string{strings.Repeat("x", 1_000_000), strings.Repeat("é", 500_000), strings.Repeat("\xff", 1000)} {
		got := present.Shown(long)
		if len(got) > 1000 || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
			t.Errorf("%d bytes are shown as %d: %q", len(long), len(got), got)
		}
		if got := present.Typable(long); len(got) > 5000 {
			t.Errorf("%d bytes are to be edited", len(got))
		}
	}
}
