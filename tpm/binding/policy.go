package binding

import (
	"crypto/sha256"
	"encoding/binary"
)

// Command codes that enter policy digests. (TCG TPM 2.0 Library, Part 2, 6.5.2.)
const (
	ccNVWrite            = 0x137
	ccNVChangeAuth       = 0x13b
	ccPolicyNV           = 0x149
	ccNVRead             = 0x14e
	ccPolicySecret       = 0x151
	ccUnseal             = 0x15e
	ccPolicySigned       = 0x160
	ccPolicyAuthorize    = 0x16a
	ccPolicyAuthValue    = 0x16b
	ccPolicyCommandCode  = 0x16c
	ccPolicyCounterTimer = 0x16d
	ccPolicyOR           = 0x171
	ccNVCertify          = 0x184
)

// algSHA256 is TPM_ALG_SHA256. (Part 2, 6.3.)
const algSHA256 = 0x000b

// Operations and offsets of comparisons. (Part 2, 6.8; 10.11.6 TPMS_TIME_INFO:
// time 0, clock 8, resetCount 16, restartCount 20, safe 24.)
const (
	eoEq         = 0x0000
	eoUnsignedLT = 0x0005

	// OffsetClock is where the clock stands in TPMS_TIME_INFO, 8 bytes.
	OffsetClock uint16 = 8
	// OffsetResets is where resetCount stands in TPMS_TIME_INFO, 4 bytes.
	OffsetResets uint16 = 16
)

// policy is a policy digest under construction; the zero value is the digest
// of a fresh session. Each method is one command of Part 3, 23.
type policy [32]byte

// extend is PolicyUpdate without its policyRef: H(old ‖ command ‖ data).
func (p *policy) extend(command uint32, data ...[]byte) {
	h := sha256.New()
	h.Write(p[:])
	h.Write(binary.BigEndian.AppendUint32(nil, command))
	for _, d := range data {
		h.Write(d)
	}
	h.Sum(p[:0])
}

// extendRef is PolicyUpdate: the second digest takes the policyRef.
func (p *policy) extendRef(command uint32, name []byte, ref [32]byte) {
	p.extend(command, name)
	*p = sha256.Sum256(append(p[:], ref[:]...))
}

// authorize is PolicyAuthorize: it starts anew from zero.
func (p *policy) authorize(keyName []byte, ref [32]byte) {
	*p = policy{}
	p.extendRef(ccPolicyAuthorize, keyName, ref)
}

func (p *policy) commandCode(code uint32) {
	p.extend(ccPolicyCommandCode, binary.BigEndian.AppendUint32(nil, code))
}

func (p *policy) authValue() { p.extend(ccPolicyAuthValue) }

// signed is PolicySigned by the key of that Name.
func (p *policy) signed(keyName []byte, ref [32]byte) { p.extendRef(ccPolicySigned, keyName, ref) }

// or is PolicyOR: it starts anew from zero.
func (p *policy) or(branches [][32]byte) {
	var all []byte
	for _, b := range branches {
		all = append(all, b[:]...)
	}
	*p = policy{}
	p.extend(ccPolicyOR, all)
}

func (p *policy) secret(name []byte, ref [32]byte) { p.extendRef(ccPolicySecret, name, ref) }

// comparison is the digest of operand, offset and operation that PolicyNV and
// PolicyCounterTimer take.
func comparison(operand []byte, offset, operation uint16) []byte {
	b := append([]byte(nil), operand...)
	b = binary.BigEndian.AppendUint16(b, offset)
	b = binary.BigEndian.AppendUint16(b, operation)
	sum := sha256.Sum256(b)
	return sum[:]
}

// counter is PolicyNV: the counter with that Name equals n.
func (p *policy) counter(name []byte, n uint64) {
	p.extend(ccPolicyNV, comparison(CounterOperand(n), 0, eoEq), name)
}

// CounterOperand returns n as TPM2_PolicyNV compares it with a counter: 8
// bytes, big-endian, at offset 0.
func CounterOperand(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// bounds is PolicyCounterTimer twice: clock, then resets.
func (p *policy) bounds(b Bounds) {
	p.extend(ccPolicyCounterTimer, comparison(b.ClockOperand(), OffsetClock, eoUnsignedLT))
	p.extend(ccPolicyCounterTimer, comparison(b.ResetsOperand(), OffsetResets, eoUnsignedLT))
}
