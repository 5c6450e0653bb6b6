package attest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
)

// creation is a TPMS_CREATION_DATA. (TCG TPM 2.0 Library, Part 2, 15.1.)
type creation struct {
	pcrs            []selection
	pcrDigest       []byte
	locality        uint8
	parentNameAlg   uint16
	parent          []byte // Name
	parentQualified []byte // qualified Name
	outside         []byte
}

// parseCreation reads a TPMS_CREATION_DATA and nothing after it.
func parseCreation(b []byte) (creation, error) {
	if len(b) > maxCreation {
		return creation{}, fmt.Errorf("%w: %d bytes", ErrCreation, len(b))
	}
	r := &reader{b: b}
	c := creation{
		pcrs: r.selections(), pcrDigest: r.sized(64), locality: r.u8(), parentNameAlg: r.u16(),
		parent: r.sized(maxName), parentQualified: r.sized(maxName), outside: r.sized(maxName),
	}
	if !r.end() {
		return creation{}, fmt.Errorf("%w: form", ErrCreation)
	}
	return c, nil
}

// checkCreation refuses creation data that were not certified, or that say the
// object was made elsewhere than under root.
func (a attested) checkCreation(data, root []byte) error {
	sum := sha256.Sum256(data)
	if !bytes.Equal(a.creationHash, sum[:]) {
		return ErrCreation
	}
	c, err := parseCreation(data)
	if err != nil {
		return err
	}
	if c.parentNameAlg != algSHA256 || !bytes.Equal(c.parent, root) || !bytes.Equal(c.parentQualified, qualified(rhOwner, root)) {
		return ErrOtherParent
	}
	return nil
}
