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
				return usage("sign_in_flags", nil)
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
			if r.Password.IsEmpty() {
				return usage("no_terminal", map[string]any{"Flag": "--password-stdin"})
			}
			given := proof{&r.Password, &r.OTP}
			defer given.wipe()
			if err := p.proving(ctx, client, given, func() error { return client.SignIn(ctx, r) }); err != nil {
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

// proof is how a request proves who sends it: the account's password and the
// one-time code, as they were given, or typed meanwhile.
type proof struct{ password, otp *vault.Secret }

func (a proof) wipe() {
	a.password.Wipe()
	a.otp.Wipe()
}

// proving carries out what may need the account's password or a one-time code,
// and again with what a person at the terminal types for it. The two are those of
// the request that do sends; the caller wipes them.
func (p *program) proving(ctx context.Context, client *start.Client, a proof, do func() error) error {
	err := do()
	if errors.Is(err, vault.NotSignedIn) && a.password.IsEmpty() {
		st, statusErr := client.Status(ctx)
		switch {
		case statusErr != nil || st.User == "":
			return errors.Join(err, statusErr)
		case p.person.interactive():
			if *a.password, err = p.password(ctx, secrets{}, st.User); err != nil {
				return err
			}
			err = do()
		case st.SignedIn: // to "sign in" would be no help to whoever is
			return instead(err, vault.NotSignedIn, "password_again", map[string]any{"User": plain(st.User)})
		}
	}
	if errors.Is(err, vault.SecondFactor) && a.otp.IsEmpty() && p.person.interactive() {
		if *a.otp, err = p.person.askSecret(ctx, p.words().Text("cli.ask.otp", nil), "--otp-stdin"); err != nil {
			return err
		}
		err = do()
	}
	return err
}

// confirmIdentity meets the server before a password is asked for. On a
// terminal an unknown identity is shown, and pinned if the person says so.
func (p *program) confirmIdentity(ctx context.Context, client *start.Client, t session.Target) (session.Target, error) {
	err := client.Meet(ctx, t)
	var problem *vault.Problem
	if !errors.As(err, &problem) || problem.Cause != vault.IdentityUnknown || !p.person.interactive() {
		return t, err
	}
	if !p.confirm("cli.confirm.identity", map[string]any{"Server": t.URL, "Pin": problem.Detail}) {
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
