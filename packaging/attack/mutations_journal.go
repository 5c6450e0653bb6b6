//go:build linux && amd64

package main

// unwritten writes nothing down of what is shown, and takes a client state that
// cannot be written for written.
func unwritten() []edit {
	return []edit{
		{"vault/cache/journal.go", "e audit.Event) error {\n\tj, err := s.openJournal(device)\n", "e audit.Event) error {\n\treturn nil\n\tj, err := s.openJournal(device)\n"},
		{"vault/cache/unlock.go", "\tif err := s.sawWall(f); err != nil {\n", "\tif err := s.sawWall(f); false {\n"},
	}
}

func withoutJournal() []mutation {
	return []mutation{
		{defence: "the journal before the secret, damaged", edits: unwritten(), row: "byte flipped or length cut, journal", more: often("60")},
		{defence: "the journal before the secret, disk full", edits: unwritten(), row: "disk full", more: below()},
		{defence: "the journal before the secret, disk read-only", edits: append(unwritten(),
			edit{"vault/cache/unlock.go", "\tif readOnly != nil {\n\t\treturn nil, readOnly\n\t}\n", ""},
			edit{"vault/cache/unlock.go", "\tif _, err := s.openJournal(f.record.Device); err != nil {\n", "\tif _, err := s.openJournal(f.record.Device); false {\n"},
			edit{"vault/cache/opened.go", "\treturn o.store.sawWall(o.found)\n", "\treturn nil\n"},
		), row: "disk read-only", more: below()},
		{defence: "the journal before the secret, disk that takes nothing", edits: unwritten(), test: test{"vault/cache", "TestDiskTakesNothing"}, says: "Unlock: <nil>"},
		{defence: "the journal before the chip's count", edits: []edit{
			{"vault/cache/unlock.go", "use.BeforeOpen = func() error { return s.noteUnlock(f) }", "use.BeforeOpen = func() error { return nil }"},
		}, test: test{"vault/cache", "TestJournalBeforeOpening"}, says: "events when the chip was asked for the secret"},
		{defence: "the chain of a journal", edits: []edit{
			{"vault/audit/chain.go", "case e.Seq <= head.Seq || e.Prev != head.Hash:", "case e.Seq <= head.Seq:"},
		}, test: test{"vault/audit", "TestVerify"}, says: "Verify: <nil>, want fork"},
		{defence: "the server's head of a journal", edits: []edit{
			{"vault/server/catalog/journal.go", "if place.fault != nil {", "if false {"},
		}, test: test{"vault/server/catalog", "TestJournalTamperedWith"}, says: "\"fork\""},
		{defence: "the journal held against the chip's count", edits: []edit{
			{"vault/server/catalog/journal_opens.go", "lost := o.Certified - o.Reported; lost > 0 {", "lost := o.Certified - o.Reported; false {"},
		}, test: test{"vault/server/catalog", "TestLostSessions"}, says: "\"lost_sessions\""},
	}
}
