package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// attachmentResult is what attachment get prints with -o and --json.
type attachmentResult struct {
	header

	Source session.Source `json:"source"`
	ID     vault.ID       `json:"id"`
	Path   string         `json:"path"`
	Name   string         `json:"name"`
	Size   int64          `json:"size_bytes"`
	File   string         `json:"file"`
}

func attachmentCommand(p *program) *cobra.Command {
	var file, comment string
	var flags secretFlags
	get := &cobra.Command{
		Use:   "get PATH NAME",
		Short: "Write an attachment to a file, or raw to standard output",
		Args:  cobra.ExactArgs(2),
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, args []string) error {
			if p.json && file == "" {
				return usage("output_needed", nil)
			}
			client, listing, item, err := p.item(ctx, s, args[0])
			if err != nil {
				return err
			}
			data, err := client.Attachment(ctx, item, args[1], comment)
			if err != nil {
				return instead(err, vault.NotFound, "no_attachment", map[string]any{"Path": plain(vault.JoinPath(item.Path...)), "Name": plain(args[1])})
			}
			defer clear(data)
			if file == "" {
				if _, err := p.stdout.Write(data); err != nil {
					return fmt.Errorf("write the attachment: %w", err)
				}
				return nil
			}
			if err := writePrivate(file, data); err != nil {
				return cannotWrite(file, err)
			}
			if p.json {
				return printJSON(p.stdout, attachmentResult{
					header: head(), Source: listing.Source, ID: item.Entry.ID, Path: vault.JoinPath(item.Path...),
					Name: args[1], Size: int64(len(data)), File: file,
				})
			}
			return nil
		}),
	}
	get.Flags().StringVarP(&file, "output", "o", "", "file to write, readable by you alone")
	get.Flags().StringVar(&comment, "comment", "", "why, where the server asks for it")
	flags.addMaster(get.Flags())
	cmd := &cobra.Command{Use: "attachment", Short: "Attachments of entries", Args: cobra.NoArgs, RunE: needsSubcommand}
	cmd.AddCommand(get)
	return cmd
}

// cannotWrite says why a file of the person's choice could not be written.
func cannotWrite(file string, err error) error {
	why := err
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		why = path.Err
	case errors.As(err, &link):
		why = link.Err
	}
	cause := vault.Usage
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EIO) {
		cause = vault.Internal
	}
	return &present.Worded{Cause: cause, Topic: "cannot_write", Args: map[string]any{"Path": plain(file), "Why": why}, Err: err}
}

// needsSubcommand refuses a command that does nothing by itself.
func needsSubcommand(cmd *cobra.Command, _ []string) error {
	return usage("command_line", map[string]any{"Command": command(cmd), "Given": "", "Form": cmd.CommandPath() + " COMMAND"})
}

// writePrivate puts a whole file of mode 0600 in the place of path, or leaves
// what is there.
func writePrivate(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()           // may be closed already
			_ = os.Remove(f.Name()) // nothing more can be done about it
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
