package present

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/otp"
)

// EntryPart is a part of the entry dialog, to show the person where something
// is the matter.
type EntryPart string

// The parts.
const (
	PartTitle    EntryPart = "title"
	PartUser     EntryPart = "user"
	PartPassword EntryPart = "password"
	PartRepeat   EntryPart = "repeat"
	PartURL      EntryPart = "url"
	PartNotes    EntryPart = "notes"
	PartTags     EntryPart = "tags"
	PartExpiry   EntryPart = "expiry"
	PartFields   EntryPart = "fields"
	PartFiles    EntryPart = "files"
	PartCode     EntryPart = "code"
)

// EntryProblem is what is the matter with one part of a changed entry. Its
// words are those of the Worded error in it.
type EntryProblem struct {
	Part EntryPart
	Err  *Worded
}

// Error returns part and topic, for logs.
func (p *EntryProblem) Error() string { return string(p.Part) + ": " + p.Err.Error() }

// Unwrap returns the words.
func (p *EntryProblem) Unwrap() error { return p.Err }

func wrong(part EntryPart, topic string, args map[string]any) error {
	return &EntryProblem{Part: part, Err: &Worded{Cause: vault.Usage, Topic: "entry." + topic, Args: args}}
}

// Limits of what a person may type, in bytes. A server refuses an entry of more
// than 4 MiB without its files, and would not say which field it was.
const (
	maxLine = 64 << 10 // nobody types this; a pasted file belongs into an attachment
	maxText = 1 << 20
	maxName = 255 // of fields, files and tags: what file systems and lists can show
	maxTags = 100
	// maxFields is more than a person can look through.
	maxFields = 500
)

// checkText refuses what a cache file cannot carry: it is XML 1.0 inside, which
// has no way to write a control character
// (https://www.w3.org/TR/xml/#charsets).
func checkText(part EntryPart, name, text string, limit int) error {
	args := map[string]any{"Part": Key("entry.part." + string(part)), "Name": name, "Limit": limit / 1024}
	if len(text) > limit {
		return wrong(part, "too_long", args)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unwritable) {
		return wrong(part, "control", args)
	}
	return nil
}

func unwritable(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

// checkName refuses names that lists and files cannot hold.
func checkName(part EntryPart, name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return wrong(part, "no_name", map[string]any{"Part": Key("entry.part." + string(part))})
	case len(name) > maxName:
		return wrong(part, "name_long", map[string]any{"Part": Key("entry.part." + string(part)), "Name": cut(name, 40), "Limit": maxName})
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || unwritable(r) }):
		return wrong(part, "control", map[string]any{"Part": Key("entry.part." + string(part)), "Name": ""})
	}
	return nil
}

// checkTags: KDBX parts tags by semicolons, and KeePass by commas as well.
func (c *Changes) checkTags() error {
	if c.Tags == nil {
		return nil
	}
	if len(*c.Tags) > maxTags {
		return wrong(PartTags, "too_many", map[string]any{"Part": Key("entry.part.tags"), "Limit": maxTags})
	}
	seen := map[string]bool{}
	for _, tag := range *c.Tags {
		if err := checkName(PartTags, tag); err != nil {
			return err
		}
		if strings.ContainsAny(tag, ";,") {
			return wrong(PartTags, "tag", map[string]any{"Name": tag})
		}
		if seen[tag] {
			return wrong(PartTags, "twice", map[string]any{"Part": Key("entry.part.tags"), "Name": tag})
		}
		seen[tag] = true
	}
	return nil
}

func (c *Changes) checkFields() error {
	if len(c.Fields) > maxFields {
		return wrong(PartFields, "too_many", map[string]any{"Part": Key("entry.part.fields"), "Limit": maxFields})
	}
	seen := map[string]bool{}
	for i := range c.Fields {
		f := &c.Fields[i]
		if err := CheckFieldName(f.Name, seen); err != nil {
			return err
		}
		seen[f.Name] = true
		if f.Value == nil {
			continue
		}
		if f.Value.IsEmpty() && f.Protected && f.Was != "" { // a server takes no value for one that stays
			return wrong(PartFields, "empty_secret", map[string]any{"Name": f.Name})
		}
		if err := checkText(PartFields, f.Name, f.Value.Text(), maxText); err != nil {
			return err
		}
	}
	return nil
}

// CheckFieldName returns an *EntryProblem for a name that a field of one's own
// cannot have: none, one too long, that of a standard field, or one that is
// taken.
func CheckFieldName(name string, taken map[string]bool) error {
	if err := checkName(PartFields, name); err != nil {
		return err
	}
	if vault.IsStandard(name) || name == vault.FieldOTP {
		return wrong(PartFields, "reserved", map[string]any{"Name": name})
	}
	if taken[name] {
		return wrong(PartFields, "twice", map[string]any{"Part": Key("entry.part.fields"), "Name": name})
	}
	return nil
}

func (c *Changes) checkFiles(e *vault.Entry) error {
	names := map[string]bool{}
	for _, a := range e.Attachments {
		if !slices.ContainsFunc(c.Files, func(f FileChange) bool { return f.Was == a.Name }) {
			names[a.Name] = true
		}
	}
	for i := range c.Files {
		f := &c.Files[i]
		if f.Name == "" {
			continue
		}
		if err := CheckFileName(f.Name, names); err != nil {
			return err
		}
		names[f.Name] = true
		if len(f.Data) > MaxAttachment {
			return wrong(PartFiles, "file_large", map[string]any{"Name": f.Name, "Limit": MaxAttachment >> 20})
		}
		if f.Was == "" && f.Data == nil {
			return wrong(PartFiles, "file_empty", map[string]any{"Name": f.Name})
		}
	}
	return nil
}

// CheckFileName returns an *EntryProblem for a name that an attachment cannot
// have: none, one too long, one that would leave its folder when it is saved,
// or one that is taken.
func CheckFileName(name string, taken map[string]bool) error {
	if err := checkName(PartFiles, name); err != nil {
		return err
	}
	if strings.ContainsAny(name, `/\`) || name == "." || name == ".." {
		return wrong(PartFiles, "file_name", map[string]any{"Name": name})
	}
	if taken[name] {
		return wrong(PartFiles, "twice", map[string]any{"Part": Key("entry.part.files"), "Name": name})
	}
	return nil
}

// FreeName returns name, or name with a number before its ending where it is
// taken: "key (2).pem".
func FreeName(name string, taken map[string]bool) string {
	ending := path.Ext(name)
	stem := strings.TrimSuffix(name, ending)
	for n, free := 2, name; ; n++ {
		if !taken[free] {
			return free
		}
		free = stem + " (" + strconv.Itoa(n) + ")" + ending
	}
}

// checkExpiry: KDBX and the servers have years of four digits.
func checkExpiry(at time.Time) error {
	if y := at.UTC().Year(); y < 1970 || y > 9998 {
		return wrong(PartExpiry, "bad_expiry", nil)
	}
	return nil
}

// The forms in which a date and a time may be typed; the first is the one that
// the dialog writes.
var (
	dateForms  = [...]string{"2006-01-02", "2.1.2006", "2006/1/2", "2 Jan 2006"}
	clockForms = [...]string{"15:04", "15:04:05", "15.04"}
)

// ExpiryText returns a moment as the dialog has it: date and time of day.
func ExpiryText(at time.Time) (date, clock string) {
	at = at.Local()
	return at.Format(dateForms[0]), at.Format(clockForms[0])
}

// ParseExpiry reads what was typed, in local time; an empty time is the end of
// the day. An *EntryProblem if it is no moment.
func ParseExpiry(date, clock string) (time.Time, error) {
	date, clock = strings.TrimSpace(date), strings.TrimSpace(clock)
	if clock == "" {
		clock = "23:59"
	}
	for _, d := range dateForms {
		for _, c := range clockForms {
			at, err := time.ParseInLocation(d+" "+c, date+" "+clock, time.Local)
			if err == nil {
				return at, checkExpiry(at)
			}
		}
	}
	return time.Time{}, wrong(PartExpiry, "bad_expiry", nil)
}

// CodeSetting returns what an entry keeps for a one-time code: the otpauth URI
// of what was typed, a URI or a bare secret, with these digits and this period
// in seconds (0: as in the URI, or the usual). An *EntryProblem if no code can
// be computed from it. The caller wipes the result.
func CodeSetting(typed []byte, digits, seconds int) (vault.Secret, error) {
	config, err := otp.Parse(typed)
	if err != nil {
		topic := "bad_code"
		if cause(err, vault.Unsupported) {
			topic = "code_kind"
		}
		return vault.Secret{}, wrong(PartCode, topic, nil) // its own text may repeat the secret
	}
	defer config.Secret.Wipe()
	if digits > 0 && !config.Steam {
		config.Digits = digits
	}
	if seconds > 0 {
		config.Period = time.Duration(seconds) * time.Second
	}
	setting := config.URI()
	if _, err := otp.Parse(setting.Bytes()); err != nil {
		setting.Wipe()
		return vault.Secret{}, wrong(PartCode, "bad_code", nil)
	}
	return setting, nil
}

// CodeParts returns digits and seconds of the period of what was typed for a
// one-time code; false if it is none.
func CodeParts(typed []byte) (digits, seconds int, ok bool) {
	config, err := otp.Parse(typed)
	if err != nil {
		return 0, 0, false
	}
	defer config.Secret.Wipe()
	return config.Digits, int(config.Period / time.Second), true
}
