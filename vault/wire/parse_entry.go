package wire

import (
	"github.com/tideover/tideover/vault"
)

func (d *decoder) group(s *scanner) error {
	g := &vault.Group{}
	parent := -1
	for s.member() {
		switch string(s.name) {
		case "parent":
			parent = int(s.uint(31))
		case "id":
			g.ID = s.id()
		case "name":
			g.Name = s.text()
		case "notes":
			g.Notes = s.text()
		case "icon":
			g.Icon.Standard = uint32(s.uint(32))
		case "custom_icon":
			g.Icon.Custom = s.id()
		case "times":
			s.times(&g.Times)
		case "expanded":
			g.Expanded = s.boolean()
		case "default_sequence":
			g.DefaultAutoTypeSequence = s.text()
		case "auto_type":
			g.EnableAutoType = s.tristate()
		case "searching":
			g.EnableSearching = s.tristate()
		case "last_top_entry":
			g.LastTopVisibleEntry = s.id()
		case "previous_parent":
			g.PreviousParent = s.id()
		case "tags":
			g.Tags = d.strings(s)
		case "custom_data":
			g.CustomData = d.customData(s)
		case "unknown":
			g.Unknown = d.unknown(s)
		default:
			s.skip(maxDepth)
		}
	}
	depth := 1
	switch {
	case s.err != nil:
		return s.err
	case len(d.groups) == d.opt.Limits.Groups:
		return hostile("groups")
	case len(d.groups) == 0 && parent >= 0, len(d.groups) > 0 && parent < 0, parent >= len(d.groups):
		return badAnswer("a group whose parent is not there")
	case parent >= 0:
		depth = d.depths[parent] + 1
		d.groups[parent].Groups = append(d.groups[parent].Groups, g)
	}
	d.groups = append(d.groups, g)
	d.depths = append(d.depths, depth)
	if depth > d.opt.Limits.GroupDepth {
		return hostile("the depth of groups")
	}
	return nil
}

func (d *decoder) entry(s *scanner) error {
	e := &vault.Entry{}
	p := entryParser{decoder: d, group: -1}
	p.members(s, e)
	if s.err != nil || p.group < 0 || p.group >= len(d.groups) {
		e.Wipe()
		if s.err == nil {
			return badAnswer("an entry whose group is not there")
		}
		return s.err
	}
	g := d.groups[p.group]
	g.Entries = append(g.Entries, e)
	if p.facts != nil {
		d.out.Facts[e.ID] = p.facts
	}
	if d.opt.Progress != nil {
		d.out.Entries++
		d.opt.Progress(d.out.Entries, d.out.Head.Entries)
	}
	return nil
}

// entryParser reads one entry. Attachments are found in decoder.blobs.
type entryParser struct {
	*decoder
	old     bool // an entry of another one's history
	group   int
	groupID vault.ID
	facts   *Facts
	sizes   []int64
}

func (p *entryParser) members(s *scanner, e *vault.Entry) {
	if p.entries++; p.entries > p.opt.Limits.Entries {
		s.stop(hostile("entries"))
		return
	}
	named := false
	for s.member() {
		switch string(s.name) {
		case "group":
			p.group = int(s.uint(31))
		case "group_id":
			p.groupID = s.id()
		case "id":
			e.ID = s.id()
			named = true
		case "fields":
			p.fields(s, e)
		case "attachments":
			p.attachments(s, e)
		case "tags":
			e.Tags = p.strings(s)
		case "icon":
			e.Icon.Standard = uint32(s.uint(32))
		case "custom_icon":
			e.Icon.Custom = s.id()
		case "foreground":
			e.Foreground = s.text()
		case "background":
			e.Background = s.text()
		case "override_url":
			e.OverrideURL = s.text()
		case "no_quality_check":
			e.NoQualityCheck = s.boolean()
		case "previous_parent":
			e.PreviousParent = s.id()
		case "times":
			s.times(&e.Times)
		case "auto_type":
			p.autoType(s, &e.AutoType)
		case "custom_data":
			e.CustomData = p.customData(s)
		case "history":
			p.history(s, e)
		case "unknown":
			e.Unknown = p.unknown(s)
		case "facts":
			p.facts = &Facts{}
			s.facts(p.facts)
		default:
			s.skip(maxDepth)
		}
	}
	if s.err == nil && !named {
		s.stop(badAnswer("an entry without an id"))
	}
	if p.sizes != nil && !p.old {
		if p.facts == nil {
			p.facts = &Facts{}
		}
		p.facts.AttachmentSizes = p.sizes
	}
}

func (p *entryParser) history(s *scanner, e *vault.Entry) {
	if p.old {
		s.stop(badAnswer("history inside history"))
		return
	}
	for range s.items {
		old := &vault.Entry{}
		e.History = append(e.History, old)
		if s.open('{') {
			(&entryParser{decoder: p.decoder, old: true}).members(s, old)
		}
	}
}

func (p *entryParser) fields(s *scanner, e *vault.Entry) {
	for range s.items {
		if !p.room(s) || !s.open('{') {
			return
		}
		e.Fields = append(e.Fields, vault.Field{})
		f := &e.Fields[len(e.Fields)-1]
		named := false
		for s.member() {
			switch string(s.name) {
			case "name":
				f.Name = fieldName(s)
				named = true
			case "value":
				f.Value = vault.NewSecret(s.bytes())
			case "value_b64":
				f.Value = vault.NewSecret(s.base64())
			case "protected":
				f.Protected = s.boolean()
			default:
				s.skip(maxDepth)
			}
		}
		if s.err == nil && !named {
			s.stop(badAnswer("a field without a name"))
		}
	}
}

// fieldName reads a name; the six common ones share one string each.
func fieldName(s *scanner) string {
	for _, name := range [...]string{
		vault.FieldTitle, vault.FieldUsername, vault.FieldPassword,
		vault.FieldURL, vault.FieldNotes, vault.FieldOTP,
	} {
		if s.is(name) {
			return name
		}
	}
	return s.text()
}

func (p *entryParser) attachments(s *scanner, e *vault.Entry) {
	for range s.items {
		if !p.room(s) || !s.open('{') {
			return
		}
		var a vault.Attachment
		named := false
		var size int64
		for s.member() {
			switch string(s.name) {
			case "id":
				a.ID = s.id()
			case "name":
				a.Name = s.text()
				named = true
			case "size":
				size = int64(s.uint(63))
			case "blob":
				n := s.uint(31)
				if s.err == nil && n >= uint64(len(p.blobs)) {
					s.stop(badAnswer("an attachment whose bytes are not there"))
				} else if s.err == nil {
					a.Binary = p.blobs[n]
				}
			default:
				s.skip(maxDepth)
			}
		}
		if s.err == nil && !named {
			s.stop(badAnswer("an attachment without a name"))
		}
		e.Attachments = append(e.Attachments, a)
		if p.opt.Mode == Metadata {
			p.sizes = append(p.sizes, size)
		}
	}
}

func (p *entryParser) autoType(s *scanner, a *vault.AutoType) {
	if !s.open('{') {
		return
	}
	for s.member() {
		switch string(s.name) {
		case "enabled":
			a.Enabled = s.boolean()
		case "obfuscation":
			a.Obfuscation = uint32(s.uint(32))
		case "default_sequence":
			a.DefaultSequence = s.text()
		case "associations":
			for range s.items {
				if !p.room(s) || !s.open('{') {
					return
				}
				var one vault.Association
				for s.member() {
					switch string(s.name) {
					case "window":
						one.Window = s.text()
					case "sequence":
						one.Sequence = s.text()
					default:
						s.skip(maxDepth)
					}
				}
				a.Associations = append(a.Associations, one)
			}
		default:
			s.skip(maxDepth)
		}
	}
}

func (d *decoder) customData(s *scanner) (out []vault.CustomDatum) {
	for range s.items {
		if !d.room(s) || !s.open('{') {
			return nil
		}
		var one vault.CustomDatum
		named := false
		for s.member() {
			switch string(s.name) {
			case "key":
				one.Key = s.text()
				named = true
			case "value":
				one.Value = s.text()
			case "modified":
				one.Modified = s.time()
			default:
				s.skip(maxDepth)
			}
		}
		if s.err == nil && !named {
			s.stop(badAnswer("custom data without a key"))
		}
		out = append(out, one)
	}
	return out
}

func (d *decoder) strings(s *scanner) (out []string) {
	for range s.items {
		if !d.room(s) {
			return nil
		}
		out = append(out, s.text())
	}
	return out
}

func (d *decoder) unknown(s *scanner) (out []vault.Raw) {
	for range s.items {
		if !d.room(s) {
			return nil
		}
		out = append(out, s.base64())
	}
	return out
}

// room counts one element and stops the scanner at the limit.
func (d *decoder) room(s *scanner) bool {
	if err := d.count(1); err != nil {
		s.stop(err)
	}
	return s.err == nil
}
