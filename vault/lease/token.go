package lease

import "crypto/ecdsa"

// MaxTokenBytes bounds a lease before anything is decoded. A full one has
// about 2 KiB; it must fit into the header of the cache and into one line.
const MaxTokenBytes = 16 << 10

func leaseForm() form { return form{noun: "lease", use: UseLease, maxBytes: MaxTokenBytes} }

// Sign returns l as a compact JWS, signed with the sub-key kid. It refuses a
// lease that Verify would refuse.
func Sign(key *ecdsa.PrivateKey, kid string, l Lease) (string, error) {
	return signStatement(leaseForm(), key, kid, &l)
}

// Verify reads a lease that one of the server's lease keys has signed. It says
// nothing about whether the lease is for this device or over: see Judge and
// vault/cache. A false signature, an unknown key and every other form than the
// one that Sign writes are Damaged problems, an oversized token is Hostile, a
// later version Unsupported.
func Verify(token string, keys KeySet) (*Lease, error) {
	l, kid, err := openStatement[Lease](leaseForm(), token, keys)
	if err != nil {
		return nil, err
	}
	l.KeyID = kid
	return l, nil
}
