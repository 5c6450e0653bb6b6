package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// totpResult is what totp prints.
type totpResult struct {
	header

	Source    session.Source `json:"source"`
	ID        vault.ID       `json:"id"`
	Path      string         `json:"path"`
	Code      string         `json:"code"`
	Digits    int            `json:"digits"`
	Period    int64          `json:"period_s"`
	Remaining int64          `json:"remaining_s"`
}

func totpCommand(p *program) *cobra.Command {
	var comment string
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "totp PATH|ID",
		Short: "Print the one-time code of an entry",
		Args:  cobra.ExactArgs(1),
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, args []string) error {
			client, listing, item, err := p.item(ctx, s, args[0])
			if err != nil {
				return err
			}
			code, err := client.Code(ctx, item.Entry.ID, comment)
			if err != nil {
				path := plain(vault.JoinPath(item.Path...))
				return instead(err, vault.NotFound, "no_code", map[string]any{"Path": path, "Quoted": path})
			}
			if p.json {
				return printJSON(p.stdout, totpResult{
					header: head(), Source: listing.Source, ID: item.Entry.ID, Path: vault.JoinPath(item.Path...),
					Code: code.Text, Digits: code.Digits, Period: wholeSeconds(code.Period), Remaining: wholeSeconds(code.Remain),
				})
			}
			if _, err := fmt.Fprintln(p.stdout, code.Text); err != nil {
				return fmt.Errorf("print: %w", err)
			}
			return nil
		}),
	}
	cmd.Flags().StringVar(&comment, "comment", "", "why, where the server asks for it")
	flags.addMaster(cmd.Flags())
	return cmd
}
