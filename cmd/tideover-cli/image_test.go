package main

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/process"
)

// runImaged is tideover-cli as it ships, hardened, that writes its own memory
// into a file where its input says "# image FILE": nobody else may read it. A
// shell takes that for a remark, and asks for it when all before is done.
func runImaged() int {
	process.Harden()
	log.SetOutput(io.Discard)
	p := &program{
		in: &imagingInput{in: os.Stdin}, stdout: os.Stdout, stderr: os.Stderr,
		person: console{in: os.Stdin, out: os.Stderr}, getenv: os.Getenv, cost: cache.FloorCost(),
	}
	defer p.close()
	return p.run(context.Background(), os.Args[1:])
}

// imagingInput passes its input on a byte a call, and keeps none of it but
// remarks.
type imagingInput struct {
	in     io.Reader
	remark []byte
	middle bool // of a line that is none
}

// Read implements io.Reader.
func (r *imagingInput) Read(b []byte) (int, error) {
	n, err := r.in.Read(b[:1])
	if n == 0 {
		return n, err
	}
	switch {
	case b[0] == '\n':
		if name, ok := bytes.CutPrefix(r.remark, []byte("# image ")); ok {
			if err := writeImage(string(name)); err != nil {
				return 0, err
			}
		}
		r.remark, r.middle = r.remark[:0], false
	case r.middle || len(r.remark) == 0 && b[0] != '#':
		r.middle = true
	default:
		r.remark = append(r.remark, b[0])
	}
	return n, err
}

// searched plays "searched none|some PATH NAME=SECRET…", which looks for secrets
// in a file, or in all files of a folder: in none of their usual forms may they
// be there, or each has to be.
func searched(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || args[0] != "none" && args[0] != "some" {
		ts.Fatalf("usage: searched none|some PATH NAME=SECRET…")
	}
	files := 0
	found := map[string]int{}
	ts.Check(filepath.WalkDir(ts.MkAbs(args[1]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		for _, arg := range args[2:] {
			name, secret, ok := strings.Cut(arg, "=")
			if !ok || len(secret) < 8 {
				ts.Fatalf("%q: no secret, or one that may be anywhere", arg)
			}
			for form, text := range forms(secret) {
				for at := 0; ; {
					i := bytes.Index(data[at:], text)
					if i < 0 {
						break
					}
					at += i + len(text)
					found[name]++
					if args[0] == "none" {
						region := data[max(0, bytes.LastIndex(data[:at], []byte("\n== "))):]
						region, _, _ = bytes.Cut(bytes.TrimLeft(region, "\n"), []byte("\n"))
						ts.Logf("%s: %s, %s: %.60s: %q", path, name, form, region, data[max(0, at-len(text)-80):min(len(data), at+120)])
					}
				}
			}
		}
		return err
	}))
	for _, arg := range args[2:] {
		name, _, _ := strings.Cut(arg, "=")
		if n := found[name]; (n > 0) != (args[0] == "some") {
			ts.Logf("%s: %d times in %d files", name, n, files)
			defer ts.Fatalf("%s was found %d times, want %s", name, n, args[0])
		}
	}
	if files == 0 {
		ts.Fatalf("no file in %s", args[1])
	}
}

// forms returns how a secret may stand in memory or in a file.
func forms(secret string) map[string][]byte {
	all := map[string][]byte{
		"plain": []byte(secret), "hex": []byte(hex.EncodeToString([]byte(secret))),
		"HEX": []byte(strings.ToUpper(hex.EncodeToString([]byte(secret)))),
	}
	var wide []byte
	for _, unit := range utf16.Encode([]rune(secret)) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	all["UTF-16"] = wide
	// In base64 the surroundings reach into the first and last digit.
	for before := range 3 {
		padded := append(make([]byte, before), secret...)
		whole := padded[:len(padded)/3*3]
		skip := []int{0, 2, 3}[before]
		all[fmt.Sprintf("base64+%d", before)] = []byte(base64.StdEncoding.EncodeToString(whole)[skip:])
		all[fmt.Sprintf("base64url+%d", before)] = []byte(base64.URLEncoding.EncodeToString(whole)[skip:])
	}
	if raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err == nil && len(raw) >= 8 {
		all["base32"] = raw // what a one-time code is made from
	}
	return all
}
