package kdbx

import "github.com/tideover/tideover/vault"

// With up to this many names, comparing each with each is fastest.
const fewNames = 24

// entry reads an entry, or one of an entry's history.
func (d *decoder) entry(inHistory bool) (*vault.Entry, error) {
	if d.entries++; d.entries > d.lim.Entries {
		return nil, hostile("document: more than %d entries", d.lim.Entries)
	}
	e, err := d.mem.entry()
	if err != nil {
		return nil, err
	}
	e.AutoType.Enabled = true
	first := len(d.fields)
	err = d.children(place{&e.Unknown, knownInEntry}, func(el element) (err error) {
		switch el {
		case elString:
			if len(d.fields)-first == d.lim.ItemsPerEntry {
				return d.tooMany("fields")
			}
			err = d.field()
		case elUUID:
			if e.ID, err = d.id(); !inHistory && !e.ID.IsZero() {
				e.ID = d.unique(e.ID)
			}
		case elIconID:
			err = d.standardIcon(&e.Icon)
		case elCustomIconUUID:
			e.Icon.Custom, err = d.id()
		case elForegroundColor:
			e.Foreground, err = d.word()
		case elBackgroundColor:
			e.Background, err = d.word()
		case elOverrideURL:
			e.OverrideURL, err = d.str()
		case elTags:
			e.Tags, err = d.tags()
		case elQualityCheck:
			var check bool
			check, err = d.boolean(true)
			e.NoQualityCheck = !check
		case elPreviousParentGroup:
			e.PreviousParent, err = d.id()
		case elTimes:
			err = d.times(&e.Times)
		case elBinary:
			err = d.attachment(e)
		case elAutoType:
			err = d.autoType(&e.AutoType)
		case elCustomData:
			err = d.customData(&e.CustomData)
		case elHistory:
			err = d.history(e, inHistory)
		default:
			err = errNotHere
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	e.Fields = d.mem.fieldList(d.fields[first:])
	clear(d.fields[first:])
	d.fields = d.fields[:first]
	if !inHistory {
		if err := d.mem.charge(idWeight); err != nil {
			return nil, err
		}
		if e.ID.IsZero() {
			e.ID = d.unique(e.ID)
		}
		for _, h := range e.History {
			h.ID = e.ID
		}
	}
	return e, d.checkNames(e)
}

func (d *decoder) tooMany(what string) error {
	return hostile("XML, byte %d: more than %d %s in an entry", d.base+int64(d.r), d.lim.ItemsPerEntry, what)
}

// field reads a String element.
func (d *decoder) field() error {
	var f vault.Field
	err := d.children(place{}, func(el element) (err error) {
		switch el {
		case elKey:
			f.Name, err = d.word()
		case elValue:
			attr := d.attr
			var text, value []byte
			if text, err = d.scanner.text(); err != nil {
				return err
			}
			f.Protected = attr.protected || attr.inMemory
			if attr.protected {
				value, err = d.plain(text)
			} else {
				value, err = d.mem.copy(text)
			}
			f.Value = vault.NewSecret(value)
		default:
			err = errNotHere
		}
		return err
	})
	if err == nil {
		err = d.mem.charge(fieldWeight)
	}
	d.fields = append(d.fields, f)
	return err
}

// attachment reads a Binary element.
func (d *decoder) attachment(e *vault.Entry) error {
	if len(e.Attachments) == d.lim.ItemsPerEntry {
		return d.tooMany("attachments")
	}
	var a vault.Attachment
	var referred bool
	err := d.children(place{}, func(el element) (err error) {
		switch el {
		case elKey:
			a.Name, err = d.word()
		case elValue:
			if d.attr.ref < 0 {
				a.Binary, err = d.inlineBinary()
				return err
			}
			if a.Binary = d.binary(d.attr.ref); a.Binary == nil && d.inMeta == nil {
				return d.fault("attachment that is not there")
			}
			referred = true
			var text []byte
			if text, err = d.text(); err == nil && len(text) > 0 {
				err = d.fault("attachment with both a reference and a content")
			}
		default:
			err = errNotHere
		}
		return err
	})
	if err == nil && a.Binary == nil && !referred {
		err = d.fault("attachment without a value")
	}
	if err == nil {
		err = d.mem.charge(itemWeight)
	}
	e.Attachments = append(e.Attachments, a)
	return err
}

// binary returns the attachment with that number, or nil.
func (d *decoder) binary(ref int64) *vault.Binary {
	if d.inMeta != nil {
		return d.inMeta[ref]
	}
	if ref < int64(len(d.binaries)) {
		return d.binaries[ref]
	}
	return nil
}

func (d *decoder) autoType(a *vault.AutoType) error {
	return d.children(place{}, func(el element) (err error) {
		switch el {
		case elEnabled:
			a.Enabled, err = d.boolean(true)
		case elDataTransferObfuscation:
			var n uint64
			n, err = d.unsigned(32)
			a.Obfuscation = uint32(n)
		case elDefaultSequence:
			a.DefaultSequence, err = d.str()
		case elAssociation:
			if len(a.Associations) == d.lim.ItemsPerEntry {
				return d.tooMany("associations")
			}
			err = d.association(a)
		default:
			err = errNotHere
		}
		return err
	})
}

func (d *decoder) association(a *vault.AutoType) error {
	var as vault.Association
	err := d.children(place{}, func(el element) (err error) {
		switch el {
		case elWindow:
			as.Window, err = d.str()
		case elKeystrokeSequence:
			as.Sequence, err = d.str()
		default:
			err = errNotHere
		}
		return err
	})
	if err == nil {
		err = d.mem.charge(itemWeight)
	}
	a.Associations = append(a.Associations, as)
	return err
}

func (d *decoder) history(e *vault.Entry, inHistory bool) error {
	return d.each(elEntry, func() error {
		if inHistory {
			return d.fault("history in history")
		}
		if len(e.History) == d.lim.ItemsPerEntry {
			return d.tooMany("history entries")
		}
		h, err := d.entry(true)
		e.History = append(e.History, h)
		return err
	})
}

// checkNames refuses two fields or two attachments of one name.
func (d *decoder) checkNames(e *vault.Entry) error {
	field := func(i int) string { return e.Fields[i].Name }
	attachment := func(i int) string { return e.Attachments[i].Name }
	if twice(len(e.Fields), field) || twice(len(e.Attachments), attachment) {
		return d.fault("two fields or attachments of one name in an entry")
	}
	return nil
}

// twice reports whether two of n names are equal.
func twice(n int, name func(int) string) bool {
	if n <= fewNames {
		for i := range n {
			for k := range i {
				if name(i) == name(k) {
					return true
				}
			}
		}
		return false
	}
	had := make(map[string]bool, n)
	for i := range n {
		if had[name(i)] {
			return true
		}
		had[name(i)] = true
	}
	return false
}
