package tpm

import (
	"encoding/binary"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/tideover/tideover/tpm/binding"
)

// ccPolicyCounterTimer is TPM2_PolicyCounterTimer, which go-tpm lacks. (TCG TPM
// 2.0 Library, Part 2, 6.5.2; Part 3, 23.10.)
const ccPolicyCounterTimer tpm2.TPMCC = 0x16d

// policyCounterTimer goes on only while the field at offset of the chip's time
// is below operand, as an unsigned number.
type policyCounterTimer struct {
	session tpm2.TPMHandle
	operand []byte
	offset  uint16
}

// Execute sends the command; like all policy commands it needs no
// authorisation, since a changed operand changes the digest.
func (p policyCounterTimer) Execute(t transport.TPM, _ ...tpm2.Session) (*struct{}, error) {
	b := binary.BigEndian.AppendUint16(nil, uint16(tpm2.TPMSTNoSessions))
	b = binary.BigEndian.AppendUint32(b, uint32(headerSize+4+2+len(p.operand)+2+2))
	b = binary.BigEndian.AppendUint32(b, uint32(ccPolicyCounterTimer))
	b = binary.BigEndian.AppendUint32(b, uint32(p.session))
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.operand)))
	b = append(b, p.operand...)
	b = binary.BigEndian.AppendUint16(b, p.offset)
	b = binary.BigEndian.AppendUint16(b, uint16(tpm2.TPMEOUnsignedLT))
	answer, err := t.Send(b)
	if err != nil {
		return nil, err
	}
	header, err := tpm2.Unmarshal[tpm2.TPMRspHeader](answer)
	if err != nil {
		return nil, err
	}
	if header.ResponseCode != tpm2.TPMRCSuccess {
		return nil, header.ResponseCode
	}
	return &struct{}{}, nil
}

// ticket is the chip's own word that an approval's signature is good; empty
// for terms that nobody governs.
type ticket = tpm2.TPMTTKVerified

// lease runs in session the part of the object's policy that needs no
// password: the bounds, and that the server approves them.
func (o *operation) lease(session tpm2.TPMHandle, use binding.SealedUse, approved ticket) error {
	if !use.Terms.Governed {
		return o.bounds(session, use.Terms.Bounds)
	}
	if err := o.bounds(session, use.Approval.Bounds); err != nil {
		return err
	}
	return o.authorize(session, use, approved)
}

// authorize is PolicyAuthorize: what the session has run is what the server
// approved.
func (o *operation) authorize(session tpm2.TPMHandle, use binding.SealedUse, approved ticket) error {
	ref := use.Terms.LeaseRef()
	_, err := run(o, stepAuthorize, tpm2.PolicyAuthorize{
		PolicySession:  session,
		ApprovedPolicy: tpm2.TPM2BDigest{Buffer: use.Approval.Digest[:]},
		PolicyRef:      tpm2.TPM2BDigest{Buffer: ref[:]},
		KeySign:        tpm2.TPM2BName{Buffer: use.Terms.Key.Name()},
		CheckTicket:    approved,
	})
	return err
}

// bounds fails with the step that has ended.
func (o *operation) bounds(session tpm2.TPMHandle, b binding.Bounds) error {
	if _, err := run(o, stepClockBound, policyCounterTimer{session, b.ClockOperand(), binding.OffsetClock}); err != nil {
		return err
	}
	_, err := run(o, stepBootsBound, policyCounterTimer{session, b.ResetsOperand(), binding.OffsetResets})
	return err
}

// verifyApproval has the chip check the server's signature and vouch for it.
// The key is loaded into the owner hierarchy: under TPM_RH_NULL the ticket
// would be empty, and PolicyAuthorize would refuse it. It is flushed before
// the sealed object is loaded, which needs its slot.
func (o *operation) verifyApproval(use binding.SealedUse) (ticket, error) {
	if !use.Terms.Governed {
		return ticket{}, nil
	}
	key, err := run(o, stepServerKey, tpm2.LoadExternal{
		InPublic:  tpm2.BytesAs2B[tpm2.TPMTPublic](use.Terms.Key.Public()),
		Hierarchy: tpm2.TPMRHOwner,
	})
	if err != nil {
		return ticket{}, err
	}
	defer o.flush(key.ObjectHandle)
	message := use.Approval.Message(use.Terms)
	r, err := run(o, stepVerify, tpm2.VerifySignature{
		KeyHandle: key.ObjectHandle,
		Digest:    tpm2.TPM2BDigest{Buffer: message[:]},
		Signature: ecdsaSignature(use.Approval.Signature),
	})
	if err != nil {
		return ticket{}, err
	}
	return r.Validation, nil
}

// ecdsaSignature is r‖s, 64 bytes, as the chip takes it.
func ecdsaSignature(rs []byte) tpm2.TPMTSignature {
	return tpm2.TPMTSignature{
		SigAlg: tpm2.TPMAlgECDSA,
		Signature: tpm2.NewTPMUSignature(tpm2.TPMAlgECDSA, &tpm2.TPMSSignatureECC{
			Hash:       tpm2.TPMAlgSHA256,
			SignatureR: tpm2.TPM2BECCParameter{Buffer: rs[:32]},
			SignatureS: tpm2.TPM2BECCParameter{Buffer: rs[32:]},
		}),
	}
}
