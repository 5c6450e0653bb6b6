//go:build linux && amd64

package main

// mutations are the defences that one can take out of the sources, and the
// attack that each of them stops. What is stopped by several is stopped by none
// of them alone, and all of those go.
func mutations() []mutation {
	const examine = "vault/cache/examine.go"
	older := edit{examine, "if st.Current != nil && r.Generation < st.Current.Generation {", "if false {"}
	wiped := edit{examine, "if r.Generation <= st.WipedThrough {", "if false {"}
	sum := edit{examine, "if k != nil && k.SHA256 != f.sha256 {", "if false {"}
	mac := edit{"vault/kdbx/read.go", "if !hmac.Equal(keys.headerMAC(h.raw), sum[:]) {", "if false && !hmac.Equal(keys.headerMAC(h.raw), sum[:]) {"}
	journal := edit{"vault/cache/journal.go", "_, err = j.Append(e)\n\treturn err\n", "return nil\n"}
	kept := edit{"cmd/tideover-cli/program.go", "r.KeepTries = keptTries", "r.KeepTries = 0"}
	within := edit{examine, "f.tries = f.tries.Within(int(f.policy.Tries))", ""}
	trust := edit{"vault/client/trust.go", "\tif len(chain) == 0 {\n", "\tif true {\n\t\treturn nil\n\t}\n\tif len(chain) == 0 {\n"}
	kind := edit{"vault/session/signin.go", "if known != nil && known.Kind != id.Kind {", "if false {"}
	root := edit{"vault/session/signin.go", "if known != nil && !given && known.Root != met.Root {", "if false {"}
	const probe = "vault/client/probe.go"
	below := []string{"-level", "B"} // at level A the chip refuses as well
	return []mutation{
		{defence: "the current generation in the client state", edits: []edit{older, {"vault/cache/import.go", "case st.Current == nil || f.record.Generation != st.Current.Generation:", "case false:"}}, row: "older copy of the file put back", more: below},
		{defence: "the mark of a wipe, after clearing", edits: []edit{wiped}, row: "copy from before clear put back", more: below},
		{defence: "the mark of a wipe, after an order", edits: []edit{wiped}, row: "copy from before revoke put back", more: below},
		{defence: "the mark of a wipe, for a file half made", edits: []edit{wiped}, row: "copied .new put back after a wipe", more: below},
		{defence: "the mark of a wipe, without the file", edits: []edit{wiped}, row: "wipe order with the cache file moved away", more: below},
		{defence: "the file's sum, bytes", edits: []edit{sum}, row: "byte flipped, cache"},
		{defence: "the file's sum, lengths", edits: []edit{sum}, row: "length cut, cache"},
		{defence: "the header's HMAC, bytes", edits: []edit{mac}, row: "byte flipped, client state made to match", more: []string{"-samples", "400", "-level", "B"}},
		{defence: "the header's HMAC, parts", edits: []edit{mac}, row: "record or lease swapped, client state made to match", more: below},
		{defence: "who the file was made for", edits: []edit{
			sum,
			{examine, "if r.Cache != st.Cache {", "if false {"},
			{examine, "if k != nil && k.Device != r.Device {", "if false {"},
		}, row: "files swapped between two caches", more: below},
		{defence: "the floor of leases", edits: []edit{{examine, "if st.Floor.below(l) {", "if false {"}}, row: "sidecar edited, shortened, older, taken away"},
		{defence: "the computer's clock", edits: []edit{{"vault/lease/term.go", "case spent(server), spent(wall):", "case false:"}}, row: "clock forward, back, frozen, forward once then back"},
		{defence: "the tries that a script leaves", edits: []edit{kept, within}, row: "guessing through the program", more: below},
		{defence: "our half of the lockout", edits: []edit{kept, within, {"tpm/lockout.go", "half := l.max / 2", "half := l.max"}}, row: "guessing against copies, level B"},
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
		{defence: "the question before drafts are dropped", edits: []edit{{"vault/session/connect.go", "case len(drafts) > 0:\n\t\treturn result,", "case false:\n\t\treturn result,"}}, row: "overlay edits reaching the server"},
		{defence: "the lock", edits: []edit{{"vault/cache/lock_unix.go", "return errLocked", "return nil"}}, row: "two clients on one cache"},
		{defence: "the journal before the secret, full disk", edits: []edit{journal}, test: test{"vault/cache", "TestFullDisk"}},
		{defence: "the file's mode", edits: []edit{{"vault/cache/disk.go", "os.O_WRONLY, 0o600)", "os.O_WRONLY, 0o644)"}}, row: "local user: files, sockets, arguments, memory"},
		{defence: "the mark before the files go", edits: []edit{{"vault/cache/wipe.go", "\tif err := s.markWiped(why); err != nil {\n", "\tif err := errors.Join(s.remove(s.wipeList()...), s.markWiped(why)); err != nil {\n"}}, row: "program killed", more: []string{"-brief=false", "-kills", "60", "-level", "B"}},

		{defence: "the lease's signature", edits: []edit{{"vault/lease/keys.go", "return ecdsa.Verify(", "return true || ecdsa.Verify("}}, test: test{"vault/lease", "TestEveryByteFlipped"}},
		{defence: "what the lease is for", edits: []edit{{examine, "\t\tif !c.ok {\n", "\t\tif false {\n"}}, test: test{"vault/cache", "TestLeaseForSomethingElse"}},
		{defence: "the client state's one form", edits: []edit{{"vault/cache/clientstate.go", "d.DisallowUnknownFields()", ""}}, test: test{"vault/cache", "TestClientStateDamaged"}},
	}
}
