package kdbx

// Limits bound what a file may ask of this machine. Each is checked before the
// work it bounds; a file beyond one is refused as vault.Hostile. Start from
// DefaultLimits: a limit of zero lets nothing through.
type Limits struct {
	HeaderBytes      int    // all fields of the outer header together
	VariantItems     int    // items of one variant map
	KDFMemoryBytes   uint64 // Argon2 memory
	KDFIterations    uint64 // Argon2 passes
	KDFWorkBytes     uint64 // Argon2 memory × passes
	KDFParallelism   uint32 // Argon2 lanes
	AESRounds        uint64 // AES-KDF rounds
	BlockBytes       int    // one authenticated block
	DecodedBytes     int64  // payload after decompression: inner header and XML
	MemoryBytes      int64  // what the document takes in memory, about
	TextBytes        int    // text of one XML element
	GroupDepth       int    // groups on one path, the root group included
	Entries          int    // history included
	Groups           int
	ItemsPerEntry    int // fields, attachments, associations, history: each
	Attachments      int // binaries of the file
	UnknownDepth     int // elements inside one another in something unknown
	AttributesPerTag int
}

// MaxGroupDepth is the depth that Write allows and DefaultLimits read. It keeps
// recursion shallow; KeePass 2.47 itself refuses more than 127.
const MaxGroupDepth = 256

// The defaults, with their reasons.
const (
	// The header is read before anything is authenticated. Real ones have 300
	// bytes; ours carries a TPM record of 4 KiB and a lease.
	maxHeaderBytes  = 256 << 10
	maxVariantItems = 256
	// A derivation should not drive a laptop with 4 GiB into swap. KeePass and
	// KeePassXC both start at 64 MiB.
	maxKDFMemoryBytes = 1 << 30
	// 64 GiB of memory written take about a minute on one slow core, at any
	// shape; the passes by themselves bound tiny memories.
	maxKDFIterations  = 1 << 20
	maxKDFWorkBytes   = 64 << 30
	maxKDFParallelism = 255 // golang.org/x/crypto/argon2 counts lanes in 8 bits
	maxAESRounds      = 1 << 30
	// KeePass and KeePassXC write blocks of 1 MiB; some libraries write the
	// whole payload as one.
	maxBlockBytes   = 512 << 20
	maxDecodedBytes = 1 << 30
	// An ordinary document takes about as much memory as its XML has bytes; the
	// shortest elements make structures of 60 times their size.
	maxMemoryBytes = 2 * maxDecodedBytes
	maxTextBytes   = 128 << 20 // a 96 MiB attachment as base64, KDBX 3.1
	maxEntries     = 1_000_000
	maxGroups      = 1_000_000
	// Uniqueness of names is checked within an entry.
	maxItemsPerEntry    = 10_000
	maxAttachments      = 100_000
	maxUnknownDepth     = 64
	maxAttributesPerTag = 32
)

// DefaultLimits returns the limits of the product.
func DefaultLimits() Limits {
	return Limits{
		HeaderBytes:      maxHeaderBytes,
		VariantItems:     maxVariantItems,
		KDFMemoryBytes:   maxKDFMemoryBytes,
		KDFIterations:    maxKDFIterations,
		KDFWorkBytes:     maxKDFWorkBytes,
		KDFParallelism:   maxKDFParallelism,
		AESRounds:        maxAESRounds,
		BlockBytes:       maxBlockBytes,
		DecodedBytes:     maxDecodedBytes,
		MemoryBytes:      maxMemoryBytes,
		TextBytes:        maxTextBytes,
		GroupDepth:       MaxGroupDepth,
		Entries:          maxEntries,
		Groups:           maxGroups,
		ItemsPerEntry:    maxItemsPerEntry,
		Attachments:      maxAttachments,
		UnknownDepth:     maxUnknownDepth,
		AttributesPerTag: maxAttributesPerTag,
	}
}
