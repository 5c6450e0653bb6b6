package main

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
)

func newGrant(c *console) *cobra.Command {
	return group("grant", "Give, list and take away access",
		newGrantAdd(c), newGrantList(c), newGrantRemove(c), newGrantLevels(c))
}

func newGrantAdd(c *console) *cobra.Command {
	var path, until string
	var g catalog.NewGrant
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Give a user or role an access level on a folder or entry",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			switch {
			case path == "" || g.Level == "":
				return vault.Fail(vault.Usage, "--path and --level are needed")
			case (g.User == "") == (g.Role == ""):
				return vault.Fail(vault.Usage, "one of --user and --role is needed")
			}
			if g.Until, err = parseUntil(until); err != nil {
				return err
			}
			return c.do(cmd.Context(), "grant add", func(ctx context.Context, s *site, by *catalog.Caller) error {
				if g.Node, err = s.catalog.Resolve(ctx, by, path, 0); err != nil {
					return err
				}
				id, err := s.catalog.AddGrant(ctx, by, g)
				if err != nil {
					return err
				}
				return c.printDone(&id, g.User+g.Role, g.Level+" on "+path)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&path, "path", "", "`path` of the folder or entry; / is the root")
	flags.StringVar(&g.User, "user", "", "`name` of the user who gets access")
	flags.StringVar(&g.Role, "role", "", "`name` of the role that gets access")
	flags.StringVar(&g.Level, "level", "", "`name` of the access level, see grant levels")
	flags.StringVar(&until, "until", "", "`date` of the last day (UTC), or an RFC 3339 time")
	return cmd
}

// grantLine is a grant in --json.
type grantLine struct {
	ID    vault.ID   `json:"id"`
	Path  string     `json:"path"`
	User  *string    `json:"user"`
	Role  *string    `json:"role"`
	Level string     `json:"level"`
	Until *time.Time `json:"until"`
}

func newGrantList(c *console) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List grants, all or those of one folder or entry",
		Args:  cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				var only *catalog.Node
				if path != "" {
					node, err := s.catalog.Resolve(ctx, by, path, 0)
					if err != nil {
						return err
					}
					only = &node
				}
				grants, err := s.catalog.Grants(ctx, by, only)
				if err != nil {
					return err
				}
				return c.printGrants(grants)
			}
		}),
	}
	cmd.Flags().StringVar(&path, "path", "", "`path` of a folder or entry")
	return cmd
}

func (c *console) printGrants(grants []catalog.Grant) error {
	shown := struct {
		Grants []grantLine `json:"grants"`
	}{[]grantLine{}}
	for _, g := range grants {
		l := grantLine{ID: g.ID, Path: g.Path, Level: g.Level.Name, Until: moment(g.Until)}
		if g.User != "" {
			l.User = &g.User
		} else {
			l.Role = &g.Role
		}
		shown.Grants = append(shown.Grants, l)
	}
	return c.print(shown, func(w io.Writer) {
		line(w, "ID\tPATH\tUSER\tROLE\tLEVEL\tUNTIL")
		for _, g := range grants {
			line(w, "%s\t%s\t%s\t%s\t%s\t%s", g.ID, g.Path, orDash(g.User), orDash(g.Role), g.Level.Name, shortTime(g.Until))
		}
	})
}

func newGrantRemove(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "rm ID",
		Short: "Take a grant away",
		Args:  cobra.ExactArgs(1),
		RunE: c.on(func(args []string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				id, err := parseIDArg(args[0])
				if err != nil {
					return err
				}
				if err := s.catalog.RemoveGrant(ctx, by, id); err != nil {
					return err
				}
				return c.printDone(&id, id.String(), "removed")
			}
		}),
	}
}

// levelLine is an access level in --json.
type levelLine struct {
	ID      vault.ID `json:"id"`
	Name    string   `json:"name"`
	Rights  []string `json:"rights"`
	BuiltIn bool     `json:"built_in"`
}

// listWidth keeps an indented line within the 80 columns of a terminal.
const listWidth = 74

// wrapped joins words with commas in lines of at most width bytes; a longer
// word has a line of its own.
func wrapped(words []string, width int) []string {
	var rows []string
	row := ""
	for i, word := range words {
		if i < len(words)-1 {
			word += ","
		}
		if row != "" && len(row)+1+len(word) > width {
			rows, row = append(rows, row), ""
		}
		if row != "" {
			row += " "
		}
		row += word
	}
	return append(rows, row)
}

func newGrantLevels(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "levels",
		Short: "List the access levels",
		Args:  cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				levels, err := s.catalog.Levels(ctx, by)
				if err != nil {
					return err
				}
				shown := struct {
					Levels []levelLine `json:"levels"`
				}{[]levelLine{}}
				for _, l := range levels {
					shown.Levels = append(shown.Levels, levelLine{l.ID, l.Name, l.Rights.Names(), l.BuiltIn})
				}
				return c.print(shown, func(w io.Writer) {
					for _, l := range levels {
						line(w, "%s", l.Name)
						for _, row := range wrapped(strings.Split(l.Rights.String(), ","), listWidth) {
							line(w, "    %s", row)
						}
					}
				})
			}
		}),
	}
}
