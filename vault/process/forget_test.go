package process_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/tideover/tideover/vault/process"
)

func TestForgetLeavesProcessors(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	process.Forget()
	if n := runtime.GOMAXPROCS(0); n != before {
		t.Errorf("%d processors, %d before", n, before)
	}
}

// BenchmarkForget shows what it costs beside memory that is in use: objects of
// all sizes, every second one garbage.
func BenchmarkForget(b *testing.B) {
	for _, mb := range []int{1, 50} {
		b.Run(fmt.Sprintf("%d_MB", mb), func(b *testing.B) {
			var live [][]byte
			for n := 0; n < mb<<20; {
				size := 16 + n*7919%4000
				live = append(live, make([]byte, size))
				_ = make([]byte, size)
				n += size
			}
			for b.Loop() {
				process.Forget()
			}
			b.ReportMetric(float64(len(live)), "objects")
		})
	}
}
