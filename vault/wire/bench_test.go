package wire_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// vaultOf is n entries of an ordinary size, ten to a group, about 0.9 KB each
// as JSON.
func vaultOf(n int) *vault.Content {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	root := &vault.Group{ID: vault.NewID(), Name: "Root"}
	for i := range n {
		if i%10 == 0 {
			root.Groups = append(root.Groups, &vault.Group{ID: vault.NewID(), Name: fmt.Sprint("Group ", i/10)})
		}
		g := root.Groups[len(root.Groups)-1]
		e := &vault.Entry{ID: vault.NewID(), Tags: []string{"prod", "team-db"}}
		e.Times = vault.Times{Created: at, Modified: at.Add(time.Hour), Accessed: at}
		for _, f := range [][2]string{
			{vault.FieldTitle, fmt.Sprint("db-prod-", i)},
			{vault.FieldUsername, "svc-account"},
			{vault.FieldPassword, fmt.Sprintf("p&w\"%032d", i)},
			{vault.FieldURL, "https://db.example/login"},
			{vault.FieldNotes, "Ask the database team before the change.\nSecond line: größer.\n" + fmt.Sprintf("%0200d", i)},
			{"Owner", "team-db"},
			{"PIN", "1234"},
		} {
			e.Set(f[0], vault.SecretText(f[1]), f[0] == vault.FieldPassword || f[0] == "PIN")
		}
		g.Entries = append(g.Entries, e)
	}
	return &vault.Content{Root: root}
}

func BenchmarkStream(b *testing.B) {
	c := vaultOf(10_000)
	stream := encode(b, wire.Complete, c)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(stream)))
		for b.Loop() {
			err := wire.EncodeContent(io.Discard, wire.Complete, wire.Head{}, c, wire.EncodeOptions{
				Lease: func(int, wire.Digest) (string, error) { return "lease", nil },
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(stream)))
		for b.Loop() {
			if _, err := decode(stream, wire.Complete); err != nil {
				b.Fatal(err)
			}
		}
	})
	// The floor to compare with: the standard library's check of the same bytes.
	b.Run("json.Valid", func(b *testing.B) {
		b.SetBytes(int64(len(stream)))
		for b.Loop() {
			for line := range bytes.Lines(stream) {
				if !json.Valid(line) {
					b.Fatal("not JSON")
				}
			}
		}
	})
	b.Run("json.Unmarshal", func(b *testing.B) {
		b.SetBytes(int64(len(stream)))
		for b.Loop() {
			for line := range bytes.Lines(stream) {
				var v struct {
					ID     string `json:"id"`
					Fields []struct {
						Name, Value string
						Protected   bool
					} `json:"fields"`
				}
				if err := json.Unmarshal(line, &v); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
