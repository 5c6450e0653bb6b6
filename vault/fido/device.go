package fido

import "context"

// Device is one plugged-in key: reports of 64 bytes each way (CTAP 11.2.4),
// without the report number that some systems put before them. A Device is used
// by one goroutine at a time.
type Device interface {
	// Send writes one report of 64 bytes.
	Send(report []byte) error
	// Receive reads one report into report, 64 bytes. It waits until there is
	// one or ctx ends, and returns ctx's error then.
	Receive(ctx context.Context, report []byte) error
	// Close gives the key back.
	Close() error
}

// Finder opens what is plugged in now.
type Finder interface {
	// Find returns the keys that could be opened, none being no error. An error
	// says why there is none, for the message.
	Find() ([]Device, error)
}
