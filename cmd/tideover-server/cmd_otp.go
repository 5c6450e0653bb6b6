package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
)

func newUserOTP(c *console) *cobra.Command {
	return group("otp", "Give an account a second factor: one-time codes",
		newOTPMake(c), newOTPConfirm(c), newOTPRemove(c))
}

func newOTPMake(c *console) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "make NAME", Short: "Make a generator of one-time codes; it counts once it is confirmed", Args: cobra.ExactArgs(1),
		RunE: c.on(func(args []string) action {
			return onUser(args[0], func(ctx context.Context, s *site, by *catalog.Caller, u catalog.User) error {
				if out == "" {
					return vault.Fail(vault.Usage, "--out says where the otpauth:// address for the authenticator goes")
				}
				var made catalog.Enrolment
				if err := writeNewPrivate(out, func() (text []byte, err error) {
					made, err = s.catalog.EnrolTOTP(ctx, by, u.ID)
					defer made.URI.Wipe()
					return append(append(make([]byte, 0, made.URI.Len()+1), made.URI.Bytes()...), '\n'), err
				}); err != nil {
					return err
				}
				return c.print(struct {
					ID   vault.ID `json:"id"`
					Name string   `json:"name"`
					File string   `json:"file"`
				}{made.ID, u.Name, out}, func(w io.Writer) {
					line(w, "id:\t%s\nfile:\t%s", made.ID, out)
					line(w, "Put its address into the authenticator, then: user otp confirm %s", made.ID)
				})
			})
		}),
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` to make, which must not be there")
	return cmd
}

func newOTPConfirm(c *console) *cobra.Command {
	var stdin bool
	cmd := &cobra.Command{
		Use: "confirm ID", Short: "Make a generator count, by a code of it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseIDArg(args[0])
			if err != nil {
				return err
			}
			code, err := c.secret("One-time code", stdin, false)
			if err != nil {
				return err
			}
			defer code.Wipe()
			return c.do(cmd.Context(), cmd.CommandPath(), func(ctx context.Context, s *site, by *catalog.Caller) error {
				if err := s.catalog.ConfirmTOTP(ctx, by, id, code); err != nil {
					return err
				}
				return c.printDone(&id, id.String(), "confirmed")
			})
		},
	}
	cmd.Flags().BoolVar(&stdin, "otp-stdin", false, "read the code from standard input")
	return cmd
}

func newOTPRemove(c *console) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Take the second factor from an account", Args: cobra.ExactArgs(1),
		RunE: c.on(func(args []string) action {
			return onUser(args[0], func(ctx context.Context, s *site, by *catalog.Caller, u catalog.User) error {
				if err := s.catalog.RemoveTOTP(ctx, by, u.ID); err != nil {
					return err
				}
				return c.printDone(&u.ID, u.Name, "removed")
			})
		}),
	}
}
