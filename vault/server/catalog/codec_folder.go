package catalog

import (
	"github.com/tideover/tideover/vault"
)

// appendGroup appends the encoding of g without what is in it.
func appendGroup(b []byte, g *vault.Group) []byte {
	b = append(b, contentVersion)
	b = putIcon(putBytes(putBytes(b, g.Name), g.Notes), g.Icon)
	b = putBool(putTimes(b, g.Times), g.Expanded)
	b = putBytes(b, g.DefaultAutoTypeSequence)
	b = append(b, byte(g.EnableAutoType), byte(g.EnableSearching))
	b = append(b, g.LastTopVisibleEntry[:]...)
	b = append(b, g.PreviousParent[:]...)
	return putUnknown(putCustomData(putTexts(b, g.Tags), g.CustomData), g.Unknown)
}

// parseGroup reads what appendGroup writes. Unknown elements are parts of b.
func parseGroup(b []byte, id vault.ID) (*vault.Group, error) {
	r := &reader{b: b}
	if r.byte() != contentVersion {
		r.fail()
	}
	g := &vault.Group{ID: id, Name: r.text(), Notes: r.text(), Icon: r.icon(), Times: r.times(), Expanded: r.bool()}
	g.DefaultAutoTypeSequence = r.text()
	g.EnableAutoType, g.EnableSearching = vault.Tristate(r.byte()), vault.Tristate(r.byte())
	if g.EnableAutoType > vault.No || g.EnableSearching > vault.No {
		r.fail()
	}
	g.LastTopVisibleEntry, g.PreviousParent = r.id(), r.id()
	g.Tags, g.CustomData, g.Unknown = r.texts(), r.customData(), r.unknown()
	return g, r.end("folder", id)
}

// appendIcon appends the encoding of a custom icon.
func appendIcon(b []byte, i vault.CustomIcon) []byte {
	b = append(b, contentVersion)
	return putBytes(putTime(putBytes(b, i.Name), i.Modified), i.Data)
}

// parseIcon reads what appendIcon writes. Data is a part of b.
func parseIcon(b []byte, id vault.ID) (vault.CustomIcon, error) {
	r := &reader{b: b}
	if r.byte() != contentVersion {
		r.fail()
	}
	i := vault.CustomIcon{ID: id, Name: r.text(), Modified: r.time(), Data: r.bytes()}
	return i, r.end("icon", id)
}
