package kdbx

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/tideover/tideover/vault"
)

// KDBX 4 counts seconds from here
// (https://keepass.info/help/kb/kdbx.html, "Times"): 0001-01-01 in Unix time.
const yearOneUnix = -62135596800

// The last second of the year 9999, counted the same way: DateTime.MaxValue of
// KeePass, and the last year that ISO 8601 writes with four digits.
const maxSeconds = 315537897599

// text returns the text of an element that cannot be protected. One that is
// all the same would shift the stream for all that follow.
func (d *decoder) text() ([]byte, error) {
	if d.attr.protected {
		return nil, d.fault("protected element where none can be")
	}
	return d.scanner.text()
}

// trimmed is text without white space around it.
func (d *decoder) trimmed() ([]byte, error) {
	t, err := d.text()
	return bytes.TrimSpace(t), err
}

// str returns the text as a string.
func (d *decoder) str() (string, error) {
	t, err := d.text()
	if err != nil || len(t) == 0 {
		return "", err
	}
	return string(t), d.mem.charge(int64(len(t)))
}

// word returns the text as a string that equal texts share.
func (d *decoder) word() (string, error) {
	t, err := d.text()
	if err != nil {
		return "", err
	}
	if w, ok := d.names[string(t)]; ok {
		return w, nil
	}
	w := string(t)
	d.names[w] = w
	return w, d.mem.charge(int64(len(w)) + itemWeight)
}

// boolean reads True or False; empty is otherwise.
func (d *decoder) boolean(otherwise bool) (bool, error) {
	t, err := d.trimmed()
	if err != nil || len(t) == 0 {
		return otherwise, err
	}
	v, ok := parseBool(t)
	if !ok {
		if bytes.EqualFold(t, []byte("null")) {
			return otherwise, nil
		}
		return false, d.fault("neither True nor False")
	}
	return v, nil
}

// tristate reads True, False or null.
func (d *decoder) tristate() (vault.Tristate, error) {
	t, err := d.trimmed()
	if err != nil || len(t) == 0 || bytes.EqualFold(t, []byte("null")) {
		return vault.Inherit, err
	}
	switch v, ok := parseBool(t); {
	case !ok:
		return vault.Inherit, d.fault("neither True nor False nor null")
	case v:
		return vault.Yes, nil
	}
	return vault.No, nil
}

// number reads a decimal number of that many bits; empty is otherwise.
func (d *decoder) number(bits int, otherwise int64) (int64, error) {
	t, err := d.trimmed()
	if err != nil || len(t) == 0 {
		return otherwise, err
	}
	if len(t) == 1 && '0' <= t[0] && t[0] <= '9' {
		return int64(t[0] - '0'), nil
	}
	v, err := strconv.ParseInt(string(t), 10, bits)
	if err != nil {
		return 0, d.fault("not a number, or too large")
	}
	return v, nil
}

// unsigned reads a decimal number of that many bits that is not negative.
func (d *decoder) unsigned(bits int) (uint64, error) {
	t, err := d.trimmed()
	if err != nil || len(t) == 0 {
		return 0, err
	}
	if len(t) == 1 && '0' <= t[0] && t[0] <= '9' {
		return uint64(t[0] - '0'), nil
	}
	v, err := strconv.ParseUint(string(t), 10, bits)
	if err != nil {
		return 0, d.fault("not a number, or too large")
	}
	return v, nil
}

// id reads a UUID; empty is zero.
func (d *decoder) id() (vault.ID, error) {
	var id vault.ID
	t, err := d.trimmed()
	if err != nil || len(t) == 0 {
		return id, err
	}
	var b [18]byte
	if len(t) != base64.StdEncoding.EncodedLen(len(id)) {
		return id, d.fault("UUID")
	}
	n, err := base64.StdEncoding.Decode(b[:], t)
	if err != nil || n != len(id) {
		return id, d.fault("UUID")
	}
	copy(id[:], b[:])
	return id, nil
}

// time reads a time; empty is the zero time.
func (d *decoder) time() (time.Time, error) {
	t, err := d.trimmed()
	if err != nil || len(t) == 0 {
		return time.Time{}, err
	}
	var b [9]byte
	if len(t) == 12 {
		if n, err := base64.StdEncoding.Decode(b[:], t); err == nil && n == 8 {
			seconds := binary.LittleEndian.Uint64(b[:])
			if seconds > maxSeconds {
				return time.Time{}, d.fault("time out of range")
			}
			return time.Unix(int64(seconds)+yearOneUnix, 0).UTC(), nil
		}
	}
	v, err := time.Parse(time.RFC3339, string(t))
	if err != nil {
		return time.Time{}, d.fault("time")
	}
	v = v.UTC().Truncate(time.Second)
	if v.Unix() < yearOneUnix || v.Unix() > maxSeconds+yearOneUnix {
		return time.Time{}, d.fault("time out of range")
	}
	return v, nil
}

// base64 decodes into memory of the arena.
func (d *decoder) base64(text []byte) ([]byte, error) {
	text = bytes.TrimSpace(text)
	b, err := d.mem.alloc(base64.StdEncoding.DecodedLen(len(text)))
	if err != nil {
		return nil, err
	}
	n, err := base64.StdEncoding.Decode(b, text)
	if err != nil {
		clear(b)
		return nil, d.fault("base64")
	}
	return b[:n:n], nil
}

// tags splits a list of tags.
func (d *decoder) tags() ([]string, error) {
	t, err := d.str()
	if err != nil || t == "" {
		return nil, err
	}
	var list []string
	for _, tag := range bytes.FieldsFunc([]byte(t), isTagSeparator) {
		if tag = bytes.TrimSpace(tag); len(tag) == 0 {
			continue
		}
		if err := d.mem.charge(itemWeight); err != nil {
			return nil, err
		}
		list = append(list, string(tag))
	}
	return list, nil
}

func isTagSeparator(r rune) bool { return r == ';' || r == ',' }
