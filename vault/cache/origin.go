package cache

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/lease"
)

// Limits of tideover.origin. FORMAT.md 2.1.
const (
	originVersion  = 1
	maxOriginBytes = 8 << 10 // a server's address, a name, a root and two keys have 1 KiB
)

// origin is what a file says of whose it is and which server governs it, for a
// client whose own state does not know it: one that was set up anew. The key
// of the file proves it, as it does the rest of the header.
type origin struct {
	Version int            `json:"v"`
	Server  string         `json:"server"`
	User    string         `json:"user"` // in the form typed at caching
	Pin     string         `json:"pin"`  // that connections to the server prove; empty: a certificate was enough
	Root    []byte         `json:"root"` // identity root of the server, SPKI; governed
	Keys    []lease.SubKey `json:"keys"` // the one that signed the lease in the file; governed
}

func (o *origin) marshal() ([]byte, error) { return json.Marshal(o) }

// parseOrigin reads what marshal writes and nothing else.
func parseOrigin(b []byte) (*origin, error) {
	if len(b) > maxOriginBytes {
		return nil, vault.Fail(vault.Hostile, "origin: %d bytes, at most %d", len(b), maxOriginBytes)
	}
	o := &origin{}
	if err := json.Unmarshal(b, o); err != nil {
		return nil, vault.Fail(vault.Damaged, "origin: %w", err)
	}
	if o.Version > originVersion {
		return nil, vault.Fail(vault.Unsupported, "origin: version %d", o.Version)
	}
	if again, err := o.marshal(); err != nil || !bytes.Equal(again, b) {
		return nil, vault.Fail(vault.Damaged, "origin: not in its one form")
	}
	return o, nil
}

// origin returns what the file that is being written says of itself. The token
// has been verified.
func (p *Pending) origin(st *clientState, token string) (*origin, error) {
	o := &origin{Version: originVersion, Server: p.request.Server, User: p.request.User, Pin: p.request.Pin}
	if !p.record.Governed {
		return o, nil
	}
	keys, err := st.keySet()
	if err != nil {
		return nil, err
	}
	l, err := lease.Verify(token, keys)
	if err != nil {
		return nil, err
	}
	o.Root = st.Root
	for _, k := range st.Keys {
		if k.KID == l.KeyID {
			o.Keys = []lease.SubKey{k}
		}
	}
	return o, nil
}

// readOrigin takes the origin out of a header; nil where there is none, as in
// the files of earlier programs.
func (o *outer) readOrigin(m kdbx.VariantMap) error {
	b, ok := m.Bytes(itemOrigin)
	if !ok {
		return nil
	}
	var err error
	if o.origin, err = parseOrigin(b); err != nil {
		return err
	}
	if o.record.Governed != (len(o.origin.Root) > 0) {
		return vault.Fail(vault.Damaged, "origin and record do not agree")
	}
	return nil
}

// Label is what a cache file tells whoever holds it, without any key. Nothing
// of it is proved before the file was opened.
type Label struct {
	Server, User  string // as typed at caching; empty in a file that does not say
	Pin           string // that connections to the server prove; empty: a certificate was enough
	Identity      string // names the identity root of the governing server, 64 hex digits; empty: none
	Governed      bool
	Cache, Device vault.ID
	Generation    uint64
	Created       time.Time
	Level         binding.Level
	RootName      []byte // of the chip that the file opens with, 34 bytes
}

// ReadLabel reads the label of the cache file at path. It needs no key, no chip
// and no client state. Errors: NoCache if there is no file; Damaged, Hostile,
// Unsupported for one that is no cache of ours.
func ReadLabel(path string) (Label, error) {
	o, err := readOuter(path, kdbx.DefaultLimits())
	if err != nil {
		return Label{}, err
	}
	r := o.record
	l := Label{
		Governed: r.Governed, Cache: r.Cache, Device: r.Device, Generation: r.Generation,
		Created: r.Created, Level: r.Level, RootName: r.Root,
	}
	if o.origin != nil {
		l.Server, l.User, l.Pin = o.origin.Server, o.origin.User, o.origin.Pin
		if r.Governed {
			l.Identity = lease.Pin(o.origin.Root)
		}
	}
	return l, nil
}
