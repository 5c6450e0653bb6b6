package store

import (
	"context"
	"iter"
	"time"

	"github.com/tideover/tideover/vault"
)

// DeviceEvent is one line of the journal that a device wrote while offline, as
// vault/audit chained it. The store keeps the chain; whether it holds, the
// catalog checks before adding.
type DeviceEvent struct {
	Device     vault.ID
	Chain      vault.ID // the journal; a device that lost its journal starts another. Zero is the first
	Seq        int64    // 1, 2, 3… in the chain
	At         time.Time
	Received   time.Time
	Type       string // unlock, failed_unlock, reveal, copy, …
	Entry      vault.ID
	Detail     []byte // as the device wrote it; opaque here
	Generation int64
	Prev, Hash [32]byte
}

// EventCount is how many events of a device are of one generation.
type EventCount struct{ Generation, Events int64 }

// ChainID names one journal of one device.
type ChainID struct{ Device, Chain vault.ID }

// JournalReader reads what devices reported.
type JournalReader interface {
	// DeviceEvents yields the events of one chain with Seq > after, in order.
	DeviceEvents(ctx context.Context, id ChainID, after int64) iter.Seq2[DeviceEvent, error]
	// LastDeviceEvent returns the event with the highest Seq of a chain, or
	// ErrNotFound.
	LastDeviceEvent(ctx context.Context, id ChainID) (DeviceEvent, error)
	// LastDeviceEvents returns that of each chain of a device, in the order in
	// which the chains' last events were received.
	LastDeviceEvents(ctx context.Context, device vault.ID) ([]DeviceEvent, error)
	// CountDeviceEvents counts the events of a type in all chains of a device, by
	// generation.
	CountDeviceEvents(ctx context.Context, device vault.ID, typ string) ([]EventCount, error)
}

// JournalWriter adds what devices report.
type JournalWriter interface {
	// AddDeviceEvents inserts events; those that are there already, with the
	// same hash, are left out. Returns how many are new. ErrNotFound: no such
	// device; ErrConflict (Stale): an event with that number and another hash is
	// there, so the journal has forked.
	AddDeviceEvents(ctx context.Context, events []DeviceEvent) (int64, error)
}
