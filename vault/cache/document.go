package cache

import (
	"errors"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/lease"
)

// Exclusion is an entry that KDBX cannot carry without changing it.
type Exclusion struct {
	Entry  vault.ID
	Path   []string // names of the groups above it
	Detail string   // what cannot be carried; never a value
}

// databaseName is what other programs show when somebody opens the file with
// an escrowed key file.
const databaseName = "Tideover offline cache"

// document turns content into what is written. It shares everything with
// content but the lists of groups and entries.
func document(content *vault.Content, recordSum lease.Hash) (*kdbx.Document, Report) {
	var report Report
	doc := kdbx.NewDocument(report.carry(nil, content.Root))
	doc.Meta.Name = databaseName
	doc.Meta.RecycleBinEnabled = false // nothing is deleted here
	doc.Meta.CustomIcons = content.Icons
	doc.Meta.CustomData = []vault.CustomDatum{{Key: datumRecordSum, Value: recordSum.String()}}
	return doc, report
}

// carry copies a group with the entries that KDBX can carry, and counts them.
func (r *Report) carry(path []string, g *vault.Group) *vault.Group {
	out := *g
	out.Entries, out.Groups = nil, nil
	for _, e := range g.Entries {
		if err := kdbx.Storable(e); err != nil {
			r.Excluded = append(r.Excluded, Exclusion{Entry: e.ID, Path: path, Detail: detail(err)})
			continue
		}
		out.Entries = append(out.Entries, e)
		r.Entries++
		r.Attachments += len(e.Attachments)
	}
	for _, sub := range g.Groups {
		out.Groups = append(out.Groups, r.carry(append(path[:len(path):len(path)], sub.Name), sub))
	}
	return &out
}

// detail returns a problem's own words.
func detail(err error) string {
	var p *vault.Problem
	if errors.As(err, &p) {
		return p.Detail
	}
	return err.Error()
}
