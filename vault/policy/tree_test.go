package policy_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
)

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func number(kind byte, n int) vault.ID {
	return vault.ID{kind, 0, 0, byte(n >> 16), byte(n >> 8), byte(n), 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}
}

func folderID(n int) vault.ID  { return number('f', n) }
func entryID(n int) vault.ID   { return number('e', n) }
func subjectID(n int) vault.ID { return number('s', n) }

// world is a random server.
type world struct {
	folders []policy.Folder
	grants  []policy.Grant
	entries []entryAt
	people  int
}

type entryAt struct{ entry, folder vault.ID }

func randomWorld(r *rand.Rand, folders, grants, entries, people int) world {
	w := world{people: people}
	for i := range folders {
		f := policy.Folder{ID: folderID(i), Block: r.IntN(8) == 0}
		if i > 0 {
			f.Parent = folderID(r.IntN(i))
		}
		w.folders = append(w.folders, f)
	}
	// The order of the rows of a table promises nothing.
	r.Shuffle(len(w.folders), func(i, j int) { w.folders[i], w.folders[j] = w.folders[j], w.folders[i] })
	for i := range entries {
		w.entries = append(w.entries, entryAt{entryID(i), folderID(r.IntN(folders))})
	}
	for range grants {
		g := policy.Grant{
			Subject: subjectID(r.IntN(people)), Node: folderID(r.IntN(folders)),
			Rights: policy.Rights(r.Uint64()) & (policy.AllActions | policy.AllActions.Twins()),
		}
		if r.IntN(3) == 0 {
			g.Until = start.Add(time.Duration(r.IntN(5)-2) * time.Hour)
		}
		if entries > 0 && r.IntN(4) == 0 {
			g.Node, g.OnEntry = entryID(r.IntN(entries)), true
		}
		w.grants = append(w.grants, g)
	}
	return w
}

// held is the specification: walk up from the node, add what is granted to any
// of the subjects, stop behind a block.
func (w world) held(subjects []vault.ID, folder vault.ID, now time.Time) policy.Effective {
	var e policy.Effective
	for {
		e = w.add(e, subjects, folder, false, now)
		f := w.folder(folder)
		if f.Block || f.Parent.IsZero() {
			return e
		}
		folder = f.Parent
	}
}

func (w world) heldOnEntry(subjects []vault.ID, at entryAt, now time.Time) policy.Effective {
	return w.add(w.held(subjects, at.folder, now), subjects, at.entry, true, now)
}

func (w world) add(e policy.Effective, subjects []vault.ID, node vault.ID, onEntry bool, now time.Time) policy.Effective {
	for _, g := range w.grants {
		for _, s := range subjects {
			if g.Subject != s || g.Node != node || g.OnEntry != onEntry {
				continue
			}
			if g.Until.IsZero() {
				e.Permanent |= g.Rights
				e.Now |= g.Rights
			} else if now.Before(g.Until) {
				e.Now |= g.Rights
			}
		}
	}
	return e
}

func (w world) folder(id vault.ID) policy.Folder {
	for _, f := range w.folders {
		if f.ID == id {
			return f
		}
	}
	panic("no such folder")
}

func TestEvaluateAgainstTheSpecification(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := randomWorld(r, 1+r.IntN(40), r.IntN(30), r.IntN(20), 1+r.IntN(4))
		tree, err := policy.NewTree(w.folders, w.grants)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		var subjects []vault.ID
		for range r.IntN(4) {
			subjects = append(subjects, subjectID(r.IntN(w.people)))
		}
		now := start.Add(time.Duration(r.IntN(3)-1) * time.Hour)
		view := tree.Evaluate(subjects, now)
		for _, f := range w.folders {
			if got, want := view.Folder(f.ID), w.held(subjects, f.ID, now); got != want {
				t.Fatalf("seed %d, folder %v: got %v, want %v", seed, f.ID, got, want)
			}
		}
		for _, at := range w.entries {
			if got, want := view.Entry(at.folder, at.entry), w.heldOnEntry(subjects, at, now); got != want {
				t.Fatalf("seed %d, entry %v: got %v, want %v", seed, at.entry, got, want)
			}
		}
		for _, f := range w.folders {
			if until := view.Until(); !until.IsZero() && view.Folder(f.ID) != tree.Evaluate(subjects, until.Add(-1)).Folder(f.ID) {
				t.Fatalf("seed %d: the view changed before %v", seed, until)
			}
		}
	}
}

// A grant ends at its moment, and the view says when.
func TestTimeLimitedGrant(t *testing.T) {
	end := start.Add(time.Hour)
	tree, err := policy.NewTree(
		[]policy.Folder{{ID: folderID(0)}, {ID: folderID(1), Parent: folderID(0)}},
		[]policy.Grant{{Subject: subjectID(0), Node: folderID(0), Rights: policy.ViewFolders, Until: end}},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at    time.Time
		now   policy.Rights
		until time.Time
	}{
		{start, policy.ViewFolders, end},
		{end.Add(-1), policy.ViewFolders, end},
		{end, 0, time.Time{}},
		{end.Add(time.Hour), 0, time.Time{}},
	} {
		view := tree.Evaluate([]vault.ID{subjectID(0)}, c.at)
		if got := view.Folder(folderID(1)); got != (policy.Effective{Now: c.now}) || !view.Until().Equal(c.until) {
			t.Errorf("at %v: got %v until %v, want %v until %v", c.at, got, view.Until(), c.now, c.until)
		}
	}
}

func TestNewTreeRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		folders []policy.Folder
	}{
		{"missing parent", []policy.Folder{{ID: folderID(0)}, {ID: folderID(1), Parent: folderID(9)}}},
		{"cycle", []policy.Folder{{ID: folderID(0), Parent: folderID(1)}, {ID: folderID(1), Parent: folderID(0)}}},
		{"own parent", []policy.Folder{{ID: folderID(0), Parent: folderID(0)}}},
		{"twice", []policy.Folder{{ID: folderID(0)}, {ID: folderID(0)}}},
		{"zero", []policy.Folder{{}}},
	} {
		if _, err := policy.NewTree(c.folders, nil); err == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
}

// BenchmarkEvaluate: the budget is 50 µs for one user over 20,000 folders, with
// 2,000 grants to everybody and ten roles.
func BenchmarkEvaluate(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	w := randomWorld(r, 20000, 2000, 0, 200)
	for i := range w.folders {
		w.folders[i].Block = r.IntN(50) == 0
	}
	tree, err := policy.NewTree(w.folders, w.grants)
	if err != nil {
		b.Fatal(err)
	}
	subjects := make([]vault.ID, 11)
	for i := range subjects {
		subjects[i] = subjectID(i)
	}
	b.Run("ten roles", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tree.Evaluate(subjects, start)
		}
	})
	root, err := policy.NewTree(w.folders, []policy.Grant{{Subject: subjectID(0), Node: folderID(0), Rights: policy.AllActions}})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("administrator", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			root.Evaluate(subjects[:1], start)
		}
	})
	b.Run("snapshot", func(b *testing.B) {
		for b.Loop() {
			if _, err := policy.NewTree(w.folders, w.grants); err != nil {
				b.Fatal(err)
			}
		}
	})
}
