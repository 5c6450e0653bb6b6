package store

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
)

// Setting is one named value of the server: a policy, a switch, or a secret.
type Setting struct {
	Name    string
	Value   []byte   // as its owner writes it; opaque here
	Key     vault.ID // data key if Value is a ciphertext; zero: clear
	Version int64    // 1 at first, set by the store: grows with each write
	By      vault.ID // who wrote it; zero: a command on the server
	At      time.Time
}

// SettingReader reads settings and marks.
type SettingReader interface {
	// Setting returns the setting, or ErrNotFound.
	Setting(ctx context.Context, name string) (Setting, error)
	// Settings returns all, by name.
	Settings(ctx context.Context) ([]Setting, error)
	// Meta returns a mark, or ErrNotFound.
	Meta(ctx context.Context, name string) ([]byte, error)
}

// SettingWriter writes settings (they count in Gov) and marks (they do not).
type SettingWriter interface {
	// PutSetting inserts or replaces. s.Version is the version that the caller
	// read, 0 for none; ErrConflict (Stale): the stored one differs. The new
	// version is s.Version + 1.
	PutSetting(ctx context.Context, s Setting) error
	// DeleteSetting removes it, or returns ErrNotFound.
	DeleteSetting(ctx context.Context, name string) error
	// PutMeta sets a mark about the database itself: incarnation, last verified
	// restore. Marks are no policy.
	PutMeta(ctx context.Context, name string, value []byte) error
}
