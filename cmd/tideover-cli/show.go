package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/otp"
	"github.com/tideover/tideover/vault/session"
)

// showResult is what show prints.
type showResult struct {
	header

	Source   session.Source `json:"source"`
	AsOf     *string        `json:"as_of"`
	Revealed bool           `json:"revealed"`
	Entries  []showEntry    `json:"entries"`
}

type showEntry struct {
	ID          vault.ID         `json:"id"`
	Name        string           `json:"name"`
	Path        string           `json:"path"`
	Username    string           `json:"username"`
	Password    *string          `json:"password"`
	URL         string           `json:"url"`
	Notes       string           `json:"notes"`
	Tags        []string         `json:"tags"`
	Fields      []showField      `json:"fields"` // beyond the standard ones and the one-time code
	TOTP        *showTOTP        `json:"totp"`
	Attachments []showAttachment `json:"attachments"`
	History     int              `json:"history"` // earlier forms
	CreatedAt   *string          `json:"created_at"`
	ModifiedAt  *string          `json:"modified_at"`
	ExpiresAt   *string          `json:"expires_at"`
	Overlay     string           `json:"overlay"`

	hasPassword bool
}

type showField struct {
	Name      string  `json:"name"`
	Value     *string `json:"value"` // null: protected, and not revealed
	Protected bool    `json:"protected"`
}

type showTOTP struct {
	Digits *int   `json:"digits"` // null: not known before the entry is revealed
	Period *int64 `json:"period_s"`
}

type showAttachment struct {
	ID   *vault.ID `json:"id"` // null in a cache, which keeps names only
	Name string    `json:"name"`
	Size int64     `json:"size_bytes"`
}

func showCommand(p *program) *cobra.Command {
	var reveal bool
	var field, comment string
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "show PATH|ID…",
		Short: "Show entries; secret values with --reveal",
		Args:  cobra.MinimumNArgs(1),
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, args []string) error {
			client, listing, err := p.list(ctx, s)
			if err != nil {
				return err
			}
			items := make([]*session.Item, len(args))
			for i, ref := range args { // all of them before the first secret
				if items[i], err = listing.Find(ref); err != nil {
					return err
				}
			}
			if field != "" && !p.json {
				return p.printField(ctx, client, items, field, comment)
			}
			r := showResult{
				header: head(), Source: listing.Source, AsOf: moment(listing.AsOf),
				Revealed: reveal, Entries: []showEntry{},
			}
			for _, item := range items {
				e, err := p.shown(ctx, client, item, reveal, comment)
				if err != nil {
					return err
				}
				if field != "" {
					if err := e.only(field); err != nil {
						return err
					}
				}
				r.Entries = append(r.Entries, e)
			}
			return p.printShown(r)
		}),
	}
	cmd.Flags().BoolVar(&reveal, "reveal", false, "show secret values too; it is recorded")
	cmd.Flags().StringVar(&field, "field", "", "print the bytes of one field and a line feed")
	cmd.Flags().StringVar(&comment, "comment", "", "why, where the server asks for it")
	flags.addMaster(cmd.Flags())
	return cmd
}

// shown returns an entry for printing, revealed if wanted.
func (p *program) shown(ctx context.Context, client *start.Client, item *session.Item, reveal bool, comment string) (showEntry, error) {
	earlier, err := client.History(ctx, item)
	if err != nil {
		return showEntry{}, err
	}
	if !reveal {
		s := newShowEntry(item, item.Entry, false)
		s.History = earlier
		return s, nil
	}
	e, err := client.Reveal(ctx, item.Entry.ID, session.ToShow, comment)
	if err != nil {
		return showEntry{}, err
	}
	defer e.Wipe()
	s := newShowEntry(item, e, true)
	s.History = earlier
	return s, nil
}

func newShowEntry(item *session.Item, e *vault.Entry, revealed bool) showEntry {
	s := showEntry{
		ID: e.ID, Name: e.Title(), Path: vault.JoinPath(item.Path...), Username: e.Username(), URL: e.URL(),
		Notes: e.Notes(), Tags: list(e.Tags), Fields: []showField{}, Attachments: []showAttachment{},
		CreatedAt: moment(e.Times.Created), ModifiedAt: moment(e.Times.Modified),
		ExpiresAt: expiry(e), Overlay: overlay(item), hasPassword: item.HasPassword,
	}
	if revealed {
		text := e.Password().Text()
		s.Password = &text
	}
	if item.HasOTP {
		digits, period := item.Digits, item.Period
		if config, err := otp.Parse(e.Value(vault.FieldOTP).Bytes()); err == nil {
			digits, period = config.Digits, config.Period
			config.Secret.Wipe()
		}
		s.TOTP = &showTOTP{known(digits), known(wholeSeconds(period))}
	}
	for _, f := range e.Fields {
		if vault.IsStandard(f.Name) || f.Name == vault.FieldOTP {
			continue
		}
		field := showField{Name: f.Name, Protected: f.Protected}
		if revealed || !f.Protected {
			text := f.Value.Text()
			field.Value = &text
		}
		s.Fields = append(s.Fields, field)
	}
	for i, a := range item.Entry.Attachments {
		size := int64(0)
		if i < len(item.AttachmentSizes) {
			size = item.AttachmentSizes[i]
		}
		s.Attachments = append(s.Attachments, showAttachment{known(a.ID), a.Name, size})
	}
	return s
}

// only keeps of the further fields the one that was asked for. The standard
// ones have members of their own.
func (e *showEntry) only(name string) error {
	canonical := fieldName(name)
	if vault.IsStandard(canonical) || canonical == vault.FieldOTP {
		e.Fields = []showField{}
		return nil
	}
	for _, f := range e.Fields {
		if f.Name == name {
			e.Fields = []showField{f}
			return nil
		}
	}
	return noField(e.Path, name)
}

func noField(path, name string) error {
	return &present.Worded{Cause: vault.NotFound, Topic: "no_field", Args: map[string]any{"Path": plain(path), "Name": plain(name)}}
}

// fieldName returns the name of a standard field in its own spelling, whatever
// the case it was typed in, and every other name as it is.
func fieldName(name string) string {
	for _, standard := range []string{
		vault.FieldTitle, vault.FieldUsername, vault.FieldPassword, vault.FieldURL, vault.FieldNotes, vault.FieldOTP,
	} {
		if strings.EqualFold(name, standard) {
			return standard
		}
	}
	if strings.EqualFold(name, "totp") {
		return vault.FieldOTP
	}
	return name
}

// printField prints the raw bytes of one field of each entry. Asking for a
// secret field by its name is asking for its value: it is revealed.
func (p *program) printField(ctx context.Context, client *start.Client, items []*session.Item, name, comment string) error {
	canonical := fieldName(name)
	for _, item := range items {
		e := item.Entry
		f := e.Field(canonical)
		if f == nil && !vault.IsStandard(canonical) {
			return noField(vault.JoinPath(item.Path...), name)
		}
		var value vault.Secret
		if f != nil && (f.Protected || canonical == vault.FieldPassword || canonical == vault.FieldOTP) {
			revealed, err := client.Reveal(ctx, e.ID, session.ToShow, comment)
			if err != nil {
				return err
			}
			defer revealed.Wipe()
			value = revealed.Value(canonical)
		} else {
			value = e.Value(canonical)
		}
		if _, err := p.stdout.Write(value.Bytes()); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		if _, err := p.stdout.Write([]byte{'\n'}); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}

func (p *program) printShown(r showResult) error {
	if p.json {
		return printJSON(p.stdout, r)
	}
	w := p.words()
	var b strings.Builder
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-14s %s\n", w.Text("cli.field."+key, nil)+":", value)
		}
	}
	hidden := w.Text("cli.hidden", nil)
	for i, e := range r.Entries {
		if i > 0 {
			b.WriteByte('\n')
		}
		line("path", plain(e.Path))
		line("username", plain(e.Username))
		if e.Password != nil {
			line("password", plain(*e.Password))
		} else if e.hasPassword {
			line("password", hidden)
		}
		line("url", plain(e.URL))
		line("tags", plain(strings.Join(e.Tags, ", ")))
		for _, f := range e.Fields {
			value := hidden
			if f.Value != nil {
				value = plain(*f.Value)
			}
			fmt.Fprintf(&b, "%-14s %s\n", plain(f.Name)+":", value)
		}
		if e.TOTP != nil {
			line("totp", w.Text("cli.has_totp", nil))
		}
		for _, a := range e.Attachments {
			line("attachment", fmt.Sprintf("%s (%s)", plain(a.Name), w.Size(a.Size)))
		}
		if e.Overlay != "none" {
			line("overlay", w.Text("cli.op."+e.Overlay, nil))
		}
		line("notes", plainLines(e.Notes))
	}
	p.fromCache(&b, r.Source, r.AsOf)
	_, _ = fmt.Fprint(p.stdout, b.String()) // a closed pipe is no failure
	return nil
}
