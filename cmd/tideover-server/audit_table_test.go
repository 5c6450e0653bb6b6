package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
)

func TestAuditTable(t *testing.T) {
	at := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	path, device := "/Plant/pump", "laptop"
	long := "/" + strings.Repeat("a long folder name/", 5) + strings.Repeat("x", 120)
	id := vault.NewID()
	lines := []auditLine{
		{Seq: 12, At: &at, Name: "ann", Action: "offline.reveal", Outcome: "ok", Target: &id, TargetPath: &path, Device: &id, DeviceName: &device, OnDevice: &at, Comment: "on call\x1b[2J"},
		{Seq: 11, At: &at, Name: "ann", Action: "offline.overlay_edit", Outcome: "ok", Target: &id, Draft: true, Device: &id, DeviceName: &device, OnDevice: &at},
		{Seq: 10, At: &at, Name: strings.Repeat("somebody", 9), Action: "entry.reveal", Outcome: "comment_required", Target: &id, TargetPath: &long},
		{Seq: 9, At: &at, Action: "server.init", Outcome: "ok"},
	}
	write := func(width int, language string) string {
		var b strings.Builder
		table := auditTable{width: width, words: present.Load(language)}
		table.write(&b, lines)
		return b.String()
	}
	for _, width := range []int{80, 100, 200} {
		out := write(width, "en")
		for l := range strings.Lines(out) {
			if n := utf8.RuneCountInString(strings.TrimRight(l, "\n")); n > width {
				t.Errorf("%d columns of %d: %s", n, width, l)
			}
		}
		if strings.Contains(out, "\x1b") || strings.Count(strings.Join(strings.Fields(out), ""), strings.Repeat("x", 80)) == 0 {
			t.Errorf("at %d: %s", width, out)
		}
	}
	got := strings.Split(write(80, "de"), "\n")[:5]
	want := []string{
		"SEQ  TIME               WHO               ACTION                OUTCOME",
		"     TARGET",
		"12   2026-11-21 09:30Z  ann               offline.reveal        ok",
		"     /Plant/pump",
		"     offline geschehen 2026-11-21 09:30Z; auf laptop; Kommentar: on call\\x1b[2J",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if out := write(80, "de"); !strings.Contains(out, "offline angelegter Entwurf") || strings.Contains(out, id.String()) {
		t.Error(out)
	}
}
