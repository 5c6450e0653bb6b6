package catalog

import (
	"math"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault/server/store"
)

// A permit is over when the chip has started anew, or when its clock and ours
// have both gone on long enough. (tpm/FORMAT.md, section 9.)
func TestIsOver(t *testing.T) {
	given := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	const clock = int64(1_000_000)
	for _, c := range []struct {
		name   string
		permit store.Permit
		clock  binding.Clock
		after  time.Duration
		want   bool
	}{
		{"at once", store.Permit{ClockMS: clock, Resets: 5}, binding.Clock{MS: 1_000_100, Resets: 5}, 0, false},
		{"after a start", store.Permit{ClockMS: clock, Resets: 5}, binding.Clock{MS: 1_000_100, Resets: 6}, 0, true},
		{"veiled starts that wrap", store.Permit{ClockMS: clock, Resets: math.MaxUint32}, binding.Clock{MS: 1_000_100}, 0, true},
		{"starts that went back", store.Permit{ClockMS: clock, Resets: 5}, binding.Clock{MS: 1_000_100, Resets: 4}, time.Hour, false},
		{"both clocks", store.Permit{ClockMS: clock}, binding.Clock{MS: 1_540_000}, 9 * time.Minute, true},
		{"the chip's not quite", store.Permit{ClockMS: clock}, binding.Clock{MS: 1_539_999}, 9 * time.Minute, false},
		{"the chip's set forward", store.Permit{ClockMS: clock}, binding.Clock{MS: 9_000_000}, time.Minute, false},
		{"the chip's stands still", store.Permit{ClockMS: clock}, binding.Clock{MS: 1_000_100}, 24 * time.Hour, false},
		{"beyond what a chip can show", store.Permit{ClockMS: clock}, binding.Clock{MS: math.MaxUint64}, time.Hour, false},
		{"of before this was kept", store.Permit{ClockMS: -1, Resets: -1}, binding.Clock{MS: 9_000_000, Resets: 9}, time.Hour, false},
	} {
		c.permit.Created = given
		if got := isOver(&c.permit, c.clock, given.Add(c.after)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
