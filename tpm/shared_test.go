package tpm_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// childSpec is set for a copy of this test binary that plays a second program.
const childSpec = "TIDEOVER_TPMTEST_CHILD"

func TestMain(m *testing.M) {
	if spec := os.Getenv(childSpec); spec != "" {
		if err := useChip(spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// rounds is how often each of several clients uses the chip.
const rounds = 20

// useChip does what a program does, over and over.
func useChip(spec string) error {
	ctx := context.Background()
	chip, err := tpm.Open(ctx, spec)
	if err != nil {
		return err
	}
	for range rounds {
		blob, err := chip.Protect(ctx, []byte("token"))
		if err != nil {
			return err
		}
		got, err := chip.Unprotect(ctx, blob)
		if err != nil {
			return err
		}
		if string(got) != "token" {
			return fmt.Errorf("got %q", got)
		}
	}
	return chip.Close()
}

// swtpm serves one client at a time and has no resource manager: several
// programs at once, each with goroutines of its own, must take turns.
func TestSeveralProgramsAtOnce(t *testing.T) {
	m := tpmtest.Start(t)
	s := sealOn(t, m, m.Open(t), binding.LevelB)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), childSpec+"="+m.Spec())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("second program: %v: %s", err, out)
			}
		})
	}
	for range 3 { // one Chip, many goroutines
		all.Go(func() {
			for range rounds {
				got, err := s.chip.Unseal(t.Context(), s.use)
				if err != nil || !bytes.Equal(got, secret) {
					t.Errorf("unseal: %q, %v", got, err)
				}
			}
		})
	}
	for range 3 { // many Chips
		all.Go(func() {
			if err := useChip(m.Spec()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	nothingLoaded(t, m)
}
