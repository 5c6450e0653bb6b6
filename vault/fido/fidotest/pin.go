package fidotest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
)

// macs are authenticate(key, message) of the two protocols: CTAP 6.5.6, 6.5.7.
var macs = map[int]func(key, message []byte) []byte{
	1: func(key, message []byte) []byte { return mac(key, message)[:16] },
	2: func(key, message []byte) []byte { return mac(key[:32], message) },
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}

// secret is the shared secret: of protocol two, the HMAC key and the AES key.
func secret(protocol int, own *ecdh.PrivateKey, x, y []byte) ([]byte, bool) {
	public, err := ecdh.P256().NewPublicKey(append(append([]byte{4}, x...), y...))
	if err != nil {
		return nil, false
	}
	z, err := own.ECDH(public)
	if err != nil {
		return nil, false
	}
	if protocol == 1 {
		s := sha256.Sum256(z)
		return s[:], true
	}
	// RFC 5869 by hand, one block of output each.
	prk := mac(make([]byte, 32), z)
	return append(mac(prk, []byte("CTAP2 HMAC key\x01")), mac(prk, []byte("CTAP2 AES key\x01"))...), true
}

func crypt(protocol int, shared []byte) (cipher.Block, int) {
	if protocol == 2 {
		shared = shared[32:]
	}
	block, err := aes.NewCipher(shared)
	if err != nil {
		panic(err)
	}
	return block, (protocol - 1) * 16
}

func open(protocol int, shared, sealed []byte) ([]byte, bool) {
	block, iv := crypt(protocol, shared)
	if len(sealed)%16 != 0 || len(sealed) <= iv {
		return nil, false
	}
	vector := append(make([]byte, 16-iv), sealed[:iv]...)
	out := make([]byte, len(sealed)-iv)
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(out, sealed[iv:])
	return out, true
}

func seal(protocol int, shared, plain []byte) []byte {
	block, iv := crypt(protocol, shared)
	out := append(random(iv), make([]byte, len(plain))...)
	vector := append(make([]byte, 16-iv), out[:iv]...)
	cipher.NewCBCEncrypter(block, vector).CryptBlocks(out[iv:], plain)
	return out
}

// agreed returns the shared secret of a request with a key agreement key.
func (k *Key) agreed(protocol int, peer object) ([]byte, bool) {
	if macs[protocol] == nil || peer.num(1) != 2 || peer.num(3) != -25 || peer.num(-1) != 1 {
		return nil, false
	}
	return secret(protocol, k.agreement, peer.bytes(-2), peer.bytes(-3))
}

// hmacSecret is the extension's work: CTAP 12.5.
func (k *Key) hmacSecret(c *credential, in object, verified bool) ([]byte, byte) {
	protocol := 1
	if _, ok := in[int64(4)]; ok {
		protocol = in.num(4)
	}
	shared, ok := k.agreed(protocol, in.object(1))
	if !ok {
		return nil, 0x02
	}
	if !bytes.Equal(macs[protocol](shared, in.bytes(2)), in.bytes(3)) {
		return nil, 0x33
	}
	salts, ok := open(protocol, shared, in.bytes(2))
	if !ok || len(salts) != 32 && len(salts) != 64 {
		return nil, 0x03
	}
	credRandom := c.withoutUV
	if verified {
		credRandom = c.withUV
	}
	out := mac(credRandom, salts[:32])
	if len(salts) == 64 {
		out = append(out, mac(credRandom, salts[32:])...)
	}
	return seal(protocol, shared, out), 0
}

// clientPIN is authenticatorClientPIN: CTAP 6.5.5.
func (k *Key) clientPIN(r object, wait func() byte) (object, byte) {
	protocol := r.num(1)
	switch r.num(2) {
	case 0x01:
		return object{3: k.retries, 4: k.wrongInRow >= 3}, 0
	case 0x02:
		if macs[protocol] == nil {
			return nil, 0x02
		}
		p := k.agreement.PublicKey().Bytes()
		return object{1: object{1: 2, 3: -25, -1: 1, -2: p[1:33], -3: p[33:]}}, 0
	case 0x05:
		return k.tokenByPIN(r, protocol, 3)
	case 0x06:
		if !k.options.Finger || !k.options.Permissions {
			return nil, 0x01
		}
		if status := wait(); status != 0 {
			return nil, status
		}
		return k.issue(r, protocol, r.num(9))
	case 0x09:
		if !k.options.Permissions || r.num(9) == 0 || r.text(10) == "" {
			return nil, 0x02
		}
		return k.tokenByPIN(r, protocol, r.num(9))
	}
	return nil, 0x3e // INVALID_SUBCOMMAND
}

// tokenByPIN is CTAP 6.5.5.7.1 and .2.
func (k *Key) tokenByPIN(r object, protocol, permissions int) (object, byte) {
	switch {
	case k.pin == nil:
		return nil, 0x35
	case k.retries == 0:
		return nil, 0x32
	case k.wrongInRow >= 3:
		return nil, 0x34
	}
	shared, ok := k.agreed(protocol, r.object(3))
	if !ok {
		return nil, 0x02
	}
	k.retries--
	digest, ok := open(protocol, shared, r.bytes(6))
	if !ok || subtle.ConstantTimeCompare(digest, k.pin) != 1 {
		k.wrongInRow++
		k.renew()
		switch {
		case k.retries == 0:
			return nil, 0x32
		case k.wrongInRow >= 3:
			return nil, 0x34
		}
		return nil, 0x31
	}
	k.retries, k.wrongInRow = 8, 0
	return k.issue(r, protocol, permissions)
}

// issue makes a token and encrypts it to the asker.
func (k *Key) issue(r object, protocol, permissions int) (object, byte) {
	shared, ok := k.agreed(protocol, r.object(3))
	if !ok {
		return nil, 0x02
	}
	k.token, k.permissions, k.verified = random(32), permissions, true
	return object{2: seal(protocol, shared, k.token)}, 0
}
