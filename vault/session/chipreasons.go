package session

import "github.com/tideover/tideover/vault/cache"

// What is known of the chip beside the cause of a problem, as package cache says
// it, for those who put problems into words.
var (
	ErrOtherChip   = cache.ErrOtherChip
	ErrChipUpdated = cache.ErrChipUpdated
	ErrChipReset   = cache.ErrChipReset
	ErrNoChip      = cache.ErrNoChip
	ErrTriesSpent  = cache.ErrTriesSpent

	// ErrOtherIndices: a new cache of level A takes new indices, for which the
	// account password has to be typed.
	ErrOtherIndices = cache.ErrOtherIndices
	// ErrElsewhere: what was cleared ends where the chip is that has its counter.
	ErrElsewhere = cache.ErrElsewhere
)
