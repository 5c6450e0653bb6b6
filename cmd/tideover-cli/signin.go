package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// standing is the result of commands that change where the client stands.
type standing struct {
	header

	Mode     session.Mode `json:"mode"`
	SignedIn bool         `json:"signed_in"`
	User     *string      `json:"user"`
}

// stand prints where the client stands now, as JSON, or else the sentence.
func (p *program) stand(ctx context.Context, client *start.Client, key string) error {
	st, err := client.Status(ctx)
	if err != nil {
		return err
	}
	if p.json {
		return printJSON(p.stdout, standing{head(), st.Mode, st.SignedIn, known(st.User)})
	}
	p.say(key, map[string]any{"User": st.User, "Server": st.Server.URL})
	return nil
}

func signInCommand(p *program) *cobra.Command {
	var url, user string
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "sign-in --server URL --user NAME",
		Short: "Sign in at a server",
		Args:  cobra.NoArgs,
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, _ []string) error {
			if url == "" || user == "" {
				return vault.Fail(vault.Usage, "--server and --user are needed")
			}
			client, err := p.client(ctx)
			if err != nil {
				return err
			}
			target, err := p.options().Target(url)
			if err != nil {
				return err
			}
			if target, err = p.confirmIdentity(ctx, client, target); err != nil {
				return err
			}
			r := session.SignInRequest{Target: target, Credentials: session.Credentials{User: user, OTP: s.otp}}
			if r.Password, err = p.password(ctx, s, user); err != nil {
				return err
			}
			defer r.Password.Wipe()
			if r.Password.IsEmpty() {
				return usage("no_terminal", map[string]any{"Flag": "--password-stdin"})
			}
			err = client.SignIn(ctx, r)
			if errors.Is(err, vault.SecondFactor) && p.person.interactive() && r.OTP.IsEmpty() {
				if r.OTP, err = p.person.askSecret(ctx, p.words().Text("cli.ask.otp", nil), "--otp-stdin"); err != nil {
					return err
				}
				err = client.SignIn(ctx, r)
			}
			if err != nil {
				return err
			}
			return p.stand(ctx, client, "cli.signed_in")
		}),
	}
	cmd.Flags().StringVar(&url, "server", "", "address of the server, such as https://vault.example.com:10001")
	cmd.Flags().StringVar(&user, "user", "", "user name")
	flags.addPassword(cmd.Flags())
	flags.addOTP(cmd.Flags())
	return cmd
}

// confirmIdentity meets the server before a password is asked for. On a
// terminal an unknown identity is shown, and pinned if the person says so.
func (p *program) confirmIdentity(ctx context.Context, client *start.Client, t session.Target) (session.Target, error) {
	err := client.Meet(ctx, t)
	var problem *vault.Problem
	if !errors.As(err, &problem) || problem.Cause != vault.IdentityUnknown || !p.person.interactive() {
		return t, err
	}
	if !p.person.confirm(p.words().Text("cli.confirm.identity", map[string]any{"Server": t.URL, "Pin": problem.Detail})) {
		return t, err
	}
	t.Pin = problem.Detail
	return t, client.Meet(ctx, t)
}

func signOutCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "sign-out",
		Short: "End the session; the offline cache stays",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := p.client(cmd.Context())
			if err != nil {
				return err
			}
			if err := client.SignOut(cmd.Context()); err != nil {
				return err
			}
			return p.stand(cmd.Context(), client, "cli.signed_out")
		},
	}
}
