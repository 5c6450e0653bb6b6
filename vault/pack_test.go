package vault_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
)

var sameSecret = cmp.Comparer(func(a, b vault.Secret) bool { return a.Equal(b) })

// full is an entry that has everything that an entry can have.
func full() *vault.Entry {
	at := func(day int) time.Time { return time.Date(2026, 11, day, 12, 0, 1, 0, time.UTC) }
	file := &vault.Binary{Data: []byte("a file"), Protected: true}
	e := &vault.Entry{
		ID: vault.NewID(), Tags: []string{"one", "two"}, Icon: vault.Icon{Standard: 300, Custom: vault.NewID()},
		Attachments: []vault.Attachment{{ID: vault.NewID(), Name: "a.txt", Binary: file}, {Name: "gone.txt"}},
		Foreground:  "#FF0000", Background: "#00FF00", OverrideURL: "cmd://x", NoQualityCheck: true, PreviousParent: vault.NewID(),
		Times: vault.Times{
			Created: at(1), Modified: at(3), Accessed: at(2), LocationChanged: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
			Expiry: at(30), Expires: true, UsageCount: 1 << 63,
		},
		AutoType: vault.AutoType{
			Enabled: true, Obfuscation: 1, DefaultSequence: "{PASSWORD}",
			Associations: []vault.Association{{Window: "Mail*", Sequence: "{USERNAME}"}, {}},
		},
		CustomData: []vault.CustomDatum{{Key: "k", Value: "v", Modified: at(4)}, {Key: "none"}},
		Unknown:    []vault.Raw{vault.Raw("<New/>"), vault.Raw("")},
	}
	e.Set(vault.FieldTitle, vault.SecretText("Zürich"), false)
	e.Set(vault.FieldPassword, vault.SecretText("hunter2"), true)
	e.Set(vault.FieldNotes, vault.SecretText(""), false)
	old := &vault.Entry{ID: e.ID, Attachments: []vault.Attachment{{Name: "a.txt", Binary: file}}}
	old.Set(vault.FieldPassword, vault.SecretText("hunter1"), true)
	e.History = []*vault.Entry{old, {ID: e.ID, Times: vault.Times{Modified: at(1)}}}
	return e
}

func TestPackGivesBackWhatWasAdded(t *testing.T) {
	p := vault.NewPack(nil)
	entries := []*vault.Entry{{}, full(), {ID: vault.NewID()}}
	for _, n := range []int{0, 1, 127, 128, 16 << 10, 64 << 10, 1 << 20, 3} {
		e := &vault.Entry{ID: vault.NewID()}
		e.Set(fmt.Sprint("field of ", n), vault.NewSecret(bytes.Repeat([]byte{'n'}, n)), n%2 == 0)
		entries = append(entries, e)
	}
	many := &vault.Entry{ID: vault.NewID()} // every list longer than a number of one byte counts
	for n := range 300 {
		many.Set(fmt.Sprint(n), vault.SecretText(strings.Repeat("x", n)), false)
		many.Tags = append(many.Tags, fmt.Sprint(n))
		many.AutoType.Associations = append(many.AutoType.Associations, vault.Association{Window: fmt.Sprint(n)})
		many.CustomData = append(many.CustomData, vault.CustomDatum{Key: fmt.Sprint(n)})
		many.Attachments = append(many.Attachments, vault.Attachment{Name: fmt.Sprint(n), Binary: &vault.Binary{}})
		many.Unknown = append(many.Unknown, vault.Raw(fmt.Sprint(n)))
		many.History = append(many.History, &vault.Entry{NoQualityCheck: true})
	}
	entries = append(entries, many, full())
	for i, e := range entries {
		if n := p.Add(e); n != i {
			t.Fatalf("entry %d has the number %d", i, n)
		}
	}
	p.Done()
	again := &vault.Entry{}
	for i, e := range entries {
		if diff := cmp.Diff(e, p.Entry(i), sameSecret, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("entry %d: %s", i, diff)
		}
		p.Unpack(i, again)
		if diff := cmp.Diff(e, again, sameSecret, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("entry %d in used memory: %s", i, diff)
		}
		if p.ID(i) != e.ID || p.Find(e.ID) != i {
			t.Errorf("entry %d is found as %d", i, p.Find(e.ID))
		}
	}
	if p.Len() != len(entries) || p.Find(vault.NewID()) != -1 {
		t.Error("something is found that is not there")
	}
	if a, b := p.Entry(1), entries[1]; a.Attachments[0].Binary != b.Attachments[0].Binary || a.History[0].Attachments[0].Binary != b.Attachments[0].Binary {
		t.Error("attachments do not share their content")
	}
}

func TestPackFindsTheLastOfOneIdentifier(t *testing.T) {
	p := vault.NewPack(nil)
	id := vault.NewID()
	p.Add(&vault.Entry{ID: id})
	p.Add(&vault.Entry{ID: vault.NewID()})
	p.Add(&vault.Entry{ID: id})
	p.Done()
	if n := p.Find(id); n != 2 {
		t.Errorf("got %d", n)
	}
	empty := vault.NewPack(nil)
	empty.Done()
	if n := empty.Find(id); n != -1 || empty.Len() != 0 {
		t.Errorf("in nothing: %d", n)
	}
}

// Everything secret is in the memory that room gave, or in that of the
// attachments, and is gone after Wipe.
func TestPackWipe(t *testing.T) {
	var rooms [][]byte
	p := vault.NewPack(func(n int) []byte {
		rooms = append(rooms, make([]byte, n))
		return rooms[len(rooms)-1]
	})
	e := full()
	p.Add(e)
	big := &vault.Entry{ID: vault.NewID()}
	big.Set(vault.FieldPassword, vault.NewSecret(bytes.Repeat([]byte("hunter2"), 10_000)), true)
	p.Add(big)
	p.Done()
	out := p.Entry(0)
	if !bytes.Contains(bytes.Join(rooms, nil), []byte("hunter1")) {
		t.Fatal("the room is not used")
	}
	p.Wipe()
	for _, r := range append(rooms, e.Attachments[0].Binary.Data, out.Password().Bytes(), out.History[0].Password().Bytes()) {
		if !bytes.Equal(r, make([]byte, len(r))) {
			t.Errorf("%d bytes are left", len(bytes.Trim(r, "\x00")))
		}
	}
}

// BenchmarkPack shows what an entry takes in a pack, and how long it takes into
// it and out of it.
func BenchmarkPack(b *testing.B) {
	e := full()
	p, size := vault.NewPack(nil), 0
	b.Run("add", func(b *testing.B) {
		p = vault.NewPack(func(n int) []byte { size += n; return make([]byte, n) })
		size = 0
		for b.Loop() {
			p.Add(e)
		}
		p.Done()
		b.ReportMetric(float64(size)/float64(p.Len()), "B/entry")
	})
	b.Run("unpack", func(b *testing.B) {
		out := &vault.Entry{}
		for b.Loop() {
			p.Unpack(p.Len()-1, out)
		}
	})
}

func TestNumbers(t *testing.T) {
	ids := make([]vault.ID, 1000)
	for i := range ids {
		ids[i] = vault.NewID()
	}
	ids[999] = ids[0]
	numbers := vault.NewNumbers(len(ids), func(n int) vault.ID { return ids[n] })
	for i, id := range ids[1:] {
		if n := numbers.Find(id); n != i+1 {
			t.Errorf("%d is found as %d", i+1, n)
		}
	}
	if numbers.Find(vault.NewID()) != -1 || new(vault.Numbers).Find(ids[0]) != -1 {
		t.Error("something is found that is not there")
	}
}
