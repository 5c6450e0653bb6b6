package catalog

import (
	"time"

	"github.com/tideover/tideover/vault"
)

// Instance says which database this is. Incarnation and Epoch change when a
// backup is restored; Epoch also when offline use is switched off.
type Instance struct {
	Incarnation    vault.ID
	Epoch          uint64
	OfflineEnabled bool // the master switch
	OfflinePackage bool // packages for clients without a device key (Pleasant's own)
	Created        time.Time
}
