package tpm

import (
	"context"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// IndexCertifying is which index is to be certified, and with what.
type IndexCertifying = binding.IndexCertifying

// Certify has the chip state what an NV index of the cache holds; the server
// reads it with Statement.Reading. Of the counter it is the receipt of a Wipe.
// PIN_FAIL needs the owner's authorisation (ErrOwnerAuth); none costs a try or
// an open.
func (x *Indexed) Certify(ctx context.Context, with IndexCertifying) (binding.Statement, error) {
	key, err := parseAttestKey(with.Key)
	if err != nil {
		return binding.Statement{}, fmt.Errorf("certify index: %w", err)
	}
	pin := knownRoot(key.local.root)
	var said binding.Statement
	err = x.chip.do(ctx, job{"certify index", &pin, func(o *operation) error {
		if err := o.openRoot(); err != nil {
			return err
		}
		if err := x.presentOne(o, with.Index); err != nil {
			return err
		}
		ak, err := o.openKey(key)
		if err != nil {
			return err
		}
		defer o.flush(ak.handle)
		reader, done, err := x.reader(o, with.Index)
		if err != nil {
			return err
		}
		defer done()
		r, err := run(o, stepNVCertify, tpm2.NVCertify{
			SignHandle: ak.plainAuth(), AuthHandle: reader, NVIndex: indexOf(x.slots.Indices, with.Index, true).named(),
			QualifyingData: tpm2.TPM2BData{Buffer: with.Qualifying[:]}, InScheme: noScheme(), Size: binding.IndexSize,
		})
		if err != nil {
			return err
		}
		said = statement(r.CertifyInfo, r.Signature)
		return nil
	}})
	return said, err
}

// reader authorises the certifying of an index; done cleans up.
func (x *Indexed) reader(o *operation, k binding.IndexKind) (by tpm2.AuthHandle, done func(), err error) {
	n := indexOf(x.slots.Indices, k, true)
	switch k {
	case binding.Counter:
		return n.auth(o.proving(x.slots.CounterAuth)), func() {}, nil
	case binding.PinFail:
		return o.owner(nil, false, false), func() {}, nil
	}
	session, err := x.byBranch(o, k, tpm2.TPMCCNVCertify)
	if err != nil {
		return tpm2.AuthHandle{}, nil, err
	}
	return n.auth(session), func() { o.flush(session.Handle()) }, nil
}
