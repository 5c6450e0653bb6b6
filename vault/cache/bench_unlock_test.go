package cache_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault/cache"
)

// BenchmarkUnlock shows what an unlocking costs beside the two derivations of the
// key, and what of that the chip takes: the budget is 30 ms on swtpm.
func BenchmarkUnlock(b *testing.B) {
	for name, build := range map[string]func(testing.TB) *world{
		"A": func(t testing.TB) *world { return newWorldA(t).world },
		"B": func(t testing.TB) *world { return newWorld(t) },
	} {
		b.Run(name, func(b *testing.B) {
			w := build(b)
			if w.a != nil {
				w.a.Opens = 0 // as by default
			}
			w.cache(content("one"), nil)
			bus := newBus(b, w.machine)
			chip, err := tpm.Open(b.Context(), bus.spec)
			if err != nil {
				b.Fatal(err)
			}
			w.chip = chip
			if w.indices != nil {
				w.indices = provisioner{chip}
			}
			// The best of each, as a difference of means would be noise.
			const never = time.Duration(1<<63 - 1)
			derived, unlocked, inChip := never, never, never
			for b.Loop() {
				b.StopTimer()
				began := time.Now()
				for range 2 {
					if _, _, err := cache.Derive(master, [32]byte{1}, cache.FloorCost(), nil); err != nil {
						b.Fatal(err)
					}
				}
				derived = min(derived, time.Since(began))
				chip := bus.took.Load()
				b.StartTimer()
				began = time.Now()
				o, err := w.unlock(master)
				if err != nil {
					b.Fatal(err)
				}
				unlocked, inChip = min(unlocked, time.Since(began)), min(inChip, time.Duration(bus.took.Load()-chip))
				o.Close()
			}
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			b.ReportMetric(ms(unlocked-derived), "ms-without-kdf")
			b.ReportMetric(ms(inChip), "ms-in-chip")
			b.ReportMetric(float64(unlocked-derived)/float64(inChip), "without-kdf/chip")
			b.ReportMetric(float64(bus.calls.Load())/float64(b.N), "chip-calls/op")
		})
	}
}

// bus stands before a chip and sums the time that it takes to answer.
type bus struct {
	spec        string
	took, calls atomic.Int64
}

func newBus(b *testing.B, m *tpmtest.Machine) *bus {
	b.Helper()
	path := filepath.Join(b.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() }) // nobody is left to be told
	x := &bus{spec: "unix:" + path}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			x.serve(client, strings.TrimPrefix(m.Spec(), "unix:"))
		}
	}()
	return x
}

// serve passes one client's commands on, one after the other.
func (x *bus) serve(client net.Conn, target string) {
	defer func() { _ = client.Close() }()
	var dialer net.Dialer
	chip, err := dialer.DialContext(context.Background(), "unix", target)
	if err != nil {
		return
	}
	defer func() { _ = chip.Close() }()
	for pass(client, chip) == nil {
		began := time.Now()
		if pass(chip, client) != nil {
			return
		}
		x.took.Add(int64(time.Since(began)))
		x.calls.Add(1)
	}
}

// pass copies one frame: tag, size of the whole, the rest. (TCG TPM 2.0 Library,
// Part 1, 18.)
func pass(from io.Reader, to io.Writer) error {
	head := make([]byte, 6)
	if _, err := io.ReadFull(from, head); err != nil {
		return err
	}
	frame := append(head, make([]byte, max(binary.BigEndian.Uint32(head[2:]), 6)-6)...)
	if _, err := io.ReadFull(from, frame[6:]); err != nil {
		return err
	}
	_, err := to.Write(frame)
	return err
}
