package wire

import (
	"strconv"
	"strings"

	"github.com/tideover/tideover/vault"
)

// Names of the custom application fields that KeePass for Pleasant keeps on an
// entry ("Service Models" of the REST documentation). All others are carried as
// custom data and given back unchanged.
const (
	appIcon            = "IconId"
	appCustomIcon      = "CustomIconId"
	appForeground      = "ForegroundColor"
	appBackground      = "BackgroundColor"
	appOverrideURL     = "OverrideUrl"
	appAutoTypeEnabled = "AutoTypeEnabled"
	appAutoTypeDefault = "AutoTypeDefaultSequence"
	appAutoTypeWindow  = "AutoType: " // followed by the window
)

// applicationFields returns what an entry keeps in custom application fields.
func applicationFields(e *vault.Entry) Fields {
	out := iconFields(e.Icon)
	for _, f := range [...]struct{ name, value string }{
		{appForeground, e.Foreground},
		{appBackground, e.Background},
		{appOverrideURL, e.OverrideURL},
	} {
		if f.value != "" {
			out = append(out, Text(f.name, f.value))
		}
	}
	if !e.AutoType.Enabled { // the server's default is on
		out = append(out, Text(appAutoTypeEnabled, "False"))
	}
	if e.AutoType.DefaultSequence != "" {
		out = append(out, Text(appAutoTypeDefault, e.AutoType.DefaultSequence))
	}
	for _, a := range e.AutoType.Associations {
		out = append(out, Text(appAutoTypeWindow+a.Window, a.Sequence))
	}
	return append(out, dataFields(e.CustomData)...)
}

// applyApplicationFields replaces what an entry keeps in them. What they cannot
// say (the obfuscation of auto-type, the date of unchanged custom data) stays.
func applyApplicationFields(e *vault.Entry, fields Fields) {
	e.Foreground, e.Background, e.OverrideURL = "", "", ""
	e.AutoType = vault.AutoType{Enabled: true, Obfuscation: e.AutoType.Obfuscation}
	var rest Fields
	e.Icon, rest = parseIcon(fields)
	var data Fields
	for _, m := range rest {
		value := m.Value.Text()
		switch {
		case m.Name == appForeground:
			e.Foreground = value
		case m.Name == appBackground:
			e.Background = value
		case m.Name == appOverrideURL:
			e.OverrideURL = value
		case m.Name == appAutoTypeEnabled:
			e.AutoType.Enabled = !strings.EqualFold(value, "false")
		case m.Name == appAutoTypeDefault:
			e.AutoType.DefaultSequence = value
		case strings.HasPrefix(m.Name, appAutoTypeWindow):
			e.AutoType.Associations = append(e.AutoType.Associations,
				vault.Association{Window: m.Name[len(appAutoTypeWindow):], Sequence: value})
		default:
			data = append(data, m)
		}
	}
	e.CustomData = mergeData(e.CustomData, data)
}

func iconFields(icon vault.Icon) Fields {
	var out Fields
	if icon.Standard != 0 {
		out = append(out, Text(appIcon, strconv.FormatUint(uint64(icon.Standard), 10)))
	}
	if !icon.Custom.IsZero() {
		out = append(out, Text(appCustomIcon, icon.Custom.String()))
	}
	return out
}

// parseIcon takes the icon out of the fields. Icons in a form that we do not
// know stay among the rest, so that they are given back.
func parseIcon(fields Fields) (icon vault.Icon, rest Fields) {
	for _, m := range fields {
		switch m.Name {
		case appIcon:
			if n, err := strconv.ParseUint(m.Value.Text(), 10, 32); err == nil {
				icon.Standard = uint32(n)
				continue
			}
		case appCustomIcon:
			if id, err := vault.ParseID(m.Value.Text()); err == nil {
				icon.Custom = id
				continue
			}
		}
		rest = append(rest, m)
	}
	return icon, rest
}

func dataFields(data []vault.CustomDatum) Fields {
	var out Fields
	for _, d := range data {
		out = append(out, Text(d.Key, d.Value))
	}
	return out
}

// mergeData returns the fields as custom data; those that have not changed
// keep their date.
func mergeData(old []vault.CustomDatum, fields Fields) []vault.CustomDatum {
	var out []vault.CustomDatum
	for _, m := range fields {
		datum := vault.CustomDatum{Key: m.Name, Value: m.Value.Text()}
		for _, was := range old {
			if was.Key == datum.Key && was.Value == datum.Value {
				datum.Modified = was.Modified
			}
		}
		out = append(out, datum)
	}
	return out
}
