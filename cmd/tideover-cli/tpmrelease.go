package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// releaseResult is what tpm release prints. The reasons are null where there is
// nothing to give one for.
type releaseResult struct {
	header

	Mode      session.Mode   `json:"mode"`
	Cleared   bool           `json:"cleared"`
	Level     *binding.Level `json:"level"`           // of the cache that was cleared
	Told      bool           `json:"told"`            // the server knows; at level A by the word of the chip
	Untold    *string        `json:"untold_because"`  // it does not yet
	Journal   *string        `json:"journal_refused"` // by the server
	Released  bool           `json:"released"`        // the chip holds nothing of this account
	Remaining *string        `json:"remains_because"` // it still does
}

func tpmReleaseCommand(p *program) *cobra.Command {
	var yes, owned bool
	cmd := &cobra.Command{
		Use:   "release",
		Short: "Prepare for a change of board, chip or firmware: send the journal, clear the cache, free the chip",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			client, err := p.client(ctx)
			if err != nil {
				return err
			}
			st, err := client.Status(ctx)
			if err != nil {
				return err
			}
			args := map[string]any{"Drafts": st.Drafts}
			if !yes && !p.confirm("cli.confirm.release", args) {
				return &present.Worded{Cause: vault.Unconfirmed, Topic: "confirm_release", Args: args}
			}
			owner, err := p.ownerPassword(owned)
			if err != nil {
				return err
			}
			defer owner.Wipe()
			ready, err := client.LeaveHardware(ctx, session.HardwareRequest{Drop: true, Owner: owner.Bytes()})
			if err != nil {
				return instead(err, vault.Unreachable, "release_offline", nil)
			}
			return p.printReleased(ready)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it without asking")
	addOwner(cmd, &owned)
	return cmd
}

func (p *program) printReleased(ready session.HardwareReady) error {
	why := func(err error) *string {
		if err == nil {
			return nil
		}
		e := p.words().Explain(err)
		return &e.Message
	}
	r := releaseResult{
		header: head(), Mode: ready.Mode, Cleared: ready.Cleared, Level: known(ready.Level),
		Told: ready.Untold == nil, Untold: why(ready.Untold), Journal: why(ready.Journal),
		Released: ready.Kept == nil, Remaining: why(ready.Kept),
	}
	if p.json {
		return printJSON(p.stdout, r)
	}
	p.say("cli.release.cleared", map[string]any{"Cleared": r.Cleared, "A": ready.Level == binding.LevelA && r.Told})
	if r.Journal != nil {
		p.say("cli.journal_refused", map[string]any{"Why": *r.Journal})
	}
	if r.Untold != nil {
		p.say("cli.release.untold", map[string]any{"Why": *r.Untold})
	}
	switch {
	case r.Remaining == nil:
	case errors.Is(ready.Kept, vault.LevelTooLow):
		p.say("cli.release.kept_owner", nil)
	default:
		p.say("cli.release.kept", map[string]any{"Why": *r.Remaining})
	}
	p.say("cli.release.next", nil)
	return nil
}
