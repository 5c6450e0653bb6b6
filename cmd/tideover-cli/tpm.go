package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// probeResult is what tpm probe prints.
type probeResult struct {
	header

	Level        binding.Level `json:"level"`
	BlockedBy    []string      `json:"level_blocked_by"`
	Virtual      bool          `json:"virtual_tpm"`
	Manufacturer string        `json:"manufacturer"`
	Firmware     string        `json:"firmware"`
	ClockMS      uint64        `json:"clock_ms"`
	Resets       uint32        `json:"resets"`
	Restarts     uint32        `json:"restarts"`
	ClockSafe    bool          `json:"clock_safe"`
	TriesLeft    *int          `json:"tries_left"`
}

func tpmCommand(p *program) *cobra.Command {
	probe := &cobra.Command{
		Use:   "probe",
		Short: "Measure the security chip; changes nothing in it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			client, err := p.client(ctx)
			if err != nil {
				return err
			}
			chip := client.Chip
			if chip == nil {
				return p.noChip(client.ChipErr)
			}
			machine, err := chip.Machine(ctx)
			if err != nil {
				return p.noChip(err)
			}
			clock, err := chip.Clock(ctx)
			if err != nil {
				return p.noChip(err)
			}
			tries, err := chip.Tries(ctx)
			if err != nil {
				return p.noChip(err)
			}
			return p.printProbe(machine, clock, tries)
		},
	}
	cmd := &cobra.Command{Use: "tpm", Short: "The security chip of this machine", Args: cobra.NoArgs, RunE: needsSubcommand}
	cmd.AddCommand(probe, tpmPlanCommand(p), tpmProvisionCommand(p), tpmReleaseCommand(p))
	return cmd
}

// noChip says that there is no chip to measure: no cache is meant here.
func (p *program) noChip(err error) error {
	spec, topic := p.options().Chip(), "no_chip"
	if spec == "none" {
		topic = "chip_off"
	}
	return &present.Worded{Cause: vault.ChipMissing, Topic: topic, Args: map[string]any{"Spec": plain(spec)}, Err: err}
}

func (p *program) printProbe(m binding.Machine, c binding.Clock, t binding.Tries) error {
	r := probeResult{
		header: head(), Level: m.Level, BlockedBy: list(m.BlockedBy), Virtual: m.Virtual,
		Manufacturer: m.Manufacturer, Firmware: m.Firmware,
		ClockMS: c.MS, Resets: c.Resets, Restarts: c.Restarts, ClockSafe: c.Safe,
	}
	if t.Known {
		r.TriesLeft = &t.Left
	}
	if p.json {
		return printJSON(p.stdout, r)
	}
	w := p.words()
	_, _ = fmt.Fprintln(p.stdout, w.Text("cli.tpm", map[string]any{ // a closed pipe is no failure
		"Level": r.Level, "Name": w.Level(string(r.Level), r.Virtual), "Manufacturer": plain(r.Manufacturer), "Firmware": plain(r.Firmware),
		"BlockedBy": w.Blocked(r.BlockedBy), "Tries": t.Left, "TriesKnown": t.Known,
	}))
	return nil
}
