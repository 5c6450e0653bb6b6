package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	rows := [][]string{
		{"/Team/Servers/db-prod.example", "svc-1", "https://db-prod.example", ""},
		{"/日本/銀行", "", "https://straße", ""},
	}
	for _, c := range []struct {
		name  string
		limit int
		want  []string
	}{
		{"no limit", 0, []string{
			"/Team/Servers/db-prod.example  svc-1  https://db-prod.example",
			"/日本/銀行                            https://straße",
		}},
		{"narrow", 50, []string{
			"…ers/db-prod.example  svc-1  https://db-prod.exam…",
			"/日本/銀行                   https://straße",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := table(rows, c.limit)
			if diff := cmp.Diff(strings.Join(c.want, "\n")+"\n", got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTableFits(t *testing.T) {
	wide := [][]string{{strings.Repeat("日", 90), strings.Repeat("u", 70), strings.Repeat("é", 200), "[edited]"}, {"a", "b", "c", ""}}
	for line := range strings.Lines(table(wide, 80)) {
		if n := cells(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d cells: %s", n, line)
		}
	}
	if got := table(nil, 80); got != "" {
		t.Errorf("nothing is %q", got)
	}
}
