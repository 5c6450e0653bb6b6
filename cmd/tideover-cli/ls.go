package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// listResult is what ls and search print. Path is of ls, Query of search.
type listResult struct {
	header

	Source  session.Source `json:"source"`
	AsOf    *string        `json:"as_of"`
	Path    *string        `json:"path,omitempty"`
	Query   *string        `json:"query,omitempty"`
	Groups  []listGroup    `json:"groups"`
	Entries []listEntry    `json:"entries"`
}

type listGroup struct {
	ID      vault.ID `json:"id"`
	Name    string   `json:"name"`
	Path    string   `json:"path"`
	Entries int      `json:"entries"` // in it and below
}

type listEntry struct {
	ID            vault.ID `json:"id"`
	Name          string   `json:"name"`
	Path          string   `json:"path"`
	Username      string   `json:"username"`
	URL           string   `json:"url"`
	Tags          []string `json:"tags"`
	HasPassword   bool     `json:"has_password"`
	HasTOTP       bool     `json:"has_totp"`
	Attachments   int      `json:"attachments"`
	ModifiedAt    *string  `json:"modified_at"`
	ExpiresAt     *string  `json:"expires_at"`
	Offline       *bool    `json:"offline"`
	OfflineReason *string  `json:"offline_reason"`
	Overlay       string   `json:"overlay"`
}

func lsCommand(p *program) *cobra.Command {
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "ls [PATH]",
		Short: "List the groups and entries of a group",
		Args:  cobra.MaximumNArgs(1),
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, args []string) error {
			path := "/"
			if len(args) == 1 {
				path = args[0]
			}
			return p.ls(ctx, s, path)
		}),
	}
	flags.addMaster(cmd.Flags())
	return cmd
}

func (p *program) ls(ctx context.Context, s secrets, path string) error {
	_, listing, err := p.list(ctx, s)
	if err != nil {
		return err
	}
	r := newListResult(listing)
	folder, err := listing.Folder(path)
	switch {
	case err == nil:
		at := vault.JoinPath(folder.Path...)
		r.Path = &at
		r.add(folder.Folders, folder.Items())
	default: // an entry lists itself
		item, entryErr := listing.Find(path)
		if entryErr != nil {
			return err
		}
		at := vault.JoinPath(item.Path...)
		r.Path = &at
		r.add(nil, []*session.Item{item})
	}
	return p.printList(r)
}

func searchCommand(p *program) *cobra.Command {
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "search TEXT",
		Short: "Find groups and entries that hold every word of TEXT",
		Args:  cobra.ExactArgs(1),
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, args []string) error {
			if strings.TrimSpace(args[0]) == "" {
				return usage("search_empty", nil)
			}
			_, listing, err := p.list(ctx, s)
			if err != nil {
				return err
			}
			r := newListResult(listing)
			r.Query = &args[0]
			r.add(listing.Search(args[0]))
			return p.printList(r)
		}),
	}
	flags.addMaster(cmd.Flags())
	return cmd
}

func newListResult(l *session.Listing) listResult {
	return listResult{
		header: head(), Source: l.Source, AsOf: moment(l.AsOf),
		Groups: []listGroup{}, Entries: []listEntry{},
	}
}

func (r *listResult) add(folders []*session.Folder, items []*session.Item) {
	for _, f := range folders {
		r.Groups = append(r.Groups, listGroup{f.ID, f.Name, vault.JoinPath(f.Path...), f.Count()})
	}
	for _, i := range items {
		r.Entries = append(r.Entries, newListEntry(i))
	}
}

func newListEntry(i *session.Item) listEntry {
	e := i.Entry
	return listEntry{
		ID: e.ID, Name: e.Title(), Path: vault.JoinPath(i.Path...), Username: e.Username(), URL: e.URL(),
		Tags: list(e.Tags), HasPassword: i.HasPassword, HasTOTP: i.HasOTP, Attachments: len(e.Attachments),
		ModifiedAt: moment(e.Times.Modified), ExpiresAt: expiry(e), Offline: i.Offline,
		OfflineReason: known(i.Reason), Overlay: overlay(i),
	}
}

// list returns a list that --json prints as [] when there is nothing in it.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func expiry(e *vault.Entry) *string {
	if !e.Times.Expires {
		return nil
	}
	return moment(e.Times.Expiry)
}

// overlay names what was done to an entry offline.
func overlay(i *session.Item) string {
	if i.Edit == "" {
		return "none"
	}
	return string(i.Edit)
}

func (p *program) printList(r listResult) error {
	if p.json {
		return printJSON(p.stdout, r)
	}
	var b strings.Builder
	var rows [][]string
	for _, g := range r.Groups {
		rows = append(rows, []string{strings.TrimSuffix(plain(g.Path), "/") + "/", fmt.Sprintf("(%d)", g.Entries), "", ""})
	}
	for _, e := range r.Entries {
		edit := ""
		if e.Overlay != "none" {
			edit = "[" + p.words().Text("cli.op."+e.Overlay, nil) + "]"
		}
		rows = append(rows, []string{plain(e.Path), plain(e.Username), plain(e.URL), edit})
	}
	b.WriteString(table(rows, p.columns()))
	p.fromCache(&b, r.Source, r.AsOf)
	_, _ = fmt.Fprint(p.stdout, b.String()) // a closed pipe is no failure
	return nil
}

// fromCache adds how old what was printed is, if it came from a cache.
func (p *program) fromCache(b *strings.Builder, source session.Source, asOf *string) {
	if source != session.FromCache || asOf == nil {
		return
	}
	if at, err := time.Parse(time.RFC3339, *asOf); err == nil {
		fmt.Fprintln(b, p.words().Text("cli.from_cache", map[string]any{"At": p.words().Time(at)}))
	}
}
