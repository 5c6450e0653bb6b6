package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

func newDevice(c *console) *cobra.Command {
	return group("device", "List devices and decide about them",
		newDeviceList(c),
		newDeviceShow(c),
		newDeviceState(c, "approve", "Let a device make caches", store.DeviceApproved),
		newDeviceState(c, "deny", "Refuse a device that waits for approval", store.DeviceDenied),
		newDeviceState(c, "suspend", "Issue no further lease to a device", store.DeviceSuspended),
		newDeviceState(c, "revoke", "End a device: no further lease, and its cache is to be wiped", store.DeviceRevoked),
	)
}

// deviceLine is a device in --json.
type deviceLine struct {
	ID            vault.ID   `json:"id"`
	State         string     `json:"state"`
	User          *string    `json:"user"`
	Name          string     `json:"name"`
	OS            string     `json:"os"`
	Level         string     `json:"level"`
	VirtualTPM    bool       `json:"virtual_tpm"`
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

func newDeviceShow(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show a device and what its chip has proved",
		Args:  cobra.ExactArgs(1),
		RunE: c.on(func(args []string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				id, err := parseIDArg(args[0])
				if err != nil {
					return err
				}
				d, err := s.catalog.Device(ctx, by, id)
				if err != nil {
					return err
				}
				users, err := s.catalog.Users(ctx, by)
				if err != nil {
					return err
				}
				chips, err := s.catalog.Chips(ctx, by)
				if err != nil {
					return err
				}
				journal, err := s.catalog.JournalState(ctx, by, id)
				if err != nil {
					return err
				}
				owner := ""
				for _, u := range users {
					if u.ID == d.User {
						owner = u.Name
					}
				}
				released, err := releasedAt(ctx, s, by)
				if err != nil {
					return err
				}
				l := newDeviceLine(d, owner, chips)
				l.ReleasedAt = moment(released[d.ID])
				shown := struct {
					Device  deviceLine  `json:"device"`
					Journal journalLine `json:"journal"`
				}{l, newJournalLine(journal)}
				return c.print(shown, func(w io.Writer) {
					line(w, "id:\t%s\nstate:\t%s\nuser:\t%s\nname:\t%s\nlevel:\t%s\nproven:\t%v\nvirtual:\t%v",
						d.ID, l.State, orDash(owner), d.Name, d.Level, l.Proven, l.VirtualTPM)
					if l.Reason != nil {
						line(w, "reason:\t%s", *l.Reason)
					}
					if l.WhyNotProven != nil {
						line(w, "why not proven:\t%s", *l.WhyNotProven)
					}
					if l.Chip != nil {
						line(w, "maker:\t%s\nmodel:\t%s\nchip:\t%s\nchip seen:\t%s", orDash(l.Chip.Maker), orDash(l.Chip.Model),
							l.Chip.EKName, shortTime(chips[d.ID].Seen))
					}
					for _, id := range l.SameMachine {
						line(w, "same machine:\t%s", id)
					}
					line(w, "last seen:\t%s\nlease ends:\t%s", shortTime(d.LastSeen), shortTime(d.LeaseEnd))
					shown.Journal.write(w)
					if l.ReleasedAt != nil {
						line(w, "released:\t%s (machine secret; see: recovery list)", shortTime(*l.ReleasedAt))
					}
				})
			}
		}),
	}
}

func newDeviceList(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the devices",
		Args:  cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				devices, err := s.catalog.Devices(ctx, by)
				if err != nil {
					return err
				}
				users, err := s.catalog.Users(ctx, by)
				if err != nil {
					return err
				}
				chips, err := s.catalog.Chips(ctx, by)
				if err != nil {
					return err
				}
				released, err := releasedAt(ctx, s, by)
				if err != nil {
					return err
				}
				names := map[vault.ID]string{}
				for _, u := range users {
					names[u.ID] = u.Name
				}
				shown := struct {
					Devices []deviceLine `json:"devices"`
				}{[]deviceLine{}}
				for _, d := range devices {
					l := newDeviceLine(d, names[d.User], chips)
					l.ReleasedAt = moment(released[d.ID])
					shown.Devices = append(shown.Devices, l)
				}
				return c.print(shown, func(w io.Writer) {
					line(w, "ID\tSTATE\tUSER\tNAME\tLEVEL\tCHIP\tLAST SEEN\tLEASE ENDS")
					for i, d := range devices {
						line(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", d.ID, deviceState(d.State), orDash(names[d.User]),
							d.Name, d.Level, chipWord(shown.Devices[i]), shortTime(d.LastSeen), shortTime(d.LeaseEnd))
					}
				})
			}
		}),
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

func newDeviceState(c *console, use, short string, state store.DeviceState) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   use + " ID",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: c.on(func(args []string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				id, err := parseIDArg(args[0])
				if err != nil {
					return err
				}
				if err := s.catalog.SetDeviceState(ctx, by, id, state, reason); err != nil {
					return err
				}
				return c.printDone(&id, id.String(), deviceState(state))
			}
		}),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`text` for the audit and the device's owner")
	return cmd
}
