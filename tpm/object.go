package tpm

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// Most that we hand to a chip, in bytes. Ours are 78 and about 160; a chip
// with other algorithms may make the private part larger.
const (
	maxPublic  = 512
	maxPrivate = 1024
)

// belowA refuses level A to a Chip without the NV indices of the cache.
func belowA(t binding.Terms) error {
	if t.Level == binding.LevelA {
		return fmt.Errorf("%w: level A needs NV indices: use Chip.WithIndices", binding.ErrUnavailable)
	}
	return nil
}

// sealedTemplate is the public area of a sealed object under t, without its
// unique field. At B the object's password counts against the shared lockout,
// at B0 not; at A the object has none.
func sealedTemplate(t binding.Terms) (tpm2.TPMTPublic, error) {
	policy, err := t.AuthPolicy()
	if err != nil {
		return tpm2.TPMTPublic{}, err
	}
	return tpm2.TPMTPublic{
		Type:    tpm2.TPMAlgKeyedHash,
		NameAlg: tpm2.TPMAlgSHA256,
		ObjectAttributes: tpm2.TPMAObject{
			FixedTPM: true, FixedParent: true, AdminWithPolicy: true, NoDA: t.Level != binding.LevelB,
		},
		AuthPolicy: tpm2.TPM2BDigest{Buffer: policy[:]},
		Parameters: plainKeyedHash(),
		Unique:     tpm2.NewTPMUPublicID(tpm2.TPMAlgKeyedHash, &tpm2.TPM2BDigest{}),
	}, nil
}

// wrapTemplate is the public area of a key that protects local secrets:
// sealed, no password, not under the shared lockout.
func wrapTemplate() tpm2.TPMTPublic {
	return tpm2.TPMTPublic{
		Type:    tpm2.TPMAlgKeyedHash,
		NameAlg: tpm2.TPMAlgSHA256,
		ObjectAttributes: tpm2.TPMAObject{
			FixedTPM: true, FixedParent: true, UserWithAuth: true, NoDA: true,
		},
		Parameters: plainKeyedHash(),
		Unique:     tpm2.NewTPMUPublicID(tpm2.TPMAlgKeyedHash, &tpm2.TPM2BDigest{}),
	}
}

// plainKeyedHash is "data, no scheme".
func plainKeyedHash() tpm2.TPMUPublicParms {
	return tpm2.NewTPMUPublicParms(tpm2.TPMAlgKeyedHash, &tpm2.TPMSKeyedHashParms{
		Scheme: tpm2.TPMTKeyedHashScheme{Scheme: tpm2.TPMAlgNull},
	})
}

// signTemplate is the public area of the device's signing key: made in the
// chip, never leaves it, ECDSA with SHA-256 on P-256 and nothing else.
func signTemplate() tpm2.TPMTPublic {
	return tpm2.TPMTPublic{
		Type:    tpm2.TPMAlgECC,
		NameAlg: tpm2.TPMAlgSHA256,
		ObjectAttributes: tpm2.TPMAObject{
			FixedTPM: true, FixedParent: true, SensitiveDataOrigin: true, UserWithAuth: true, NoDA: true, SignEncrypt: true,
		},
		Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{
			Scheme: tpm2.TPMTECCScheme{
				Scheme:  tpm2.TPMAlgECDSA,
				Details: tpm2.NewTPMUAsymScheme(tpm2.TPMAlgECDSA, &tpm2.TPMSSigSchemeECDSA{HashAlg: tpm2.TPMAlgSHA256}),
			},
			CurveID: tpm2.TPMECCNistP256,
		}),
		Unique: tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{}),
	}
}

// matches reports whether public is the template in every byte but its unique
// field, and returns its Name. Otherwise it is ErrTampered: whoever could have
// us use an object of his own choice could choose one without a policy.
func matches(template tpm2.TPMTPublic, public []byte) (tpm2.TPM2BName, error) {
	if len(public) > maxPublic {
		return tpm2.TPM2BName{}, fmt.Errorf("%w: public area of %d bytes", binding.ErrTampered, len(public))
	}
	found, err := tpm2.Unmarshal[tpm2.TPMTPublic](public)
	if err != nil {
		return tpm2.TPM2BName{}, fmt.Errorf("%w: public area: %v", binding.ErrTampered, err)
	}
	template.Unique = found.Unique
	if found.Type != template.Type || !bytes.Equal(tpm2.Marshal(template), public) {
		return tpm2.TPM2BName{}, fmt.Errorf("%w: public area is not the one of these terms", binding.ErrTampered)
	}
	name, err := tpm2.ObjectName(found)
	if err != nil {
		return tpm2.TPM2BName{}, fmt.Errorf("%w: public area: %v", binding.ErrTampered, err)
	}
	return *name, nil
}

// create makes an object under the root; auth and data may be nil.
func (o *operation) create(template tpm2.TPMTPublic, auth, data []byte) (binding.Object, error) {
	object, _, err := o.createWithProof(template, auth, data)
	return object, err
}

// createWithProof is create, and what the chip tells of the making.
func (o *operation) createWithProof(template tpm2.TPMTPublic, auth, data []byte) (binding.Object, binding.Creation, error) {
	if err := o.openRoot(); err != nil {
		return binding.Object{}, binding.Creation{}, err
	}
	return o.createUnder(template, auth, data)
}

// createUnder is createWithProof with the root open already.
func (o *operation) createUnder(template tpm2.TPMTPublic, auth, data []byte) (binding.Object, binding.Creation, error) {
	sensitive := &tpm2.TPMSSensitiveCreate{UserAuth: tpm2.TPM2BAuth{Buffer: auth}}
	if data != nil {
		sensitive.Data = tpm2.NewTPMUSensitiveCreate(&tpm2.TPM2BSensitiveData{Buffer: data})
	}
	r, err := run(o, stepCreate, tpm2.Create{
		ParentHandle: o.root.auth(o.encrypted(true, true)),
		InSensitive:  tpm2.TPM2BSensitiveCreate{Sensitive: sensitive},
		InPublic:     tpm2.New2B(template),
	})
	if err != nil {
		return binding.Object{}, binding.Creation{}, err
	}
	o.proven = true
	made := binding.Object{Public: r.OutPublic.Bytes(), Private: r.OutPrivate.Buffer}
	if _, err := matches(template, made.Public); err != nil {
		return binding.Object{}, binding.Creation{}, fmt.Errorf("made another object than asked for: %w", err)
	}
	return made, binding.Creation{Data: r.CreationData.Bytes(), Ticket: tpm2.Marshal(r.CreationTicket)}, nil
}

// createLocal makes an object without a password, and notes its root; data may
// be nil.
func (o *operation) createLocal(template tpm2.TPMTPublic, data []byte) (localObject, error) {
	object, err := o.create(template, nil, data)
	if err != nil {
		return localObject{}, err
	}
	return localObject{root: o.root.name.Buffer, object: object}, nil
}

// loaded is an object in the chip.
type loaded struct {
	handle tpm2.TPMHandle
	name   tpm2.TPM2BName // computed from its public area
}

// auth authorises the object with session s.
func (l loaded) auth(s tpm2.Session) tpm2.AuthHandle {
	return tpm2.AuthHandle{Handle: l.handle, Name: l.name, Auth: s}
}

// load puts an object under the open root; the caller flushes it. An object that
// does not load was made by another chip, unless the root is known to be the
// one it was made under: then it has been changed.
func (o *operation) load(object binding.Object, name tpm2.TPM2BName) (loaded, error) {
	if len(object.Private) > maxPrivate {
		return loaded{}, fmt.Errorf("%w: private area of %d bytes", binding.ErrTampered, len(object.Private))
	}
	r, err := run(o, stepLoad, tpm2.Load{
		ParentHandle: o.root.auth(o.encrypted(true, true)),
		InPrivate:    tpm2.TPM2BPrivate{Buffer: object.Private},
		InPublic:     tpm2.BytesAs2B[tpm2.TPMTPublic](object.Public),
	})
	if err != nil {
		if o.pin.known && errors.Is(err, tpm2.TPMRCIntegrity) {
			return loaded{}, fmt.Errorf("%w: object does not load under the root it was made under", binding.ErrTampered)
		}
		return loaded{}, err
	}
	o.proven = true
	return loaded{r.ObjectHandle, name}, nil
}
