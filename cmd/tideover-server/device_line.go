package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"slices"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// deviceLine is a device in --json.
type deviceLine struct {
	ID            vault.ID   `json:"id"`
	State         string     `json:"state"`
	User          *string    `json:"user"`
	Name          string     `json:"name"`
	OS            string     `json:"os"`
	Level         string     `json:"level"` // of its cache; without one as it registered
	VirtualTPM    bool       `json:"virtual_tpm"`
	Cache         *cacheLine `json:"cache"`
	Attested      bool       `json:"attested"` // the chip has shown which one it is
	Proven        bool       `json:"proven"`   // and a maker who is believed vouches for it
	WhyNotProven  *string    `json:"why_not_proven"`
	Chip          *chipLine  `json:"chip"`
	SameMachine   []vault.ID `json:"same_machine"` // other devices with the same chip
	ClientVersion string     `json:"client_version"`
	Reason        *string    `json:"reason"`
	CreatedAt     *time.Time `json:"created_at"`
	LastSeenAt    *time.Time `json:"last_seen_at"`
	LeaseEndsAt   *time.Time `json:"lease_ends_at"`
	WipedAt       *time.Time `json:"wiped_at"`
	ReleasedAt    *time.Time `json:"released_at"` // its machine secret, by two administrators
}

// cacheLine is the cache that a device has, in --json.
type cacheLine struct {
	ID         vault.ID   `json:"id"`
	Generation uint64     `json:"generation"`
	Level      string     `json:"level"`
	SentAt     *time.Time `json:"sent_at"`
	ProvenAt   *time.Time `json:"proven_at"` // the device has shown that it has it; null: not yet
}

// chipLine is what an attested chip is, in --json.
type chipLine struct {
	Maker      string     `json:"maker"` // as the certificate says
	Model      string     `json:"model"`
	Version    string     `json:"version"`
	EKName     string     `json:"ek_name"` // hex; the same chip, the same name
	AttestedAt *time.Time `json:"attested_at"`
	SeenAt     *time.Time `json:"seen_at"`
	Counter    uint64     `json:"counter"` // newest certified generation counter; 0: none
}

// devicesAbout is what is known around devices.
type devicesAbout struct {
	names    map[vault.ID]string // of users
	chips    map[vault.ID]catalog.Chip
	caches   map[vault.ID]catalog.DeviceCache
	released map[vault.ID]time.Time
}

func aboutDevices(ctx context.Context, s *site, by *catalog.Caller) (*devicesAbout, error) {
	users, err := s.catalog.Users(ctx, by)
	if err != nil {
		return nil, err
	}
	a := &devicesAbout{names: map[vault.ID]string{}}
	for _, u := range users {
		a.names[u.ID] = u.Name
	}
	if a.chips, err = s.catalog.Chips(ctx, by); err != nil {
		return nil, err
	}
	if a.caches, err = s.catalog.Caches(ctx, by); err != nil {
		return nil, err
	}
	a.released, err = releasedAt(ctx, s, by)
	return a, err
}

// line returns what is shown of a device.
func (a *devicesAbout) line(d store.Device) deviceLine {
	l := newDeviceLine(d, a.names[d.User], a.chips)
	l.ReleasedAt = moment(a.released[d.ID])
	if c, ok := a.caches[d.ID]; ok {
		l.Level, l.VirtualTPM = string(c.Level), l.VirtualTPM || c.Virtual
		l.Cache = &cacheLine{c.Cache, c.Generation, string(c.Level), moment(c.Sent), moment(c.Proven)}
	}
	return l
}

func newDeviceLine(d store.Device, user string, chips map[vault.ID]catalog.Chip) deviceLine {
	l := deviceLine{
		ID: d.ID, State: deviceState(d.State), Name: d.Name, OS: d.OS, Level: d.Level, VirtualTPM: d.Virtual,
		ClientVersion: d.ClientVersion, CreatedAt: moment(d.Created), LastSeenAt: moment(d.LastSeen),
		LeaseEndsAt: moment(d.LeaseEnd), WipedAt: moment(d.WipedAt), SameMachine: []vault.ID{},
	}
	if chip, ok := chips[d.ID]; ok {
		l.Attested, l.Proven, l.VirtualTPM = true, chip.Proven, l.VirtualTPM || chip.Virtual
		if chip.Why != "" {
			l.WhyNotProven = &chip.Why
		}
		l.Chip = &chipLine{
			Maker: chip.Maker, Model: chip.Model, Version: chip.Version, EKName: hex.EncodeToString(chip.EKName),
			AttestedAt: moment(chip.Since), SeenAt: moment(chip.Seen), Counter: chip.Counter,
		}
	}
	for id, chip := range chips {
		if own, ok := chips[d.ID]; ok && id != d.ID && bytes.Equal(own.EKName, chip.EKName) {
			l.SameMachine = append(l.SameMachine, id)
		}
	}
	slices.SortFunc(l.SameMachine, func(a, b vault.ID) int { return bytes.Compare(a[:], b[:]) })
	if user != "" {
		l.User = &user
	}
	if d.Why != "" {
		l.Reason = &d.Why
	}
	return l
}

// write writes the line for people. Names and models are the word of others, so
// that nothing in them reaches the terminal as it is.
func (l *deviceLine) write(w io.Writer) {
	line(w, "id:\t%s\nstate:\t%s\nuser:\t%s\nname:\t%s\nlevel:\t%s\nproven:\t%v\nvirtual:\t%v",
		l.ID, l.State, orText(l.User), plain(l.Name), l.Level, l.Proven, l.VirtualTPM)
	if l.Cache != nil {
		used := "not yet in use"
		if l.Cache.ProvenAt != nil {
			used = "in use since " + shortTime(*l.Cache.ProvenAt)
		}
		line(w, "cache:\tgeneration %d of level %s, %s", l.Cache.Generation, l.Cache.Level, used)
	}
	if l.Reason != nil {
		line(w, "reason:\t%s", plain(*l.Reason))
	}
	if l.WhyNotProven != nil {
		line(w, "why not proven:\t%s", plain(*l.WhyNotProven))
	}
	if l.Chip != nil {
		line(w, "maker:\t%s\nmodel:\t%s\nchip:\t%s\nchip seen:\t%s", plain(l.Chip.Maker), plain(l.Chip.Model),
			l.Chip.EKName, orTime(l.Chip.SeenAt))
	}
	for _, id := range l.SameMachine {
		line(w, "same machine:\t%s", id)
	}
	line(w, "last seen:\t%s\nlease ends:\t%s", orTime(l.LastSeenAt), orTime(l.LeaseEndsAt))
	if l.ReleasedAt != nil {
		line(w, "released:\t%s (machine secret; see: recovery list)", shortTime(*l.ReleasedAt))
	}
}

// chipWord says in a few words what is known of a chip, and of its secret.
func chipWord(l deviceLine) string {
	word := "unproven"
	if l.Proven {
		word = "proven"
	}
	if l.VirtualTPM {
		word += ", virtual"
	}
	if l.ReleasedAt != nil {
		word += ", machine secret released"
	}
	return word
}

func deviceState(s store.DeviceState) string {
	switch s {
	case store.DevicePending:
		return "pending"
	case store.DeviceApproved:
		return "approved"
	case store.DeviceSuspended:
		return "suspended"
	case store.DeviceRevoked:
		return "revoked"
	case store.DeviceWiped:
		return "wiped"
	case store.DeviceDenied:
		return "denied"
	}
	return "unknown"
}
