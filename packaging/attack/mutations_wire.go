//go:build linux && amd64

package main

func withoutWire() []mutation {
	const probe = "vault/client/probe.go"
	trust := edit{"vault/client/trust.go", "\tif len(chain) == 0 {\n", "\tif true {\n\t\treturn nil\n\t}\n\tif len(chain) == 0 {\n"}
	kind := edit{"vault/session/signin.go", "if known != nil && known.Kind != id.Kind {", "if false {"}
	root := edit{"vault/session/signin.go", "if known != nil && !given && known.Root != met.Root {", "if false {"}
	return []mutation{
		{defence: "the encryption of what the chip gives", edits: []edit{
			{"tpm/levela.go", "session, err := o.policy(tpm2.AESEncryption(128, tpm2.EncryptOut))", "session, err := o.policy()"},
		}, row: "TPM bus read for secrets"},
		{defence: "the HMAC of an answer", edits: []edit{
			{"tpm/changeauth.go", "\t\tif err := s.Validate(tpm2.TPMRCSuccess, tpm2.TPMCCNVChangeAuth, nil, names, i, &a); err != nil {\n\t\t\treturn err\n\t\t}\n", "\t\t_, _, _ = s, i, a\n"},
		}, test: test{"tpm", "TestForgedAnswerToRekey"}, says: "changed: <nil>"},
		{defence: "the maker's word", edits: []edit{
			{"tpm/attest/claim.go", `Certified: why == ""`, "Certified: true"},
		}, test: test{"tpm/attest", "TestSoftwareChip"}, says: "proven true"},
		{defence: "the certificate's own key", edits: []edit{
			{"tpm/attest/certificate.go", "\tcase !same:\n", "\tcase false && !same:\n"},
		}, test: test{"vault/session", "TestForgedChip"}, says: "a lease that says proven"},
		{defence: "the server's identity", edits: []edit{trust, root, {probe, `if c.trust.pin != "" && c.trust.pin != identity {`, "if false {"}}, row: "server impersonated"},
		{defence: "the server's kind", edits: []edit{
			trust, kind, root,
			{probe, "if c.cfg.Kind == wire.KindTideover {", "if false {"},
			{probe, `if c.cfg.Kind != "" && c.cfg.Kind != m.Kind {`, "if false {"},
			{probe, `case c.trust.pin != "" && !proved && resp.TLS != nil:`, "case false:"},
		}, row: "server made to look like Pleasant"},
		{defence: "the question whom to trust", edits: []edit{trust}, row: "unknown certificate with a piped password"},
		{defence: "the suspension after a restore", edits: []edit{{"vault/server/catalog/restore.go", "\t\t\tstate = store.UserSuspended\n", ""}}, row: "server rolled back to a backup with a leaver"},
		{defence: "the database held against its list", edits: []edit{{"cmd/tideover-server/list.go", "if errors.Is(err, vault.Superseded) {", "if errors.Is(err, vault.Superseded) {\n\t\treturn nil\n\t}\n\tif false {"}}, row: "database put back by hand"},
		{defence: "the machine that is known again", edits: []edit{
			{"vault/server/catalog/same_machine.go", "if !ended(twin.State) {", "if true {"},
		}, test: test{"vault/server", "TestSameMachine"}, says: "under a new key, is approved"},
		{defence: "the signature of orders and lists", edits: []edit{
			{"vault/lease/statement.go", "if !verify(pub, []byte(input), sig) {", "if false && !verify(pub, []byte(input), sig) {"},
		}, test: test{"vault/session", "TestFalseOrders"}, says: "a false order did something"},
	}
}
