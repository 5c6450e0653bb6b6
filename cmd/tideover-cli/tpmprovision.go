package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// maxPlanBytes bounds what tpm provision reads; a plan takes 500 bytes.
const maxPlanBytes = 16 << 10

// indexPlan is what travels from the user's client to whoever may provision the
// chip. Whoever has it, and may use the chip, can end the cache; nobody can open
// anything with it.
type indexPlan struct {
	header
	binding.Slots
}

// provisionResult is what tpm provision prints.
type provisionResult struct {
	header

	Indices []binding.IndexKind `json:"indices"`
	Handles []uint32            `json:"handles"`
}

func tpmProvisionCommand(p *program) *cobra.Command {
	var owned bool
	cmd := &cobra.Command{
		Use:   "provision",
		Short: "Make the counters of a cache in the chip, from the plan on standard input; for root, administrators, the group tss",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.shell { // the plan would be whatever is typed next
				return usage("not_in_shell", map[string]any{"Command": "tpm provision"})
			}
			ctx := cmd.Context()
			owner, err := p.ownerPassword(owned)
			if err != nil {
				return err
			}
			defer owner.Wipe()
			plan, err := p.readPlan()
			if err != nil {
				return err
			}
			defer clear(plan.CounterAuth)
			defer clear(plan.PinPassAuth)
			if err := p.provision(ctx, plan.Slots, owner); err != nil {
				return err
			}
			if p.json {
				return printJSON(p.stdout, provisionResult{head(), plan.Indices.Kinds(), plan.Indices.Handles()})
			}
			p.say("cli.provisioned", map[string]any{"Opens": plan.Indices.PinPass != 0})
			return nil
		},
	}
	addOwner(cmd, &owned)
	return cmd
}

func addOwner(cmd *cobra.Command, owned *bool) {
	cmd.Flags().BoolVar(owned, "owner-password-stdin", false, "read the password of the chip's owner as a line of standard input; most chips have none")
}

// ownerPassword reads the password of the chip's owner, if there is one.
func (p *program) ownerPassword(owned bool) (vault.Secret, error) {
	if !owned {
		return vault.Secret{}, nil
	}
	return readLine(p.in, present.Key("cli.line.owner"))
}

// readPlan reads a plan from standard input, whole.
func (p *program) readPlan() (indexPlan, error) {
	var plan indexPlan
	if p.person.interactive() {
		return plan, usage("provision_nothing", nil)
	}
	raw, err := io.ReadAll(io.LimitReader(p.in, maxPlanBytes+1))
	if err != nil {
		return plan, fmt.Errorf("read the plan: %w", err)
	}
	defer clear(raw)
	if len(bytes.TrimSpace(raw)) == 0 {
		return plan, usage("provision_nothing", nil)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err = d.Decode(&plan)
	switch {
	case err != nil, len(raw) > maxPlanBytes:
	case plan.Version != outputVersion, len(plan.CounterAuth) == 0, (len(plan.PinPassAuth) == 0) != (plan.Indices.PinPass == 0):
		err = errors.New("not a plan of this version")
	default:
		err = plan.Indices.Validate()
		if _, end := d.Token(); err == nil && !errors.Is(end, io.EOF) {
			err = errors.New("more than a plan")
		}
	}
	if err != nil || len(raw) > maxPlanBytes {
		return plan, &present.Worded{Cause: vault.Usage, Topic: "provision_input", Err: err}
	}
	return plan, nil
}

// provision has the chip make the indices. It asks no server, and needs no
// client: it may be another user's.
func (p *program) provision(ctx context.Context, slots binding.Slots, owner vault.Secret) error {
	err := p.options().Provision(ctx, slots, owner.Bytes())
	for _, known := range []struct {
		kind  error
		cause vault.Cause
		topic string
	}{
		{binding.ErrOwnerAuth, vault.NotPermitted, "provision_owner"},
		{binding.ErrNoSpace, vault.LevelTooLow, "provision_space"},
		{binding.ErrIndexTaken, vault.Conflict, "provision_taken"},
	} {
		if errors.Is(err, known.kind) {
			return &present.Worded{Cause: known.cause, Topic: known.topic, Err: err}
		}
	}
	if err != nil {
		return p.noRights(err)
	}
	return nil
}

// noRights says that the chip cannot be reached, and whether that is for want of
// rights.
func (p *program) noRights(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EACCES):
		return &present.Worded{Cause: vault.NotPermitted, Topic: "provision_rights", Args: map[string]any{"Spec": plain(p.options().Chip())}, Err: err}
	case errors.Is(err, binding.ErrBusy):
		return vault.Fail(vault.Busy, "%w", err)
	case errors.Is(err, binding.ErrUnavailable):
		return p.noChip(err)
	}
	return err
}
