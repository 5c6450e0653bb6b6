package kdbx

// Cipher is the outer cipher of a file.
type Cipher uint8

// The ciphers that KeePass 2 and KeePassXC know. The numbers are ours; on disk
// a cipher is a UUID.
const (
	AES256   Cipher = 1 // CBC with PKCS #7 padding
	ChaCha20 Cipher = 2 // RFC 8439, 96-bit nonce, counter from 0
)

// String returns the usual name.
func (c Cipher) String() string {
	switch c {
	case AES256:
		return "AES-256"
	case ChaCha20:
		return "ChaCha20"
	}
	return "unknown cipher"
}

// Compression is the compression of the payload. The numbers are those on disk.
type Compression uint32

// The two that exist.
const (
	CompressionNone Compression = 0
	CompressionGzip Compression = 1
)

// KDFKind is a key derivation function.
type KDFKind uint8

// The functions that KDBX 4 knows. The numbers are ours; on disk a function is
// a UUID.
const (
	Argon2d  KDFKind = 1
	Argon2id KDFKind = 2
	AESKDF   KDFKind = 3
)

// String returns the usual name.
func (k KDFKind) String() string {
	switch k {
	case Argon2d:
		return "Argon2d"
	case Argon2id:
		return "Argon2id"
	case AESKDF:
		return "AES-KDF"
	}
	return "unknown key derivation"
}

// KDFParams are the costs of a key derivation. AES-KDF has Iterations only,
// called rounds there.
type KDFParams struct {
	Kind        KDFKind
	MemoryBytes uint64 // a multiple of 1024, at least 8 KiB for each lane
	Iterations  uint64
	Parallelism uint32 // lanes, 1–255
}

// Options say how a file is written. The minor version is not among them: a
// file is 4.1 if it holds something that 4.0 has no place for, else 4.0.
type Options struct {
	Cipher           Cipher
	Compression      Compression
	KDF              KDFParams
	PublicCustomData VariantMap // readable without the key, authenticated by it
}

// DefaultOptions returns AES-256, gzip and Argon2id with the second choice of
// RFC 9106, section 4: 64 MiB, 3 passes, 4 lanes.
func DefaultOptions() Options {
	return Options{
		Cipher:      AES256,
		Compression: CompressionGzip,
		KDF:         KDFParams{Kind: Argon2id, MemoryBytes: 64 << 20, Iterations: 3, Parallelism: 4},
	}
}
