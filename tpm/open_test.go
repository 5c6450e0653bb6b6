package tpm_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

func TestOpenWithoutChip(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, spec := range []string{
		"", "none", "unix:", "unix:/nonexistent/s", "unix:" + file, "/nonexistent/tpm", file,
		"/dev/null", "/dev/zero", // devices, but no chips
	} {
		chip, err := tpm.Open(t.Context(), spec)
		wants(t, "open "+spec, err, binding.ErrUnavailable)
		if chip != nil {
			t.Errorf("open %q gave a chip beside the error", spec)
		}
	}
}

func TestClosedChip(t *testing.T) {
	s := seal(t, binding.LevelB)
	chip := open(t, s.machine.Spec())
	if err := chip.Close(); err != nil {
		t.Fatal(err)
	}
	s.chip = chip
	wants(t, "check", s.check(), binding.ErrUnavailable)
}

// Not a TPM 2.0, says the first answer.
func TestOtherFamily(t *testing.T) {
	p := newProxy(t, tpmtest.Start(t))
	p.on(nil, func(_ tpm2.TPMCC, answer []byte) []byte {
		copy(answer[len(answer)-4:], "1.2\x00")
		return answer
	})
	_, err := tpm.Open(t.Context(), p.spec)
	wants(t, "open", err, binding.ErrUnavailable)
}

// silent listens and never says a word.
func silent(t *testing.T) (spec string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "tpm")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = listener.Close()
		_ = os.RemoveAll(dir)
	})
	return "unix:" + filepath.Join(dir, "s")
}

// A peer that hangs ends the call when its context ends, with a typed error
// that names both.
func TestHangingPeer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := tpm.Open(ctx, silent(t))
	wants(t, "open", err, binding.ErrUnavailable)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error does not name the deadline: %v", err)
	}
}

// A call that is given up in the middle says so, and the next one finds the
// chip clean.
func TestCancelledInTheMiddle(t *testing.T) {
	for _, cc := range []tpm2.TPMCC{ccCreatePrimary, ccLoad, tpm2.TPMCCStartAuthSession, ccCounterTimer, ccUnseal} {
		s := seal(t, binding.LevelB)
		s.opens()
		p := sealBehind(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		p.on(func(command []byte, ask func([]byte) []byte) []byte {
			if codeOf(command) == cc {
				ask(command)
				cancel()
				return []byte{} // hangs up; nil would send the command once more
			}
			return ask(command)
		}, nil)
		_, err := s.chip.Unseal(ctx, s.use)
		wants(t, "unseal", err, binding.ErrUnavailable)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%#x: error does not name the cancelling: %v", uint32(cc), err)
		}
		p.on(nil, nil)
		s.opens()
		nothingLoaded(t, s.machine)
	}
}

func TestCancelledBefore(t *testing.T) {
	s := seal(t, binding.LevelB)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.chip.Unseal(ctx, s.use)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, binding.ErrUnavailable) && !errors.Is(err, binding.ErrBusy) {
		t.Errorf("unseal: %v", err)
	}
	s.opens()
}
