package binding

import "context"

// What follows is what a client's chip is asked to do with NV indices. It
// stands here so that a cache can ask without knowing the chip.

// AskPermit asks the server to sign r, and returns r‖s. The chip waits
// meanwhile, with the connection open, for the session whose nonce is in r
// lives no longer; so its context has a limit. It must not call the chip. It is
// called once, as a first write is permitted once; if the chip then puts us off
// for too long, the call ends with ErrBusy.
type AskPermit func(ctx context.Context, r PermitRequest) (signature []byte, err error)

// PinWrite is what is written to a PIN index.
type PinWrite struct {
	Index  IndexKind // PinFail or PinPass
	Count  uint32    // 0, but for a new budget of opens: the count that was certified
	Limit  uint32    // tries, or the count at which no open is left
	Permit AskPermit
}

// IndexPlan is for whom NV indices are planned.
type IndexPlan struct {
	Key    ServerKey // of the server's TPM policy key
	Device [16]byte
	Cache  [16]byte
	Opens  bool // with an index that counts opens
}

// IndexCertifying is which index is to be certified, and with what.
type IndexCertifying struct {
	Index      IndexKind
	Key        []byte   // blob of the chip's attestation key, which signs
	Qualifying [32]byte // what Qualify makes for SubjectCounter
}
