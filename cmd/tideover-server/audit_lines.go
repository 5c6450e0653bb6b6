package main

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
)

// auditLine is one record in --json. What does not apply is null. t_dev and
// received are of offline use: the time by the device's clock, and when the
// server learned of it.
type auditLine struct {
	Seq        int64      `json:"seq"`
	At         *time.Time `json:"at"`
	Actor      *vault.ID  `json:"actor"`
	Name       string     `json:"name"`
	Device     *vault.ID  `json:"device"`
	Action     string     `json:"action"`
	Outcome    string     `json:"outcome"`
	Target     *vault.ID  `json:"target"`
	Version    *int64     `json:"version"`
	Address    string     `json:"address"`
	Comment    string     `json:"comment"`
	Detail     string     `json:"detail"`
	OnDevice   *time.Time `json:"t_dev"`
	Received   *time.Time `json:"received"`
	TargetPath *string    `json:"target_path"`
	DeviceName *string    `json:"device_name"`
	Draft      bool       `json:"draft"` // the target was made offline and never was an entry here
}

func newAuditLine(r catalog.AuditRecord) auditLine {
	l := auditLine{
		Seq: r.Seq, At: moment(r.At), Actor: known(r.Actor), Name: r.Name, Device: known(r.Device), Action: r.Action,
		Outcome: r.Outcome, Target: known(r.Target), Address: r.Address, Comment: r.Comment, Detail: r.Detail,
		OnDevice: moment(r.OnDevice),
	}
	if l.OnDevice != nil {
		l.Received = l.At
	}
	if r.Version != 0 {
		l.Version = &r.Version
	}
	return l
}

// known returns an identifier for --json: null if it is zero.
func known(id vault.ID) *vault.ID {
	if id.IsZero() {
		return nil
	}
	return &id
}

// namedAtOnce is how many lines get their names together.
const namedAtOnce = 500

// auditLines yields the records that q names with the names of their targets
// and devices, at most limit lines; 0: all.
func (s *site) auditLines(ctx context.Context, by *catalog.Caller, q catalog.AuditQuery, limit int64) iter.Seq2[auditLine, error] {
	return func(yield func(auditLine, error) bool) {
		var batch []auditLine
		flush := func() bool {
			if err := s.nameLines(ctx, by, batch); err != nil {
				yield(auditLine{}, err)
				return false
			}
			for _, l := range batch {
				if !yield(l, nil) {
					return false
				}
			}
			batch = batch[:0]
			return true
		}
		n := int64(0)
		for r, err := range s.catalog.Audit(ctx, by, q) {
			if err != nil {
				yield(auditLine{}, err)
				return
			}
			batch = append(batch, newAuditLine(r))
			if len(batch) == namedAtOnce && !flush() {
				return
			}
			if n++; n == limit {
				break
			}
		}
		if len(batch) > 0 {
			flush()
		}
	}
}

func (s *site) nameLines(ctx context.Context, by *catalog.Caller, lines []auditLine) error {
	seen := map[vault.ID]bool{}
	var ids []vault.ID
	for _, l := range lines {
		for _, id := range []*vault.ID{l.Target, l.Device} {
			if id != nil && !seen[*id] {
				seen[*id] = true
				ids = append(ids, *id)
			}
		}
	}
	names, err := s.catalog.AuditNames(ctx, by, ids)
	if err != nil {
		return err
	}
	name := func(id *vault.ID) *string {
		if id == nil {
			return nil
		}
		if n, ok := names[*id]; ok {
			return &n
		}
		return nil
	}
	for i := range lines {
		lines[i].TargetPath, lines[i].DeviceName = name(lines[i].Target), name(lines[i].Device)
	}
	return s.markDrafts(ctx, by, lines)
}

// markDrafts finds the targets of offline use that never were entries here.
func (s *site) markDrafts(ctx context.Context, by *catalog.Caller, lines []auditLine) error {
	nameless := func(l auditLine) bool {
		return l.OnDevice != nil && l.Target != nil && l.TargetPath == nil
	}
	var ids []vault.ID
	for _, l := range lines {
		if nameless(l) && !slices.Contains(ids, *l.Target) {
			ids = append(ids, *l.Target)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	drafts, err := s.catalog.AuditDrafts(ctx, by, ids)
	if err != nil {
		return err
	}
	for i := range lines {
		lines[i].Draft = nameless(lines[i]) && drafts[*lines[i].Target]
	}
	return nil
}

// shownAs returns the name for tables, or the identifier if there is no name.
func shownAs(name *string, id *vault.ID) string {
	switch {
	case name != nil:
		return plain(strings.TrimSpace(*name))
	case id != nil:
		return id.String()
	}
	return "-"
}
