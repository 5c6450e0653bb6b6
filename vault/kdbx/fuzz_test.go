package kdbx_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// fuzzLimits keep one input cheap.
func fuzzLimits() kdbx.Limits {
	lim := kdbx.DefaultLimits()
	lim.KDFMemoryBytes, lim.KDFIterations, lim.AESRounds = 64<<10, 2, 100
	lim.DecodedBytes, lim.MemoryBytes, lim.TextBytes = 1<<20, 1<<20, 64<<10
	lim.GroupDepth = 6 // cmp takes time exponential in the depth
	return lim
}

// isRefusal fails the test unless err is one of the causes that a file is
// refused with.
func isRefusal(t *testing.T, err error) {
	t.Helper()
	for _, c := range refusals {
		if errors.Is(err, c) {
			return
		}
	}
	t.Fatalf("error %v is no refusal", err)
}

func FuzzReadHeader(f *testing.F) {
	f.Add(sealed{xml: xmlOf("")}.file(f)[:320])
	f.Add(sealed{aes: true, gzip: true, fields: []headField{{12, variants(variant{0x18, "a", []byte("b")})}}}.file(f)[:320])
	f.Add(sealed{fields: []headField{{11, aesMap(u64(10))}}}.file(f)[:320])
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := kdbx.ReadHeader(bytes.NewReader(data), fuzzLimits())
		if err != nil {
			isRefusal(t, err)
			return
		}
		// What was read can be written, and reads the same.
		var b bytes.Buffer
		doc := documentWith(entryWith(func(*vault.Entry) {}))
		if err := kdbx.Write(context.Background(), &b, doc, testKey(), h.Options()); err != nil {
			t.Fatal(err)
		}
		again, err := kdbx.ReadHeader(&b, fuzzLimits())
		if err != nil {
			t.Fatal(err)
		}
		if again.KDF != h.KDF || again.Cipher != h.Cipher || len(again.PublicCustomData) != len(h.PublicCustomData) {
			t.Fatalf("header %+v became %+v", h, again)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add(sealed{xml: xmlOf("")}.file(f))
	f.Add(sealed{xml: xmlOf(""), aes: true, gzip: true, block: 100}.file(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, _, err := kdbx.Read(context.Background(), bytes.NewReader(data), testKey(), fuzzLimits())
		if err != nil {
			isRefusal(t, err)
			return
		}
		sameAgain(t, doc)
	})
}

// FuzzPayload puts the input behind the key.
func FuzzPayload(f *testing.F) {
	f.Add(append(ordinaryInner(), xmlOf("")...))
	f.Add(append(ordinaryInner([]byte("attached")), xmlOf(`<Binary><Key>a</Key><Value Ref="0"/></Binary>`)...))
	f.Add(append(ordinaryInner(), xmlOf(`<String><Key>Password</Key><Value Protected="True">AAAA</Value></String>`)...))
	f.Add(append(ordinaryInner(), unsealedXML(f)...))
	f.Fuzz(func(t *testing.T, payload []byte) {
		file := sealed{raw: append([]byte{}, payload...)}.file(t)
		doc, _, err := kdbx.Read(context.Background(), bytes.NewReader(file), testKey(), fuzzLimits())
		if err != nil {
			isRefusal(t, err)
			return
		}
		sameAgain(t, doc)
	})
}

// unsealedXML is the XML of fullDocument as Write writes it.
func unsealedXML(t testing.TB) []byte {
	plain := unseal(t, write(t, fullDocument(), kdbx.Options{Cipher: kdbx.ChaCha20, KDF: cheap(kdbx.Argon2id)}))
	return plain[bytes.Index(plain, []byte("<?xml")):]
}

func FuzzXML(f *testing.F) {
	f.Add(xmlOf(""))
	f.Add(notes("a &amp; <![CDATA[b]]> &#x1F600; <!-- c -->"))
	f.Add(xmlOf(`<Binary><Key>a</Key><Value Compressed="True">H4sIAAAAAAAA/0rKzM9OLQIEAAD//4Yyx8oGAAAA</Value></Binary>`))
	f.Add(xmlOf(`<Future a="1"><Deep Protected="True">x</Deep></Future><Times><ExpiryTime>2026-11-21T10:00:00+02:00</ExpiryTime></Times>`))
	f.Add(`<?xml version="1.0"?><KeePassFile><Meta><Binaries><Binary ID="3">AAAA</Binary></Binaries></Meta><Root><Group/></Root></KeePassFile>`)
	var b bytes.Buffer
	if err := kdbx.WriteXML(&b, fullDocument()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.String())
	f.Fuzz(func(t *testing.T, xml string) {
		doc, err := kdbx.ReadXML(context.Background(), bytes.NewReader([]byte(xml)), kdbx.XMLOptions{}, fuzzLimits())
		if err != nil {
			isRefusal(t, err)
			return
		}
		sameAgain(t, doc)
		var b bytes.Buffer
		if err := kdbx.WriteXML(&b, doc); err != nil {
			isRefusal(t, err)
			return
		}
		again, err := kdbx.ReadXML(context.Background(), &b, kdbx.XMLOptions{}, kdbx.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		same(t, doc, again)
	})
}

func FuzzKeyFile(f *testing.F) {
	f.Add([]byte("<KeyFile><Meta><Version>2.0</Version></Meta><Key><Data Hash=\"66687AAD\">" +
		"0000000000000000000000000000000000000000000000000000000000000000</Data></Key></KeyFile>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := kdbx.ParseKeyFile(bytes.NewReader(data))
		if err != nil {
			isRefusal(t, err)
			return
		}
		var b bytes.Buffer
		if err := kdbx.WriteKeyFile(&b, key); err != nil {
			t.Fatal(err)
		}
		if again, err := kdbx.ParseKeyFile(&b); err != nil || !bytes.Equal(key, again) {
			t.Fatalf("key %x became %x, %v", key, again, err)
		}
	})
}

// sameAgain writes a document and reads it: the same, or refused for what KDBX
// cannot carry.
func sameAgain(t *testing.T, doc *kdbx.Document) {
	t.Helper()
	var b bytes.Buffer
	opt := kdbx.Options{Cipher: kdbx.ChaCha20, KDF: cheap(kdbx.Argon2id)}
	if err := kdbx.Write(context.Background(), &b, doc, testKey(), opt); err != nil {
		if !errors.Is(err, vault.Unsupported) {
			t.Fatal(err)
		}
		return
	}
	again, _, err := kdbx.Read(context.Background(), &b, testKey(), kdbx.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	same(t, doc, again)
}

func same(t *testing.T, want, got *kdbx.Document) {
	t.Helper()
	doc := *want
	doc.Meta.HeaderHash = nil // not kept
	if d := diff(&doc, got); d != "" {
		t.Fatalf("(-want +got):\n%s", d)
	}
}
