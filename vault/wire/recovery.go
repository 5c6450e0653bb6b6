package wire

import (
	"time"

	"github.com/tideover/tideover/vault"
)

// Escrow is the machine secret of a generation, wrapped to the organisation's
// recovery key: see vault/escrow. A client sends it only where the person has
// been told.
type Escrow struct {
	Key     string `json:"key"` // id of the recovery key
	Wrapped []byte `json:"wrapped"`
}

// Released says that two administrators have had the machine secret of a cache
// written as a key file.
type Released struct {
	ID         vault.ID  `json:"id"`
	At         time.Time `json:"at"`
	Cache      vault.ID  `json:"cache"`
	Generation uint64    `json:"generation"`
	AskedBy    string    `json:"asked_by"`
	ApprovedBy string    `json:"approved_by"`
	Reason     string    `json:"reason"`
}
