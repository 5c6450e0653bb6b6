package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
)

func newAudit(c *console) *cobra.Command {
	return group("audit", "Read, check and export the audit", newAuditList(c), newAuditVerify(c), newAuditExport(c))
}

// auditFilter is what list and export have in common.
type auditFilter struct {
	action, user, entry, device string
	from, to                    string
}

func (f *auditFilter) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.action, "action", "", "only this `action`, such as entry.reveal or offline.reveal; offline: every look at a cache")
	flags.StringVar(&f.user, "user", "", "only what this user did, by `name`")
	flags.StringVar(&f.entry, "entry", "", "only what concerns this entry, by `ID`")
	flags.StringVar(&f.device, "device", "", "only this device, by `ID`")
	flags.StringVar(&f.from, "from", "", "only from this `date` (UTC) or RFC 3339 time on")
	flags.StringVar(&f.to, "to", "", "only up to this `date`, which is included, or time")
}

func (f *auditFilter) query(ctx context.Context, s *site, by *catalog.Caller) (q catalog.AuditQuery, err error) {
	q.Action = f.action
	if f.entry != "" {
		if q.Entry, err = parseIDArg(f.entry); err != nil {
			return q, err
		}
	}
	if f.device != "" {
		if q.Device, err = parseIDArg(f.device); err != nil {
			return q, err
		}
	}
	if f.user != "" {
		u, err := s.catalog.UserByName(ctx, by, f.user)
		if err != nil {
			return q, err
		}
		q.Actor = u.ID
	}
	if day, err := time.Parse(time.DateOnly, f.from); err == nil {
		q.From = day
	} else if q.From, err = parseUntil(f.from); err != nil {
		return q, err
	}
	q.To, err = parseUntil(f.to)
	return q, err
}

func newAuditList(c *console) *cobra.Command {
	var f auditFilter
	var limit int64
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Print audit records, the newest first",
		Args:  cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				q, err := f.query(ctx, s, by)
				if err != nil {
					return err
				}
				q.Limit, q.Newest = limit, true
				shown := struct {
					Records []auditLine `json:"records"`
				}{[]auditLine{}}
				for l, err := range s.auditLines(ctx, by, q, limit) {
					if err != nil {
						return err
					}
					shown.Records = append(shown.Records, l)
				}
				return c.print(shown, func(w io.Writer) {
					table := auditTable{width: c.width(), words: present.Load(present.Locale(os.Getenv))}
					table.write(w, shown.Records)
				})
			}
		}),
	}
	f.flags(cmd)
	cmd.Flags().Int64Var(&limit, "limit", 100, "`number` of lines; 0: all")
	return cmd
}

// plain keeps what people typed from moving the cursor of a terminal.
func plain(s string) string {
	if s == "" {
		return "-"
	}
	return strings.Trim(strconv.Quote(s), `"`)
}

func newAuditVerify(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Walk the hash chain of the audit",
		Args:  cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				n, err := s.catalog.VerifyAudit(ctx, by)
				if fault, ok := errors.AsType[*catalog.AuditFaultError](err); ok && c.json {
					return c.printFault(fault, err)
				} else if err != nil {
					return auditWords(err)
				}
				return c.print(struct {
					OK     bool  `json:"ok"`
					Events int64 `json:"events"`
				}{true, n}, func(w io.Writer) { line(w, "the chain holds: %d events", n) })
			}
		}),
	}
}

// printFault prints where the chain does not hold, and returns the exit code.
func (c *console) printFault(fault *catalog.AuditFaultError, err error) error {
	e := explain(auditWords(err))
	shown := struct {
		OK       bool    `json:"ok"`
		Sequence int64   `json:"sequence"`
		Error    failure `json:"error"`
	}{false, fault.Seq, newFailure(e)}
	if err := writeJSON(c.stdout, shown); err != nil {
		return err
	}
	return exitCode(e.Exit)
}

func newAuditExport(c *console) *cobra.Command {
	var f auditFilter
	var format, out string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write audit records, the oldest first, as JSON lines or CSV",
		Args:  cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				if format != "json" && format != "csv" {
					return vault.Fail(vault.Usage, "--format is json or csv")
				}
				if c.json && out == "" {
					return vault.Fail(vault.Usage, "--json prints one object: name the file with -o")
				}
				q, err := f.query(ctx, s, by)
				if err != nil {
					return err
				}
				records := s.auditLines(ctx, by, q, 0)
				if out == "" {
					_, err := export(c.stdout, format, records)
					return err
				}
				n, err := exportFile(out, format, records)
				if err != nil {
					return err
				}
				return c.print(struct {
					File    string `json:"file"`
					Records int    `json:"records"`
				}{out, n}, func(w io.Writer) { line(w, "%d records in %s", n, out) })
			}
		}),
	}
	f.flags(cmd)
	cmd.Flags().StringVar(&format, "format", "json", "json (one object a line) or csv")
	cmd.Flags().StringVarP(&out, "output", "o", "", "new `file` to write to")
	return cmd
}

// exportFile writes a new file that only its owner can read; a failed export
// leaves none.
func exportFile(path, format string, records iter.Seq2[auditLine, error]) (n int, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	n, err = export(f, format, records)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path) // the first error says more
		return 0, fmt.Errorf("export: %w", err)
	}
	return n, nil
}

func export(w io.Writer, format string, records iter.Seq2[auditLine, error]) (n int, err error) {
	out := bufio.NewWriter(w)
	put := jsonLines(out)
	if format == "csv" {
		put = csvLines(out)
	}
	for r, err := range records {
		if err != nil {
			return n, err
		}
		if err := put(r); err != nil {
			return n, err
		}
		n++
	}
	return n, out.Flush()
}

func jsonLines(w io.Writer) func(auditLine) error {
	enc := json.NewEncoder(w)
	return func(l auditLine) error { return enc.Encode(l) }
}

func csvLines(w io.Writer) func(auditLine) error {
	out := csv.NewWriter(w)
	first := true
	return func(l auditLine) error {
		if first {
			first = false
			head := []string{"seq", "at", "actor", "name", "device", "action", "outcome", "target", "version", "address", "comment", "detail", "t_dev", "received", "target_path", "device_name"}
			if err := out.Write(head); err != nil {
				return err
			}
		}
		row := []string{
			strconv.FormatInt(l.Seq, 10), l.At.Format(time.RFC3339Nano), idText(l.Actor), l.Name, idText(l.Device), l.Action,
			l.Outcome, idText(l.Target), "", l.Address, l.Comment, l.Detail,
			timeText(l.OnDevice), timeText(l.Received), orNothing(l.TargetPath), orNothing(l.DeviceName),
		}
		if l.Version != nil {
			row[8] = strconv.FormatInt(*l.Version, 10)
		}
		for i := range row {
			row[i] = cell(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
		out.Flush()
		return out.Error()
	}
}

func idText(id *vault.ID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

func timeText(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

func orNothing(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// cell keeps a spreadsheet from taking what somebody typed as a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
