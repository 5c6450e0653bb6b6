package fido

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

// protocol is a PIN/UV auth protocol: how the two ends agree on a key, and
// encrypt and authenticate with it. CTAP 6.5.4.
type protocol uint

const (
	protocolOne protocol = 1 // CTAP 6.5.6
	protocolTwo protocol = 2 // CTAP 6.5.7
)

// coseKey is a P-256 public key for key agreement (CTAP 6.5.6, getPublicKey).
type coseKey struct {
	Type      int    `cbor:"1,keyasint"`
	Algorithm int    `cbor:"3,keyasint"`
	Curve     int    `cbor:"-1,keyasint"`
	X         []byte `cbor:"-2,keyasint"`
	Y         []byte `cbor:"-3,keyasint"`
}

// COSE numbers of such a key: EC2, ECDH-ES + HKDF-256 (which is not what is
// done, as the standard says itself), P-256.
const (
	coseEC2  = 2
	coseECDH = -25
	coseP256 = 1
)

// shared is what both ends know once they have agreed.
type shared struct {
	protocol protocol
	mac, key []byte // 32 bytes each
}

// encapsulate agrees on a key with the owner of peer, and returns what to send.
func (p protocol) encapsulate(peer coseKey) (*shared, coseKey, error) {
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, coseKey{}, err
	}
	return p.agree(private, peer)
}

// agree is encapsulate with a key of the caller's.
func (p protocol) agree(private *ecdh.PrivateKey, peer coseKey) (*shared, coseKey, error) {
	if peer.Type != coseEC2 || peer.Curve != coseP256 || len(peer.X) != 32 || len(peer.Y) != 32 {
		return nil, coseKey{}, failed("a key agreement key of another kind")
	}
	public, err := ecdh.P256().NewPublicKey(append(append([]byte{4}, peer.X...), peer.Y...))
	if err != nil {
		return nil, coseKey{}, failed("a key agreement key that is no point")
	}
	z, err := private.ECDH(public)
	if err != nil {
		return nil, coseKey{}, failed("key agreement: %w", err)
	}
	defer clear(z)
	s := &shared{protocol: p}
	if p == protocolOne {
		k := sha256.Sum256(z)
		s.mac, s.key = k[:], k[:]
	} else {
		salt := make([]byte, 32)
		if s.mac, err = hkdf.Key(sha256.New, z, salt, "CTAP2 HMAC key", 32); err != nil {
			return nil, coseKey{}, err
		}
		if s.key, err = hkdf.Key(sha256.New, z, salt, "CTAP2 AES key", 32); err != nil {
			return nil, coseKey{}, err
		}
	}
	own := private.PublicKey().Bytes()
	return s, coseKey{Type: coseEC2, Algorithm: coseECDH, Curve: coseP256, X: own[1:33], Y: own[33:]}, nil
}

// wipe clears what was agreed on.
func (s *shared) wipe() {
	clear(s.mac)
	clear(s.key)
}

// encrypt encrypts whole blocks of 16 bytes.
func (s *shared) encrypt(plain []byte) ([]byte, error) {
	block, err := aes.NewCipher(s.key)
	if err != nil {
		return nil, err
	}
	head := 0
	if s.protocol == protocolTwo {
		head = aes.BlockSize
	}
	out := make([]byte, head+len(plain))
	if _, err := rand.Read(out[:head]); err != nil {
		return nil, err
	}
	cipher.NewCBCEncrypter(block, s.iv(out)).CryptBlocks(out[head:], plain)
	return out, nil
}

// decrypt is the inverse. The caller wipes the result.
func (s *shared) decrypt(sealed []byte) ([]byte, error) {
	block, err := aes.NewCipher(s.key)
	if err != nil {
		return nil, err
	}
	head := 0
	if s.protocol == protocolTwo {
		head = aes.BlockSize
	}
	if len(sealed) <= head || len(sealed)%aes.BlockSize != 0 {
		return nil, failed("%d encrypted bytes", len(sealed))
	}
	out := make([]byte, len(sealed)-head)
	cipher.NewCBCDecrypter(block, s.iv(sealed)).CryptBlocks(out, sealed[head:])
	return out, nil
}

// iv returns the initialisation vector of a sealed message.
func (s *shared) iv(sealed []byte) []byte {
	if s.protocol == protocolTwo {
		return sealed[:aes.BlockSize]
	}
	return make([]byte, aes.BlockSize)
}

// authenticate returns the proof that whoever knows key sent the message.
func (p protocol) authenticate(key, message []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(message)
	if p == protocolOne {
		return m.Sum(nil)[:16]
	}
	return m.Sum(nil)
}

// validToken reports whether a decrypted PIN/UV token has a length that the
// protocol allows (CTAP 6.5.6 and 6.5.7, resetPinUvAuthToken).
func (p protocol) validToken(token []byte) bool {
	return len(token) == 32 || p == protocolOne && len(token) == 16
}

// pinDigest is LEFT(SHA-256(PIN), 16). The rest, by which a PIN can be guessed as
// well, stays nowhere.
func pinDigest(pin []byte) []byte {
	d := sha256.Sum256(pin)
	clear(d[16:])
	return d[:16]
}
