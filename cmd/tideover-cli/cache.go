package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
)

// cacheResult is what cache prints.
type cacheResult struct {
	header

	Mode    session.Mode `json:"mode"`
	Entries int          `json:"entries"`
	// Excluded counts the entries that are left out, by the server and by this
	// client; null where the server does not say.
	Excluded    *int        `json:"excluded"`
	Unsupported []exclusion `json:"unsupported"` // by this client: what a cache file cannot carry
	Generation  uint64      `json:"generation"`
	ExpiresAt   *string     `json:"expires_at"`
	// Recovery is "escrowed" or "withheld"; null: the organisation has no recovery
	// key.
	Recovery *string `json:"recovery"`

	Level   binding.Level `json:"level"`
	WhyNotA []string      `json:"why_not_a"` // empty at level A
}

type exclusion struct {
	ID     vault.ID `json:"id"`
	Path   string   `json:"path"`
	Detail string   `json:"detail"`
}

func cacheCommand(p *program) *cobra.Command {
	var comment string
	var level levelFlag
	var key keyFlags
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "Disconnect/Cache…: keep what may be used offline, and go offline",
		Args:  cobra.NoArgs,
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, _ []string) error {
			if err := key.check(); err != nil {
				return err
			}
			client, err := p.client(ctx)
			if err != nil {
				return err
			}
			r := session.CacheRequest{
				Password: s.password, OTP: s.otp, Comment: comment, Level: level.Level, Master: p.newMaster(&s), Progress: p.progress(),
				Key: p.wish(key, s),
			}
			defer s.wipe() // what was typed, too
			heard := &heardOfRecovery{p: p}
			r.Recovery = heard.tell
			given := proof{&r.Password, &r.OTP}
			defer given.wipe()
			var made session.Cached
			if err := p.proving(ctx, client, given, func() (err error) {
				made, err = client.Disconnect(ctx, r)
				return err
			}); err != nil {
				return instead(err, vault.Unconfirmed, "drafts_first", nil) // --yes is none of this command's
			}
			return p.printCached(made, heard)
		}),
	}
	cmd.Flags().StringVar(&comment, "comment", "", "why, where the server asks for it")
	key.register(cmd)
	level.add(cmd.Flags())
	flags.addPassword(cmd.Flags())
	flags.addMaster(cmd.Flags())
	flags.addOTP(cmd.Flags())
	return cmd
}

// newMaster returns how a new master password is got: from standard input, or
// typed twice, once for however often it is asked for.
func (p *program) newMaster(s *secrets) func(context.Context, policy.MasterRules) (vault.Secret, error) {
	return func(ctx context.Context, rules policy.MasterRules) (vault.Secret, error) {
		if !s.master.IsEmpty() {
			return s.master.Clone(), nil
		}
		first, err := p.person.askSecret(ctx, p.words().Text("cli.ask.new_master", map[string]any{"Length": rules.MinLength}), "--master-password-stdin")
		if err != nil {
			return vault.Secret{}, err
		}
		second, err := p.person.askSecret(ctx, p.words().Text("cli.ask.again", nil), "--master-password-stdin")
		if err != nil {
			return vault.Secret{}, err
		}
		defer second.Wipe()
		if !first.Equal(second) {
			first.Wipe()
			return vault.Secret{}, usage("passwords_differ", nil)
		}
		s.master = first.Clone()
		return first, nil
	}
}

// progress shows a counter on a terminal, and nothing elsewhere.
func (p *program) progress() session.Progress {
	if p.json || !p.person.interactive() {
		return nil
	}
	return func(_ session.Phase, done, total int) {
		if total == 0 {
			return // a step without a measure
		}
		if done%100 == 0 || done == total {
			_, _ = fmt.Fprintf(p.stderr, "\r%d/%d", done, total) // only a courtesy
		}
		if done == total {
			_, _ = fmt.Fprintln(p.stderr)
		}
	}
}

func (p *program) printCached(made session.Cached, heard *heardOfRecovery) error {
	r := cacheResult{
		header: head(), Mode: made.Mode, Entries: made.Report.Entries, Unsupported: []exclusion{},
		Generation: made.Generation, ExpiresAt: moment(made.Expires), Level: made.Level, WhyNotA: list(made.WhyNotA),
	}
	for _, e := range made.Report.Excluded {
		r.Unsupported = append(r.Unsupported, exclusion{e.Entry, vault.JoinPath(e.Path...), e.Detail})
	}
	r.Recovery = heard.outcome()
	if made.Withheld != nil {
		n := *made.Withheld + len(r.Unsupported)
		r.Excluded = &n
	}
	if p.json {
		return printJSON(p.stdout, r)
	}
	args := map[string]any{"Entries": r.Entries, "Until": ""}
	if !made.Expires.IsZero() {
		args["Until"] = p.words().Time(made.Expires)
	}
	p.say("cli.cached", args)
	if made.Lease != nil && made.Lease.Level == binding.LevelC {
		p.say("cli.cached_keychain", nil)
	}
	p.sayLevel(made.Level, made.WhyNotA)
	for _, e := range r.Unsupported {
		p.say("cli.excluded", map[string]any{"Path": plain(e.Path), "Detail": plain(e.Detail)})
	}
	return nil
}

func workOfflineCommand(p *program) *cobra.Command {
	var user string
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "work-offline",
		Short: "Open the cache with its master password, and go offline with it",
		Args:  cobra.NoArgs,
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, _ []string) error {
			client, err := p.client(ctx)
			if err != nil {
				return err
			}
			r := p.unlocking(s)
			r.User = user
			if err := client.WorkOffline(ctx, r); err != nil {
				return err
			}
			return p.stand(ctx, client, "cli.offline")
		}),
	}
	cmd.Flags().StringVar(&user, "user", "", "user name in the form typed at caching")
	flags.addMaster(cmd.Flags())
	return cmd
}

func importCacheCommand(p *program) *cobra.Command {
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "import-cache FILE",
		Short: "Put a copy of the newest cache of this machine back into its place",
		Args:  cobra.ExactArgs(1),
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, args []string) error {
			client, err := p.client(ctx)
			if err != nil {
				return err
			}
			if err := client.ImportCache(ctx, args[0], p.unlocking(s)); err != nil {
				return err
			}
			return p.stand(ctx, client, "cli.imported")
		}),
	}
	flags.addMaster(cmd.Flags())
	return cmd
}

func clearCacheCommand(p *program) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "clear-cache --yes",
		Short: "Clear offline cache…: delete it and forget its keys",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := p.client(cmd.Context())
			if err != nil {
				return err
			}
			if !yes && !p.confirm("cli.confirm.clear", nil) {
				return &present.Worded{Cause: vault.Unconfirmed, Topic: "confirm_clear"}
			}
			cleared := "cli.cleared"
			if st, err := client.Status(cmd.Context()); err == nil && st.Cache != nil {
				switch st.Cache.Level {
				case binding.LevelA:
					cleared = "cli.cleared_everywhere"
				case binding.LevelC:
					cleared = "cli.cleared_keychain"
				}
			}
			if err := client.ClearCache(cmd.Context()); err != nil {
				return err
			}
			return p.stand(cmd.Context(), client, cleared)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it without asking")
	return cmd
}

func lockCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "lock",
		Short: "Lock the cache wherever it is open",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := p.client(cmd.Context())
			if err != nil {
				return err
			}
			if err := client.LockEverywhere(cmd.Context()); err != nil {
				return err
			}
			return p.stand(cmd.Context(), client, "cli.locked")
		},
	}
}

func autoCacheCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:       "auto-cache on|off",
		Short:     "Cache automatically on connect",
		ValidArgs: []string{"on", "off"},
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := p.client(cmd.Context())
			if err != nil {
				return err
			}
			if err := client.SetAutoCache(cmd.Context(), args[0] == "on"); err != nil {
				return err
			}
			return p.stand(cmd.Context(), client, "cli.auto_cache_"+args[0])
		},
	}
}
