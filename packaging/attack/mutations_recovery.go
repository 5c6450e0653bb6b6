//go:build linux && amd64

package main

func withoutRecovery() []mutation {
	return []mutation{
		{defence: "the second administrator", edits: []edit{
			{"vault/server/catalog/release.go", "case row.AskedBy == a.by.user:", "case false:"},
		}, test: test{"vault/server/catalog", "TestRelease"}, says: "the same administrator: <nil>"},
		{defence: "the root's word on a recovery key", edits: []edit{
			{"vault/lease/keys.go", "if !verify(root, k.message(), sig) {", "if false && !verify(root, k.message(), sig) {"},
		}, test: test{"vault/lease", "TestSubKeysRefused"}, says: "another use: <nil>"},
		{defence: "the word to the person before", edits: []edit{
			{"vault/session/recovery.go", "if e.pub == nil || !e.told ||", "if e.pub == nil ||"},
		}, test: test{"vault/session", "TestNoRecovery"}, says: "nobody was told: escrowed"},
		{defence: "what a wrapping is bound to", edits: []edit{
			{"vault/escrow/escrow.go", "return append(aad, b.User[:]...)", "return nil"},
		}, test: test{"vault/escrow", "TestElsewhere"}, says: "device: <nil>"},
		{defence: "no wrapping past a security key", edits: []edit{
			{"vault/cache/escrow.go", "case p.NeedsKeys():", "case false:"},
		}, test: test{"vault/cache", "TestNoEscrowPastASecurityKey"}, says: "escrowed 113 bytes"},
		{defence: "the wrapping that goes with its device", edits: []edit{
			{"vault/server/catalog/recovery.go", "if kind != lease.OrderRevoke && kind != lease.OrderWipe && kind != lease.OrderKill {", "if kind != \"\" {"},
		}, test: test{"vault/server/catalog", "TestRevokedDeviceHasNone"}, says: "kept [1]"},
	}
}
