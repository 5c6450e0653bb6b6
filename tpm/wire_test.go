package tpm_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// Who listens on the bus of a discrete chip sees every frame; no secret and no
// authValue may be in one.
func TestNothingSecretOnTheWire(t *testing.T) {
	for _, level := range []binding.Level{binding.LevelB, binding.LevelB0} {
		t.Run(string(level), func(t *testing.T) {
			s := seal(t, level)
			p := sealBehind(t, s)
			s.make()
			s.opens()
			_, err := s.unseal(wrongAuth)
			wants(t, "wrong password", err, binding.ErrWrongAuth)
			token := []byte("a session token, longer than one block of any cipher")
			blob, err := s.chip.Protect(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.chip.Unprotect(t.Context(), blob); err != nil || !bytes.Equal(got, token) {
				t.Fatalf("unprotect: %q, %v", got, err)
			}
			if _, _, err := s.chip.NewSigningKey(t.Context()); err != nil {
				t.Fatal(err)
			}
			all := bytes.Join(p.seen(), nil)
			if !bytes.Contains(all, s.use.Object.Public) {
				t.Error("the trace does not even hold the sealed object's public area")
			}
			for name, clear := range map[string][]byte{
				"the machine secret": secret, "the authValue": rightAuth, "the wrong authValue": wrongAuth, "the token": token,
			} {
				if bytes.Contains(all, clear) || bytes.Contains(all, clear[:16]) || bytes.Contains(all, clear[16:32]) {
					t.Errorf("%s crosses the bus in clear", name)
				}
			}
			if opensBlob(blob, all) {
				t.Error("the key of a protected blob crosses the bus in clear")
			}
		})
	}
}

// opensBlob tries every 32 bytes of the trace as the key of a protected blob,
// whose form FORMAT.md gives.
func opensBlob(blob, trace []byte) bool {
	head := 8 + binding.NameSize
	for range 2 {
		head += 2 + int(binary.BigEndian.Uint16(blob[head:]))
	}
	for i := range len(trace) - 32 {
		block, err := aes.NewCipher(trace[i : i+32])
		if err != nil {
			return false
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return false
		}
		if _, err := gcm.Open(nil, make([]byte, 12), blob[head:], blob[:head]); err == nil {
			return true
		}
	}
	return false
}

// Every command that takes an authorisation does so by a session, never by a
// password in clear; the one exception is the owner's empty password, with
// which the storage root is made.
func TestSessionsOnly(t *testing.T) {
	s := seal(t, binding.LevelB)
	s.opens() // the first use after a start is answered TPM_RC_RETRY
	p := sealBehind(t, s)
	s.make()
	s.opens()
	for _, frame := range p.seen() {
		if binary.BigEndian.Uint16(frame) != 0x8002 || codeOf(frame) == tpm2.TPMCCCreatePrimary {
			continue
		}
		if bytes.Contains(frame, []byte{0x40, 0x00, 0x00, 0x09, 0x00, 0x00}) {
			t.Errorf("password session in %x", frame)
		}
	}
	if p.count(tpm2.TPMCCUnseal) != 1 {
		t.Errorf("saw %d Unseal, want 1", p.count(tpm2.TPMCCUnseal))
	}
}

// A chip without resource manager has room for three objects and three
// sessions; we use less, so that one other program may live.
func TestPeak(t *testing.T) {
	s := seal(t, binding.LevelB)
	p := sealBehind(t, s)
	peak := map[uint32]int{}
	p.on(func(_ []byte, ask func([]byte) []byte) []byte {
		for _, kind := range []uint32{0x80000000, 0x02000000} {
			command := []byte{0x80, 0x01, 0, 0, 0, 22, 0, 0, 0x01, 0x7a, 0, 0, 0, 1}
			command = binary.BigEndian.AppendUint32(command, kind)
			answer := ask(binary.BigEndian.AppendUint32(command, 64))
			peak[kind] = max(peak[kind], int(binary.BigEndian.Uint32(answer[15:])))
		}
		return nil
	}, nil)
	s.make()
	s.opens()
	if _, err := s.chip.Protect(t.Context(), secret); err != nil {
		t.Error(err)
	}
	blob, _, err := s.chip.NewSigningKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.chip.Sign(t.Context(), blob, [32]byte{}); err != nil {
		t.Error(err)
	}
	p.on(nil, nil)
	if peak[0x80000000] != 2 || peak[0x02000000] != 1 {
		t.Errorf("peak: %d objects, %d sessions, want 2 and 1", peak[0x80000000], peak[0x02000000])
	}
}

// An interposer that puts his own key in the root's place could read the salt
// and with it everything. The Name tells.
func TestSubstitutedRootIsRefused(t *testing.T) {
	s := seal(t, binding.LevelB)
	p := newProxy(t, s.machine)
	root, err := s.chip.Machine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	evil := keyOf(t, newKey(t)).Public()
	evilX, evilY := evil[20:52], evil[54:86]
	swap := func(alsoName bool) func(tpm2.TPMCC, []byte) []byte {
		return func(cc tpm2.TPMCC, answer []byte) []byte {
			if cc != tpm2.TPMCCCreatePrimary {
				return answer
			}
			// handle, size of parameters, then outPublic with X and Y at its end
			size := int(binary.BigEndian.Uint16(answer[18:]))
			public := answer[20 : 20+size]
			copy(public[size-66:], evilX)
			copy(public[size-32:], evilY)
			parsed, err := tpm2.Unmarshal[tpm2.TPMTPublic](public)
			if err != nil {
				t.Error(err)
				return answer
			}
			name, err := tpm2.ObjectName(parsed)
			if err != nil {
				t.Error(err)
				return answer
			}
			if alsoName {
				answer = bytes.Replace(answer, root.RootName, name.Buffer, 1)
			}
			return answer
		}
	}
	uses := map[string]func() error{
		"check":  func() error { return s.check() },
		"unseal": func() error { _, err := s.unseal(rightAuth); return err },
		"seal": func() error {
			_, err := s.chip.Seal(t.Context(), s.use.Terms, rightAuth, secret)
			return err
		},
		"protect": func() error { _, err := s.chip.Protect(t.Context(), secret); return err },
	}
	for _, c := range []struct {
		name  string
		setUp func()
		name2 bool
		first bool // no call before has worked with the root
		want  error
	}{
		{"pinned by the caller", func() {
			if err := s.chip.Pin(root.RootName); err != nil {
				t.Fatal(err)
			}
		}, true, true, binding.ErrOtherMachine},
		{"pinned by an earlier call", func() {
			if err := s.check(); err != nil {
				t.Fatal(err)
			}
		}, true, false, binding.ErrOtherMachine},
		{"public area without its Name", func() {}, false, false, binding.ErrUnavailable},
	} {
		for what, use := range uses {
			if what == "protect" && c.first {
				continue // makes something new under the root that it finds first
			}
			p.on(nil, nil)
			s.chip = open(t, p.spec)
			c.setUp()
			p.on(nil, swap(c.name2))
			wants(t, c.name+": "+what, use(), c.want)
			for _, cc := range []tpm2.TPMCC{tpm2.TPMCCStartAuthSession, tpm2.TPMCCCreate, tpm2.TPMCCLoad, tpm2.TPMCCUnseal} {
				if n := p.count(cc); n != 0 {
					t.Errorf("%s: %s: %d commands %#x after the substitution", c.name, what, n, uint32(cc))
				}
			}
		}
	}
	p.on(nil, nil)
	nothingLoaded(t, s.machine)
}

// Answers are authenticated: a secret that was changed on the bus is refused.
func TestChangedAnswerIsRefused(t *testing.T) {
	s := seal(t, binding.LevelB)
	s.opens() // the first use after a start is answered TPM_RC_RETRY
	p := sealBehind(t, s)
	for _, offset := range []int{16, 40, 60, 100} {
		p.on(nil, func(cc tpm2.TPMCC, answer []byte) []byte {
			if cc == tpm2.TPMCCUnseal {
				answer[offset] ^= 1
			}
			return answer
		})
		got, err := s.unseal(rightAuth)
		wants(t, "unseal", err, binding.ErrUnavailable)
		if got != nil {
			t.Errorf("byte %d changed: got %q", offset, got)
		}
	}
	p.on(nil, nil)
	s.opens()
	nothingLoaded(t, s.machine)
}

// Whatever comes back for a command, the call ends with an error, and the next
// one works.
func TestMalformedAnswers(t *testing.T) {
	s := seal(t, binding.LevelB)
	p := sealBehind(t, s)
	p.on(nil, nil)
	s.opens()
	if _, err := s.chip.Machine(t.Context()); err != nil {
		t.Fatal(err)
	}
	sequence := map[tpm2.TPMCC]bool{}
	for _, cc := range p.commands {
		sequence[cc] = true
	}
	harm := map[string]func([]byte) []byte{
		"no answer":     func([]byte) []byte { return nil },
		"half a header": func(a []byte) []byte { return a[:5] },
		"huge size":     func(a []byte) []byte { binary.BigEndian.PutUint32(a[2:], 1<<31); return a },
		"zero size":     func(a []byte) []byte { binary.BigEndian.PutUint32(a[2:], 0); return a },
		"cut":           func(a []byte) []byte { return resized(a[:max(10, len(a)*2/3)]) },
		"header only":   func(a []byte) []byte { return resized(a[:10]) },
		"longer":        func(a []byte) []byte { return resized(append(a, bytes.Repeat([]byte{0xff}, 40)...)) },
		"all ones":      func(a []byte) []byte { return flood(a, 0xff) },
		"all zeros":     func(a []byte) []byte { return flood(a, 0) },
	}
	for cc := range sequence {
		for name, f := range harm {
			p.on(nil, func(c tpm2.TPMCC, answer []byte) []byte {
				if c == cc {
					return f(answer)
				}
				return answer
			})
			// Trailing bytes may pass where nothing depends on them; a wrong secret never.
			got, err := s.unseal(rightAuth)
			if (err == nil) != (string(got) == string(secret)) {
				t.Errorf("%#x, %s: unseal gave %q, %v", uint32(cc), name, got, err)
			}
			if _, err := s.chip.Machine(t.Context()); err != nil {
				wants(t, "machine, "+name, err, binding.ErrUnavailable)
			}
		}
	}
	p.on(nil, nil)
	s.opens()
	nothingLoaded(t, s.machine)
}

func flood(a []byte, b byte) []byte {
	for i := 10; i < len(a); i++ {
		a[i] = b
	}
	return a
}
