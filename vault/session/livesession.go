package session

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/process"
)

// liveSession is what a sign-in leaves behind, sealed by the Keeper: the token,
// and a slow, salted digest of the account password. With that a master password
// that is chosen later can be held against it, and the password itself is not
// kept. Nobody sees the digest without this machine's chip or keychain.
type liveSession struct {
	Version int    `json:"v"`
	Access  []byte `json:"access"`
	Salt    []byte `json:"salt"` // empty: a session from before there was a digest
	Digest  []byte `json:"digest"`
}

// Sizes of the digest in bytes, and the only version there is.
const (
	liveVersion     = 1
	liveSaltBytes   = 16
	liveDigestBytes = 32
)

// livePrefix begins every sealed session of this form; earlier ones are the
// token and nothing else.
var livePrefix = []byte(`{"v":1,"access":"`)

func newLiveSession(access, password vault.Secret) *liveSession {
	l := &liveSession{Version: liveVersion, Access: access.Bytes()}
	if !password.IsEmpty() {
		l.Salt = make([]byte, liveSaltBytes)
		rand.Read(l.Salt) //nolint:errcheck // never returns an error (Go 1.24)
		l.Digest = passwordDigest(password, l.Salt)
	}
	return l
}

func (l *liveSession) marshal() ([]byte, error) { return json.Marshal(l) }

// parseLiveSession reads an opened blob. It copies what it needs.
func parseLiveSession(raw []byte) (*liveSession, error) {
	if !bytes.HasPrefix(raw, livePrefix) {
		return &liveSession{Version: liveVersion, Access: bytes.Clone(raw)}, nil
	}
	l := &liveSession{}
	if err := json.Unmarshal(raw, l); err != nil {
		return nil, vault.Fail(vault.NotSignedIn, "the stored session cannot be read: %w", err)
	}
	return l, nil
}

// compares reports whether a password can be held against the account's.
func (l *liveSession) compares() bool { return len(l.Salt) > 0 && len(l.Digest) == liveDigestBytes }

// same reports whether password is the one of the sign-in.
func (l *liveSession) same(password vault.Secret) bool {
	return l.compares() && subtle.ConstantTimeCompare(passwordDigest(password, l.Salt), l.Digest) == 1
}

func (l *liveSession) wipe() {
	clear(l.Access)
	clear(l.Digest)
}

// passwordDigest is Argon2id at the least cost that a cache allows. It does not
// have to stop anybody who has the blob alone, but somebody who broke the chip.
func passwordDigest(password vault.Secret, salt []byte) []byte {
	cost := cache.FloorCost()
	p := norm.NFC.Bytes(password.Bytes()) // a copy, or the same bytes if nothing changes
	var digest []byte
	process.Discreetly(func() {
		digest = argon2.IDKey(p, salt, uint32(cost.Passes), uint32(cost.MemoryBytes>>10), uint8(cost.Lanes), liveDigestBytes)
	})
	if len(p) > 0 && &p[0] != &password.Bytes()[0] {
		clear(p)
	}
	return digest
}

// samePassword compares two passwords in any Unicode form.
func samePassword(a, b vault.Secret) bool {
	x, y := norm.NFC.Append(nil, a.Bytes()...), norm.NFC.Append(nil, b.Bytes()...)
	defer clear(x)
	defer clear(y)
	return subtle.ConstantTimeCompare(x, y) == 1
}
