package fidotest

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// Options say what kind of key it is.
type Options struct {
	Protocols   []int  // of PIN/UV authentication, as listed; nil: 2 and 1
	PIN         string // "": none is set
	Permissions bool   // CTAP 2.1: tokens with permissions
	AlwaysUV    bool   // CTAP 2.1: a PIN for everything
	PINToMake   bool   // makes no credential without the PIN: CTAP 2.0, or by choice
	Finger      bool   // has a reader, and the finger is the right one
	Plain       bool   // no hmac-secret
	Untouched   bool   // somebody has to call Touch; else it is touched at once
	LongID      int    // bytes of a credential id; 0: 64
}

// Key is a security key. It is safe for concurrent use.
type Key struct {
	options Options
	touches <-chan struct{}
	touch   chan struct{}

	mu          sync.Mutex
	pin         []byte // LEFT(SHA-256(PIN), 16)
	retries     int
	wrongInRow  int
	agreement   *ecdh.PrivateKey
	token       []byte
	permissions int
	verified    bool // what the token proves
	counter     uint32
	credentials map[string]*credential
}

type credential struct {
	rp        string
	private   *ecdsa.PrivateKey
	withUV    []byte // the two CredRandom of CTAP 12.5
	withoutUV []byte
}

// New returns a key that holds nothing.
func New(o Options) *Key {
	if o.Protocols == nil {
		o.Protocols = []int{2, 1}
	}
	if o.LongID == 0 {
		o.LongID = 64
	}
	k := &Key{options: o, touch: make(chan struct{}), retries: 8, credentials: map[string]*credential{}}
	k.touches = k.touch
	if !o.Untouched {
		always := make(chan struct{})
		close(always)
		k.touches = always
	}
	if o.PIN != "" {
		d := sha256.Sum256([]byte(o.PIN))
		k.pin = d[:16]
	}
	k.renew()
	return k
}

// Touch touches the key. It returns when the key has felt it.
func (k *Key) Touch() { k.touch <- struct{}{} }

// Retries returns how many PINs are left.
func (k *Key) Retries() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.retries
}

// Credentials returns how many it holds.
func (k *Key) Credentials() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.credentials)
}

// renew makes a new key agreement key.
func (k *Key) renew() {
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	k.agreement = private
}

// handle runs one command and returns status and answer.
func (k *Key) handle(ctx context.Context, command byte, body []byte, keepalive func(byte)) []byte {
	request := object{}
	if len(body) > 0 {
		v, err := decode(body)
		if err != nil {
			return []byte{0x12} // INVALID_CBOR
		}
		o, ok := v.(object)
		if !ok {
			return []byte{0x11} // CBOR_UNEXPECTED_TYPE
		}
		request = o
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	wait := func() byte {
		k.mu.Unlock()
		defer k.mu.Lock()
		return k.wait(ctx, keepalive)
	}
	var answer object
	var status byte
	switch command {
	case 0x01:
		answer, status = k.make(request, wait)
	case 0x02:
		answer, status = k.assert(request, wait)
	case 0x04:
		answer = k.info()
	case 0x06:
		answer, status = k.clientPIN(request, wait)
	default:
		status = 0x01
	}
	if status != 0 || answer == nil {
		return []byte{status}
	}
	return append([]byte{0}, encode(answer)...)
}

func (k *Key) info() object {
	versions, extensions := []any{"FIDO_2_0"}, []any{"credProtect"}
	options := object{"rk": true, "up": true, "plat": false, "clientPin": k.pin != nil}
	if k.options.Permissions {
		versions = append(versions, "FIDO_2_1")
		options["pinUvAuthToken"] = true
		options["makeCredUvNotRqd"] = !k.options.PINToMake
		options["alwaysUv"] = k.options.AlwaysUV
	}
	if k.options.Finger {
		options["uv"] = true
	}
	if !k.options.Plain {
		extensions = append(extensions, "hmac-secret")
	}
	var protocols []any
	for _, p := range k.options.Protocols {
		protocols = append(protocols, p)
	}
	return object{1: versions, 2: extensions, 3: make([]byte, 16), 4: options, 5: 1200, 6: protocols, 7: 8, 8: 1023}
}

// verify checks the PIN/UV parameter of a command against the token: CTAP 6.1.2
// and 6.2.2. need says that the command is nothing without it.
func (k *Key) verify(param []byte, present bool, protocol int, hash []byte, permission int, need bool) (bool, byte) {
	if !present {
		if need || k.options.AlwaysUV {
			return false, 0x36 // PUAT_REQUIRED
		}
		return false, 0
	}
	mac, ok := macs[protocol]
	if !ok || k.token == nil || !bytes.Equal(mac(k.token, hash), param) {
		return false, 0x33 // PIN_AUTH_INVALID
	}
	if k.options.Permissions && k.permissions&permission == 0 {
		return false, 0x33
	}
	return k.verified, 0
}

// make is authenticatorMakeCredential.
func (k *Key) make(r object, wait func() byte) (object, byte) {
	hash, rp := r.bytes(1), r.object(2).text("id")
	if len(hash) != 32 || rp == "" || len(r.object(3).bytes("id")) == 0 || len(r.list(4)) == 0 {
		return nil, 0x14 // MISSING_PARAMETER
	}
	if a, ok := r.list(4)[0].(object); !ok || a.num("alg") != -7 || a.text("type") != "public-key" {
		return nil, 0x26 // UNSUPPORTED_ALGORITHM
	}
	_, present := r[int64(8)]
	verified, status := k.verify(r.bytes(8), present, r.num(9), hash, 1, k.options.PINToMake && k.pin != nil)
	if status != 0 {
		return nil, status
	}
	for _, e := range r.list(5) {
		if d, ok := e.(object); ok && k.credentials[string(d.bytes("id"))] != nil {
			if status := wait(); status != 0 {
				return nil, status
			}
			return nil, 0x19 // CREDENTIAL_EXCLUDED
		}
	}
	if status := wait(); status != 0 {
		return nil, status
	}
	k.permissions = 0 // CTAP 6.1.2: a touch uses them up
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, 0x7f
	}
	id := random(k.options.LongID)
	k.credentials[string(id)] = &credential{rp: rp, private: private, withUV: random(32), withoutUV: random(32)}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		return nil, 0x7f
	}
	flags := byte(0x41)
	if verified {
		flags |= 4
	}
	tail := append(make([]byte, 16), byte(len(id)>>8), byte(len(id)))
	tail = append(tail, id...)
	tail = append(tail, encode(object{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})...)
	if want, _ := r.object(6)["hmac-secret"].(bool); want && !k.options.Plain {
		flags |= 0x80
		tail = append(tail, encode(object{"hmac-secret": true})...)
	}
	return object{1: "none", 2: k.authData(rp, flags, tail), 3: object{}}, 0
}

// assert is authenticatorGetAssertion.
func (k *Key) assert(r object, wait func() byte) (object, byte) {
	rp, hash := r.text(1), r.bytes(2)
	if len(hash) != 32 || rp == "" {
		return nil, 0x14
	}
	up := true
	if v, ok := r.object(5)["up"].(bool); ok {
		up = v
	}
	_, present := r[int64(6)]
	verified, status := k.verify(r.bytes(6), present, r.num(7), hash, 2, false)
	if status != 0 {
		return nil, status
	}
	var id []byte
	var c *credential
	for _, e := range r.list(3) {
		d, _ := e.(object)
		if found := k.credentials[string(d.bytes("id"))]; c == nil && found != nil && found.rp == rp && d.text("type") == "public-key" {
			id, c = d.bytes("id"), found
		}
	}
	if c == nil {
		return nil, 0x2e // NO_CREDENTIALS
	}
	flags := byte(0)
	if up {
		if status := wait(); status != 0 {
			return nil, status
		}
		flags, k.permissions = 1, 0
	}
	if verified {
		flags |= 4
	}
	var tail []byte
	if in, ok := r.object(4)["hmac-secret"].(object); ok && !k.options.Plain {
		if !up {
			return nil, 0x2b // UNSUPPORTED_OPTION
		}
		sealed, status := k.hmacSecret(c, in, verified)
		if status != 0 {
			return nil, status
		}
		flags |= 0x80
		tail = encode(object{"hmac-secret": sealed})
	}
	data := k.authData(rp, flags, tail)
	digest := sha256.Sum256(append(append([]byte(nil), data...), hash...))
	signature, err := ecdsa.SignASN1(rand.Reader, c.private, digest[:])
	if err != nil {
		return nil, 0x7f
	}
	return object{1: object{"id": id, "type": "public-key"}, 2: data, 3: signature}, 0
}

func (k *Key) authData(rp string, flags byte, tail []byte) []byte {
	k.counter++
	sum := sha256.Sum256([]byte(rp))
	data := binary.BigEndian.AppendUint32(append(sum[:], flags), k.counter)
	return append(data, tail...)
}
