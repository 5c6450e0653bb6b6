package present

import (
	"strings"

	"github.com/tideover/tideover/vault/session"
)

// Import is the dialog of Import cache file….
type Import struct {
	File     string   // chosen; empty: none yet
	User     string   // of the account that it must belong to
	Rules    []string // what the file must be, one sentence each
	Password string   // which password opens it (PPS-31)
	Replaces string   // that the cache in place is replaced; empty: there is none
	Can      bool     // a file was chosen and nothing is under way
	Busy     bool
	Notice   *Notice
}

// NewImport returns the dialog for a status; err is of the last attempt.
func NewImport(words *Catalogue, st session.Status, file string, err error, busy bool) Import {
	m := Import{
		File: file, User: st.User, Can: file != "" && !busy, Busy: busy, Notice: words.Failure(err),
		Rules:    []string{words.Text("import.rule.machine", nil), words.Text("import.rule.account", map[string]any{"User": st.User}), words.Text("import.rule.newest", nil)},
		Password: words.Text("import.password", nil),
	}
	if st.Cache != nil {
		m.Replaces = words.Text("import.replaces", nil)
	}
	return m
}

// Check is what was found out about one part of this computer.
type Check struct {
	ID     string // as doctor's: tpm, level, keychain, server, certificate, clock, disk_encryption, proof, cache
	Status string // ok, warn, fail, unknown
	Value  string // what was measured; empty: nothing
}

// DoctorRow is a line of the doctor.
type DoctorRow struct {
	ID, Name, Message, Remedy, Value string
	Severity                         Severity
	Icon                             string
}

// measured is the value of a check as a person reads it; empty where the
// message says it all.
func measured(words *Catalogue, c Check) string {
	switch {
	case c.Value == "", c.ID == "cache", c.ID == "proof", c.ID == "clock" && c.Status == "ok":
		return ""
	case c.ID == "clock": // as 2m42s
		return words.Text("doctor.clock.value", map[string]any{"Value": strings.NewReplacer("-", "", "h", " h ", "m", " min ", "s", " s").Replace(c.Value)})
	case c.ID == "level":
		return words.Text("doctor.level.value", map[string]any{"Value": c.Value})
	}
	return c.Value
}

// DoctorRows puts checks into words, those of the command line's doctor.
func DoctorRows(words *Catalogue, checks []Check) []DoctorRow {
	var rows []DoctorRow
	for _, c := range checks {
		key := "doctor." + c.ID + "." + c.Status
		args := map[string]any{"Value": c.Value}
		if c.ID == "cache" && c.Status == "warn" {
			args["Value"] = words.Text("status.cache."+c.Value, nil)
		}
		r := DoctorRow{ID: c.ID, Name: words.Text("doctor."+c.ID+".name", nil), Message: words.Text(key, args), Value: measured(words, c), Severity: Info, Icon: "help"}
		switch c.Status {
		case "ok":
			r.Severity, r.Icon = Good, "check"
		case "warn":
			r.Severity, r.Icon, r.Remedy = Warning, "warning", words.Text(key+".remedy", args)
		case "fail":
			r.Severity, r.Icon, r.Remedy = Alarm, "error", words.Text(key+".remedy", args)
		}
		rows = append(rows, r)
	}
	return rows
}
