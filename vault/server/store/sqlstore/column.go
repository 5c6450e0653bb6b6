package sqlstore

import (
	"fmt"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// scan is a destination of a column as a function; src is nil for NULL.
type scan func(src any) error

// Scan implements sql.Scanner.
func (s scan) Scan(src any) error { return s(src) }

// guid reads an identifier; NULL is the zero ID.
func guid(id *vault.ID) scan {
	return func(src any) error {
		switch v := src.(type) {
		case nil:
			*id = vault.ID{}
			return nil
		case []byte:
			if len(v) == len(id) {
				copy(id[:], v)
				return nil
			}
		}
		return fmt.Errorf("identifier: got %T", src)
	}
}

// sum reads a digest of 32 bytes; NULL is zeros.
func sum(h *[32]byte) scan {
	return func(src any) error {
		switch v := src.(type) {
		case nil:
			*h = [32]byte{}
			return nil
		case []byte:
			if len(v) == len(h) {
				copy(h[:], v)
				return nil
			}
		}
		return fmt.Errorf("digest: got %T", src)
	}
}

// millis reads a time; NULL is the zero time.
func millis(t *time.Time) scan {
	return func(src any) error {
		switch v := src.(type) {
		case nil:
			*t = time.Time{}
			return nil
		case int64:
			*t = time.UnixMilli(v).UTC()
			return nil
		}
		return fmt.Errorf("time: got %T", src)
	}
}

// bits reads flags.
func bits(b *uint64) scan {
	return func(src any) error {
		v, ok := src.(int64)
		if !ok {
			return fmt.Errorf("flags: got %T", src)
		}
		*b = uint64(v)
		return nil
	}
}

// present reads whether a column is not NULL.
func present(b *bool) scan {
	return func(src any) error {
		*b = src != nil
		return nil
	}
}

// whole reads a number; NULL is 0.
func whole(n *int64) scan {
	return func(src any) error {
		switch v := src.(type) {
		case nil:
			*n = 0
			return nil
		case int64:
			*n = v
			return nil
		}
		return fmt.Errorf("number: got %T", src)
	}
}

// bytes reads a byte string; NULL and empty are nil.
func bytes(b *[]byte) scan {
	return func(src any) error {
		switch v := src.(type) {
		case nil:
			*b = nil
			return nil
		case []byte:
			*b = append([]byte(nil), v...) // the driver's memory is not ours
			return nil
		}
		return fmt.Errorf("bytes: got %T", src)
	}
}

// idArg is the parameter for an identifier; zero is NULL.
func idArg(id vault.ID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

// timeArg is the parameter for a time; zero is NULL.
func timeArg(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// bytesArg is the parameter for a byte string; empty is NULL.
func bytesArg(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// wholeArg is the parameter for a number; 0 is NULL.
func wholeArg(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// textArg is the parameter for a string, which PostgreSQL takes only as valid
// UTF-8 without NUL.
func textArg(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// foldArg is the parameter for the folded form of a name.
func foldArg(name string) string { return store.Fold(textArg(name)) }
