package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/otp"
	"github.com/tideover/tideover/vault/session"
)

// maxAttachmentBytes bounds a file that is attached: beyond it no cache would
// take the entry (policy.MaxCachedEntryBytes).
const maxAttachmentBytes = 64 << 20

// changeResult is what add, edit and rm print.
type changeResult struct {
	header

	Source  session.Source `json:"source"`
	ID      vault.ID       `json:"id"`
	Path    string         `json:"path"`
	Overlay string         `json:"overlay"` // what it is offline; "none" on the server
}

// changeFlags say what is different about an entry.
type changeFlags struct {
	title, username, url, notes string
	tags, fields, attach        []string
	secret                      secretFlags
	set                         *pflag.FlagSet
}

func (c *changeFlags) add(f *pflag.FlagSet) {
	f.StringVar(&c.title, "title", "", "title")
	f.StringVar(&c.username, "username", "", "user name")
	f.StringVar(&c.url, "url", "", "address")
	f.StringVar(&c.notes, "notes", "", "notes")
	f.StringArrayVar(&c.tags, "tag", nil, "tag; may be repeated, and replaces the tags there were")
	f.StringArrayVar(&c.fields, "field", nil, "a field that is not secret, as `NAME=VALUE`; may be repeated")
	f.StringArrayVar(&c.attach, "attach", nil, "`FILE` to attach; may be repeated")
	c.secret.addNamed(f)
	c.secret.addMaster(f)
	c.set = f
}

// any reports whether anything is to be changed.
func (c *changeFlags) any() bool {
	return slices.ContainsFunc([]string{"title", "username", "url", "notes", "tag", "field", "attach", "secret-stdin"}, c.set.Changed)
}

// apply makes the changes in an entry.
func (c *changeFlags) apply(e *vault.Entry, s secrets) error {
	for _, f := range []struct{ flag, name, value string }{
		{"title", vault.FieldTitle, c.title},
		{"username", vault.FieldUsername, c.username},
		{"url", vault.FieldURL, c.url},
		{"notes", vault.FieldNotes, c.notes},
	} {
		if c.set.Changed(f.flag) {
			e.Set(f.name, vault.SecretText(f.value), false)
		}
	}
	if c.set.Changed("tag") {
		e.Tags = slices.Clone(c.tags)
	}
	for _, f := range c.fields {
		name, value, ok := strings.Cut(f, "=")
		if !ok || name == "" {
			return usage("field_form", map[string]any{"Given": plain(f)})
		}
		name = fieldName(name)
		if name == vault.FieldPassword || name == vault.FieldOTP {
			return usage("field_secret", map[string]any{"Name": plain(name)})
		}
		if old := e.Field(name); old != nil && old.Protected {
			return usage("field_secret", map[string]any{"Name": plain(name)})
		}
		e.Set(name, vault.SecretText(value), false)
	}
	for i, n := range c.secret.named {
		name := fieldName(n)
		value := s.named[i].Clone()
		if name == vault.FieldOTP {
			if _, err := otp.Parse(value.Bytes()); err != nil {
				return &present.Worded{Cause: vault.Usage, Topic: "code_setting", Args: map[string]any{"Why": err}, Err: err}
			}
		}
		e.Set(name, value, name != vault.FieldTitle && name != vault.FieldUsername && name != vault.FieldURL && name != vault.FieldNotes)
	}
	for _, path := range c.attach {
		if err := attach(e, path); err != nil {
			return err
		}
	}
	return nil
}

// attach puts a file into an entry, in place of one of the same name.
func attach(e *vault.Entry, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return cannotAttach(path, err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxAttachmentBytes {
		return usage("attach_what", map[string]any{"Path": plain(path), "MiB": maxAttachmentBytes >> 20})
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return cannotAttach(path, err)
	}
	a := vault.Attachment{ID: vault.NewID(), Name: filepath.Base(path), Binary: &vault.Binary{Data: data, Protected: true}}
	if at := slices.IndexFunc(e.Attachments, func(b vault.Attachment) bool { return b.Name == a.Name }); at >= 0 {
		e.Attachments[at] = a
		return nil
	}
	e.Attachments = append(e.Attachments, a)
	return nil
}

// cannotAttach says why a file could not be read.
func cannotAttach(path string, err error) error {
	why := err
	var refused *fs.PathError
	if errors.As(err, &refused) {
		why = refused.Err
	}
	return &present.Worded{Cause: vault.Usage, Topic: "cannot_attach", Args: map[string]any{"Path": plain(path), "Why": why}, Err: err}
}

func addCommand(p *program) *cobra.Command {
	var c changeFlags
	cmd := &cobra.Command{
		Use:   "add PATH",
		Short: "Create an entry; its group must exist",
		Args:  cobra.ExactArgs(1),
		RunE: p.reading(&c.secret, func(ctx context.Context, s secrets, args []string) error {
			names, err := vault.SplitPath(args[0])
			if err != nil {
				return err
			}
			if len(names) == 0 {
				return usage("no_name", map[string]any{"Path": plain(args[0])})
			}
			client, listing, err := p.list(ctx, s)
			if err != nil {
				return err
			}
			folder, err := listing.Folder(vault.JoinPath(names[:len(names)-1]...))
			if err != nil {
				return err
			}
			e := &vault.Entry{}
			e.Set(vault.FieldTitle, vault.SecretText(names[len(names)-1]), false)
			if err := c.apply(e, s); err != nil {
				return err
			}
			path := vault.JoinPath(append(slices.Clone(folder.Path), e.Title())...)
			id, err := client.Add(ctx, folder.ID, e)
			if err != nil { // the folder was listed: it is one that only leads to others
				return instead(err, vault.NotFound, "no_group_here", map[string]any{"Path": plain(vault.JoinPath(folder.Path...))})
			}
			return p.printChange("cli.added", changeResult{head(), listing.Source, id, path, change(listing, "added")})
		}),
	}
	c.add(cmd.Flags())
	return cmd
}

func editCommand(p *program) *cobra.Command {
	var c changeFlags
	cmd := &cobra.Command{
		Use:   "edit PATH",
		Short: "Change an entry",
		Args:  cobra.ExactArgs(1),
		RunE: p.reading(&c.secret, func(ctx context.Context, s secrets, args []string) error {
			client, listing, item, err := p.item(ctx, s, args[0])
			if err != nil {
				return err
			}
			if !c.any() {
				return usage("nothing_to_change", map[string]any{"Path": plain(vault.JoinPath(item.Path...))})
			}
			path := slices.Clone(item.Path)
			err = client.Edit(ctx, item, func(e *vault.Entry) error {
				defer func() { path[len(path)-1] = e.Title() }()
				return c.apply(e, s)
			})
			if err != nil {
				return err
			}
			made := "edited"
			if overlay(item) == "added" {
				made = "added"
			}
			return p.printChange("cli.edited", changeResult{head(), listing.Source, item.Entry.ID, vault.JoinPath(path...), change(listing, made)})
		}),
	}
	c.add(cmd.Flags())
	return cmd
}

func rmCommand(p *program) *cobra.Command {
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "rm PATH",
		Short: "Delete an entry",
		Args:  cobra.ExactArgs(1),
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, args []string) error {
			client, listing, item, err := p.item(ctx, s, args[0])
			if err != nil {
				return err
			}
			if err := client.Remove(ctx, item); err != nil {
				return err
			}
			return p.printChange("cli.removed", changeResult{
				head(), listing.Source, item.Entry.ID, vault.JoinPath(item.Path...), change(listing, "removed"),
			})
		}),
	}
	flags.addMaster(cmd.Flags())
	return cmd
}

// change is the "overlay" of a change: a draft offline, nothing online.
func change(l *session.Listing, op string) string {
	if l.Source == session.FromCache {
		return op
	}
	return "none"
}

// printChange says what was done, and offline, each time, that it is a draft.
func (p *program) printChange(key string, r changeResult) error {
	if p.json {
		return printJSON(p.stdout, r)
	}
	p.say(key, map[string]any{"Path": plain(r.Path)})
	if r.Overlay != "none" {
		_, _ = fmt.Fprintln(p.stderr, p.words().Text("cli.draft", nil)) // said on the side: the result is above
	}
	return nil
}
