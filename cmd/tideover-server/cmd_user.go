package main

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

func newUser(c *console) *cobra.Command {
	return group("user", "Add, list, disable and enable users, and set their passwords",
		newUserAdd(c), newUserPassword(c), newUserList(c), newUserOTP(c),
		newUserState(c, "disable", "End a user's sessions and let nobody sign in with the name", store.UserDisabled),
		newUserState(c, "enable", "Let a user sign in again", store.UserActive),
	)
}

func newUserAdd(c *console) *cobra.Command {
	var u catalog.NewUser
	var stdin bool
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			u.Name = args[0]
			if u.Password, err = c.secret("Password of "+u.Name, stdin, true); err != nil {
				return err
			}
			defer u.Password.Wipe()
			return c.do(cmd.Context(), "user add", func(ctx context.Context, s *site, by *catalog.Caller) error {
				id, err := s.catalog.AddUser(ctx, by, u)
				if err != nil {
					return err
				}
				return c.print(struct {
					ID   vault.ID `json:"id"`
					Name string   `json:"name"`
				}{id, u.Name}, func(w io.Writer) { line(w, "%s\t%s", id, u.Name) })
			})
		},
	}
	cmd.Flags().StringArrayVar(&u.Roles, "role", nil, "`name` of a role; may be given more than once")
	cmd.Flags().StringVar(&u.Display, "display", "", "full `name`")
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	return cmd
}

func newUserPassword(c *console) *cobra.Command {
	var stdin bool
	cmd := &cobra.Command{
		Use: "passwd NAME", Short: "Give a user another password, end their sessions, and lift the wait after wrong ones", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := c.secret("New password of "+plain(args[0]), stdin, true)
			if err != nil {
				return err
			}
			defer password.Wipe()
			return c.do(cmd.Context(), cmd.CommandPath(), onUser(args[0], func(ctx context.Context, s *site, by *catalog.Caller, u catalog.User) error {
				if err := s.catalog.SetPassword(ctx, by, u.ID, password); err != nil {
					return err
				}
				return c.printDone(&u.ID, u.Name, "changed")
			}))
		},
	}
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the new password from standard input")
	return cmd
}

// userLine is a user in --json.
type userLine struct {
	ID           vault.ID   `json:"id"`
	Name         string     `json:"name"`
	Display      string     `json:"display"`
	State        string     `json:"state"`
	Roles        []string   `json:"roles"`
	SecondFactor bool       `json:"second_factor"`
	CreatedAt    *time.Time `json:"created_at"`
	LastSignInAt *time.Time `json:"last_sign_in_at"`
	LockedUntil  *time.Time `json:"locked_until"`
}

func newUserList(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the users",
		Args:  cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				users, err := s.catalog.Users(ctx, by)
				if err != nil {
					return err
				}
				shown := struct {
					Users []userLine `json:"users"`
				}{[]userLine{}}
				for _, u := range users {
					l := userLine{
						ID: u.ID, Name: u.Name, Display: u.Display, State: userState(u.State), Roles: u.Roles,
						SecondFactor: u.SecondFactor, CreatedAt: moment(u.Created), LastSignInAt: moment(u.LastSignIn),
						LockedUntil: moment(u.LockedUntil),
					}
					if l.Roles == nil {
						l.Roles = []string{}
					}
					shown.Users = append(shown.Users, l)
				}
				return c.print(shown, func(w io.Writer) {
					line(w, "NAME\tSTATE\tROLES\t2FA\tLAST SIGN-IN")
					for _, u := range users {
						line(w, "%s\t%s\t%s\t%t\t%s", u.Name, userState(u.State),
							orDash(strings.Join(u.Roles, ", ")), u.SecondFactor, shortTime(u.LastSignIn))
					}
				})
			}
		}),
	}
}

func userState(s store.UserState) string {
	switch s {
	case store.UserActive:
		return "active"
	case store.UserDisabled:
		return "disabled"
	case store.UserSuspended:
		return "suspended"
	}
	return "unknown"
}

func newUserState(c *console, use, short string, state store.UserState) *cobra.Command {
	return &cobra.Command{
		Use:   use + " NAME",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: c.on(func(args []string) action {
			return onUser(args[0], func(ctx context.Context, s *site, by *catalog.Caller, u catalog.User) error {
				if err := s.catalog.SetUserState(ctx, by, u.ID, state); err != nil {
					return err
				}
				return c.print(struct {
					ID    vault.ID `json:"id"`
					Name  string   `json:"name"`
					State string   `json:"state"`
				}{u.ID, u.Name, userState(state)}, func(w io.Writer) { line(w, "%s\t%s", u.Name, userState(state)) })
			})
		}),
	}
}

// onUser returns an action on the account of that name.
func onUser(name string, act func(ctx context.Context, s *site, by *catalog.Caller, u catalog.User) error) action {
	return func(ctx context.Context, s *site, by *catalog.Caller) error {
		u, err := s.catalog.UserByName(ctx, by, name)
		if err != nil {
			return err
		}
		return act(ctx, s, by, u)
	}
}
