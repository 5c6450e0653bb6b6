package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

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
				about, err := aboutDevices(ctx, s, by)
				if err != nil {
					return err
				}
				journal, err := s.catalog.JournalState(ctx, by, id)
				if err != nil {
					return err
				}
				shown := struct {
					Device  deviceLine  `json:"device"`
					Journal journalLine `json:"journal"`
				}{about.line(d), newJournalLine(journal)}
				return c.print(shown, func(w io.Writer) {
					shown.Device.write(w)
					shown.Journal.write(w)
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
				about, err := aboutDevices(ctx, s, by)
				if err != nil {
					return err
				}
				shown := struct {
					Devices []deviceLine `json:"devices"`
				}{[]deviceLine{}}
				for _, d := range devices {
					shown.Devices = append(shown.Devices, about.line(d))
				}
				return c.print(shown, func(w io.Writer) {
					line(w, "ID\tSTATE\tUSER\tNAME\tLEVEL\tCHIP\tLAST SEEN\tLEASE ENDS")
					for _, l := range shown.Devices {
						line(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", l.ID, l.State, orText(l.User), plain(l.Name), l.Level,
							chipWord(l), orTime(l.LastSeenAt), orTime(l.LeaseEndsAt))
					}
				})
			}
		}),
	}
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
