package kdbx

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

const (
	keyFileBytes = 32
	// Key files "of anything" are hashed; nobody should pick a film by mistake.
	maxKeyFileBytes = 64 << 20
	// A key file of KeePass in XML has some 300 bytes.
	maxKeyFileXMLBytes = 64 << 10
	keyHashBytes       = 4
)

// ParseKeyFile returns the 32 bytes that a key file contributes to a
// composite key (https://keepass.info/help/base/keys.html). It reads KeePass's
// XML versions 1 and 2, 32 raw bytes, 64 hexadecimal digits, and takes SHA-256
// of anything else up to 64 MiB. XML that begins as a key file and is none is
// vault.Damaged. The caller wipes the result.
func ParseKeyFile(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxKeyFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	defer clear(data)
	if len(data) > maxKeyFileBytes {
		return nil, hostile("key file: more than %d bytes", maxKeyFileBytes)
	}
	if len(data) <= maxKeyFileXMLBytes && isKeyFileXML(data) {
		return parseKeyFileXML(data)
	}
	switch len(data) {
	case keyFileBytes:
		return bytes.Clone(data), nil
	case 2 * keyFileBytes:
		key := make([]byte, keyFileBytes)
		if _, err := hex.Decode(key, data); err == nil {
			return key, nil
		}
	}
	sum := sha256.Sum256(data)
	return sum[:], nil
}

// isKeyFileXML looks for the root element, behind a declaration and comments.
func isKeyFileXML(data []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		t, err := d.RawToken()
		if err != nil {
			return false
		}
		if start, ok := t.(xml.StartElement); ok {
			return start.Name.Local == "KeyFile"
		}
	}
}

// parseKeyFileXML reads versions 1 and 2. The file is small and nobody's
// secret but its owner's, so the standard library may read it.
func parseKeyFileXML(data []byte) ([]byte, error) {
	var file struct {
		XMLName xml.Name `xml:"KeyFile"`
		Version string   `xml:"Meta>Version"`
		Data    struct {
			Hash string `xml:"Hash,attr"`
			Text string `xml:",chardata"`
		} `xml:"Key>Data"`
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&file); err != nil {
		return nil, damaged("key file: not XML")
	}
	if len(bytes.TrimSpace(data[d.InputOffset():])) > 0 {
		return nil, damaged("key file: something after its end")
	}
	text := strings.Join(strings.Fields(file.Data.Text), "")
	major, _, _ := strings.Cut(strings.TrimSpace(file.Version), ".")
	var key []byte
	var err error
	switch major {
	case "1":
		key, err = base64.StdEncoding.DecodeString(text)
	case "2":
		key, err = hex.DecodeString(text)
	default:
		return nil, unsupported("key file: version %q", major[:min(len(major), 16)])
	}
	if err != nil || len(key) != keyFileBytes {
		clear(key)
		return nil, damaged("key file: key")
	}
	if major == "2" && !hashFits(key, file.Data.Hash) {
		clear(key)
		return nil, damaged("key file: the key does not fit its hash")
	}
	return key, nil
}

func hashFits(key []byte, hash string) bool {
	want, err := hex.DecodeString(strings.TrimSpace(hash))
	sum := sha256.Sum256(key)
	return err == nil && subtle.ConstantTimeCompare(want, sum[:keyHashBytes]) == 1
}

// WriteKeyFile writes a key of 32 bytes as a KeePass key file (.keyx), version
// 2.0, which KeePass 2.47, KeePassXC 2.7 and later read.
func WriteKeyFile(w io.Writer, key []byte) error {
	if len(key) != keyFileBytes {
		return fmt.Errorf("write key file: key of %d bytes", len(key))
	}
	sum := sha256.Sum256(key)
	digits := bytes.ToUpper(hex.AppendEncode(nil, key))
	defer clear(digits)
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<KeyFile>\n\t<Meta>\n\t\t<Version>2.0</Version>\n\t</Meta>\n\t<Key>\n")
	fmt.Fprintf(&b, "\t\t<Data Hash=\"%X\">\n", sum[:keyHashBytes])
	const group, line = 8, 32
	for i := 0; i < len(digits); i += group {
		switch {
		case i%line == 0:
			b.WriteString("\t\t\t")
		default:
			b.WriteByte(' ')
		}
		b.Write(digits[i : i+group])
		if (i+group)%line == 0 {
			b.WriteByte('\n')
		}
	}
	b.WriteString("\t\t</Data>\n\t</Key>\n</KeyFile>\n")
	defer clear(b.Bytes())
	_, err := w.Write(b.Bytes())
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}
