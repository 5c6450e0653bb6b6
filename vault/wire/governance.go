package wire

import "github.com/tideover/tideover/vault"

// The types of this file are how a server governs a device: none of them needs
// a user who is signed in, and the listener for devices alone takes them too.
// The statements in them are verified by vault/lease.

// Media types of what is no JSON there.
const (
	MediaEvents    = "text/event-stream" // WHATWG HTML, 9.2, Server-sent events
	MediaStatement = "application/jose"  // RFC 7515, 9.2.1: a compact JWS
)

// EventOrder is the type of the events of GET /devices/{id}/events. Its data is
// an order, its id the order's mark.
const EventOrder = "order"

// AfterParam is the query parameter with the mark of the last order that a
// device knows; absent: of none.
const AfterParam = "after"

// Orders is the answer of GET /devices/{id}/orders: what the device was told
// after the mark, the oldest first, and how it stands now. More may follow
// after the last of them.
type Orders struct {
	Orders []string    `json:"orders"` // compact JWS
	State  DeviceState `json:"state"`
	Why    string      `json:"why,omitempty"` // as in Device
	// Released is as in Device.
	Released *Released `json:"released,omitempty"`
}

// LeaseRequest is the body of POST /devices/{id}/lease: a new lease for a cache
// that the device has.
type LeaseRequest struct {
	Cache       vault.ID     `json:"cache"`
	Generation  uint64       `json:"generation"`
	ClockMS     uint64       `json:"clock_ms"` // TPM clock now, milliseconds; level C: 0
	Resets      uint32       `json:"resets"`   // TPM resetCount now; level C: 0
	Attestation *Attestation `json:"attestation,omitempty"`
}

// LeaseAnswer is the answer: the lease as a compact JWS.
type LeaseAnswer struct {
	Lease string `json:"lease"`
}
