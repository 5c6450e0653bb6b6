//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The outer header of KDBX 4 (kdbx/FORMAT.md): an attacker's own reading of it.
const (
	kdbxStart      = 12 // signatures and version
	fieldEnd       = 0
	fieldPublic    = 12
	variantVersion = 2
)

var errNotKDBX = errors.New("not a KDBX 4 header")

// field is one field of the header, or one item of its public data.
type field struct {
	id   byte
	name string // items only
	data []byte
}

// header splits a file into its fields and what comes after the end of them.
func header(b []byte) (fields []field, rest []byte, err error) {
	for at := kdbxStart; ; {
		if len(b) < at+5 {
			return nil, nil, errNotKDBX
		}
		n := int(binary.LittleEndian.Uint32(b[at+1:]))
		if n < 0 || len(b) < at+5+n {
			return nil, nil, errNotKDBX
		}
		fields = append(fields, field{id: b[at], data: b[at+5 : at+5+n]})
		at += 5 + n
		if fields[len(fields)-1].id == fieldEnd {
			return fields, b[at:], nil
		}
	}
}

// items splits the public data.
func items(b []byte) (all []field, err error) {
	for at := variantVersion; at < len(b) && b[at] != 0; {
		var parts [2][]byte
		kind := b[at]
		at++
		for i := range parts {
			if len(b) < at+4 {
				return nil, errNotKDBX
			}
			n := int(binary.LittleEndian.Uint32(b[at:]))
			if len(b) < at+4+n {
				return nil, errNotKDBX
			}
			parts[i] = b[at+4 : at+4+n]
			at += 4 + n
		}
		all = append(all, field{kind, string(parts[0]), parts[1]})
	}
	return all, nil
}

// transplant puts the named public items of donor into a copy of b, and makes
// the header's checksum right again.
func transplant(b, donor []byte, names ...string) ([]byte, error) {
	fields, rest, err := header(b)
	if err != nil {
		return nil, err
	}
	given, _, err := header(donor)
	if err != nil {
		return nil, err
	}
	find := map[string][]byte{}
	for _, f := range given {
		if f.id != fieldPublic {
			continue
		}
		all, err := items(f.data)
		if err != nil {
			return nil, err
		}
		for _, i := range all {
			find[i.name] = i.data
		}
	}
	out := bytes.Clone(b[:kdbxStart])
	for _, f := range fields {
		data := f.data
		if f.id == fieldPublic {
			all, err := items(data)
			if err != nil {
				return nil, err
			}
			data = bytes.Clone(data[:variantVersion])
			for _, i := range all {
				for _, n := range names {
					if n == i.name {
						i.data = find[n]
					}
				}
				data = append(data, i.id)
				for _, part := range [][]byte{[]byte(i.name), i.data} {
					data = append(binary.LittleEndian.AppendUint32(data, uint32(len(part))), part...)
				}
			}
			data = append(data, 0)
		}
		out = append(out, f.id)
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(data))), data...)
	}
	end := len(out)
	out = append(out, rest...)
	sum := sha256.Sum256(out[:end])
	copy(out[end:], sum[:])
	return out, nil
}

// rehash makes the header's checksum right, if byte i lies in the header.
func rehash(b []byte, i int) {
	_, rest, err := header(b)
	if end := len(b) - len(rest); err == nil && i < end && len(rest) >= sha256.Size {
		sum := sha256.Sum256(b[:end])
		copy(b[end:], sum[:])
	}
}

// agree makes a client state that names the file was name the file now.
func agree(state, was, now []byte) ([]byte, error) {
	a, b := sha256.Sum256(was), sha256.Sum256(now)
	for _, form := range []func([]byte) string{hex.EncodeToString, base64.StdEncoding.EncodeToString} {
		if out := bytes.ReplaceAll(state, []byte(form(a[:])), []byte(form(b[:]))); !bytes.Equal(out, state) {
			return out, nil
		}
	}
	return nil, errors.New("control: the client state does not name the file")
}

func swappedFiles(ctx context.Context, s *stage, r *row) error {
	chip, err := s.launch("swap-chip") // wrong passwords count on it
	if err != nil {
		return err
	}
	one, two := s.site.client("swap-one", "mara"), s.site.client("swap-two", "dora")
	again := s.site.client("swap-again", "mara") // another device of the same person, the same generation
	two.master = master + " 2"                   // the third has the same, so that no password keeps its parts apart
	one.spec, two.spec, again.spec = chip.Spec(), chip.Spec(), chip.Spec()
	for _, c := range []client{one, two, again} {
		if err := c.makeCache(ctx); err != nil {
			return err
		}
	}
	for _, donor := range []client{two, again} {
		for _, names := range [][]string{{"cache.kdbx"}, {"client.json"}, {"cache.kdbx", "client.json"}} {
			attacked, err := one.copied(s.file("swap-attacked"))
			if err != nil {
				return err
			}
			for _, n := range names {
				from, err := in(donor.home, n)
				if err != nil {
					return err
				}
				to, err := in(attacked.home, n)
				if err != nil {
					return err
				}
				if err := copyFile(to, from); err != nil {
					return err
				}
			}
			what := fmt.Sprint(names, " of ", filepath.Base(donor.home))
			if len(names) > 1 { // that is the donor's whole cache: the donor's password opens it, and it alone
				if donor.master == one.master {
					continue
				}
				a, err := attacked.do(ctx, attacked.show())
				if err != nil {
					return err
				}
				r.refused(a, what)
			} else if err := everyWay(ctx, attacked, r, what); err != nil {
				return err
			}
		}
	}
	return one.opens(ctx)
}

func swappedParts(ctx context.Context, s *stage, r *row) error {
	victim := s.site.client("parts-victim", "mara")
	same := s.site.client("parts-same", "mara") // another record, the same generation
	thief := s.site.client("parts-thief", "dora")
	thief.spec = s.other.Spec() // a cache of his own, on a chip of his own
	for _, c := range []client{victim, same, thief} {
		if err := c.makeCache(ctx); err != nil {
			return err
		}
	}
	read := func(c client, name string) []byte {
		path, err := in(c.home, name)
		if err != nil {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		return b
	}
	file, state := read(victim, "cache.kdbx"), read(victim, "client.json")
	attacked, err := victim.copied(s.file("parts-attacked"))
	if err != nil {
		return err
	}
	folder, err := attacked.folder()
	if err != nil {
		return err
	}
	for _, donor := range []client{same, thief} {
		for _, names := range [][]string{
			{"tideover.record"}, {"tideover.lease"}, {"tideover.origin"}, {"tideover.record", "tideover.lease"}, {"tideover.record", "tideover.lease", "tideover.origin"},
		} {
			bad, err := transplant(file, read(donor, "cache.kdbx"), names...)
			if err != nil {
				return err
			}
			if bytes.Equal(bad, file) {
				if len(names) == 1 && names[0] == "tideover.origin" {
					continue // two devices of one person have the same origin
				}
				return fmt.Errorf("control: %v is the same in both", names)
			}
			agreed, err := agree(state, file, bad)
			if err != nil {
				return err
			}
			if err := errors.Join(os.WriteFile(filepath.Join(folder, "cache.kdbx"), bad, 0o600), os.WriteFile(filepath.Join(folder, "client.json"), agreed, 0o600)); err != nil {
				return err
			}
			for _, spec := range []string{s.chip.Spec(), s.other.Spec()} {
				attacked.spec = spec
				a, err := attacked.do(ctx, attacked.show())
				if err != nil {
					return err
				}
				r.refused(a, fmt.Sprint(names, " of ", filepath.Base(donor.home)))
			}
		}
	}
	// The transplant itself harms nothing: with its own parts the file opens.
	own, err := transplant(file, file, "tideover.record", "tideover.lease")
	if err != nil {
		return err
	}
	if !bytes.Equal(own, file) {
		return errors.New("control: a transplant of its own parts changes the file")
	}
	return victim.opens(ctx)
}
