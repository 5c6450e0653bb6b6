package main

import (
	"context"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
)

func newBackup(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the database, of one moment, without the keys to read it",
		Args:  cobra.ExactArgs(1),
		RunE: c.on(func(args []string) action {
			return func(ctx context.Context, s *site, _ *catalog.Caller) error {
				if err := s.store.Backup(ctx, args[0]); err != nil {
					return err
				}
				shown := struct {
					File     string   `json:"file"`
					Excluded []string `json:"excluded"`
				}{args[0], []string{filepath.Join(s.dir, kekFile), filepath.Join(s.dir, server.IdentityFile)}}
				return c.print(shown, func(w io.Writer) {
					line(w, "backup:\t%s", shown.File)
					line(w, "It cannot be read without %s, and no client trusts a server without %s.", shown.Excluded[0], shown.Excluded[1])
					line(w, "Neither is in it: keep them somewhere else.")
				})
			}
		}),
	}
}

func newRekey(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "rekey",
		Short: "Replace the key-encryption key; entries stay as they are",
		Args:  cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, _ *catalog.Caller) error {
				before := s.kek.ID()
				if err := s.keys.Rekey(ctx, s.kek); err != nil {
					return err
				}
				shown := struct {
					File   string `json:"file"`
					Before string `json:"before"`
					Key    string `json:"key"`
				}{filepath.Join(s.dir, kekFile), before, s.kek.ID()}
				return c.print(shown, func(w io.Writer) {
					line(w, "%s holds %s in place of %s.", shown.File, shown.Key, shown.Before)
					line(w, "Backups from before need the key file of before.")
				})
			}
		}),
	}
}
