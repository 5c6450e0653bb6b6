package tpm_test

import (
	"net"
	"strings"
	"testing"

	"github.com/google/go-tpm/tpm2"

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
