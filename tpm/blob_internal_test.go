package tpm

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// These look inside the package: no chip gives a public area or a key of the
// test's choice.

// boxVector is section 6.3 of FORMAT.md: key 00…1f, root 000bab…, a public
// area of three bytes, a private one of two, the secret "token".
const boxVector = "5469646550727401000babababababababababababababababababababababababababababababababab0003010203000204057ad3debbdbe10081ab1b19a7da6dbed530ebbc02ef"

func TestBoxVector(t *testing.T) {
	key := make([]byte, wrapKeySize)
	for i := range key {
		key[i] = byte(i)
	}
	wrap := localObject{
		root:   append([]byte{0, 0x0b}, bytes.Repeat([]byte{0xab}, 32)...),
		object: binding.Object{Public: []byte{1, 2, 3}, Private: []byte{4, 5}},
	}
	blob, err := closeBox(key, wrap, []byte("token"))
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(blob); got != boxVector {
		t.Errorf("blob: got %s, want %s", got, boxVector)
	}
	format, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(format), boxVector) {
		t.Error("FORMAT.md has another vector")
	}
	read, box, err := cutObject(protectMark, blob)
	if err != nil || !reflect.DeepEqual(read, wrap) {
		t.Errorf("read %+v, want %+v, %v", read, wrap, err)
	}
	if secret, err := openBox(key, blob[:len(blob)-len(box)], box); err != nil || string(secret) != "token" {
		t.Errorf("secret %q, %v", secret, err)
	}
}

// Every blob has one form, and nothing else is read.
func FuzzCutObject(f *testing.F) {
	for _, seed := range []string{boxVector, "", boxVector[:16], boxVector[:84] + "0000", boxVector[:84] + "000101ffff"} {
		b, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		read, rest, err := cutObject(protectMark, blob)
		if err != nil {
			if !errors.Is(err, binding.ErrTampered) {
				t.Errorf("got %v, want ErrTampered", err)
			}
			return
		}
		if again := append(read.appendTo(protectMark), rest...); !bytes.Equal(again, blob) {
			t.Errorf("read %x, wrote %x", blob, again)
		}
	})
}

// Whatever stands in a record as a public area, comparing it ends, and only
// the template's own bytes pass.
func FuzzMatches(f *testing.F) {
	for _, seed := range []string{
		"0008000b00000012000000100000", "0008000b00000452000000100020" + strings.Repeat("ab", 32),
		"0023000b00040472000000100018000b00030010002000", "", "ffff",
	} {
		b, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, public []byte) {
		for _, template := range []tpm2.TPMTPublic{wrapTemplate(), signTemplate()} {
			// Up to its unique field the area has no choice: 12 bytes of an object
			// that holds data, 18 of a signing key.
			fixed := tpm2.Marshal(template)
			fixed = fixed[:map[tpm2.TPMAlgID]int{tpm2.TPMAlgKeyedHash: 12, tpm2.TPMAlgECC: 18}[template.Type]]
			if _, err := matches(template, public); err == nil && !bytes.HasPrefix(public, fixed) {
				t.Errorf("%x passes for %x", public, fixed)
			}
		}
	})
}
