package store

import (
	"context"
	"iter"
	"time"

	"github.com/tideover/tideover/vault"
)

// DeviceState is where a device stands. The numbers are stored.
type DeviceState int

// The states of a device: pending → approved → suspended, revoked → wiped; or
// denied.
const (
	DevicePending   DeviceState = 1
	DeviceApproved  DeviceState = 2
	DeviceSuspended DeviceState = 3 // locked, not wiped; can be approved again
	DeviceRevoked   DeviceState = 4 // ordered to wipe; no receipt yet
	DeviceWiped     DeviceState = 5 // receipt verified
	DeviceDenied    DeviceState = 6
)

// Device is one installation for one user on one machine.
type Device struct {
	ID            vault.ID
	User          vault.ID
	Name          string // as the client gave it
	OS            string
	PublicKey     []byte // SPKI DER of the signing key; unique
	Level         string // binding level as measured: A, B, B0, C, D
	Virtual       bool   // a software or virtual TPM
	RootName      []byte // Name of the TPM's storage root key; empty without TPM
	ClientVersion string
	Address       string // of the client, at enrolment
	State         DeviceState
	// Why is the administrator's or the policy's reason for the state.
	Why       string
	DecidedBy vault.ID // who set the state; zero: nobody yet, or a rule
	DecidedAt time.Time
	WipedAt   time.Time // when the receipt came
	Policy    []byte    // the device's own rules; opaque here; empty: none
	Created   time.Time

	// LeaseSeq is the number of the last lease that was issued, LeaseEnd the
	// latest end of any lease; AddLease writes both.
	LeaseSeq int64
	LeaseEnd time.Time
	// LastSeen and LastAddress are written by TouchDevices only.
	LastSeen    time.Time
	LastAddress string
}

// Contact is one sign of life of a device.
type Contact struct {
	Device  vault.ID
	At      time.Time
	Address string
}

// DeviceQuery names devices; fields that are set must all hold. The zero query
// names all.
type DeviceQuery struct {
	User  vault.ID
	State DeviceState
}

// DeviceReader finds devices.
type DeviceReader interface {
	// Device returns the device, or ErrNotFound.
	Device(ctx context.Context, id vault.ID) (Device, error)
	// DeviceByKey finds by public key, or ErrNotFound.
	DeviceByKey(ctx context.Context, publicKey []byte) (Device, error)
	// Devices yields the devices that q names, newest first.
	Devices(ctx context.Context, q DeviceQuery) iter.Seq2[Device, error]
}

// DeviceWriter changes devices.
type DeviceWriter interface {
	// AddDevice inserts d; counts in Gov. ErrNotFound: no such user;
	// ErrConflict: ID or public key taken.
	AddDevice(ctx context.Context, d Device) error
	// UpdateDevice replaces everything but User, PublicKey, Created and the
	// fields that AddLease and TouchDevices write; counts in Gov. ErrNotFound.
	UpdateDevice(ctx context.Context, d Device) error
	// TouchDevices records contacts, many at once; missing devices are left
	// out. Collect them for some seconds: never one write for each poll.
	TouchDevices(ctx context.Context, contacts []Contact) error
}
