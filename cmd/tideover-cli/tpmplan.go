package main

import (
	"github.com/spf13/cobra"
)

func tpmPlanCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "plan",
		Short: "Write what the chip needs for caches of level A, for \"tpm provision\" by somebody who may",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := p.client(cmd.Context())
			if err != nil {
				return err
			}
			slots, err := client.PlanIndices(cmd.Context())
			if err != nil {
				return err
			}
			defer clear(slots.CounterAuth)
			defer clear(slots.PinPassAuth)
			return printJSON(p.stdout, indexPlan{head(), slots})
		},
	}
}
