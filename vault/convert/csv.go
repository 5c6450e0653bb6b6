package convert

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/tideover/tideover/vault"
)

// column says where a form keeps what; the names are its header row, folded.
type columns struct {
	format                                           Format
	group, title, username, password, url, notes, tp string
	tags, fields, created, modified, kind            string
}

// forms are the header rows of the programs' own exports. The first form whose
// title and password columns are all there is taken, so the more particular
// ones stand first. Sources: KeePass 1.x CSV (keepass.info/help/base/importexport.html),
// KeePassXC src/format/CsvExporter.cpp, Bitwarden help "Condition a Bitwarden
// .csv or .json", 1Password 8 "Export your data" (Title, Url, Username,
// Password, OTPAuth, Favorite, Archived, Tags, Notes).
var forms = []columns{
	{format: BitwardenCS, group: "folder|collections", title: "name", username: "login_username", password: "login_password", url: "login_uri", notes: "notes", tp: "login_totp", fields: "fields", kind: "type"},
	{format: XCCSV, group: "group", title: "title", username: "username", password: "password", url: "url", notes: "notes", tp: "totp", created: "created", modified: "last modified"},
	{format: OnePassword, title: "title", username: "username", password: "password", url: "url|website", notes: "notes|notesplain", tp: "otpauth|one-time password", tags: "tags"},
	{format: KeePassCSV, title: "account", username: "login name", password: "password", url: "web site", notes: "comments"},
}

// row reads one record by column name.
type row struct {
	at     map[string]int
	record []string
}

func (r row) get(names string) string {
	for _, name := range strings.Split(names, "|") {
		if i, ok := r.at[name]; ok && name != "" && i < len(r.record) {
			return r.record[i]
		}
	}
	return ""
}

func (r row) has(names string) bool {
	for _, name := range strings.Split(names, "|") {
		if _, ok := r.at[name]; ok {
			return true
		}
	}
	return false
}

func readCSV(text []byte, report *Report) (*vault.Content, error) {
	if first, _, _ := bytes.Cut(text, []byte("\n")); bytes.Contains(first, []byte(`"Login Name"`)) {
		text = unquoteKeePass(text)
	}
	in := csv.NewReader(bytes.NewReader(text))
	in.FieldsPerRecord = -1 // Bitwarden leaves trailing columns out
	head, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, vault.Fail(vault.Damaged, "the file is empty")
	}
	if err != nil {
		return nil, vault.Fail(vault.Unsupported, "neither KDBX, nor Bitwarden JSON, nor CSV")
	}
	r := row{at: map[string]int{}}
	for i, name := range head {
		r.at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	form, ok := recognise(r)
	if !ok {
		return nil, vault.Fail(vault.Unsupported, "the first line names no columns of KeePass, KeePassXC, Bitwarden or 1Password")
	}
	report.Format = form.format
	t := newTree()
	for {
		r.record, err = in.Read()
		if errors.Is(err, io.EOF) {
			return t.content(), nil
		}
		if err != nil {
			line := 0
			if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
				line = bad.StartLine
			}
			return nil, vault.Fail(vault.Damaged, "the record at line %d of the CSV file cannot be read", line)
		}
		form.add(t, r, report)
	}
}

// unquoteKeePass turns KeePass 1.x's quoting, a backslash before a quote and
// before itself (keepass.info/help/base/importexport.html, "CSV"), into that of
// RFC 4180.
func unquoteKeePass(text []byte) []byte {
	return []byte(strings.NewReplacer(`\\`, `\`, `\"`, `""`).Replace(string(text)))
}

func recognise(r row) (columns, bool) {
	for _, f := range forms {
		if !r.has(f.title) || !r.has(f.password) || (f.group != "" && !r.has(f.group)) {
			continue
		}
		return f, true
	}
	return columns{}, false
}

func (c columns) add(t *tree, r row, report *Report) {
	group := r.get(c.group)
	if c.format == XCCSV {
		// KeePassXC writes the root's own name first.
		if _, below, ok := strings.Cut(group, "/"); ok {
			group = below
		} else {
			group = ""
		}
	}
	e := newEntry(r.get(c.title), r.get(c.username), r.get(c.password), r.get(c.url), r.get(c.notes))
	if code := r.get(c.tp); code != "" {
		add(e, vault.FieldOTP, code, true)
	}
	for _, line := range strings.Split(r.get(c.fields), "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok { // hidden fields carry no mark in CSV: all count as protected
			add(e, name, value, true)
		}
	}
	for _, tag := range strings.FieldsFunc(r.get(c.tags), func(r rune) bool { return r == ',' || r == ';' }) {
		e.Tags = append(e.Tags, strings.TrimSpace(tag))
	}
	e.Times.Created, e.Times.Modified = parseTime(r.get(c.created)), parseTime(r.get(c.modified))
	if kind := r.get(c.kind); kind != "" && kind != "login" && kind != "note" {
		report.Notes = append(report.Notes, "“"+r.get(c.title)+"” is of type "+kind+": only its name and notes are in a CSV export")
	}
	g := t.at(group)
	g.Entries = append(g.Entries, e)
}

func itoa(i int) string { return strconv.Itoa(i) }
