package kdbx_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// refusals are the causes with which a file may be refused.
var refusals = []vault.Cause{vault.Damaged, vault.Hostile, vault.Unsupported, vault.WrongPassword}

// wantCause fails unless err is a Problem with one of the causes.
func wantCause(t testing.TB, err error, causes ...vault.Cause) {
	t.Helper()
	var p *vault.Problem
	if !errors.As(err, &p) {
		t.Fatalf("error %v, want a problem of %v", err, causes)
	}
	for _, c := range causes {
		if p.Cause == c {
			return
		}
	}
	t.Fatalf("error %v, want one of %v", err, causes)
}

func readErr(file []byte, lim kdbx.Limits) error {
	doc, _, err := kdbx.Read(context.Background(), bytes.NewReader(file), testKey(), lim)
	if err == nil && doc == nil {
		return errors.New("neither a document nor an error")
	}
	return err
}

// smallFiles are one file for each cipher and compression.
func smallFiles(t *testing.T) map[string][]byte {
	files := map[string][]byte{}
	doc := kdbx.NewDocument(&vault.Group{
		ID: id(1), Name: "Root",
		Entries: []*vault.Entry{{ID: id(2), Fields: []vault.Field{field("Title", "t"), field("Password!", "hunter2")}}},
	})
	for _, c := range []kdbx.Cipher{kdbx.AES256, kdbx.ChaCha20} {
		for _, z := range []kdbx.Compression{kdbx.CompressionNone, kdbx.CompressionGzip} {
			opt := kdbx.Options{Cipher: c, Compression: z, KDF: cheap(kdbx.Argon2id)}
			opt.PublicCustomData.SetText("a", "b")
			files[fmt.Sprint(c, z)] = write(t, doc, opt)
		}
	}
	return files
}

func TestTruncated(t *testing.T) {
	for name, file := range smallFiles(t) {
		t.Run(name, func(t *testing.T) {
			for n := range file {
				wantCause(t, readErr(file[:n], kdbx.DefaultLimits()), vault.Damaged)
			}
			if err := readErr(append(file[:len(file):len(file)], 0), kdbx.DefaultLimits()); !errors.Is(err, vault.Damaged) {
				t.Errorf("one byte more: %v", err)
			}
		})
	}
}

func TestEveryByteFlipped(t *testing.T) {
	for name, file := range smallFiles(t) {
		t.Run(name, func(t *testing.T) {
			for i := range file {
				for _, with := range []byte{0x01, 0x80, 0xff} {
					file[i] ^= with
					wantCause(t, readErr(file, kdbx.DefaultLimits()), refusals...)
					file[i] ^= with
				}
			}
		})
	}
}

// Anyone can compute the header's SHA-256, so a flipped header byte also comes
// with one that fits. The limits keep the key derivation small.
func TestEveryHeaderByteFlippedAndHashed(t *testing.T) {
	lim := kdbx.DefaultLimits()
	lim.KDFMemoryBytes, lim.KDFIterations, lim.AESRounds = 1<<20, 16, 16
	for name, file := range smallFiles(t) {
		t.Run(name, func(t *testing.T) {
			end := bytes.Index(file, []byte("\r\n\r\n")) + 4
			for i := range end {
				for _, with := range []byte{0x01, 0x80, 0xff} {
					bad := bytes.Clone(file)
					bad[i] ^= with
					sum := sha256.Sum256(bad[:end])
					copy(bad[end:], sum[:])
					wantCause(t, readErr(bad, lim), refusals...)
				}
			}
		})
	}
}

func TestHeaderTraps(t *testing.T) {
	plain := sealed{xml: xmlOf("")}
	with := func(id byte, data []byte) sealed {
		s := plain
		s.fields = []headField{{id, data}}
		return s
	}
	for _, tt := range []struct {
		name string
		file sealed
		want vault.Cause
	}{
		{"no cipher", sealed{without: 2}, vault.Damaged},
		{"no compression", sealed{without: 3}, vault.Damaged},
		{"no seed", sealed{without: 4}, vault.Damaged},
		{"no iv", sealed{without: 7}, vault.Damaged},
		{"no key derivation", sealed{without: 11}, vault.Damaged},
		{"minor version 2", sealed{minor: 2}, vault.Unsupported},
		{"unknown field", with(13, nil), vault.Unsupported},
		{"comment field", with(1, []byte("x")), vault.Unsupported},
		{"field of version 3", with(8, make([]byte, 32)), vault.Unsupported},
		{"field 255", with(255, nil), vault.Unsupported},
		{"Twofish", with(2, []byte{0xad, 0x68, 0xf2, 0x9f, 0x57, 0x6f, 0x4b, 0xb9, 0xa3, 0x6a, 0xd4, 0x7a, 0xf9, 0x65, 0x34, 0x6c}), vault.Unsupported},
		{"no cipher id", with(2, nil), vault.Unsupported},
		{"compression of 1 byte", with(3, []byte{1}), vault.Damaged},
		{"compression 2", with(3, u32(2)), vault.Unsupported},
		{"seed of 31 bytes", with(4, make([]byte, 31)), vault.Damaged},
		{"iv of 16 bytes for ChaCha20", with(7, make([]byte, 16)), vault.Damaged},
		{"header too large", with(12, make([]byte, 300<<10)), vault.Hostile},
		{"field twice", sealed{fields: []headField{{12, variants()}, {12, variants()}}}, vault.Damaged},

		{"map without end", with(11, []byte{0, 1}), vault.Damaged},
		{"map of version 2", with(11, []byte{0, 2, 0}), vault.Unsupported},
		{"map with bytes after it", with(11, append(variants(), 0)), vault.Damaged},
		{"map name of length -1", with(11, append([]byte{0, 1, 0x42}, 0xff, 0xff, 0xff, 0xff)), vault.Damaged},
		{"map value of length -1", with(11, append([]byte{0, 1, 0x42, 1, 0, 0, 0, 'S'}, 0xff, 0xff, 0xff, 0xff)), vault.Damaged},
		{"map with unknown type", with(12, variants(variant{0x99, "x", nil})), vault.Unsupported},
		{"map with number of 3 bytes", with(12, variants(variant{0x04, "x", []byte{1, 2, 3}})), vault.Damaged},
		{"map with one name twice", with(12, variants(variant{0x42, "x", nil}, variant{0x42, "x", nil})), vault.Damaged},
		{"map with bad UTF-8", with(12, variants(variant{0x18, "x", []byte{0xff}})), vault.Damaged},
		{"map with 300 items", with(12, variants(manyVariants(300)...)), vault.Hostile},

		{"1 TB of memory", with(11, argon2Map(1<<40, 1, 1, 0x13)), vault.Hostile},
		{"memory that is 0 in 32 bits", with(11, argon2Map(1<<42, 1, 1, 0x13)), vault.Hostile},
		{"3.9 GB of memory", with(11, argon2Map(3900<<20, 1, 1, 0x13)), vault.Hostile},
		{"no memory", with(11, argon2Map(0, 1, 1, 0x13)), vault.Damaged},
		{"little memory for the lanes", with(11, argon2Map(8<<10, 1, 2, 0x13)), vault.Damaged},
		{"2^32-1 passes", with(11, argon2Map(8<<10, 1<<32-1, 1, 0x13)), vault.Hostile},
		{"2^40 passes", with(11, argon2Map(8<<10, 1<<40, 1, 0x13)), vault.Hostile},
		{"no passes", with(11, argon2Map(8<<10, 0, 1, 0x13)), vault.Damaged},
		{"memory and passes together", with(11, argon2Map(1<<30, 65, 1, 0x13)), vault.Hostile},
		{"no lanes", with(11, argon2Map(8<<10, 1, 0, 0x13)), vault.Damaged},
		{"256 lanes", with(11, argon2Map(8<<20, 1, 256, 0x13)), vault.Hostile},
		{"Argon2 1.0", with(11, argon2Map(8<<10, 1, 1, 0x10)), vault.Unsupported},
		{"Argon2 with a secret", with(11, argon2Map(8<<10, 1, 1, 0x13, variant{0x42, "K", []byte{1}})), vault.Unsupported},
		{"salt of 7 bytes", with(11, shortSalt()), vault.Damaged},
		{"unknown derivation", with(11, variants(variant{0x42, "$UUID", make([]byte, 16)})), vault.Unsupported},
		{"AES-KDF without rounds", with(11, aesMap(nil)), vault.Damaged},
		{"AES-KDF with 2^40 rounds", with(11, aesMap(u64(1<<40))), vault.Hostile},
		{"AES-KDF with no rounds", with(11, aesMap(u64(0))), vault.Damaged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := tt.file.file(t)
			_, err := kdbx.ReadHeader(bytes.NewReader(file), kdbx.DefaultLimits())
			wantCause(t, err, tt.want)
			wantCause(t, readErr(file, kdbx.DefaultLimits()), tt.want)
		})
	}
	t.Run("control", func(t *testing.T) {
		if err := readErr(plain.file(t), kdbx.DefaultLimits()); err != nil {
			t.Error(err)
		}
	})
}

func manyVariants(n int) (list []variant) {
	for i := range n {
		list = append(list, variant{0x42, fmt.Sprint(i), nil})
	}
	return list
}

func shortSalt() []byte {
	return variants(variant{0x42, "$UUID", argon2idID}, variant{0x05, "I", u64(1)}, variant{0x05, "M", u64(8 << 10)},
		variant{0x04, "P", u32(1)}, variant{0x42, "S", make([]byte, 7)}, variant{0x04, "V", u32(0x13)})
}

func aesMap(rounds []byte) []byte {
	id := []byte{0x7c, 0x02, 0xbb, 0x82, 0x79, 0xa7, 0x4a, 0xc0, 0x92, 0x7d, 0x11, 0x4a, 0x00, 0x64, 0x82, 0x38}
	items := []variant{{0x42, "$UUID", id}, {0x42, "S", sealSalt}}
	if rounds != nil {
		items = append(items, variant{0x05, "R", rounds})
	}
	return variants(items...)
}

func TestOtherFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		want vault.Cause
	}{
		"KDBX 3.1":   {"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\x01\x00\x03\x00", vault.Unsupported},
		"KDBX 5.0":   {"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\x00\x00\x05\x00", vault.Unsupported},
		"KDB":        {"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5\x00\x00\x00\x00", vault.Unsupported},
		"other":      {"PK\x03\x04          ", vault.Damaged},
		"half other": {"\x03\xd9\xa2\x9a            ", vault.Damaged},
		"empty":      {"", vault.Damaged},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := kdbx.ReadHeader(strings.NewReader(tt.file), kdbx.DefaultLimits())
			wantCause(t, err, tt.want)
			if strings.HasPrefix(name, "KDBX") && (h == nil || h.Major != uint16(tt.file[10])) {
				t.Errorf("header %+v, want the version", h)
			}
		})
	}
}

func TestInnerHeaderTraps(t *testing.T) {
	end := headField{0, nil}
	inner := func(fields ...headField) (b []byte) {
		for _, f := range fields {
			b = appendHead(b, f)
		}
		return b
	}
	stream, key := headField{1, u32(3)}, headField{2, sealKey}
	for _, tt := range []struct {
		name  string
		inner []byte
		want  vault.Cause
	}{
		{"nothing", []byte{}, vault.Damaged},
		{"length -1", []byte{1, 0xff, 0xff, 0xff, 0xff}, vault.Damaged},
		{"binary of 4 GiB", append(inner(stream, key), 3, 0xff, 0xff, 0xff, 0xff, 0), vault.Hostile},
		{"binary of 512 MiB", append(inner(stream, key), 3, 0, 0, 0, 0x20, 0), vault.Damaged},
		{"no stream", inner(key, end), vault.Damaged},
		{"no key", inner(stream, end), vault.Damaged},
		{"stream of 1 byte", inner(headField{1, []byte{3}}, key, end), vault.Damaged},
		{"stream twice", inner(stream, stream, key, end), vault.Damaged},
		{"empty key", inner(stream, headField{2, nil}, end), vault.Damaged},
		{"key of 2 KiB", inner(stream, headField{2, make([]byte, 2048)}, end), vault.Damaged},
		{"ArcFour", inner(headField{1, u32(1)}, key, end), vault.Unsupported},
		{"empty binary field", inner(stream, key, headField{3, nil}, end), vault.Damaged},
		{"unknown flags", inner(stream, key, headField{3, []byte{2}}, end), vault.Unsupported},
		{"unknown field", inner(stream, key, headField{4, nil}, end), vault.Unsupported},
		{"no end", inner(stream, key), vault.Damaged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantCause(t, readErr(sealed{inner: tt.inner}.file(t), kdbx.DefaultLimits()), tt.want)
		})
	}
}

func TestPayloadTraps(t *testing.T) {
	whole := sealed{gzip: true, xml: xmlOf("")}
	packed := whole.payload(t)
	for _, tt := range []struct {
		name string
		file sealed
		want vault.Cause // "": opens
	}{
		{"16 bytes after gzip, as gokeepasslib has", sealed{gzip: true, raw: append(bytes.Clone(packed), make([]byte, 16)...)}, ""},
		{"17 bytes after gzip", sealed{gzip: true, raw: append(bytes.Clone(packed), make([]byte, 17)...)}, vault.Damaged},
		{"two gzip members", sealed{gzip: true, raw: append(bytes.Clone(packed), packed...)}, vault.Damaged},
		{"gzip cut", sealed{gzip: true, raw: packed[:len(packed)-9]}, vault.Damaged},
		{"gzip checksum", sealed{gzip: true, raw: append(bytes.Clone(packed[:len(packed)-8]), make([]byte, 8)...)}, vault.Damaged},
		{"not gzip", sealed{gzip: true, raw: []byte("hello, world")}, vault.Damaged},
		{"no payload", sealed{raw: []byte{}}, vault.Damaged},
		{"36 zeros after the end, as gokeepasslib has", sealed{xml: xmlOf(""), tail: make([]byte, 36)}, ""},
		{"35 zeros after the end", sealed{xml: xmlOf(""), tail: make([]byte, 35)}, vault.Damaged},
		{"37 zeros after the end", sealed{xml: xmlOf(""), tail: make([]byte, 37)}, vault.Damaged},
		{"36 others after the end", sealed{xml: xmlOf(""), tail: bytes.Repeat([]byte{1}, 36)}, vault.Damaged},
		{"blocks of 5 bytes", sealed{xml: xmlOf(""), block: 5, aes: true}, ""},
		{"blocks of 16 bytes", sealed{xml: xmlOf(""), block: 16, aes: true}, ""},
		{"blocks of 1 byte", sealed{xml: xmlOf(""), block: 1, aes: true, gzip: true}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := readErr(tt.file.file(t), kdbx.DefaultLimits())
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantCause(t, err, tt.want)
		})
	}
}
