package kdbx_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// xmlOf returns a document with something in its only entry.
func xmlOf(inEntry string) string {
	return "<KeePassFile><Root><Group><Entry>" + inEntry + "</Entry></Group></Root></KeePassFile>"
}

func packedAttachment(t testing.TB) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(make([]byte, 4<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return `<KeePassFile><Meta><Binaries><Binary ID="0" Compressed="True">` + base64.StdEncoding.EncodeToString(b.Bytes()) + "</Binary>"
}

func readText(xml string) (*kdbx.Document, error) {
	return kdbx.ReadXML(context.Background(), strings.NewReader(xml), kdbx.XMLOptions{}, kdbx.DefaultLimits())
}

func notes(text string) string {
	return xmlOf("<String><Key>Notes</Key><Value>" + text + "</Value></String>")
}

func TestText(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "abc", "abc"},
		{"blanks", "  a  ", "  a  "},
		{"blanks only", "   ", "   "},
		{"entities", "&lt;&gt;&amp;&quot;&apos;", `<>&"'`},
		{"characters by number", "&#65;&#x42;&#x1F600;&#xD;&#10;&#9;", "AB\U0001f600\r\n\t"},
		{"two in a row", "&amp;amp;", "&amp;"},
		{"line ends", "a\r\nb\rc\nd", "a\nb\nc\nd"},
		{"line end at the end", "a\r", "a\n"},
		{"section", "a<![CDATA[<b>&amp;\r\n]]>c", "a<b>&amp;\nc"},
		{"section with brackets", "<![CDATA[]]]]><![CDATA[>]]>", "]]>"},
		{"empty section", "<![CDATA[]]>", ""},
		{"comment", "a<!-- x - y -->b", "ab"},
		{"instruction", "a<?php echo ?>b", "ab"},
		{"emoji", "👩‍👩‍👧‍👦 עברית", "👩‍👩‍👧‍👦 עברית"},
		{"delete", "a\x7fb", "a\x7fb"},
		{"brackets", "a]b]]c", "a]b]]c"},
		{"long", strings.Repeat("0123456789", 50_000), strings.Repeat("0123456789", 50_000)},
		{"long with entities", strings.Repeat("&amp;", 50_000), strings.Repeat("&", 50_000)},
		{"end tag with a blank", "x</Value ></String><String><Key>Z</Key><Value>", "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := readText(notes(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if got := doc.Root.Entries[0].Notes(); got != tt.want {
				t.Errorf("got %.80q, want %.80q", got, tt.want)
			}
		})
	}
}

func TestBadXML(t *testing.T) {
	group := func(s string) string { return "<KeePassFile><Root><Group>" + s + "</Group></Root></KeePassFile>" }
	const d, h, u = vault.Damaged, vault.Hostile, vault.Unsupported
	for _, tt := range []struct {
		name, xml string
		want      vault.Cause
	}{
		{"nothing", "", d},
		{"blanks", "  \n", d},
		{"text", "hello, world", d},
		{"another root", "<Html></Html>", d},
		{"no root group", "<KeePassFile><Root/></KeePassFile>", d},
		{"no Root", "<KeePassFile/>", d},
		{"two root groups", "<KeePassFile><Root><Group/><Group/></Root></KeePassFile>", d},
		{"two Roots", "<KeePassFile><Root><Group/></Root><Root/></KeePassFile>", d},
		{"second root element", xmlOf("") + "<x/>", d},
		{"text after the end", xmlOf("") + "x", d},
		{"end tag after the end", xmlOf("") + "</KeePassFile>", d},
		{"wrong end tag", group("<Name>x</Nome>"), d},
		{"shorter end tag", group("<Name>x</Nam>"), d},
		{"longer end tag", group("<Name>x</Names>"), d},
		{"crossed end tags", "<KeePassFile><Root></KeePassFile></Root>", d},
		{"end tag with more", group("<Name>x</Name a>"), d},
		{"cut in a name", "<KeePassFile><Ro", d},
		{"cut in a text", "<KeePassFile><Root><Group><Name>abc", d},
		{"cut in an attribute", `<KeePassFile><Root a="`, d},
		{"cut in a comment", "<KeePassFile><!-- ", d},
		{"cut in an end tag", "<KeePassFile><Root></Ro", d},
		{"text among elements", "<KeePassFile>x<Root/></KeePassFile>", d},
		{"section among elements", "<KeePassFile><![CDATA[x]]><Root/></KeePassFile>", d},
		{"element in text", group("<Name><b/></Name>"), d},
		{"no name", "<KeePassFile>< Root/></KeePassFile>", d},
		{"attribute without value", group("<Name a>x</Name>"), d},
		{"attribute without quotes", group("<Name a=b>x</Name>"), d},
		{"attribute twice", group(`<Name a="" a="">x</Name>`), d},
		{"attributes without a blank", group(`<Name a=""b="">x</Name>`), d},
		{"less-than in an attribute", group(`<Name a="<">x</Name>`), d},
		{"entity in an attribute", group(`<Name a="&no;">x</Name>`), d},
		{"slash in a tag", group("<Name/ >"), d},
		{"control character", notes("a\x01b"), d},
		{"NUL", notes("a\x00b"), d},
		{"control character by number", notes("&#1;"), d},
		{"NUL by number", notes("&#0;"), d},
		{"surrogate by number", notes("&#xD800;"), d},
		{"noncharacter", notes("\uffff"), d},
		{"noncharacter by number", notes("&#xFFFE;"), d},
		{"beyond Unicode", notes("&#x110000;"), d},
		{"signed number", notes("&#+1;"), d},
		{"unknown entity", notes("&nbsp;"), d},
		{"ampersand", notes("a & b"), d},
		{"ampersand at the end", notes("a &"), d},
		{"bad UTF-8", notes("a\xffb"), d},
		{"surrogate in UTF-8", notes("\xed\xa0\x80"), d},
		{"overlong UTF-8", notes("\xc0\x80"), d},
		{"end of section in text", notes("a]]>b"), d},
		{"bad UTF-8 in a comment", notes("<!-- \xff -->"), d},
		{"hyphens in a comment", notes("<!-- a -- b -->"), d},
		{"control character in a section", notes("<![CDATA[\x01]]>"), d},
		{"second declaration", `<?xml version="1.0"?><?xml version="1.0"?>` + xmlOf(""), d},
		{"document type", "<!DOCTYPE x>" + xmlOf(""), h},
		{"document type inside", "<KeePassFile><!DOCTYPE x></KeePassFile>", h},
		{"Latin-1", `<?xml version="1.0" encoding="iso-8859-1"?>` + xmlOf(""), u},
		{"XML 1.1", `<?xml version="1.1"?>` + xmlOf(""), u},

		{"bad UUID", xmlOf("<UUID>!!!!</UUID>"), d},
		{"short UUID", xmlOf("<UUID>AAAA</UUID>"), d},
		{"bad base64 in a UUID", xmlOf("<UUID>AAAAAAAAAAAAAAAAAAA*AA==</UUID>"), d},
		{"bad time", xmlOf("<Times><CreationTime>yesterday</CreationTime></Times>"), d},
		{"time of 2^63", xmlOf("<Times><CreationTime>/////////38=</CreationTime></Times>"), d},
		{"time in the year 0", xmlOf("<Times><CreationTime>0000-01-01T00:00:00Z</CreationTime></Times>"), d},
		{"bad number", xmlOf("<IconID>x</IconID>"), d},
		{"large number", xmlOf("<IconID>4294967296</IconID>"), d},
		{"negative number", xmlOf("<IconID>-1</IconID>"), d},
		{"bad boolean", group("<IsExpanded>perhaps</IsExpanded>"), d},
		{"bad tristate", group("<EnableAutoType>perhaps</EnableAutoType>"), d},
		{"UUID twice", xmlOf("<UUID/><UUID/>"), d},
		{"value twice", xmlOf("<String><Key>a</Key><Value/><Value/></String>"), d},
		{"field twice", xmlOf("<String><Key>a</Key></String><String><Key>a</Key></String>"), d},
		{"field twice among many", xmlOf(manyFields(100) + "<String><Key>f7</Key></String>"), d},
		{"attachment twice", xmlOf(strings.Repeat(`<Binary><Key>a</Key><Value/></Binary>`, 2)), d},
		{"attachment without a value", xmlOf(`<Binary><Key>a</Key></Binary>`), d},
		{"bad attachment number", xmlOf(`<Binary><Value Ref="-1"/></Binary>`), d},
		{"attachment with both", xmlOf(`<Binary><Value Ref="0">AAAA</Value></Binary>`), d},
		{"bad base64 in an attachment", xmlOf(`<Binary><Value>*</Value></Binary>`), d},
		{"bad gzip in an attachment", xmlOf(`<Binary><Value Compressed="True">AAAA</Value></Binary>`), d},
		{"bad Protected", xmlOf(`<String><Value Protected="maybe">x</Value></String>`), d},
		{"history in history", xmlOf("<History><Entry><History><Entry/></History></Entry></History>"), d},
		{"attachments of one ID", `<KeePassFile><Meta><Binaries><Binary ID="1"/><Binary ID="1"/></Binaries></Meta></KeePassFile>`, d},
		{"attachment without an ID", `<KeePassFile><Meta><Binaries><Binary/></Binaries></Meta></KeePassFile>`, d},

		{"unknown element in Times", xmlOf("<Times><Future/></Times>"), u},
		{"unknown element in String", xmlOf("<String><Future/></String>"), u},
		{"known element in the wrong place", xmlOf("<AutoType><Meta/></AutoType>"), u},
		{"prefix", xmlOf("<x:Future/>"), u},
		{"prefixed attribute", xmlOf(`<Future x:a=""/>`), u},
		{"namespace", xmlOf(`<Future xmlns="a"/>`), u},
		{"name outside ASCII", xmlOf(`<Zukünftig/>`), u},
		{"bad name", xmlOf(`<-x/>`), d},
		{"bad text in an unknown element", xmlOf("<Future>\x01</Future>"), d},
		{"bad section in an unknown element", xmlOf("<Future><![CDATA[\x01]]></Future>"), d},
		{"cut unknown element", "<KeePassFile><Future><a>", d},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readText(tt.xml)
			wantCause(t, err, tt.want)
		})
	}
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("<String><Key>f")
		b.WriteString(strconv.Itoa(i))
		b.WriteString("</Key></String>")
	}
	return b.String()
}

func TestPrologue(t *testing.T) {
	for name, head := range map[string]string{
		"mark":         "\ufeff",
		"declaration":  `<?xml version="1.0" encoding="UTF-8" standalone='yes' ?>` + "\r\n",
		"both":         "\ufeff" + `<?xml version="1.0" encoding="utf-8"?>`,
		"comments":     "<!-- a --> <!-- b -->\n",
		"instructions": "<?xml-stylesheet href='x'?>",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readText(head + xmlOf("") + "\n<!-- end -->\n"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUnknownKeptVerbatim(t *testing.T) {
	const future = "<Future a='1>' b=\"&lt;\" >\r\n  text &amp; <In  /><!-- c --><![CDATA[<x>]]><?pi x?></Future  >"
	doc, err := readText(xmlOf(future))
	if err != nil {
		t.Fatal(err)
	}
	e := doc.Root.Entries[0]
	if len(e.Unknown) != 1 || string(e.Unknown[0]) != future {
		t.Fatalf("kept %q", e.Unknown)
	}
	again, _ := read(t, write(t, doc, cheapOptions()))
	if got := again.Root.Entries[0].Unknown[0]; string(got) != future {
		t.Errorf("written %q", got)
	}
}

func TestUnknownThatIsNotWhole(t *testing.T) {
	for _, raw := range []string{
		"", "text", "<a>", "</a>", "<a/><b/>", "<a/>x", "<a></b>", "<Title", "<a>&b;</a>", "<a>\x01</a>",
		"<UUID/>", "<String></String>", "<x:a/>", "</Entry><Entry>", "<!DOCTYPE a>", `<a Protected="True">QQ==</a>`,
	} {
		e := &vault.Entry{ID: id(5), Unknown: []vault.Raw{vault.Raw(raw)}}
		err := kdbx.Storable(e)
		wantCause(t, err, vault.Unsupported)
		if ids := err.(*vault.Problem).IDs; len(ids) != 1 || ids[0] != e.ID {
			t.Errorf("%q: ids %v", raw, ids)
		}
	}
}

func TestAbsentAndDuplicateIdentifiers(t *testing.T) {
	const one = "<UUID>QgAAAAAAAAAAAAAAAAAAAQ==</UUID>"
	doc, err := readText("<KeePassFile><Root><Group>" +
		"<Entry>" + one + "<History><Entry/><Entry><UUID>QgAAAAAAAAAAAAAAAAAABw==</UUID></Entry></History></Entry>" +
		"<Entry>" + one + "</Entry><Entry/><Entry><UUID/></Entry><Group>" + one + "</Group></Group></Root></KeePassFile>")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[vault.ID]bool{}
	count := func(id vault.ID) {
		if id.IsZero() || seen[id] {
			t.Errorf("id %s is zero or there twice", id)
		}
		seen[id] = true
	}
	count(doc.Root.ID)
	count(doc.Root.Groups[0].ID)
	for _, e := range doc.Root.Entries {
		count(e.ID)
	}
	first := doc.Root.Entries[0]
	if first.ID != id(1) || first.History[0].ID != first.ID || first.History[1].ID != first.ID {
		t.Errorf("first entry %s with history %s, %s", first.ID, first.History[0].ID, first.History[1].ID)
	}
}

// richXML has every kind of markup in every kind of place.
func richXML(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := kdbx.WriteXML(&b, fullDocument()); err != nil {
		t.Fatal(err)
	}
	const future = `<Future a='1>' b="&lt;" > text &amp; <In  /><!-- c --><![CDATA[<x>]]><?pi x?></Future  >`
	xml := strings.Replace(b.String(), "<Entry>", "<!-- - -> --><Entry ><?pi ?>"+future, 1)
	return strings.Replace(xml, "hunter2!", "<![CDATA[hunter2]]>!<!-- c -->", 1)
}

// A CDATA section that the window ended in made the scanner panic once.
func TestXMLCutAnywhere(t *testing.T) {
	xml := richXML(t)
	if _, err := readText(xml); err != nil {
		t.Fatal(err)
	}
	for n := range len(xml) {
		_, err := readText(xml[:n])
		wantCause(t, err, vault.Damaged)
	}
}

// The pieces in which the source comes change nothing.
func TestXMLInPieces(t *testing.T) {
	xml := richXML(t)
	want, err := readText(xml)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]io.Reader{
		"bytes":          iotest.OneByteReader(strings.NewReader(xml)),
		"halves":         iotest.HalfReader(strings.NewReader(xml)),
		"data and error": iotest.DataErrReader(strings.NewReader(xml)),
	} {
		got, err := kdbx.ReadXML(context.Background(), r, kdbx.XMLOptions{}, kdbx.DefaultLimits())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
