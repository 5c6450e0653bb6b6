package tpm_test

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

const rootHandle = tpm2.TPMHandle(0x81000001)

// administrator sends go-tpm's commands to the socket of that path, one
// connection each.
type administrator string

func (a administrator) Send(command []byte) ([]byte, error) {
	conn, err := net.Dial("unix", string(a))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(command); err != nil {
		return nil, err
	}
	return readFrame(conn)
}

// provision puts a primary key of template at the root's handle, as an
// operating system does, and returns its Name. The handle may be in use.
func provision(t *testing.T, m *tpmtest.Machine, template tpm2.TPMTPublic) []byte {
	t.Helper()
	chip := administrator(strings.TrimPrefix(m.Spec(), "unix:"))
	if old, err := (tpm2.ReadPublic{ObjectHandle: rootHandle}).Execute(chip); err == nil {
		evict := tpm2.EvictControl{
			Auth:             tpm2.TPMRHOwner,
			ObjectHandle:     &tpm2.NamedHandle{Handle: rootHandle, Name: old.Name},
			PersistentHandle: rootHandle,
		}
		if _, err := evict.Execute(chip); err != nil {
			t.Fatal(err)
		}
	}
	made, err := tpm2.CreatePrimary{PrimaryHandle: tpm2.TPMRHOwner, InPublic: tpm2.New2B(template)}.Execute(chip)
	if err != nil {
		t.Fatal(err)
	}
	keep := tpm2.EvictControl{
		Auth:             tpm2.TPMRHOwner,
		ObjectHandle:     &tpm2.NamedHandle{Handle: made.ObjectHandle, Name: made.Name},
		PersistentHandle: rootHandle,
	}
	if _, err := keep.Execute(chip); err != nil {
		t.Fatal(err)
	}
	if _, err := (tpm2.FlushContext{FlushHandle: made.ObjectHandle}).Execute(chip); err != nil {
		t.Fatal(err)
	}
	return made.Name.Buffer
}

// Windows keeps an RSA root at the handle, others one on P-256: it is used as
// it stands, and nothing is made beside it.
func TestPersistentRoot(t *testing.T) {
	for name, template := range map[string]tpm2.TPMTPublic{
		"RSA-2048": tpm2.RSASRKTemplate, "P-256": tpm2.ECCSRKTemplate,
	} {
		t.Run(name, func(t *testing.T) {
			m := tpmtest.Start(t)
			want := provision(t, m, template)
			p := newProxy(t, m)
			s := sealOn(t, m, open(t, p.spec), binding.LevelB)
			s.opens()
			if got := rootName(t, s.chip); !bytes.Equal(got, want) {
				t.Errorf("root: got %x, want %x", got, want)
			}
			if n := p.count(ccCreatePrimary); n != 0 {
				t.Errorf("%d roots were made beside the one at the handle", n)
			}
			nothingLoaded(t, m)
		})
	}
}

// What stands at the handle may be somebody's signing key; it is no parent.
func TestForeignKeyAtTheHandle(t *testing.T) {
	m := tpmtest.Start(t)
	signing := tpm2.ECCSRKTemplate
	signing.ObjectAttributes.Decrypt, signing.ObjectAttributes.Restricted = false, false
	signing.ObjectAttributes.SignEncrypt = true
	signing.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{CurveID: tpm2.TPMECCNistP256})
	foreign := provision(t, m, signing)
	s := sealOn(t, m, m.Open(t), binding.LevelB)
	s.opens()
	if bytes.Equal(rootName(t, s.chip), foreign) {
		t.Error("a signing key is the root")
	}
	nothingLoaded(t, m)
}

// A cache survives that the system provisions the handle later, if its root is
// pinned; without a pin the new root is taken, and the object is foreign to it.
func TestRootProvisionedLater(t *testing.T) {
	s := seal(t, binding.LevelB)
	name := rootName(t, s.chip)
	provision(t, s.machine, tpm2.RSASRKTemplate)
	s.opens() // the Chip has kept the Name that it found first

	s.chip = s.machine.Open(t)
	s.refused(binding.ErrOtherMachine)

	s.chip = s.machine.Open(t)
	if err := s.chip.Pin(name); err != nil {
		t.Fatal(err)
	}
	s.opens()
	if got := rootName(t, s.chip); !bytes.Equal(got, name) {
		t.Errorf("root: got %x, want the pinned %x", got, name)
	}
	nothingLoaded(t, s.machine)
}

func TestPinWantsAName(t *testing.T) {
	chip := tpmtest.Start(t).Open(t)
	for _, bad := range [][]byte{nil, {}, make([]byte, 33), make([]byte, 35)} {
		if err := chip.Pin(bad); err == nil {
			t.Errorf("%d bytes are no Name", len(bad))
		}
	}
}
