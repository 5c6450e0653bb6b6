package kdbx

import "github.com/tideover/tideover/vault"

// group reads a group. The depth of the root group is 1.
func (d *decoder) group(depth int) (*vault.Group, error) {
	if depth > d.lim.GroupDepth {
		return nil, hostile("document: groups more than %d deep", d.lim.GroupDepth)
	}
	if d.groups++; d.groups > d.lim.Groups {
		return nil, hostile("document: more than %d groups", d.lim.Groups)
	}
	if err := d.mem.charge(groupWeight + idWeight); err != nil {
		return nil, err
	}
	g := &vault.Group{Expanded: true}
	err := d.children(place{&g.Unknown, knownInGroup}, func(el element) (err error) {
		switch el {
		case elUUID:
			if g.ID, err = d.id(); !g.ID.IsZero() {
				g.ID = d.unique(g.ID)
			}
		case elName:
			g.Name, err = d.str()
		case elNotes:
			g.Notes, err = d.str()
		case elTags:
			g.Tags, err = d.tags()
		case elIconID:
			err = d.standardIcon(&g.Icon)
		case elCustomIconUUID:
			g.Icon.Custom, err = d.id()
		case elTimes:
			err = d.times(&g.Times)
		case elIsExpanded:
			g.Expanded, err = d.boolean(true)
		case elDefaultAutoTypeSequence:
			g.DefaultAutoTypeSequence, err = d.str()
		case elEnableAutoType:
			g.EnableAutoType, err = d.tristate()
		case elEnableSearching:
			g.EnableSearching, err = d.tristate()
		case elLastTopVisibleEntry:
			g.LastTopVisibleEntry, err = d.id()
		case elPreviousParentGroup:
			g.PreviousParent, err = d.id()
		case elCustomData:
			err = d.customData(&g.CustomData)
		case elEntry:
			var e *vault.Entry
			e, err = d.entry(false)
			g.Entries = append(g.Entries, e)
		case elGroup:
			var sub *vault.Group
			sub, err = d.group(depth + 1)
			g.Groups = append(g.Groups, sub)
		default:
			err = errNotHere
		}
		return err
	})
	if g.ID.IsZero() {
		g.ID = d.unique(g.ID)
	}
	return g, err
}

// unique returns id, or a fresh one if id is zero or taken.
func (d *decoder) unique(id vault.ID) vault.ID {
	if id.IsZero() || d.ids[id] {
		id = vault.NewID()
	}
	d.ids[id] = true
	return id
}

func (d *decoder) standardIcon(icon *vault.Icon) error {
	n, err := d.unsigned(32)
	icon.Standard = uint32(n)
	return err
}

func (d *decoder) times(t *vault.Times) error {
	return d.children(place{}, func(el element) (err error) {
		switch el {
		case elCreationTime:
			t.Created, err = d.time()
		case elLastModificationTime:
			t.Modified, err = d.time()
		case elLastAccessTime:
			t.Accessed, err = d.time()
		case elExpiryTime:
			t.Expiry, err = d.time()
		case elExpires:
			t.Expires, err = d.boolean(false)
		case elUsageCount:
			t.UsageCount, err = d.unsigned(64)
		case elLocationChanged:
			t.LocationChanged, err = d.time()
		default:
			err = errNotHere
		}
		return err
	})
}
