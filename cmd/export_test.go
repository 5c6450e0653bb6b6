package cmd_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"io"
	"sort"
	"strings"
	"testing"
	"time"
)

// node is any element of a KeePass XML export.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Nodes   []node     `xml:",any"`
}

func (n *node) child(name string) *node {
	for i := range n.Nodes {
		if n.Nodes[i].XMLName.Local == name {
			return &n.Nodes[i]
		}
	}
	return &node{}
}

func (n *node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// export is a KeePass XML export that can be compared: binaries and icons by
// what they hold, not by their numbers.
type export struct {
	binaries map[string]string
	icons    map[string]string
}

// normalise returns one line per fact of every group and entry below the group
// that path names, with paths relative to it, sorted.
func normalise(t *testing.T, text []byte, path ...string) []string {
	t.Helper()
	var file node
	if err := xml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	x := export{binaries: map[string]string{}, icons: map[string]string{}}
	for _, b := range file.child("Meta").child("Binaries").Nodes {
		data := decode(t, b.Text)
		if b.attr("Compressed") == "True" {
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if data, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		x.binaries[b.attr("ID")] = digest(data)
	}
	for _, i := range file.child("Meta").child("CustomIcons").Nodes {
		x.icons[i.child("UUID").Text] = digest(decode(t, i.child("Data").Text))
	}
	g := file.child("Root").child("Group")
	for _, name := range path {
		g = g.group(t, name)
	}
	lines := x.group(g, "")
	sort.Strings(lines)
	return lines
}

func (n *node) group(t *testing.T, name string) *node {
	t.Helper()
	for i := range n.Nodes {
		if n.Nodes[i].XMLName.Local == "Group" && n.Nodes[i].child("Name").Text == name {
			return &n.Nodes[i]
		}
	}
	t.Fatalf("no group %q in the export", name)
	return nil
}

func (x export) group(g *node, path string) []string {
	var lines []string
	if path != "" {
		lines = append(lines, x.facts(g, path+" (group)", "Notes", "IconID", "CustomIconUUID")...)
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		switch n.XMLName.Local {
		case "Group":
			lines = append(lines, x.group(n, path+"/"+n.child("Name").Text)...)
		case "Entry":
			lines = append(lines, x.entry(n, path+"/"+title(n))...)
		}
	}
	return lines
}

func title(e *node) string {
	for i := range e.Nodes {
		if e.Nodes[i].XMLName.Local == "String" && e.Nodes[i].child("Key").Text == "Title" {
			return e.Nodes[i].child("Value").Text
		}
	}
	return ""
}

func (x export) entry(e *node, path string) []string {
	lines := x.facts(e, path, "IconID", "CustomIconUUID", "ForegroundColor", "BackgroundColor", "OverrideURL", "Tags")
	for _, name := range []string{"CreationTime", "LastModificationTime", "ExpiryTime", "Expires"} {
		if name == "ExpiryTime" && e.child("Times").child("Expires").Text != "True" {
			continue // meaningless, and every program writes what it likes
		}
		lines = append(lines, fmt.Sprintf("%s %s=%s", path, name, instant(e.child("Times").child(name).Text)))
	}
	auto := e.child("AutoType")
	lines = append(lines, fmt.Sprintf("%s auto-type=%s %q", path, auto.child("Enabled").Text, auto.child("DefaultSequence").Text))
	for i := range auto.Nodes {
		if auto.Nodes[i].XMLName.Local == "Association" {
			lines = append(lines, fmt.Sprintf("%s association=%q %q", path, auto.Nodes[i].child("Window").Text, auto.Nodes[i].child("KeystrokeSequence").Text))
		}
	}
	for i := range e.Nodes {
		n := &e.Nodes[i]
		switch n.XMLName.Local {
		case "String":
			v := n.child("Value")
			hidden := v.attr("ProtectInMemory") == "True" || v.attr("Protected") == "True"
			if v.Text == "" && n.child("Key").Text != "Password" {
				continue // an absent and an empty standard field are the same
			}
			lines = append(lines, fmt.Sprintf("%s %s=%q hidden=%v", path, n.child("Key").Text, v.Text, hidden))
		case "Binary":
			lines = append(lines, fmt.Sprintf("%s attachment %s=%s", path, n.child("Key").Text, x.binaries[n.child("Value").attr("Ref")]))
		case "History":
			for j := range n.Nodes {
				lines = append(lines, x.entry(&n.Nodes[j], fmt.Sprintf("%s history %d", path, j))...)
			}
		case "CustomData":
			for _, item := range n.Nodes {
				if item.child("Key").Text == "_LAST_MODIFIED" {
					continue // KeePassXC's own note of when it wrote the list
				}
				lines = append(lines, fmt.Sprintf("%s custom data %s=%q", path, item.child("Key").Text, item.child("Value").Text))
			}
		}
	}
	return lines
}

// instant reads both forms of a time: that of KeePass's exports and that of
// KDBX 4, seconds since the year 1 in base64, which KeePassXC exports as it is.
func instant(s string) string {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != 8 {
		return s
	}
	const year1 = 62135596800 // seconds from 0001-01-01 to 1970-01-01
	return time.Unix(int64(binary.LittleEndian.Uint64(b))-year1, 0).UTC().Format(time.RFC3339)
}

func (x export) facts(n *node, path string, names ...string) []string {
	var lines []string
	for _, name := range names {
		value := n.child(name).Text
		switch name {
		case "CustomIconUUID":
			value = x.icons[value]
		case "Tags":
			tags := strings.FieldsFunc(value, func(r rune) bool { return r == ';' || r == ',' })
			sort.Strings(tags)
			value = strings.Join(tags, ";")
		case "Notes", "ForegroundColor", "BackgroundColor", "OverrideURL", "IconID":
		}
		if value != "" {
			lines = append(lines, fmt.Sprintf("%s %s=%q", path, name, value))
		}
	}
	return lines
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func digest(b []byte) string { return fmt.Sprintf("%d bytes %x", len(b), sha256.Sum256(b)) }
