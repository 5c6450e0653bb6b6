package tpmtest

import (
	"github.com/google/go-tpm/tpm2"
)

// rootHandle is where an operating system keeps the storage root key. (TCG TPM
// v2.0 Provisioning Guidance, 7.8.)
const rootHandle = tpm2.TPMHandle(0x81000001)

// Send sends a command as the operating system does; it makes a Process a
// transport of go-tpm.
func (p *Process) Send(command []byte) ([]byte, error) { return p.exchange(command) }

// KeepRoot puts the storage root key at its handle, as the systems do that give
// the owner a password: without it nobody could make that key any more. It is
// the same key as before.
func (m *Machine) KeepRoot() {
	m.t.Helper()
	m.keepRoot(tpm2.ECCSRKTemplate)
}

// KeepOtherRoot puts another storage root key there, on RSA, as Windows does when
// it provisions the chip.
func (m *Machine) KeepOtherRoot() {
	m.t.Helper()
	m.keepRoot(tpm2.RSASRKTemplate)
}

func (m *Machine) keepRoot(template tpm2.TPMTPublic) {
	m.t.Helper()
	made, err := tpm2.CreatePrimary{PrimaryHandle: tpm2.TPMRHOwner, InPublic: tpm2.New2B(template)}.Execute(m.p)
	m.must(err)
	_, err = tpm2.EvictControl{
		Auth:             tpm2.TPMRHOwner,
		ObjectHandle:     &tpm2.NamedHandle{Handle: made.ObjectHandle, Name: made.Name},
		PersistentHandle: rootHandle,
	}.Execute(m.p)
	m.must(err)
	_, err = tpm2.FlushContext{FlushHandle: made.ObjectHandle}.Execute(m.p)
	m.must(err)
}
