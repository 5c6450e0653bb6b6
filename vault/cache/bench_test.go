package cache_test

import (
	"testing"

	"github.com/tideover/tideover/vault/cache"
)

// BenchmarkDerive shows what half an unlocking costs by default. The other
// half is the same work inside KDBX.
func BenchmarkDerive(b *testing.B) {
	for name, cost := range map[string]cache.Cost{"default": cache.DefaultCost(), "floor": cache.FloorCost()} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := cache.Derive(master, [32]byte{1}, cost, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
