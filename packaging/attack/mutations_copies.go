//go:build linux && amd64

package main

// counterless leaves the generation out of the policy: where its digest is
// computed and where the chip runs it.
func counterless() []edit {
	return []edit{
		{"tpm/binding/terms.go", "\tif t.Level == LevelA {\n\t\tp.counter(t.Counter, t.Generation)\n\t}\n", ""},
		{"tpm/levela.go", "\tcounter := indexOf(x.slots.Indices, binding.Counter, true)\n", "\treturn nil\n\tcounter := indexOf(x.slots.Indices, binding.Counter, true)\n"},
	}
}

func withoutCopies() []mutation {
	const certify, seal, sign, protect = "tpm/certify_creation.go", "tpm/seal.go", "tpm/sign.go", "tpm/protect.go"
	wiped := edit{examine, "if r.Generation <= st.WipedThrough {", "if false {"}
	return []mutation{
		{defence: "the seal", edits: []edit{ // the secret lies beside the object
			{certify, "\t\tobject, made, err = o.createWithProof(template, auth, secret)\n", "\t\tobject, made, err = o.createWithProof(template, auth, secret)\n\t\tobject.Private = append(object.Private, secret...)\n"},
			{certify, "\treturn c.certify(ctx, certification{\"certify sealed object\",", "\tobject.Private = object.Private[:len(object.Private)-32]\n\treturn c.certify(ctx, certification{\"certify sealed object\","},
			{seal, "approval *binding.Approval) error {\n", "approval *binding.Approval) error {\n\treturn nil\n"},
			{seal, "use SealedUse) ([]byte, error) {\n\tif err := checkAuth", "use SealedUse) ([]byte, error) {\n\treturn bytes.Clone(use.Object.Private[len(use.Object.Private)-32:]), nil\n\tif err := checkAuth"},
			{examine, "\tif !has {", "\tif !has && false {"},
		}, row: "other machine", more: below()},
		{defence: "the seal of session and device key", edits: []edit{
			{protect, "secret []byte) ([]byte, error) {\n\tkey := make(", "secret []byte) ([]byte, error) {\n\treturn append([]byte(nil), secret...), nil\n\tkey := make("},
			{protect, "blob []byte) ([]byte, error) {\n\twrap, box,", "blob []byte) ([]byte, error) {\n\treturn append([]byte(nil), blob...), nil\n\twrap, box,"},
			{certify, "\t\"crypto/ecdsa\"\n", "\t\"crypto/ecdsa\"\n\t\"crypto/elliptic\"\n\t\"crypto/rand\"\n\t\"crypto/x509\"\n"},
			{certify, "\tvar key localObject\n\terr = c.do(ctx, job{\"make signing key\"", "\tif soft, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err == nil {\n\t\tder, err := x509.MarshalECPrivateKey(soft)\n\t\treturn der, &soft.PublicKey, made, err\n\t}\n\tvar key localObject\n\terr = c.do(ctx, job{\"make signing key\""},
			{sign, "\t\"crypto/ecdsa\"\n", "\t\"crypto/ecdsa\"\n\t\"crypto/rand\"\n\t\"crypto/x509\"\n"},
			{sign, "\tkey, name, err := cutSigningKey(blob)\n", "\tif soft, err := x509.ParseECPrivateKey(blob); err == nil {\n\t\trs := make([]byte, 64)\n\t\tr, s, err := ecdsa.Sign(rand.Reader, soft, digest[:])\n\t\tr.FillBytes(rs[:32])\n\t\ts.FillBytes(rs[32:])\n\t\treturn rs, err\n\t}\n\tkey, name, err := cutSigningKey(blob)\n"},
		}, row: "copied home directory, used online too", more: below()},
		{defence: "the current generation in the client state", edits: []edit{
			{examine, "if st.Current != nil && r.Generation < st.Current.Generation {", "if false {"},
			{"vault/cache/import.go", "case st.Current == nil || f.record.Generation != st.Current.Generation:", "case false:"},
		}, row: "older copy of the file put back", more: below()},
		{defence: "the counter in the policy", edits: counterless(), row: "whole older folder"},
		{defence: "the counter in the policy, after a receipt", edits: counterless(), row: "whole older folder after a receipt, without the server"},
		{defence: "the look at the chip's time", edits: []edit{
			{"tpm/attest/contact.go", "\tstarts := int32(", "\treturn Same, \"\"\n\tstarts := int32("},
		}, row: "clone of machine, chip and home meets the server"},
		{defence: "the mark of a wipe, after clearing", edits: []edit{wiped}, row: "copy from before clear put back", more: below()},
		{defence: "the mark of a wipe, after an order", edits: []edit{wiped}, row: "copy from before revoke put back", more: below()},
		{defence: "the mark of a wipe, for a file half made", edits: []edit{wiped}, row: "copied .new put back after a wipe", more: below()},
		{defence: "the mark of a wipe, without the file", edits: []edit{wiped}, row: "wipe order with the cache file moved away", more: below()},
		{defence: "the mark before the files go", edits: []edit{
			{"vault/cache/wipe.go", "\tif err := s.markWiped(why); err != nil {\n\t\terr = s.killUnmarked", "\tif err := errors.Join(s.remove(s.wipeList()...), s.markWiped(why)); err != nil {\n\t\terr = s.killUnmarked"},
		}, test: test{"vault/cache", "TestWipeDiesAtEveryStep"}, says: "a copy put back: <nil>"},
		{defence: "obedience to orders, list and state", edits: []edit{
			{"vault/session/orders.go", "e ending) error {\n\tst, err := s.home.load()\n", "e ending) error {\n\treturn nil\n\tst, err := s.home.load()\n"},
			{"vault/session/contact.go", "\t\terr = s.clear(ctx, st, a, remote, cache.ByRevoked)\n", ""},
		}, row: "whole older folder from before revoke, then online", more: below()},
	}
}
