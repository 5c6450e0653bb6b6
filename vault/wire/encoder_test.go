package wire_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

func TestEncoderRefusesWhatJSONCannotCarry(t *testing.T) {
	for name, spoil := range map[string]func(*vault.Entry){
		"tag":         func(e *vault.Entry) { e.Tags = []string{"\xff"} },
		"field name":  func(e *vault.Entry) { e.Fields = []vault.Field{{Name: "\xff"}} },
		"old year":    func(e *vault.Entry) { e.Times.Created = time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC) },
		"custom data": func(e *vault.Entry) { e.History = []*vault.Entry{{CustomData: []vault.CustomDatum{{Value: "\xff"}}}} },
	} {
		var buf bytes.Buffer
		enc := wire.NewEncoder(&buf, wire.Metadata)
		e := &vault.Entry{ID: vault.NewID()}
		spoil(e)
		if err := enc.Head(wire.Head{Groups: 1, Entries: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := enc.Group(-1, &vault.Group{}); err != nil {
			t.Fatal(err)
		}
		if err := enc.Entry(0, e, nil); !errors.Is(err, vault.Unsupported) {
			t.Errorf("%s: got %v, want unsupported", name, err)
		}
		if err := enc.End(""); !errors.Is(err, vault.Unsupported) {
			t.Errorf("%s: the error does not stay: %v", name, err)
		}
		// The stream up to the entry is whole, and the reader learns why it ends.
		if err := enc.Fail(vault.Unsupported); err != nil {
			t.Errorf("%s: fail: %v", name, err)
		}
		if _, err := decode(buf.Bytes(), wire.Metadata); !errors.Is(err, vault.Unsupported) {
			t.Errorf("%s: the reader got %v from %s", name, err, buf.Bytes())
		}
		if err := enc.Entry(0, &vault.Entry{}, nil); err == nil {
			t.Errorf("%s: the encoder went on after its end", name)
		}
	}
}

func TestEncoderKeepsItsPromises(t *testing.T) {
	var buf bytes.Buffer
	enc := wire.NewEncoder(&buf, wire.Complete)
	if err := enc.Head(wire.Head{Groups: 1, Entries: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := enc.Group(-1, &vault.Group{}); err != nil {
		t.Fatal(err)
	}
	if err := enc.End("lease"); err == nil || strings.Contains(buf.String(), "lease") {
		t.Errorf("a stream with too few entries got its lease: %v", err)
	}
}

func TestEncoderRefusesUnknownPlaces(t *testing.T) {
	for name, call := range map[string]func(*wire.Encoder) error{
		"entry before its group": func(e *wire.Encoder) error { return e.Entry(0, &vault.Entry{}, nil) },
		"entry of no group":      func(e *wire.Encoder) error { return e.Entry(-1, &vault.Entry{}, nil) },
		"group of a later one": func(e *wire.Encoder) error {
			_, _ = e.Group(-1, &vault.Group{}) // the root
			_, err := e.Group(1, &vault.Group{})
			return err
		},
		"no lease": func(e *wire.Encoder) error { return e.End("") },
	} {
		enc := wire.NewEncoder(&bytes.Buffer{}, wire.Complete)
		if err := enc.Head(wire.Head{}); err != nil {
			t.Fatal(err)
		}
		if err := call(enc); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

type failingWriter struct{ after int }

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.after -= len(b); w.after < 0 {
		return 0, errors.New("connection reset")
	}
	return len(b), nil
}

func TestEncoderReportsTheWriter(t *testing.T) {
	err := wire.EncodeContent(&failingWriter{after: 100_000}, wire.Complete, wire.Head{}, everything(), wire.EncodeOptions{
		Lease: func(int, wire.Digest) (string, error) { return "lease", nil },
	})
	if err == nil || err.Error() != "connection reset" {
		t.Errorf("got %v", err)
	}
}
