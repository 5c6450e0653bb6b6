package fido

import "crypto/ecdh"

// Agreed is what a key agreement gives, for vectors.
type Agreed struct {
	X, Y, HMAC, AES []byte
	Encrypt         func([]byte) ([]byte, error)
	Decrypt         func([]byte) ([]byte, error)
}

// Agree agrees with a private key that is not random.
func Agree(p int, private, x, y []byte) (Agreed, error) {
	key, err := ecdh.P256().NewPrivateKey(private)
	if err != nil {
		return Agreed{}, err
	}
	s, own, err := protocol(p).agree(key, coseKey{Type: coseEC2, Algorithm: coseECDH, Curve: coseP256, X: x, Y: y})
	if err != nil {
		return Agreed{}, err
	}
	return Agreed{X: own.X, Y: own.Y, HMAC: s.mac, AES: s.key, Encrypt: s.encrypt, Decrypt: s.decrypt}, nil
}

// PINDigest is what of a PIN travels.
func PINDigest(pin []byte) []byte { return pinDigest(pin) }
