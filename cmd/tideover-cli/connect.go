package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

// connectResult is what connect prints.
type connectResult struct {
	header

	Mode      session.Mode    `json:"mode"`
	Dropped   []session.Draft `json:"dropped"`   // null: there were some that cannot be listed any more
	Requested int             `json:"requested"` // edits sent as change requests in place of being dropped
	Renewed   bool            `json:"cache_renewed"`
	Level     *binding.Level  `json:"level"`     // of the fresh cache; null: there is none
	WhyNotA   []string        `json:"why_not_a"` // empty at level A
}

// wouldDrop is what connect prints in place of it when edits stand in the way.
type wouldDrop struct {
	header

	Mode      session.Mode    `json:"mode"`
	WouldDrop []session.Draft `json:"would_drop"`
	Requested int             `json:"requested"`
	Renewed   bool            `json:"cache_renewed"`
	Error     errorObject     `json:"error"`
}

func connectCommand(p *program) *cobra.Command {
	var yes bool
	var level levelFlag
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "connect",
		Short: "Come back online: the journal goes up, local edits are dropped, the cache is renewed",
		Args:  cobra.NoArgs,
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, _ []string) error {
			client, err := p.client(ctx)
			if err != nil {
				return err
			}
			st, err := client.Status(ctx)
			if err != nil {
				return err
			}
			r := session.ConnectRequest{Password: s.password, OTP: s.otp, Drop: yes, Level: level.Level, Progress: p.progress(), Key: p.wish(keyFlags{}, s)}
			r.Master, r.KeepTries = p.renewing(s, st)
			if !st.SignedIn && s.password.IsEmpty() && st.User != "" && (yes || !st.Drafts) {
				if r.Password, err = p.password(ctx, s, st.User); err != nil {
					return err
				}
			}
			given := proof{&r.Password, &r.OTP}
			defer given.wipe()
			var done session.Connected
			err = p.proving(ctx, client, given, func() (err error) {
				done, err = client.Connect(ctx, r)
				return err
			})
			if errors.Is(err, vault.Unconfirmed) {
				return p.printWouldDrop(done, instead(err, vault.Unconfirmed, "confirm_drop", map[string]any{"Edits": len(done.Dropped)}))
			}
			if err != nil {
				return err
			}
			return p.printConnected(done)
		}),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "drop the edits made offline")
	level.add(cmd.Flags())
	flags.addPassword(cmd.Flags())
	flags.addMaster(cmd.Flags())
	flags.addOTP(cmd.Flags())
	return cmd
}

// renewing returns how connect gets the master password to renew the cache with:
// what was given, or, where the cache is to be renewed on each connect and
// somebody can answer, a prompt.
func (p *program) renewing(s secrets, st session.Status) (session.Ask, int) {
	if !s.master.IsEmpty() {
		return p.askMaster(s), keptTries
	}
	if st.AutoCache && p.person.interactive() && st.Cache != nil && st.Cache.State == cache.Usable {
		return p.askMaster(s), 0
	}
	return nil, 0
}

func (p *program) printWouldDrop(done session.Connected, err error) error {
	e := p.words().Explain(err)
	if p.json {
		if err := printJSON(p.stdout, wouldDrop{
			header: head(), Mode: done.Mode, WouldDrop: done.Dropped,
			Error: errorObject{ID: e.ID, Exit: e.Exit, Message: e.Message, Remedy: e.Remedy},
		}); err != nil {
			return err
		}
		return reported{err}
	}
	for _, d := range done.Dropped {
		p.printDraft("cli.would_drop", d)
	}
	return err
}

func (p *program) printConnected(done session.Connected) error {
	if done.Journal != nil {
		_, _ = fmt.Fprintln(p.stderr, p.words().Text("cli.journal_refused", map[string]any{ // nowhere left to tell
			"Why": p.words().Explain(done.Journal).Message,
		}))
	}
	if done.Refill != nil {
		_, _ = fmt.Fprintln(p.stderr, p.words().Text("cli.not_refilled", map[string]any{ // as above
			"Why": p.words().Explain(done.Refill).Sentence(),
		}))
	}
	if done.Stale != nil {
		key := "cli.not_renewed"
		if done.Mode != session.Online {
			key = "cli.lost_again"
		}
		_, _ = fmt.Fprintln(p.stderr, p.words().Text(key, map[string]any{ // as above
			"Why": p.words().Explain(done.Stale).Sentence(),
		}))
	}
	if p.json {
		return printJSON(p.stdout, connectResult{
			header: head(), Mode: done.Mode, Dropped: done.Dropped, Renewed: done.Renewed,
			Level: known(done.Level), WhyNotA: list(done.WhyNotA),
		})
	}
	for _, d := range done.Dropped {
		p.printDraft("cli.dropped", d)
	}
	if done.Dropped == nil {
		p.say("cli.dropped_unknown", nil)
	}
	if done.Mode == session.Online {
		p.say("cli.connected", nil)
	}
	if done.Renewed {
		p.say("cli.renewed", nil)
		p.sayLevel(done.Level, done.WhyNotA)
	}
	return nil
}

func (p *program) printDraft(key string, d session.Draft) {
	fields := ""
	for i, f := range d.Fields {
		if i > 0 {
			fields += ", "
		}
		fields += plain(f)
	}
	p.say(key, map[string]any{"Op": p.words().Text("cli.op."+string(d.Op), nil), "Path": plain(d.Path), "Fields": fields})
}

// dryRunResult is what dry-run prints: the server's answer and the version.
type dryRunResult struct {
	header
	runResult
}

func dryRunCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "dry-run",
		Short: "Show what a cache would hold now, and why not the rest",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.dryRun(cmd.Context())
		},
	}
}

func (p *program) dryRun(ctx context.Context) error {
	client, err := p.client(ctx)
	if err != nil {
		return err
	}
	run, err := client.DryRun(ctx)
	if err != nil {
		return err
	}
	if p.json {
		return printJSON(p.stdout, dryRunResult{head(), newRunResult(run)})
	}
	p.say("cli.dry_run", map[string]any{"Cached": run.Cached, "Total": run.Total})
	for _, e := range run.Entries {
		if e.Cached || e.Reason == nil {
			continue
		}
		detail := ""
		if e.Detail != nil {
			detail = plain(*e.Detail)
		}
		_, _ = fmt.Fprintf(p.stdout, "%s  %s  %s\n", plain(e.Path), plain(*e.Reason), detail) // a closed pipe is no failure
	}
	return nil
}
