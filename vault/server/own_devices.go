package server

import (
	"encoding/json"
	"net/http"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/wire"
)

// Limits of what a device says about itself.
const (
	maxDeviceText = 200 // bytes of a name or version; the console shows them in one line
	maxKeyBytes   = 256 // a P-256 SPKI has 91
)

func (s *Server) postDevice(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.DeviceRequest
	if err := readJSON(r, &in, false); err != nil {
		return err
	}
	if _, err := binding.ParseLevel(string(in.Level)); err != nil {
		return vault.Fail(vault.Usage, "level is none of A, B, B0, C, D")
	}
	if _, ok := deviceKey(in.PublicKey); !ok || len(in.PublicKey) > maxKeyBytes {
		return vault.Fail(vault.Usage, "public_key is no P-256 key")
	}
	if len(in.RootName) != 0 && len(in.RootName) != binding.NameSize {
		return vault.Fail(vault.Usage, "root_name has neither 0 nor %d bytes", binding.NameSize)
	}
	for _, text := range [...]string{in.Name, in.OS, in.ClientVersion} {
		if len(text) > maxDeviceText {
			return vault.Fail(vault.Usage, "name, os and client_version have at most %d bytes", maxDeviceText)
		}
	}
	device, err := s.catalog.RegisterDevice(r.Context(), c.caller, catalog.NewDevice{
		Name: in.Name, OS: in.OS, PublicKey: in.PublicKey, Level: string(in.Level), Virtual: in.VirtualTPM,
		RootName: in.RootName, ClientVersion: in.ClientVersion, Address: c.address,
	})
	if err != nil {
		return err
	}
	s.seen.add(store.Contact{Device: device.ID, At: s.now(), Address: c.address})
	return s.writeDevice(w, r, device)
}

func (s *Server) getDevice(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r, "device")
	if err != nil {
		return err
	}
	device, err := s.catalog.Device(r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	return s.writeDevice(w, r, device)
}

// getDeviceState tells a device how it stands, whether or not anybody is signed
// in: who works offline hears of a revocation as well.
func (s *Server) getDeviceState(w http.ResponseWriter, r *http.Request, c *call) error {
	return s.writeDevice(w, r, c.device)
}

func (s *Server) writeDevice(w http.ResponseWriter, r *http.Request, d store.Device) error {
	released, err := s.released(r, d.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Device{ID: d.ID, State: deviceState(d.State), UserID: d.User, Why: d.Why, Released: released})
}

func deviceState(s store.DeviceState) wire.DeviceState {
	switch s {
	case store.DeviceApproved:
		return wire.DeviceApproved
	case store.DeviceSuspended:
		return wire.DeviceSuspended
	case store.DeviceRevoked:
		return wire.DeviceRevoked
	case store.DeviceWiped:
		return wire.DeviceWiped
	case store.DeviceDenied:
		return wire.DeviceDenied
	}
	return wire.DevicePending
}

// readSigned reads the body of a device-signed request.
func readSigned(c *call, v any) error {
	if err := json.Unmarshal(c.body, v); err != nil {
		return badJSON(err)
	}
	return nil
}

func (s *Server) postProof(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.GenerationReport
	if err := readSigned(c, &in); err != nil {
		return err
	}
	if _, err := s.present(r, c, in, in.Attestation, catalog.Presence{Generation: in.Generation}); err != nil {
		return err
	}
	if err := s.catalog.Proof(r.Context(), c.device.ID, in.Generation); err != nil {
		return err
	}
	writeNothing(w)
	return nil
}

func (s *Server) postCleared(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.GenerationReport
	if err := readSigned(c, &in); err != nil {
		return err
	}
	chip, err := s.present(r, c, in, in.Attestation, catalog.Presence{Generation: in.Generation})
	if err != nil {
		return err
	}
	if err := s.catalog.ClearedBy(r.Context(), c.device.ID, in.Generation, chip); err != nil {
		return err
	}
	writeNothing(w)
	return nil
}

func (s *Server) postJournal(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.JournalUpload
	if err := readSigned(c, &in); err != nil {
		return err
	}
	events := make([]audit.Event, 0, len(in.Events))
	for _, e := range in.Events {
		events = append(events, audit.Event{
			Seq: e.Seq, At: e.At, Type: audit.Type(e.Type), Entry: e.Entry, Detail: e.Detail,
			Generation: e.Generation, Prev: audit.Hash(e.Prev), Hash: audit.Hash(e.Hash),
		})
	}
	through, err := s.catalog.AddJournal(r.Context(), c.device.ID, events)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.JournalAnswer{Through: through})
}
