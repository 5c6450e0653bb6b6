package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
)

func newRole(c *console) *cobra.Command {
	return group("role", "Add, list and fill roles",
		newRoleAdd(c), newRoleList(c), newRoleRemove(c),
		group("member", "Put users into roles and take them out", newMemberAdd(c), newMemberRemove(c)),
	)
}

// done is what commands print that change one named thing.
type done struct {
	ID   *vault.ID `json:"id"`
	Name string    `json:"name"`
	Done string    `json:"done"`
}

func (c *console) printDone(id *vault.ID, name, what string) error {
	return c.print(done{id, name, what}, func(w io.Writer) { line(w, "%s\t%s", name, what) })
}

func newRoleAdd(c *console) *cobra.Command {
	var admin bool
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a role",
		Args:  cobra.ExactArgs(1),
		RunE: c.on(func(args []string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				rights := policy.Admin(0)
				if admin {
					rights = policy.AllAdmin
				}
				id, err := s.catalog.AddRole(ctx, by, args[0], rights)
				if err != nil {
					return err
				}
				return c.printDone(&id, args[0], "added")
			}
		}),
	}
	cmd.Flags().BoolVar(&admin, "admin", false, "members administer users, devices, policy and audit")
	return cmd
}

// roleLine is a role in --json.
type roleLine struct {
	ID      vault.ID `json:"id"`
	Name    string   `json:"name"`
	Admin   string   `json:"admin"`
	Members []string `json:"members"`
}

func newRoleList(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the roles and their members",
		Args:  cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				roles, err := s.catalog.Roles(ctx, by)
				if err != nil {
					return err
				}
				shown := struct {
					Roles []roleLine `json:"roles"`
				}{[]roleLine{}}
				for _, r := range roles {
					l := roleLine{r.ID, r.Name, r.Admin.String(), r.Members}
					if l.Members == nil {
						l.Members = []string{}
					}
					shown.Roles = append(shown.Roles, l)
				}
				return c.print(shown, func(w io.Writer) {
					line(w, "NAME\tADMINISTERS\tMEMBERS")
					for _, r := range roles {
						line(w, "%s\t%s\t%s", r.Name, r.Admin, orDash(strings.Join(r.Members, ", ")))
					}
				})
			}
		}),
	}
}

func newRoleRemove(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "rm NAME",
		Short: "Remove a role and what it was granted",
		Args:  cobra.ExactArgs(1),
		RunE: c.on(func(args []string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				if err := s.catalog.RemoveRole(ctx, by, args[0]); err != nil {
					return err
				}
				return c.printDone(nil, args[0], "removed")
			}
		}),
	}
}

func newMemberAdd(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "add ROLE USER",
		Short: "Give a user a role",
		Args:  cobra.ExactArgs(2),
		RunE: c.on(func(args []string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				if err := s.catalog.AddMember(ctx, by, args[0], args[1]); err != nil {
					return err
				}
				return c.printDone(nil, args[1], "added to "+args[0])
			}
		}),
	}
}

func newMemberRemove(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "rm ROLE USER",
		Short: "Take a role from a user",
		Args:  cobra.ExactArgs(2),
		RunE: c.on(func(args []string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				if err := s.catalog.RemoveMember(ctx, by, args[0], args[1]); err != nil {
					return err
				}
				return c.printDone(nil, args[1], "removed from "+args[0])
			}
		}),
	}
}
