package kdbx

import (
	"bytes"

	"github.com/tideover/tideover/vault"
)

// unknown writes elements that were kept byte for byte. They are read again,
// since they may come from anywhere: what is not one whole element, or is an
// element that we know at this place, would change what the file says.
func (e *encoder) unknown(list []vault.Raw, known func(element) bool) {
	for _, raw := range list {
		if e.err != nil {
			return
		}
		b, err := e.checked(raw, known)
		if err != nil {
			e.fail("unknown element", err.Error())
			return
		}
		e.buf = append(e.buf, b...)
		e.flush(encodeBufferBytes)
	}
}

func (e *encoder) checked(raw vault.Raw, known func(element) bool) ([]byte, error) {
	s := &scanner{src: bytes.NewReader(raw), lim: DefaultLimits(), buf: make([]byte, len(raw)+1)}
	defer s.wipe()
	name, err := s.start()
	if err != nil {
		return nil, err
	}
	if el := elementOf(name); el != elUnknown && known(el) {
		return nil, damaged("%s is known here", name)
	}
	free := func(int64) error { return nil }
	out, err := s.raw(make([]byte, 0, len(raw)), refuseProtected, free)
	if err != nil {
		return nil, err
	}
	return out, s.end()
}

// refuseProtected keeps protected values out of unknown elements: KeePass runs
// its stream through them, KeePassXC 2.7 does not, and shows garbage for every
// password that follows.
func refuseProtected([]byte) ([]byte, error) {
	return nil, unsupported("protected value in an unknown element")
}

// What is known below each element that keeps unknown ones.

func knownInFile(el element) bool { return el == elMeta || el == elRoot }

func knownInRoot(el element) bool { return el == elGroup || el == elDeletedObjects }

func knownInMeta(el element) bool { return elGenerator <= el && el <= elCustomData }

func knownInGroup(el element) bool {
	return elUUID <= el && el <= elPreviousParentGroup || el == elCustomData || el == elEntry || el == elGroup
}

func knownInEntry(el element) bool {
	switch el {
	case elUUID, elIconID, elCustomIconUUID, elTags, elTimes, elPreviousParentGroup, elCustomData,
		elForegroundColor, elBackgroundColor, elOverrideURL, elQualityCheck,
		elString, elBinary, elAutoType, elHistory:
		return true
	}
	return false
}
