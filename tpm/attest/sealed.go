package attest

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/tideover/tideover/tpm/binding"
)

// Attributes of sealed objects: fixedTPM, fixedParent, adminWithPolicy, and but
// for level B noDA. (../FORMAT.md, section 2.)
const (
	attributesSealedB uint32 = 0x00000092
	attributesSealed  uint32 = 0x00000492
)

// checkSealed refuses a public area that is not the one of terms, but for its
// unique field of 32 bytes.
func checkSealed(object []byte, terms binding.Terms) error {
	policy, err := terms.AuthPolicy()
	if err != nil {
		return fmt.Errorf("%w: %v", ErrTerms, err)
	}
	attributes := attributesSealed
	if terms.Level == binding.LevelB {
		attributes = attributesSealedB
	}
	want := binary.BigEndian.AppendUint16(nil, algKeyedHash)
	want = binary.BigEndian.AppendUint16(want, algSHA256)
	want = binary.BigEndian.AppendUint32(want, attributes)
	want = binary.BigEndian.AppendUint16(want, uint16(len(policy)))
	want = append(want, policy[:]...)
	want = binary.BigEndian.AppendUint16(want, algNull)
	want = binary.BigEndian.AppendUint16(want, 32)
	if len(object) != len(want)+32 || !bytes.HasPrefix(object, want) {
		return ErrTerms
	}
	return nil
}
