package cache

import (
	"bytes"
	"encoding/json"
	"io"
	"os"

	"github.com/tideover/tideover/vault"
)

// Limits of the sidecar. FORMAT.md 2.2.
const (
	sidecarVersion  = 1
	maxSidecarBytes = 64 << 10
)

// sidecar is `cache.kdbx.gov`.
type sidecar struct {
	Version int    `json:"v"`
	Lease   string `json:"lease"`
}

// parseSidecar returns the lease in a sidecar, unverified.
func parseSidecar(b []byte) (string, error) {
	if len(b) > maxSidecarBytes {
		return "", vault.Fail(vault.Hostile, "sidecar: more than %d bytes", maxSidecarBytes)
	}
	var sc sidecar
	if err := json.Unmarshal(b, &sc); err != nil {
		return "", vault.Fail(vault.Damaged, "sidecar: %w", err)
	}
	if sc.Version > sidecarVersion {
		return "", vault.Fail(vault.Unsupported, "sidecar: version %d", sc.Version)
	}
	again, err := marshalSidecar(sc.Lease)
	if err != nil || !bytes.Equal(again, b) {
		return "", vault.Fail(vault.Damaged, "sidecar: not in its one form")
	}
	return sc.Lease, nil
}

func marshalSidecar(token string) ([]byte, error) {
	return json.Marshal(sidecar{sidecarVersion, token})
}

// readSidecar returns the lease in the sidecar, unverified. Every error means
// the same: there is none.
func readSidecar(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // only read
	b, err := io.ReadAll(io.LimitReader(f, maxSidecarBytes+1))
	if err != nil {
		return "", err
	}
	return parseSidecar(b)
}

func (s *Store) writeSidecar(token string) error {
	b, err := marshalSidecar(token)
	if err != nil {
		return err
	}
	return s.write(s.path(sidecarName), func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}
