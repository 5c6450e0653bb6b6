package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/session"
)

// keyResult is what the commands of key print.
type keyResult struct {
	header

	Keys       []string `json:"security_keys"` // of the cache, by name; empty: none is needed
	Generation uint64   `json:"generation"`
}

func keyCommand(p *program) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Security keys (FIDO2), one of which is needed to open the cache",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(keyAddCommand(p), keyListCommand(p), keyRemoveCommand(p))
	return cmd
}

func keyAddCommand(p *program) *cobra.Command {
	var name string
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Make the cache anew, so that this security key opens it too",
		Args:  cobra.NoArgs,
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, _ []string) error {
			return p.changeKeys(ctx, s, func(client *session.Session, r session.KeyChange) error {
				r.Name = name
				_, err := client.AddKey(ctx, r)
				return err
			}, "cli.key.added")
		}),
	}
	cmd.Flags().StringVar(&name, "name", "", "what you call the key")
	addKeySecrets(&flags, cmd.Flags())
	return cmd
}

func keyRemoveCommand(p *program) *cobra.Command {
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Make the cache anew without that security key, which need not be there",
		Args:  cobra.ExactArgs(1),
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, args []string) error {
			return p.changeKeys(ctx, s, func(client *session.Session, r session.KeyChange) error {
				r.Name = args[0]
				made, err := client.RemoveKey(ctx, r)
				if err == nil && made.Level != binding.LevelA {
					_, _ = fmt.Fprintln(p.stderr, p.words().Text("cli.key.copies", nil)) // nowhere left to tell
				}
				return err
			}, "cli.key.removed")
		}),
	}
	addKeySecrets(&flags, cmd.Flags())
	return cmd
}

func keyListCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the security keys of the cache",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := p.client(cmd.Context())
			if err != nil {
				return err
			}
			r, err := listKeys(cmd.Context(), client.Session)
			if err != nil {
				return err
			}
			if p.json {
				return printJSON(p.stdout, r)
			}
			if len(r.Keys) == 0 {
				p.say("cli.key.none", nil)
			}
			for _, name := range r.Keys {
				_, _ = fmt.Fprintln(p.stdout, plain(name)) // a closed pipe is no failure
			}
			return nil
		},
	}
}

func addKeySecrets(flags *secretFlags, f *pflag.FlagSet) {
	flags.addPassword(f)
	flags.addMaster(f)
	flags.addOTP(f)
}

// listKeys returns the keys of the cache, as its file says them.
func listKeys(ctx context.Context, client *session.Session) (keyResult, error) {
	st, err := client.Status(ctx)
	if err != nil {
		return keyResult{}, err
	}
	switch {
	case st.Cache == nil:
		return keyResult{}, vault.NoCache
	case !st.Cache.Readable:
		return keyResult{}, cmp.Or(st.Cache.Problem, error(vault.Damaged))
	}
	return keyResult{head(), st.Cache.Keys, st.Cache.Generation}, nil
}

// changeKeys carries out a change of the keys, with the account password asked
// for where it is needed, and tells what keys there are then.
func (p *program) changeKeys(ctx context.Context, s secrets, change func(*session.Session, session.KeyChange) error, said string) error {
	client, err := p.client(ctx)
	if err != nil {
		return err
	}
	r := session.KeyChange{Password: s.password, OTP: s.otp, Master: p.askMaster(s), Asker: p.asker(s), KeepTries: p.unlocking(s).KeepTries, Progress: p.progress()}
	given := proof{&r.Password, &r.OTP}
	defer given.wipe()
	if err := p.proving(ctx, client, given, func() error { return change(client.Session, r) }); err != nil {
		return err
	}
	result, err := listKeys(ctx, client.Session)
	if err != nil {
		return err
	}
	if p.json {
		return printJSON(p.stdout, result)
	}
	p.say(said, map[string]any{"Count": len(result.Keys), "Keys": plain(strings.Join(result.Keys, ", "))})
	return nil
}

// keyFlags are what cache says about security keys.
type keyFlags struct {
	add, without bool
	name         string
}

func (k *keyFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&k.add, "security-key", false, "add the security key that is plugged in: from then on the cache needs one")
	cmd.Flags().BoolVar(&k.without, "no-security-key", false, "make a cache that needs none")
	cmd.Flags().StringVar(&k.name, "key-name", "", "what you call the key that is added")
}

// check refuses what cannot be meant.
func (k *keyFlags) check() error {
	if k.add && k.without {
		return usage("both_flags", map[string]any{"One": "security-key", "Other": "no-security-key"})
	}
	return nil
}

// wish returns what a session does about security keys.
func (p *program) wish(k keyFlags, s secrets) session.KeyRequest {
	r := session.KeyRequest{Name: k.name, Asker: p.asker(s)}
	switch {
	case k.add:
		r.Wish = session.KeyNew
	case k.without:
		r.Wish = session.KeysNone
	}
	return r
}

// keyAsker is the person at the security key.
type keyAsker struct {
	p    *program
	pin  vault.Secret // from standard input; empty: it is asked for
	told bool         // that the key waits
}

var (
	_ fido.Asker         = (*keyAsker)(nil)
	_ session.Changeover = (*keyAsker)(nil)
)

func (p *program) asker(s secrets) *keyAsker { return &keyAsker{p: p, pin: s.pin} }

// PIN returns what was given, or what is typed. A script leaves the last tries
// of a key to the person: after those it has to be reset.
func (a *keyAsker) PIN(ctx context.Context, tries fido.Tries) (vault.Secret, error) {
	a.told = false
	if a.pin.IsEmpty() {
		args := map[string]any{"Tries": tries.Left, "TriesKnown": tries.Known}
		return a.p.person.askSecret(ctx, a.p.words().Text("cli.ask.pin", args), "--key-pin-stdin")
	}
	if tries.Known && tries.Left <= keptTries {
		left := tries.Left
		return vault.Secret{}, &vault.Problem{Cause: vault.TooManyAttempts, TriesLeft: &left, Detail: "PIN of the security key"}
	}
	return a.pin.Clone(), nil
}

// Touch says once that the key waits: it may want more than one touch.
func (a *keyAsker) Touch() {
	if !a.told {
		_, _ = fmt.Fprintln(a.p.stderr, a.p.words().Text("cli.touch", nil)) // the key blinks, too
		a.told = true
	}
}

// NewKey waits at a terminal until the key that is to be added is plugged in.
func (a *keyAsker) NewKey(ctx context.Context) error {
	a.told = false
	if !a.p.person.interactive() {
		return nil
	}
	_, _ = fmt.Fprint(a.p.stderr, a.p.words().Text("cli.ask.new_key", nil), " ")
	line, err := readLine(a.p.person.in, present.Key("cli.line.answer"))
	line.Wipe()
	if err != nil && !errors.Is(err, vault.Usage) { // an empty line is what is asked for
		return err
	}
	return ctx.Err()
}
