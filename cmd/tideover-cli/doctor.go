package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/tpm/binding"
)

// doctorResult is what doctor prints.
type doctorResult struct {
	header

	OK        bool              `json:"ok"`
	Level     binding.Level     `json:"level"`
	BlockedBy []string          `json:"level_blocked_by"`
	Versions  map[string]string `json:"versions"`
	Checks    []finding         `json:"checks"`
}

// finding is one check. Message and Remedy are in words; Value is what was
// measured, null if nothing was.
type finding struct {
	ID      string       `json:"id"`
	Status  start.Health `json:"status"`
	Value   *string      `json:"value"`
	Message string       `json:"message"`
	Remedy  *string      `json:"remedy"`
}

func doctorCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check this machine, the server and the cache; changes nothing",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := p.examine(cmd.Context())
			if err != nil {
				return err
			}
			if err := p.printDoctor(r); err != nil {
				return err
			}
			if !r.OK {
				return told(1)
			}
			return nil
		},
	}
}

// examine makes every check. What cannot be found out is "unknown", and only
// the client's own state being unreadable is an error.
func (p *program) examine(ctx context.Context) (doctorResult, error) {
	r := doctorResult{
		header: head(), Level: binding.LevelNone, BlockedBy: []string{},
		Versions: map[string]string{"tideover-cli": start.Version(), "go": runtime.Version(), "os": runtime.GOOS + "/" + runtime.GOARCH},
	}
	client, err := p.client(ctx)
	if err != nil {
		return r, err
	}
	e, err := p.options().Examine(ctx, client)
	if err != nil {
		return r, err
	}
	r.OK, r.Level, r.BlockedBy = e.Healthy(), e.Level, list(e.BlockedBy)
	for _, f := range e.Findings {
		p.note(&r, f)
	}
	return r, nil
}

// note adds a finding, in the words that the catalogue has for it.
func (p *program) note(r *doctorResult, found start.Finding) {
	w := p.words()
	key := "doctor." + found.ID + "." + string(found.Status)
	args := map[string]any{"Value": found.Value}
	f := finding{ID: found.ID, Status: found.Status, Value: known(found.Value), Message: w.Text(key, args)}
	if found.Status == start.Warn || found.Status == start.Fail {
		remedy := w.Text(key+".remedy", args)
		f.Remedy = &remedy
	}
	r.Checks = append(r.Checks, f)
}

func (p *program) printDoctor(r doctorResult) error {
	if p.json {
		return printJSON(p.stdout, r)
	}
	var b strings.Builder
	for _, c := range r.Checks {
		value := ""
		if c.Value != nil {
			value = " [" + plain(*c.Value) + "]"
		}
		fmt.Fprintf(&b, "%-8s %-16s %s%s\n", c.Status, c.ID, c.Message, value)
		if c.Remedy != nil {
			fmt.Fprintf(&b, "%-8s %-16s %s\n", "", "", *c.Remedy)
		}
	}
	if len(r.BlockedBy) > 0 {
		fmt.Fprintln(&b, p.words().Text("doctor.blocked", map[string]any{"By": p.words().Blocked(r.BlockedBy)}))
	}
	_, _ = fmt.Fprint(p.stdout, b.String()) // a closed pipe is no failure
	return nil
}
