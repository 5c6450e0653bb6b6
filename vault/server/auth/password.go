package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/tideover/tideover/vault"
)

// Cost of a password hash: the first choice of the OWASP Password Storage Cheat
// Sheet for Argon2id; 27 ms of one core.
const (
	memoryKiB  = 19 * 1024
	passes     = 2
	lanes      = 1
	saltBytes  = 16
	tagBytes   = 32
	phcPrefix  = "$argon2id$v=19$"
	maxPHCSize = 512
)

// Limits of a stored hash: what could come from another program's database, and
// no more, so that a changed row cannot stop the server.
const (
	maxMemoryKiB = 256 * 1024
	maxPasses    = 16
	maxLanes     = 16
	maxTagBytes  = 64
)

// MaxPasswordBytes bounds an account password; it is hashed whole.
const MaxPasswordBytes = 4096

// Hasher hashes passwords with Argon2id. Each hash takes 19 MiB, so it computes
// only as many at once as it has slots; the others wait. It is safe for
// concurrent use.
type Hasher struct {
	slots chan struct{}
	dummy string
}

// NewHasher returns a hasher that computes parallel hashes at once; 0: as many
// as the process has cores.
func NewHasher(parallel int) *Hasher {
	if parallel <= 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	h := &Hasher{slots: make(chan struct{}, parallel)}
	h.dummy = parameters{memoryKiB, passes, lanes, make([]byte, saltBytes), make([]byte, tagBytes)}.encode()
	return h
}

// Hash returns the PHC string of a password with a fresh salt. The password is
// brought to NFC first, so that two keyboards type the same one.
func (h *Hasher) Hash(ctx context.Context, password vault.Secret) (string, error) {
	if password.Len() > MaxPasswordBytes {
		return "", vault.Fail(vault.Usage, "a password has at most %d bytes", MaxPasswordBytes)
	}
	p := parameters{memoryKiB: memoryKiB, passes: passes, lanes: lanes, salt: make([]byte, saltBytes)}
	rand.Read(p.salt) //nolint:errcheck // never returns an error (Go 1.24)
	tag, err := h.derive(ctx, password, p, tagBytes)
	if err != nil {
		return "", err
	}
	p.tag = tag
	return p.encode(), nil
}

// Match says how a password fits a stored hash.
type Match struct {
	OK       bool
	Outdated bool // the hash has another cost than Hash would give it
}

// Verify compares a password with a stored hash. An empty hash, of a user who
// has no password or does not exist, costs the same and never matches.
func (h *Hasher) Verify(ctx context.Context, phc string, password vault.Secret) (Match, error) {
	exists := phc != ""
	if !exists {
		phc = h.dummy
	}
	p, err := parsePHC(phc)
	if err != nil {
		return Match{}, fmt.Errorf("verify password: %w", err)
	}
	if password.Len() > MaxPasswordBytes { // Hash refuses it, so it is nobody's
		password, exists = vault.Secret{}, false
	}
	tag, err := h.derive(ctx, password, p, uint32(len(p.tag)))
	if err != nil {
		return Match{}, err
	}
	same := subtle.ConstantTimeCompare(tag, p.tag) == 1
	return Match{
		OK:       same && exists,
		Outdated: p.memoryKiB != memoryKiB || p.passes != passes || p.lanes != lanes || len(p.tag) != tagBytes,
	}, nil
}

// derive waits for a slot and computes the hash.
func (h *Hasher) derive(ctx context.Context, password vault.Secret, p parameters, size uint32) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	if err := ctx.Err(); err != nil { // hung up while it waited: nobody wants to know
		return nil, err
	}
	normal := norm.NFC.Append(nil, password.Bytes()...)
	defer clear(normal)
	return argon2.IDKey(normal, p.salt, p.passes, p.memoryKiB, p.lanes, size), nil
}

// parameters is what a PHC string holds.
type parameters struct {
	memoryKiB, passes uint32
	lanes             uint8
	salt, tag         []byte
}

func (p parameters) encode() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("%sm=%d,t=%d,p=%d$%s$%s", phcPrefix, p.memoryKiB, p.passes, p.lanes,
		b64.EncodeToString(p.salt), b64.EncodeToString(p.tag))
}

// parsePHC reads what encode writes (PHC string format, Argon2id version 1.3).
func parsePHC(s string) (parameters, error) {
	var p parameters
	rest, ok := strings.CutPrefix(s, phcPrefix)
	parts := strings.Split(rest, "$")
	if !ok || len(s) > maxPHCSize || len(parts) != 3 {
		return p, errors.New("not an Argon2id hash in PHC form")
	}
	if _, err := fmt.Sscanf(parts[0], "m=%d,t=%d,p=%d", &p.memoryKiB, &p.passes, &p.lanes); err != nil {
		return p, errors.New("hash without cost")
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[1]); err != nil || len(p.salt) < 8 {
		return p, errors.New("hash without salt")
	}
	if p.tag, err = base64.RawStdEncoding.Strict().DecodeString(parts[2]); err != nil || len(p.tag) < 16 || len(p.tag) > maxTagBytes {
		return p, errors.New("hash of a wrong length")
	}
	if p.memoryKiB < 8 || p.memoryKiB > maxMemoryKiB || p.passes < 1 || p.passes > maxPasses || p.lanes < 1 || p.lanes > maxLanes {
		return p, errors.New("hash with a cost out of range")
	}
	return p, nil
}
