//go:build linux && amd64

package main

func withoutFiles() []mutation {
	const factor = "vault/cache/factor.go"
	sum := edit{examine, "if k != nil && k.SHA256 != f.sha256 {", "if false {"}
	mac := edit{"vault/kdbx/read.go", "if !hmac.Equal(keys.headerMAC(h.raw), sum[:]) {", "if false && !hmac.Equal(keys.headerMAC(h.raw), sum[:]) {"}
	keys := edit{factor, "ok != (r.Factor != nil) || ok && sum(der) != *r.Factor {", "r == nil {"}
	return []mutation{
		{defence: "the file's sum, bytes", edits: []edit{sum}, row: "byte flipped, cache"},
		{defence: "the file's sum, lengths", edits: []edit{sum}, row: "length cut, cache"},
		{defence: "the header's HMAC, bytes", edits: []edit{mac}, row: "byte flipped, client state made to match", more: often("400")},
		{defence: "the header's HMAC, parts", edits: []edit{mac}, row: "record or lease swapped, client state made to match", more: below()},
		{defence: "the header's HMAC, drafts", edits: []edit{
			mac, {"vault/kdbx/header.go", "if sha256.Sum256(hr.raw) != sum {", "if false {"},
		}, row: "byte flipped or length cut, drafts", more: often("300")},
		{defence: "the client state's one form", edits: []edit{
			{"vault/cache/clientstate.go", "\td.DisallowUnknownFields()\n", ""},
		}, test: test{"vault/cache", "TestClientStateDamaged"}, says: "unknown member: Unlock: <nil>"},
		{defence: "the governing server in the client state", edits: []edit{
			{"vault/cache/prepare.go", "} else if st.Governed {", "} else if false {"},
		}, test: test{"vault/cache", "TestNoDowngradeToNoServer"}, says: "Prepare: <nil>"},
		{defence: "who the file was made for", edits: []edit{
			sum,
			{examine, "if r.Cache != st.Cache {", "if false {"},
			{examine, "if k != nil && k.Device != r.Device {", "if false {"},
		}, row: "files swapped between two caches", more: below()},
		{defence: "what the lease is for", edits: []edit{
			{examine, "\t\tif !c.ok {\n", "\t\tif false {\n"},
		}, test: test{"vault/cache", "TestLeaseForSomethingElse"}, says: ": <nil>, want damaged"},
		{defence: "the security keys in the record", edits: []edit{keys}, test: test{"vault/cache", "TestKeysInTheHeader"}, says: ": usable, <nil>"},
		{defence: "a factor for each generation", edits: []edit{
			keys, mac,
			{factor, "if keys.Binding != o.record.binding() {", "if false {"},
			{"vault/fido/wrap.go", "if _, err := rand.Read(factor.Bytes()); err != nil {", "if _, err := rand.Read(nil); err != nil {"},
		}, test: test{"vault/cache", "TestRemovedKey"}, says: "got <nil>"},
		{defence: "the floor of leases", edits: []edit{
			{examine, "if st.Floor.below(l) {", "if false {"},
		}, row: "sidecar edited, shortened, older, taken away"},
		{defence: "the floor of leases, for a security key", edits: []edit{
			{"vault/cache/renew.go", "if shorter || stricter(l, f) {", "if shorter {"},
		}, test: test{"vault/cache", "TestRequiredKey"}, says: "Unlock: <nil>, want expired"},
		{defence: "the lease's signature", edits: []edit{
			{"vault/lease/keys.go", "\treturn ecdsa.Verify(", "\treturn true || ecdsa.Verify("},
		}, test: test{"vault/lease", "TestEveryByteFlipped"}, says: ": accepted"},
		{defence: "the file that stays open", edits: []edit{
			{"vault/cache/header.go", "\t_, err := o.file.Seek(0, io.SeekStart)\n\treturn o.file, err\n", "\treturn os.Open(o.file.Name())\n"},
		}, test: test{"vault/cache", "TestFileSwappedBetweenCheckAndUse"}, says: "Unlock: damaged"},
		{defence: "the question before drafts are dropped", edits: []edit{
			{"vault/session/connect.go", "case len(drafts) > 0:\n\t\treturn result,", "case false:\n\t\treturn result,"},
		}, row: "overlay edits reaching the server"},
	}
}
