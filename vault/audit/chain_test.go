package audit_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
)

var (
	device = vault.ID{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x47, 0x88, 0x89, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00}
	entry  = vault.ID{0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0x46, 0xe7, 0x88, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xef}
	noon   = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

// chain returns n events that follow one another.
func chain(t *testing.T, n int) []audit.Event {
	t.Helper()
	head := audit.NewHead(device)
	var events []audit.Event
	for i := range n {
		e, err := audit.Next(head, audit.Event{
			At: noon.Add(time.Duration(i) * time.Second), Type: audit.Reveal, Entry: entry, Detail: "Password", Generation: 7,
		})
		if err != nil {
			t.Fatal(err)
		}
		head = audit.Head{Seq: e.Seq, Hash: e.Hash}
		events = append(events, e)
	}
	return events
}

func TestVerify(t *testing.T) {
	tests := []struct {
		name   string
		change func(e []audit.Event) []audit.Event
		fault  audit.Fault
		seq    uint64
	}{
		{"whole", func(e []audit.Event) []audit.Event { return e }, "", 0},
		{"none", func([]audit.Event) []audit.Event { return nil }, "", 0},
		{"end cut off, which nobody can see", func(e []audit.Event) []audit.Event { return e[:3] }, "", 0},
		{"one left out", func(e []audit.Event) []audit.Event { return slices.Delete(e, 2, 3) }, audit.Gap, 4},
		{"first left out", func(e []audit.Event) []audit.Event { return e[1:] }, audit.Gap, 2},
		{"one twice", func(e []audit.Event) []audit.Event { return slices.Insert(e, 3, e[2]) }, audit.Fork, 3},
		{"two swapped", func(e []audit.Event) []audit.Event { e[1], e[2] = e[2], e[1]; return e }, audit.Gap, 3},
		{"detail changed", func(e []audit.Event) []audit.Event { e[2].Detail = "Notes"; return e }, audit.Edit, 3},
		{"time changed", func(e []audit.Event) []audit.Event { e[2].At = noon; return e }, audit.Edit, 3},
		{"entry changed", func(e []audit.Event) []audit.Event { e[2].Entry = vault.ID{1}; return e }, audit.Edit, 3},
		{"type changed", func(e []audit.Event) []audit.Event { e[2].Type = audit.Copy; return e }, audit.Edit, 3},
		{"generation changed", func(e []audit.Event) []audit.Event { e[2].Generation++; return e }, audit.Edit, 3},
		{"changed and hashed again", func(e []audit.Event) []audit.Event {
			e[2].Detail = "Notes"
			e[2].Hash = e[2].Sum()
			return e
		}, audit.Fork, 4},
		{"hidden in a time too fine to be hashed", func(e []audit.Event) []audit.Event {
			e[2].At = e[2].At.Add(time.Nanosecond)
			return e
		}, audit.Edit, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := audit.Verify(audit.NewHead(device), tt.change(chain(t, 5)))
			var fault *audit.FaultError
			if tt.fault == "" {
				if err != nil {
					t.Fatalf("Verify: %v", err)
				}
				return
			}
			if !errors.As(err, &fault) || fault.Fault != tt.fault || fault.Seq != tt.seq {
				t.Fatalf("Verify: %v, want %s at %d", err, tt.fault, tt.seq)
			}
			if !errors.Is(err, vault.Damaged) {
				t.Errorf("%v is not vault.Damaged", err)
			}
		})
	}
}

func TestVerifyKnowsTheDevice(t *testing.T) {
	_, err := audit.Verify(audit.NewHead(vault.ID{9}), chain(t, 1))
	var fault *audit.FaultError
	if !errors.As(err, &fault) || fault.Fault != audit.Fork {
		t.Fatalf("Verify of another device's chain: %v", err)
	}
}

func TestVerifyGoesOnFromItsHead(t *testing.T) {
	events := chain(t, 5)
	head, err := audit.Verify(audit.NewHead(device), events[:2])
	if err != nil {
		t.Fatal(err)
	}
	if head, err = audit.Verify(head, events[2:]); err != nil || head.Seq != 5 || head.Hash != events[4].Hash {
		t.Fatalf("Verify: %v at %d", err, head.Seq)
	}
}

func TestNextRefuses(t *testing.T) {
	long := make([]byte, audit.MaxDetailBytes+1)
	for i := range long {
		long[i] = 'x'
	}
	for name, e := range map[string]audit.Event{
		"no type":           {At: noon},
		"type not a word":   {At: noon, Type: "Un lock"},
		"detail too long":   {At: noon, Type: audit.Reveal, Detail: string(long)},
		"line feed":         {At: noon, Type: audit.Reveal, Detail: "a\nb"},
		"not UTF-8":         {At: noon, Type: audit.Reveal, Detail: "\xff"},
		"before 1970":       {Type: audit.Reveal},
		"finer than millis": {At: noon.Add(1), Type: audit.Reveal},
	} {
		if _, err := audit.Next(audit.NewHead(device), e); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestVectors holds the canonical form to FORMAT.md: a server that is not ours
// must be able to verify.
func TestVectors(t *testing.T) {
	type vector struct {
		audit.Event
		Canonical string `json:"canonical"`
	}
	var want struct {
		Device vault.ID `json:"device"`
		Start  audit.Hash
		Events []vector `json:"events"`
	}
	raw, err := os.ReadFile("testdata/chain.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	if got := audit.Start(want.Device); got != want.Start {
		t.Errorf("Start = %s, want %s", got, want.Start)
	}
	if len(want.Events) != 3 {
		t.Fatalf("%d events in the vectors, want 3", len(want.Events))
	}
	var events []audit.Event
	for _, v := range want.Events {
		if diff := cmp.Diff(v.Canonical, hex.EncodeToString(v.Event.Canonical())); diff != "" {
			t.Errorf("event %d: canonical (-want +got):\n%s", v.Seq, diff)
		}
		events = append(events, v.Event)
	}
	if _, err := audit.Verify(audit.NewHead(want.Device), events); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

func FuzzParseJournal(f *testing.F) {
	for _, name := range []string{"testdata/empty.journal", "testdata/three.journal"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := audit.ParseJournal(b)
		if err != nil {
			if !errors.Is(err, vault.Damaged) && !errors.Is(err, vault.Hostile) {
				t.Fatalf("untyped error: %v", err)
			}
			return
		}
		if _, err := audit.Verify(c.Base, c.Events); err != nil {
			t.Fatalf("ParseJournal returned a chain that does not hold: %v", err)
		}
	})
}
