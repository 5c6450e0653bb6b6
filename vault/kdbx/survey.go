package kdbx

import "github.com/tideover/tideover/vault"

// survey goes over a document before it is written: its depth, its
// identifiers, its attachments, and whether it needs KDBX 4.1.
type survey struct {
	minor    uint16
	ids      map[vault.ID]bool
	entries  int
	groups   int
	binaries map[*vault.Binary]int
	order    []*vault.Binary
}

func newSurvey(doc *Document) (*survey, error) {
	s := &survey{ids: map[vault.ID]bool{}, binaries: map[*vault.Binary]int{}}
	s.customData(doc.Meta.CustomData)
	for _, icon := range doc.Meta.CustomIcons {
		s.need41(icon.Name != "" || !icon.Modified.IsZero())
	}
	if doc.Root == nil {
		return nil, unsupported("document without a root group")
	}
	if err := s.group(doc.Root, 1); err != nil {
		return nil, err
	}
	// What could not be read again is not written.
	if s.entries > maxEntries || s.groups > maxGroups || len(s.order) > maxAttachments {
		return nil, unsupported("document of %d entries, %d groups, %d attachments", s.entries, s.groups, len(s.order))
	}
	return s, nil
}

// id makes sure that reading finds every group and entry under the identifier
// that it has now.
func (s *survey) id(id vault.ID) error {
	if id.IsZero() || s.ids[id] {
		return &vault.Problem{Cause: vault.Unsupported, Detail: "groups or entries of one UUID, or without one", IDs: []vault.ID{id}}
	}
	s.ids[id] = true
	return nil
}

func (s *survey) need41(needed bool) {
	if needed {
		s.minor = 1
	}
}

func (s *survey) customData(list []vault.CustomDatum) {
	for i := range list {
		s.need41(!list[i].Modified.IsZero())
	}
}

func (s *survey) group(g *vault.Group, depth int) error {
	if depth > MaxGroupDepth {
		return unsupported("groups more than %d deep", MaxGroupDepth)
	}
	if err := s.id(g.ID); err != nil {
		return err
	}
	s.groups++
	s.need41(len(g.Tags) > 0 || !g.PreviousParent.IsZero())
	s.customData(g.CustomData)
	for _, e := range g.Entries {
		if err := s.id(e.ID); err != nil {
			return err
		}
		s.entry(e)
		for _, h := range e.History {
			s.entry(h)
		}
	}
	for _, sub := range g.Groups {
		if err := s.group(sub, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *survey) entry(e *vault.Entry) {
	s.entries++
	s.need41(e.NoQualityCheck || !e.PreviousParent.IsZero())
	s.customData(e.CustomData)
	for _, a := range e.Attachments {
		if _, had := s.binaries[a.Binary]; !had && a.Binary != nil {
			s.binaries[a.Binary] = len(s.order)
			s.order = append(s.order, a.Binary)
		}
	}
}
