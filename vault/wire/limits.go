package wire

import "github.com/tideover/tideover/vault"

// Limits protect the reader of a stream or of a package from an answer that
// was made to eat this machine. A zero limit allows nothing of its kind.
type Limits struct {
	Bytes           int64 // of the whole answer, as it arrives after decompression
	LineBytes       int   // of one record
	AttachmentBytes int64 // of one attachment
	Entries         int   // with their history
	Groups          int
	GroupDepth      int // the root counts as 1
	// Elements counts everything that takes memory of its own: fields, tags,
	// attachments, custom data, associations, icons, unknown elements.
	Elements int
}

// DefaultLimits returns limits ten times above the largest vaults that people
// report (100,000 entries, tens of MB without attachments).
func DefaultLimits() Limits {
	return Limits{
		Bytes:           1 << 30,   // attachments included; it is held in memory and then in one KDBX file
		LineBytes:       32 << 20,  // one entry with a long history, without attachments
		AttachmentBytes: 512 << 20, // KeePassXC and Pleasant accept files of this size
		Entries:         1_000_000, // 0.5 KB each before they hold anything
		Groups:          100_000,
		GroupDepth:      256, // the deepest tree that vault/kdbx writes
		Elements:        10_000_000,
	}
}

// hostile is what a limit gives. The limit is named, never the value.
func hostile(limit string) error {
	return vault.Fail(vault.Hostile, "the answer is beyond the limit for %s", limit)
}
