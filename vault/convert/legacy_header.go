package convert

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/tideover/tideover/vault"
)

// maxLegacyRounds bounds AES-KDF. KeePassXC 2.7 writes what takes a second,
// 1–60 million on today's machines; 200 million take this machine about 10 s.
const maxLegacyRounds = 200_000_000

// Header fields of KDBX 3.1: one byte, a 16-bit little-endian length, the
// value (https://keepass.info/help/kb/kdbx.html, "Outer header", lengths before
// version 4).
const (
	legacyEnd         = 0
	legacyMasterSeed  = 4
	legacyKDFSeed     = 5
	legacyRounds      = 6
	legacyIV          = 7
	legacyStreamKey   = 8
	legacyStart       = 9
	legacyInnerStream = 10
)

// checkLegacyHeader refuses what would make the child work without end, before
// the child is started.
func checkLegacyHeader(file []byte) error {
	seen := map[byte][]byte{}
	for at := 12; ; {
		if len(file)-at < 3 {
			return vault.Fail(vault.Damaged, "the header of the KDBX 3.1 file is cut short")
		}
		id, n := file[at], int(binary.LittleEndian.Uint16(file[at+1:]))
		at += 3
		if len(file)-at < n {
			return vault.Fail(vault.Damaged, "the header of the KDBX 3.1 file is cut short")
		}
		if id == legacyEnd {
			break
		}
		seen[id] = file[at : at+n]
		at += n
	}
	for id, size := range map[byte]int{legacyMasterSeed: 32, legacyKDFSeed: 32, legacyRounds: 8, legacyIV: 16, legacyStreamKey: 32, legacyStart: 32, legacyInnerStream: 4} {
		if len(seen[id]) != size {
			return vault.Fail(vault.Damaged, "header field %d of the KDBX 3.1 file has %d bytes", id, len(seen[id]))
		}
	}
	if rounds := binary.LittleEndian.Uint64(seen[legacyRounds]); rounds > maxLegacyRounds {
		return vault.Fail(vault.Hostile, "the KDBX 3.1 file asks for %d rounds of AES-KDF; at most %d are run", rounds, maxLegacyRounds)
	}
	return nil
}

func legacyInput(file []byte, opt Options) (LegacyInput, error) {
	in := LegacyInput{File: file}
	if !opt.Password.IsEmpty() || opt.KeyFile == nil {
		sum := sha256.Sum256(opt.Password.Bytes())
		in.PasswordHash = sum[:]
	}
	if opt.KeyFile != nil {
		key, err := parseKeyFile(opt.KeyFile)
		if err != nil {
			return in, err
		}
		in.KeyHash = key
	}
	return in, nil
}
