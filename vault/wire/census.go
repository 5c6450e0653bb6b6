package wire

import (
	"bytes"
	"encoding/json"

	"github.com/tideover/tideover/vault"
)

// DecodeTree reads the tree of a Pleasant server: a folder with everything
// below it, and what the user may do with the entries. Limits give
// vault.Hostile, everything else that is wrong vault.BadAnswer.
func DecodeTree(body []byte, limits Limits) (*vault.Content, map[vault.ID]*Facts, error) {
	var root CredentialGroup
	if err := decodeTree(body, &root, limits); err != nil {
		root.wipe()
		return nil, nil, err
	}
	if root.Name == "" && root.ID == (GUID{}) { // null and {} are no empty vault
		root.wipe()
		return nil, nil, badAnswer("the tree has no root folder")
	}
	content, facts, err := root.Content(limits)
	if err != nil {
		root.wipe()
	}
	return content, facts, err
}

// decodeTree is json.Unmarshal for answers that can be large. An entry takes
// two hundred times the memory of the three bytes "{},", so everything is
// counted before anything is made.
func decodeTree(body []byte, out any, limits Limits) error {
	body = bytes.TrimPrefix(body, utf8BOM)
	if int64(len(body)) > limits.Bytes {
		return hostile("the whole answer")
	}
	c := census{s: scanner{b: body}, limits: limits}
	c.value(nil, 2*limits.GroupDepth+8) // a folder and its list of children, and what an entry holds
	c.s.end()
	if c.s.err != nil {
		return malformed("tree", c.s.err)
	}
	if err := json.Unmarshal(body, out); err != nil { // its text may repeat a value
		return badAnswer("the tree has a member of another type")
	}
	return nil
}

// census counts what a tree would take.
type census struct {
	s                         scanner
	limits                    Limits
	groups, entries, elements int
}

// value counts what is in one value, which is the member called name.
func (c *census) value(name []byte, depth int) {
	if depth == 0 {
		c.s.stop(hostile("the depth of groups"))
		return
	}
	switch c.s.peek() {
	case '{':
		c.s.open('{')
		custom := is(name, "CustomUserFields") || is(name, "CustomApplicationFields")
		for c.s.member() {
			if custom {
				c.count(&c.elements, c.limits.Elements, "elements")
			}
			c.value(c.s.name, depth-1)
		}
	case '[':
		c.s.open('[')
		for c.s.more(']') {
			switch {
			case is(name, "Credentials"):
				c.count(&c.entries, c.limits.Entries, "entries")
			case is(name, "Children"):
				c.count(&c.groups, c.limits.Groups, "groups")
			default:
				c.count(&c.elements, c.limits.Elements, "elements")
			}
			c.value(nil, depth-1)
		}
	default:
		c.s.skip(1)
	}
}

func (c *census) count(n *int, limit int, what string) {
	if *n++; *n > limit {
		c.s.stop(hostile(what))
	}
}

// is compares as encoding/json does.
func is(name []byte, want string) bool { return bytes.EqualFold(name, []byte(want)) }
