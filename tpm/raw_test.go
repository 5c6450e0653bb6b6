package tpm_test

import (
	"encoding/binary"
	"net"
	"strings"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// rawChip is another program that talks to the chip: the attacker's. swtpm serves
// one client at a time, so close it before the chip is asked again.
type rawChip struct {
	t    testing.TB
	conn net.Conn
}

func rawTPM(t testing.TB, m *tpmtest.Machine) *rawChip {
	t.Helper()
	conn, err := net.Dial("unix", strings.TrimPrefix(m.Spec(), "unix:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &rawChip{t, conn}
}

// Send is go-tpm's transport.
func (r *rawChip) Send(command []byte) ([]byte, error) {
	if _, err := r.conn.Write(command); err != nil {
		return nil, err
	}
	return readFrame(r.conn)
}

func (r *rawChip) close() { _ = r.conn.Close() }

// index is an NV index as the chip names it now.
func (r *rawChip) index(handle uint32) tpm2.NamedHandle {
	r.t.Helper()
	public, err := tpm2.NVReadPublic{NVIndex: tpm2.TPMHandle(handle)}.Execute(r)
	if err != nil {
		r.t.Fatal(err)
	}
	return tpm2.NamedHandle{Handle: tpm2.TPMHandle(handle), Name: public.NVName}
}

// by authorises with an index in a session that proves auth.
func by(n tpm2.NamedHandle, auth []byte) tpm2.AuthHandle {
	return tpm2.AuthHandle{Handle: n.Handle, Name: n.Name, Auth: tpm2.HMAC(tpm2.TPMAlgSHA256, 16, tpm2.Auth(auth))}
}

// intruder is a program with everything but the master password: the file, the
// client's state, the server's approvals, and the right to use the chip.
type intruder struct {
	*rawChip
	c    *copyproof
	root tpm2.NamedHandle
}

// intrude starts one; leave it before the cache's own program goes on.
func (c *copyproof) intrude() *intruder {
	c.t.Helper()
	i := &intruder{rawChip: rawTPM(c.t, c.machine), c: c}
	made, err := tpm2.CreatePrimary{PrimaryHandle: tpm2.TPMRHOwner, InPublic: tpm2.New2B(tpm2.ECCSRKTemplate)}.Execute(i)
	if err != nil {
		c.t.Fatal(err)
	}
	i.root = tpm2.NamedHandle{Handle: made.ObjectHandle, Name: made.Name}
	return i
}

func (i *intruder) leave() {
	i.flush(i.root.Handle)
	i.close()
}

func (i *intruder) flush(h tpm2.TPMHandle) {
	i.t.Helper()
	if _, err := (tpm2.FlushContext{FlushHandle: h}).Execute(i); err != nil {
		i.t.Error(err)
	}
}

// session starts a policy session; flush it.
func (i *intruder) session(options ...tpm2.AuthOption) tpm2.Session {
	i.t.Helper()
	s, _, err := tpm2.PolicySession(i, tpm2.TPMAlgSHA256, 16, options...)
	if err != nil {
		i.t.Fatal(err)
	}
	return s
}

// serverKey loads the server's key; flush it.
func (i *intruder) serverKey() tpm2.NamedHandle {
	i.t.Helper()
	key, err := tpm2.LoadExternal{
		InPublic: tpm2.BytesAs2B[tpm2.TPMTPublic](i.c.slots.Indices.Key.Public()), Hierarchy: tpm2.TPMRHOwner,
	}.Execute(i)
	if err != nil {
		i.t.Fatal(err)
	}
	return tpm2.NamedHandle{Handle: key.ObjectHandle, Name: key.Name}
}

func rsSignature(rs []byte) tpm2.TPMTSignature {
	return tpm2.TPMTSignature{SigAlg: tpm2.TPMAlgECDSA, Signature: tpm2.NewTPMUSignature(tpm2.TPMAlgECDSA, &tpm2.TPMSSignatureECC{
		Hash: tpm2.TPMAlgSHA256, SignatureR: tpm2.TPM2BECCParameter{Buffer: rs[:32]}, SignatureS: tpm2.TPM2BECCParameter{Buffer: rs[32:]},
	})}
}

// lease runs the part of the policy that the server approved in approval, for
// the generation of terms.
func (i *intruder) lease(s tpm2.Session, terms binding.Terms, approval *binding.Approval, counterAuth []byte) error {
	counter := i.index(i.c.slots.Indices.Counter)
	if _, err := (tpm2.PolicyNV{
		AuthHandle: by(counter, counterAuth), NVIndex: counter, PolicySession: s.Handle(),
		OperandB: tpm2.TPM2BOperand{Buffer: binding.CounterOperand(terms.Generation)}, Operation: tpm2.TPMEOEq,
	}).Execute(i); err != nil {
		return err
	}
	for _, b := range []struct {
		operand []byte
		offset  uint16
	}{{approval.Bounds.ClockOperand(), 8}, {approval.Bounds.ResetsOperand(), 16}} {
		if err := i.counterTimer(s, b.operand, b.offset); err != nil {
			return err
		}
	}
	key := i.serverKey()
	message := approval.Message(terms)
	verified, err := tpm2.VerifySignature{
		KeyHandle: key.Handle, Digest: tpm2.TPM2BDigest{Buffer: message[:]}, Signature: rsSignature(approval.Signature),
	}.Execute(i)
	i.flush(key.Handle)
	if err != nil {
		return err
	}
	ref := terms.LeaseRef()
	_, err = tpm2.PolicyAuthorize{
		PolicySession: s.Handle(), ApprovedPolicy: tpm2.TPM2BDigest{Buffer: approval.Digest[:]},
		PolicyRef: tpm2.TPM2BDigest{Buffer: ref[:]}, KeySign: key.Name, CheckTicket: verified.Validation,
	}.Execute(i)
	if err != nil {
		return err
	}
	_, err = tpm2.PolicyCommandCode{PolicySession: s.Handle(), Code: tpm2.TPMCCUnseal}.Execute(i)
	return err
}

func (i *intruder) counterTimer(s tpm2.Session, operand []byte, offset uint16) error {
	parameters := binary.BigEndian.AppendUint32(nil, uint32(s.Handle()))
	parameters = binary.BigEndian.AppendUint16(parameters, uint16(len(operand)))
	parameters = append(parameters, operand...)
	parameters = binary.BigEndian.AppendUint16(parameters, offset)
	_, err := i.plain(0x16d, binary.BigEndian.AppendUint16(parameters, uint16(tpm2.TPMEOUnsignedLT)))
	return err
}

// plain sends a command without sessions.
func (r *rawChip) plain(code tpm2.TPMCC, parameters []byte) ([]byte, error) {
	command := binary.BigEndian.AppendUint32([]byte{0x80, 0x01}, uint32(10+len(parameters)))
	command = append(binary.BigEndian.AppendUint32(command, uint32(code)), parameters...)
	answer, err := r.Send(command)
	if err != nil {
		return nil, err
	}
	if rc := tpm2.TPMRC(binary.BigEndian.Uint32(answer[6:])); rc != tpm2.TPMRCSuccess {
		return nil, rc
	}
	return answer[10:], nil
}

// secret is PolicySecret on a PIN index; an expiration below 0 asks for a ticket.
func (i *intruder) secret(s tpm2.Session, handle uint32, auth []byte, expiration int32) (*tpm2.PolicySecretResponse, error) {
	ref := i.c.use.Terms.UseRef()
	return tpm2.PolicySecret{
		AuthHandle: by(i.index(handle), auth), PolicySession: s.Handle(), NonceTPM: s.NonceTPM(),
		PolicyRef: tpm2.TPM2BNonce{Buffer: ref[:]}, Expiration: expiration,
	}.Execute(i)
}

// load puts the sealed object into the chip; flush it.
func (i *intruder) load() tpm2.NamedHandle {
	i.t.Helper()
	o, err := tpm2.Load{
		ParentHandle: tpm2.AuthHandle{Handle: i.root.Handle, Name: i.root.Name, Auth: tpm2.PasswordAuth(nil)},
		InPrivate:    tpm2.TPM2BPrivate{Buffer: i.c.use.Object.Private}, InPublic: tpm2.BytesAs2B[tpm2.TPMTPublic](i.c.use.Object.Public),
	}.Execute(i)
	if err != nil {
		i.t.Fatal(err)
	}
	return tpm2.NamedHandle{Handle: o.ObjectHandle, Name: o.Name}
}

// unseal takes the secret with what the session has proven.
func (i *intruder) unseal(s tpm2.Session) ([]byte, error) {
	o := i.load()
	defer i.flush(o.Handle)
	r, err := tpm2.Unseal{ItemHandle: tpm2.AuthHandle{Handle: o.Handle, Name: o.Name, Auth: s}}.Execute(i)
	if err != nil {
		return nil, err
	}
	return r.OutData.Buffer, nil
}

// open runs the whole policy with the intruder's own program.
func (i *intruder) open(auth []byte) ([]byte, error) {
	s := i.session()
	defer i.flush(s.Handle())
	if err := i.lease(s, i.c.use.Terms, i.c.use.Approval, i.c.slots.CounterAuth); err != nil {
		return nil, err
	}
	if _, err := i.secret(s, i.c.slots.Indices.PinFail, auth, 0); err != nil {
		return nil, err
	}
	return i.unseal(s)
}

// recreate deletes an index by owner authorisation and defines it again as
// change makes it, with an authValue of the intruder's choice.
func (i *intruder) recreate(k binding.IndexKind, auth []byte, change func(*tpm2.TPMSNVPublic)) {
	i.t.Helper()
	n := i.index(i.c.slots.Indices.Handle(k))
	if _, err := (tpm2.NVUndefineSpace{AuthHandle: tpm2.TPMRHOwner, NVIndex: n}).Execute(i); err != nil {
		i.t.Fatal(err)
	}
	public, err := tpm2.Unmarshal[tpm2.TPMSNVPublic](i.c.slots.Indices.Public(k, false))
	if err != nil {
		i.t.Fatal(err)
	}
	if change != nil {
		change(public)
	}
	if _, err := (tpm2.NVDefineSpace{
		AuthHandle: tpm2.TPMRHOwner, Auth: tpm2.TPM2BAuth{Buffer: auth}, PublicInfo: tpm2.New2B(*public),
	}).Execute(i); err != nil {
		i.t.Fatal(err)
	}
}
