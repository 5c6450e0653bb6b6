package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// statusResult is what status prints.
type statusResult struct {
	header

	Mode      session.Mode  `json:"mode"`
	SignedIn  bool          `json:"signed_in"`
	User      *string       `json:"user"`
	Server    serverResult  `json:"server"`
	Device    deviceResult  `json:"device"`
	AutoCache bool          `json:"auto_cache"`
	Cache     *cache.Status `json:"cache"` // writes itself as the contract has it

	Recovery recoveryResult `json:"recovery"`
}

type serverResult struct {
	URL       *string       `json:"url"`
	Kind      *session.Kind `json:"kind"`
	Reachable *bool         `json:"reachable"`
	Pin       *string       `json:"pin"`
}

type deviceResult struct {
	ID     *vault.ID         `json:"id"`
	State  *wire.DeviceState `json:"state"`
	Copied bool              `json:"copied"` // suspended, as two chips have its identity
	Chip   chipResult        `json:"chip"`
}

// chipResult is what the server believes of the chip, as it said last.
type chipResult struct {
	Asked   bool              `json:"asked"` // it has judged
	Proven  bool              `json:"proven"`
	Virtual bool              `json:"virtual"`
	Why     *session.Unproven `json:"why"` // not proven
}

func statusCommand(p *program) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say where the client stands; uses no network without --check",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := p.client(cmd.Context())
			if err != nil {
				return err
			}
			var st session.Status
			if check {
				st, err = client.Check(cmd.Context())
			} else {
				st, err = client.Status(cmd.Context())
			}
			if err != nil { // whatever status finds out is its answer, not its failure
				_, _ = fmt.Fprintln(p.stderr, p.words().Explain(err).Sentence())
			}
			if p.json {
				return printJSON(p.stdout, newStatusResult(st))
			}
			p.printStatus(st)
			return nil
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "ask the server")
	return cmd
}

func newStatusResult(st session.Status) statusResult {
	r := statusResult{
		header: head(), Mode: st.Mode, SignedIn: st.SignedIn, User: known(st.User), AutoCache: st.AutoCache, Cache: st.Cache,
		Server: serverResult{known(st.Server.URL), known(st.Server.Kind), st.Server.Reachable, known(st.Server.Pin)},
		Device: deviceResult{known(st.Device.ID), known(st.Device.State), st.Device.Copied, newChipResult(st.Device.Chip)}, Recovery: newRecoveryResult(st.Recovery),
	}
	return r
}

// counts are what is left of a cache, as far as the chip tells.
func counts(c *cache.Status) map[string]any {
	args := map[string]any{"Tries": c.Tries.Left, "TriesKnown": c.Tries.Known, "OpensKnown": c.Verdict.OpensLeft != nil, "Opens": 0}
	if n := c.Verdict.OpensLeft; n != nil {
		args["Opens"] = *n
	}
	return args
}

func newChipResult(c session.ChipStatus) chipResult {
	return chipResult{c.Asked, c.Proven, c.Virtual, known(c.Why)}
}

func (p *program) printStatus(st session.Status) {
	w := p.words()
	var b strings.Builder
	fmt.Fprintln(&b, w.Text("cli.mode."+string(st.Mode), nil))
	if st.User != "" {
		key := "cli.user.known"
		if st.SignedIn {
			key = "cli.user.signed_in"
		}
		fmt.Fprintln(&b, w.Text(key, map[string]any{"User": plain(st.User), "Server": plain(st.Server.URL)}))
	}
	if st.Server.Reachable != nil {
		key := "cli.server.unreachable"
		if *st.Server.Reachable {
			key = "cli.server.reachable"
		}
		fmt.Fprintln(&b, w.Text(key, nil))
	}
	if st.Device.State != "" {
		key := "cli.device." + string(st.Device.State)
		if st.Device.Copied {
			key = "cli.device.copied"
		}
		fmt.Fprintln(&b, w.Text(key, nil))
		fmt.Fprintln(&b, w.Text("cli.chip", map[string]any{"Proven": st.Device.Chip.Proven, "Why": w.Unproven(st.Device.Chip.Why)}))
	}
	if c := st.Cache; c == nil {
		fmt.Fprintln(&b, w.Text("cli.cache.none", nil))
	} else {
		fmt.Fprintln(&b, w.Text("cli.cache."+string(c.State), nil))
		if c.Readable {
			args := map[string]any{
				"Entries": c.Entries, "Age": w.Ago(c.Now.Sub(c.Created)), "Level": c.Level,
				"Name": w.Level(string(c.Level), c.Virtual), "Governed": c.Governed, "Until": "",
			}
			if c.State == cache.Usable && c.Judged && !c.Verdict.Unlimited {
				args["Until"] = w.Time(c.Verdict.Until)
			}
			fmt.Fprintln(&b, w.Text("cli.cache.facts", args))
			if c.Level == binding.LevelA || c.Level == binding.LevelB {
				fmt.Fprintln(&b, w.Text("cli.cache.counts", counts(c)))
			}
			if len(c.Keys) > 0 {
				fmt.Fprintln(&b, w.Text("cli.cache.keys", map[string]any{"Keys": plain(strings.Join(c.Keys, ", "))}))
			}
		}
		if c.OverlayEdits > 0 {
			fmt.Fprintln(&b, w.Text("cli.cache.drafts", map[string]any{"Edits": c.OverlayEdits}))
		}
	}
	p.printRecovery(&b, st.Recovery)
	_, _ = fmt.Fprint(p.stdout, b.String()) // a closed pipe is no failure
}
