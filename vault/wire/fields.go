package wire

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/tideover/tideover/vault"
)

// Fields is a JSON object of strings that keeps its order and its values as
// bytes. Pleasant uses it for custom fields. The nil Fields is written as {}.
type Fields []Member

// Member is one name and value of a Fields object.
type Member struct {
	Name  string
	Value Secret
}

// Text returns a member whose value was never secret.
func Text(name, value string) Member {
	return Member{Name: name, Value: Secret{vault.SecretText(value)}}
}

// Get returns the named value, and whether it is there.
func (f Fields) Get(name string) (Secret, bool) {
	for _, m := range f {
		if m.Name == name {
			return m.Value, true
		}
	}
	return Secret{}, false
}

// MarshalJSON writes the members in order.
func (f Fields) MarshalJSON() ([]byte, error) { return f.append(nil), nil }

func (f Fields) append(out []byte) []byte {
	out = append(out, '{')
	for i, m := range f {
		if i > 0 {
			out = append(out, ',')
		}
		out = AppendString(out, m.Name)
		out = append(out, ':')
		out = AppendString(out, m.Value.Bytes())
	}
	return append(out, '}')
}

// UnmarshalJSON reads an object of strings; null values are empty, a repeated
// name keeps its first place and its last value, null is no members. Numbers
// and booleans are taken as they are written: some clients send them.
func (f *Fields) UnmarshalJSON(b []byte) error {
	*f = nil
	s := scanner{b: b}
	if s.null() {
		return nil
	}
	if !s.open('{') {
		return errors.New("custom fields: not an object")
	}
	seen := map[string]int{}
	for s.member() {
		name := string(s.name)
		value := s.scalar()
		if s.err != nil {
			break
		}
		if i, ok := seen[name]; ok {
			(*f)[i].Value.Wipe()
			(*f)[i].Value = Secret{vault.NewSecret(value)}
			continue
		}
		seen[name] = len(*f)
		*f = append(*f, Member{Name: name, Value: Secret{vault.NewSecret(value)}})
	}
	return s.err
}

// Tag is one tag; Pleasant sends objects, and a plain string in old versions.
type Tag struct{ Name string }

// UnmarshalJSON reads {"Name": "prod"} and "prod".
func (t *Tag) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte{'"'}) {
		return json.Unmarshal(b, &t.Name)
	}
	type plain Tag
	return json.Unmarshal(b, (*plain)(t))
}

// Tags is a list of tags. On the way in it may be null, a list, or one string
// with separators.
type Tags []Tag

// UnmarshalJSON reads what the type's comment says.
func (t *Tags) UnmarshalJSON(b []byte) error {
	*t = nil
	if !bytes.HasPrefix(b, []byte{'"'}) {
		type plain []Tag
		return json.Unmarshal(b, (*plain)(t))
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	for _, name := range splitTags(text) {
		*t = append(*t, Tag{Name: name})
	}
	return nil
}

// splitTags cuts at commas and semicolons, as KeePass does.
func splitTags(text string) []string {
	var out []string
	start := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] != ',' && text[i] != ';' {
			continue
		}
		if name := string(bytes.TrimSpace([]byte(text[start:i]))); name != "" {
			out = append(out, name)
		}
		start = i + 1
	}
	return out
}
