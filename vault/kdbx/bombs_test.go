package kdbx_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// allocated returns the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A bomb of white space costs no memory; it ends at the limit.
func TestGzipBomb(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	head := append(ordinaryInner(), "<KeePassFile>"...)
	if _, err := w.Write(head); err != nil {
		t.Fatal(err)
	}
	spaces := bytes.Repeat([]byte(" "), 1<<20)
	for range 20 {
		if _, err := w.Write(spaces); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := sealed{gzip: true, raw: b.Bytes()}.file(t)
	lim := kdbx.DefaultLimits()
	lim.DecodedBytes = 16 << 20
	n := allocated(func() { wantCause(t, readErr(file, lim), vault.Hostile) })
	if n > 4<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

// Without the key, nothing that a file says makes the reader take 64 MiB.
func TestMemoryBeforeTheKey(t *testing.T) {
	lim := kdbx.DefaultLimits()
	lim.KDFMemoryBytes = 8 << 10
	var worst uint64
	try := func(file []byte) {
		n := allocated(func() {
			if err := readErr(file, lim); err == nil {
				t.Error("opened")
			}
		})
		worst = max(worst, n)
	}
	file := sealed{xml: xmlOf("")}.file(t)
	for i := 12; i < 300; i++ {
		bad := bytes.Clone(file)
		copy(bad[i:], "\xff\xff\xff\x7f")
		try(bad)
	}
	try(sealed{fields: []headField{{12, make([]byte, 255<<10)}}}.file(t))
	if worst > 4<<20 {
		t.Errorf("%d bytes allocated", worst)
	}
}

func TestBombsOfElements(t *testing.T) {
	nested := func(name string) io.Reader {
		return strings.NewReader("<KeePassFile><Root><Group>" + strings.Repeat("<"+name+">", 1_000_000))
	}
	small := kdbx.DefaultLimits()
	small.MemoryBytes = 1 << 20
	few := kdbx.DefaultLimits()
	few.Entries, few.Groups, few.ItemsPerEntry, few.TextBytes = 1000, 1000, 1000, 4096
	wide := func(name string) io.Reader {
		return strings.NewReader("<KeePassFile><Root><Group>" + strings.Repeat("<"+name+"/>", 100_000))
	}
	inEntry := func(s string) io.Reader {
		return strings.NewReader("<KeePassFile><Root><Group><Entry>" + strings.Repeat(s, 100_000))
	}
	for _, tt := range []struct {
		name string
		xml  io.Reader
		lim  kdbx.Limits
	}{
		{"1M groups in one another", nested("Group"), kdbx.DefaultLimits()},
		{"1M unknown elements in one another", nested("x"), kdbx.DefaultLimits()},
		{"1M entries in one another", nested("Entry"), kdbx.DefaultLimits()},
		{"entries", wide("Entry"), few},
		{"groups", wide("Group"), few},
		{"entries in little memory", wide("Entry"), small},
		{"groups in little memory", wide("Group"), small},
		{"unknown elements in little memory", wide("x"), small},
		{"fields", inEntry("<String/>"), few},
		{"fields in little memory", inEntry("<String/>"), small},
		{"attachments", inEntry(`<Binary><Value/></Binary>`), few},
		{"associations", strings.NewReader("<KeePassFile><Root><Group><Entry><AutoType>" + strings.Repeat("<Association/>", 5000)), few},
		{"history", strings.NewReader("<KeePassFile><Root><Group><Entry><History>" + strings.Repeat("<Entry/>", 5000)), few},
		{"long text", strings.NewReader("<KeePassFile><Meta><DatabaseName>" + strings.Repeat("x", 5000)), few},
		{"long text with comments", strings.NewReader("<KeePassFile><Meta><DatabaseName>" + strings.Repeat("xxxxxxxx<!---->", 5000)), few},
		{"long name", strings.NewReader("<" + strings.Repeat("x", 5000)), few},
		{"long comment", strings.NewReader("<!--" + strings.Repeat("x", 5000)), few},
		{"attributes", strings.NewReader("<KeePassFile " + manyAttributes(100) + ">"), kdbx.DefaultLimits()},
		{"billion laughs", strings.NewReader(`<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><KeePassFile>&b;</KeePassFile>`), kdbx.DefaultLimits()},
		{"packed attachment", strings.NewReader(packedAttachment(t)), small},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := allocated(func() {
				_, err := kdbx.ReadXML(context.Background(), tt.xml, kdbx.XMLOptions{}, tt.lim)
				wantCause(t, err, vault.Hostile)
			})
			if n > 16<<20 {
				t.Errorf("%d bytes allocated", n)
			}
		})
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `a%d="" `, i)
	}
	return b.String()
}
