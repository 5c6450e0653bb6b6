package tpm_test

import (
	"bytes"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// The public areas, Names, policies and cpHashes of NV indices are made by
// hand in package binding; go-tpm must agree.
func TestIndicesAgreeWithGoTPM(t *testing.T) {
	x := binding.Indices{
		Key: keyOf(t, newKey(t)), Device: [16]byte{1}, Cache: [16]byte{2},
		Counter: 0x01800700, PinFail: 0x01800701, PinPass: 0x01800702,
	}
	signed := func(r binding.PermitRequest, code tpm2.TPMCC) []byte {
		r.Indices = x
		ref := r.Ref()
		return calculate(t, tpm2.PolicySigned{
			AuthObject: tpm2.NamedHandle{Name: tpm2.TPM2BName{Buffer: x.Key.Name()}}, PolicyRef: tpm2.TPM2BNonce{Buffer: ref[:]},
		}, tpm2.PolicyCommandCode{Code: code})
	}
	command := func(code tpm2.TPMCC) []byte { return calculate(t, tpm2.PolicyCommandCode{Code: code}) }
	branches := map[binding.IndexKind][][]byte{
		binding.Counter: nil,
		binding.PinFail: {
			signed(binding.PermitRequest{Index: binding.PinFail, Kind: binding.PermitRewrite}, tpm2.TPMCCNVWrite),
			signed(binding.PermitRequest{Index: binding.PinFail, Kind: binding.PermitRekey}, tpm2.TPMCCNVChangeAuth),
		},
		binding.PinPass: {
			signed(binding.PermitRequest{Index: binding.PinPass, Kind: binding.PermitFirstWrite}, tpm2.TPMCCNVWrite),
			command(tpm2.TPMCCNVRead), command(tpm2.TPMCCNVCertify),
		},
	}
	attributes := map[binding.IndexKind]tpm2.TPMANV{
		binding.Counter: {NT: tpm2.TPMNTCounter, AuthRead: true, AuthWrite: true, NoDA: true},
		binding.PinFail: {NT: tpm2.TPMNTPinFail, PolicyWrite: true, OwnerRead: true, NoDA: true},
		binding.PinPass: {NT: tpm2.TPMNTPinPass, PolicyWrite: true, PolicyRead: true, NoDA: true},
	}
	for _, k := range x.Kinds() {
		var policy []byte
		if list := branches[k]; list != nil {
			var digests tpm2.TPMLDigest
			for i, want := range list {
				digests.Digests = append(digests.Digests, tpm2.TPM2BDigest{Buffer: want})
				if got := x.Branches(k)[i]; !bytes.Equal(got[:], want) {
					t.Errorf("%s, branch %d: got %x, go-tpm says %x", k, i, got, want)
				}
			}
			policy = calculate(t, tpm2.PolicyOr{PHashList: digests})
		}
		for _, written := range []bool{false, true} {
			want := tpm2.TPMSNVPublic{
				NVIndex: tpm2.TPMHandle(x.Handle(k)), NameAlg: tpm2.TPMAlgSHA256, Attributes: attributes[k],
				AuthPolicy: tpm2.TPM2BDigest{Buffer: policy}, DataSize: 8,
			}
			want.Attributes.Written = written
			if got := x.Public(k, written); !bytes.Equal(got, tpm2.Marshal(want)) {
				t.Errorf("%s, written %v: got %x, go-tpm says %x", k, written, got, tpm2.Marshal(want))
			}
			name, err := tpm2.NVName(&want)
			if err != nil || !bytes.Equal(name.Buffer, x.Name(k, written)) {
				t.Errorf("%s, written %v: Name %x, go-tpm says %x, %v", k, written, x.Name(k, written), name.Buffer, err)
			}
			if k == binding.Counter {
				continue
			}
			r := binding.PermitRequest{Indices: x, Index: k, Kind: binding.PermitFirstWrite, Count: 3, Limit: 9}
			if written {
				r.Kind = binding.PermitRewrite
			}
			h := tpm2.NamedHandle{Handle: want.NVIndex, Name: *name}
			cp, err := tpm2.CPHash(tpm2.TPMAlgSHA256, tpm2.NVWrite{
				AuthHandle: h, NVIndex: h, Data: tpm2.TPM2BMaxNVBuffer{Buffer: r.Data()},
			})
			if err != nil || !bytes.Equal(cp.Buffer, r.CPHash()) {
				t.Errorf("%s, written %v: cpHash %x, go-tpm says %x, %v", k, written, r.CPHash(), cp.Buffer, err)
			}
		}
	}
}
