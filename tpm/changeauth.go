package tpm

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// cover starts the session that encrypts what changeAuth sends; the caller
// flushes it.
func (o *operation) cover() (tpm2.Session, error) {
	s, _, err := tpm2.HMACSession(o, tpm2.TPMAlgSHA256, nonceSize, o.salted(tpm2.AESEncryption(128, tpm2.EncryptIn))...)
	if err != nil {
		return nil, o.refused(stepSession, err)
	}
	return s, nil
}

// changeAuth is TPM2_NV_ChangeAuth, which go-tpm lacks. The new value travels in
// a second session, cover, that does nothing but encrypt it: the first one
// authorises a PIN index, and its key would depend on the value that is replaced.
// (TCG TPM 2.0 Library, Part 3, 31.15; Part 1, 19.)
func (o *operation) changeAuth(index nvIndex, by, cover tpm2.Session, auth []byte) error {
	sessions, names := []tpm2.Session{by, cover}, []tpm2.TPM2BName{index.name}
	for _, s := range sessions {
		if err := s.NewNonceCaller(); err != nil {
			return err
		}
	}
	parameters := append(binary.BigEndian.AppendUint16(nil, uint16(len(auth))), auth...)
	if err := cover.Encrypt(parameters[2:]); err != nil {
		return err
	}
	var area []byte
	for i, s := range sessions {
		var others []byte // the first session vouches for the nonce of the one that decrypts
		if i == 0 {
			others = cover.NonceTPM().Buffer
		}
		a, err := s.Authorize(tpm2.TPMCCNVChangeAuth, parameters, others, names, i)
		if err != nil {
			return err
		}
		area = append(area, tpm2.Marshal(*a)...)
	}
	answer, err := o.Send(withSessions(tpm2.TPMCCNVChangeAuth, index.handle, area, parameters))
	if err != nil {
		return &failure{stepChangeAuth, err}
	}
	if err := checkAnswer(answer, sessions, names); err != nil {
		return &failure{stepChangeAuth, err}
	}
	return nil
}

// withSessions lays out a command on one handle.
func withSessions(code tpm2.TPMCC, handle tpm2.TPMHandle, area, parameters []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(tpm2.TPMSTSessions))
	b = binary.BigEndian.AppendUint32(b, uint32(headerSize+4+4+len(area)+len(parameters)))
	b = binary.BigEndian.AppendUint32(b, uint32(code))
	b = binary.BigEndian.AppendUint32(b, uint32(handle))
	b = binary.BigEndian.AppendUint32(b, uint32(len(area)))
	b = append(b, area...)
	return append(b, parameters...)
}

// checkAnswer verifies an answer without parameters: its code, and the HMAC of
// each session. Only then has the chip done it.
func checkAnswer(answer []byte, sessions []tpm2.Session, names []tpm2.TPM2BName) error {
	if len(answer) < headerSize {
		return errors.New("short answer")
	}
	if rc := tpm2.TPMRC(binary.BigEndian.Uint32(answer[6:])); rc != tpm2.TPMRCSuccess {
		return rc
	}
	rest, ok := bytes.CutPrefix(answer[headerSize:], []byte{0, 0, 0, 0}) // no parameters
	for i, s := range sessions {
		var a tpm2.TPMSAuthResponse
		if a, rest, ok = cutAuth(rest, ok); !ok {
			return errors.New("malformed answer")
		}
		if err := s.Validate(tpm2.TPMRCSuccess, tpm2.TPMCCNVChangeAuth, nil, names, i, &a); err != nil {
			return err
		}
	}
	if len(rest) != 0 {
		return errors.New("bytes after the answer")
	}
	return nil
}

// cutAuth takes a TPMS_AUTH_RESPONSE; ok is whether all before was well.
func cutAuth(b []byte, ok bool) (tpm2.TPMSAuthResponse, []byte, bool) {
	nonce, b, ok1 := binding.Cut2B(b)
	if !ok || !ok1 || len(b) == 0 {
		return tpm2.TPMSAuthResponse{}, nil, false
	}
	attributes := b[0]
	hmac, b, ok := binding.Cut2B(b[1:])
	return tpm2.TPMSAuthResponse{
		Nonce: tpm2.TPM2BNonce{Buffer: nonce},
		Attributes: tpm2.TPMASession{
			ContinueSession: attributes&1 != 0, Decrypt: attributes&0x20 != 0, Encrypt: attributes&0x40 != 0, Audit: attributes&0x80 != 0,
		},
		Authorization: tpm2.TPM2BData{Buffer: hmac},
	}, b, ok
}
