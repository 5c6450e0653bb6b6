package wire_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// vectorContent is what testdata/stream/complete.ndjson says.
func vectorContent(t *testing.T) *vault.Content {
	t.Helper()
	id := func(s string) vault.ID {
		id, err := vault.ParseID(s)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	file := []vault.Attachment{{ID: id("a81d2c70-0b54-4f0e-8a3e-0c9d8e7f6a5b"), Name: "cert.pem", Binary: &vault.Binary{Data: []byte("hello")}}}
	entry := &vault.Entry{
		ID: id("3f0c1f6e-52a1-4b7e-9d35-6a1b2c3d4e5f"),
		Fields: []vault.Field{
			{Name: "Title", Value: vault.SecretText("db-prod")},
			{Name: "Password", Value: vault.SecretText("p\"w\\1\x01&<ü>"), Protected: true},
			{Name: "Key", Value: vault.NewSecret([]byte{0xff, 0xfe, 0x00}), Protected: true},
			{Name: "Empty"},
		},
		Attachments: file, Tags: []string{"prod"},
		Times: vault.Times{
			Created: time.Date(2024, 3, 5, 15, 15, 17, 0, time.UTC),
			Expiry:  time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), Expires: true,
		},
	}
	entry.History = []*vault.Entry{{
		ID: entry.ID, Fields: []vault.Field{{Name: "Password", Value: vault.SecretText("old"), Protected: true}}, Attachments: file,
	}}
	return &vault.Content{
		Icons: []vault.CustomIcon{{ID: id("9f8e7d6c-5b4a-4938-8271-605f4e3d2c1b"), Name: "logo", Data: []byte("\x89PNG")}},
		Root: &vault.Group{
			ID: id("77c2b1aa-1c0d-4e2f-a3b4-c5d6e7f80912"), Name: "Root",
			Groups: []*vault.Group{{
				ID: id("5be1c9d0-93f4-4c47-8f0e-2d1c3b4a5968"), Name: "Infra", Icon: vault.Icon{Standard: 48},
				Expanded: true, EnableSearching: vault.No, Entries: []*vault.Entry{entry},
			}},
		},
	}
}

// TestStreamVector: the format in writing. Clients and servers of different
// ages meet, so these bytes must stay readable, and change only with "v".
func TestStreamVector(t *testing.T) {
	b, err := os.ReadFile("testdata/stream/complete.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	want := vectorContent(t)
	got, err := decode(b, wire.Complete)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Content, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	const digest = "8b2201caeb2538b789dd9252912db2ce6929ff934bddcff43da67e985c630968"
	if got.Digest.String() != digest || got.Lease != "header.payload.signature" || got.Head.Generation != 7 {
		t.Errorf("digest %s, lease %s, head %+v", got.Digest, got.Lease, got.Head)
	}
	var buf bytes.Buffer
	err = wire.EncodeContent(&buf, wire.Complete, got.Head, want, wire.EncodeOptions{
		Lease: func(int, wire.Digest) (string, error) { return got.Lease, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(b), buf.String()); diff != "" {
		t.Error(diff)
	}
}
