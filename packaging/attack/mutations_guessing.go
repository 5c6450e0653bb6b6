//go:build linux && amd64

package main

func withoutTime() []mutation {
	const policy, run = "tpm/binding/policy.go", "tpm/policy.go"
	return []mutation{
		{defence: "the computer's clock", edits: []edit{
			{"vault/lease/term.go", "case spent(server), spent(wall):", "case false:"},
		}, row: "clock forward, back, frozen, forward once then back"},
		{defence: "the computer's clock, where all is blocked", edits: []edit{
			{"vault/lease/term.go", "case spent(server), spent(wall):", "case false:"},
		}, test: test{"vault/session", "TestBlockedGovernance"}, says: "State:usable"},
		{defence: "the bound on resets", edits: []edit{
			{policy, "\tp.extend(ccPolicyCounterTimer, comparison(b.ResetsOperand(), OffsetResets, eoUnsignedLT))\n", ""},
			{run, "\t_, err := run(o, stepBootsBound,", "\treturn nil\n\t_, err := run(o, stepBootsBound,"},
			{"vault/lease/term.go", "byBoots := f.Clock != nil && t.Bounds.Resets > 0 && f.Clock.Resets >= t.Bounds.Resets", "byBoots := false"},
		}, row: "power cuts of the TPM"},
		{defence: "the bound on the chip's clock", edits: []edit{
			{policy, "\tp.extend(ccPolicyCounterTimer, comparison(b.ClockOperand(), OffsetClock, eoUnsignedLT))\n", ""},
			{run, "\tif _, err := run(o, stepClockBound, policyCounterTimer{session, b.ClockOperand(), binding.OffsetClock}); err != nil {\n\t\treturn err\n\t}\n", ""},
		}, test: test{"tpm", "TestLeaseEndsAndIsRenewed"}, says: "unseal gave "},
	}
}

// uncounted makes pin_fail an index that asks for its password and counts
// nothing.
func uncounted() []edit {
	return []edit{
		{"tpm/binding/index.go", "pinFailAttributes uint32 = 0x02020088", "pinFailAttributes uint32 = 0x02060008"},
		{"tpm/indexed.go", "\tif err != nil || !binds {\n", "\tif err != nil || binds || !binds {\n"}, // a session can be bound to it, too
	}
}

func withoutGuessing() []mutation {
	const index = "tpm/binding/index.go"
	kept := edit{"cmd/tideover-cli/program.go", "r.KeepTries = keptTries", "r.KeepTries = 0"}
	within := edit{examine, "f.tries = f.tries.Within(int(f.policy.Tries))", ""}
	return []mutation{
		{defence: "the tries that a script leaves", edits: []edit{kept, within}, row: "guessing through the program", more: below()},
		{defence: "the chip's count of wrong passwords", edits: uncounted(), row: "guessing past the program, to the stop"},
		{defence: "the chip's count of wrong passwords, copies", edits: uncounted(), row: "guessing against copies"},
		{defence: "our half of the lockout", edits: []edit{kept, within, {"tpm/lockout.go", "half := l.max / 2", "half := l.max"}}, row: "guessing against copies, level B"},
		{defence: "the machine secret in the key", edits: []edit{
			{"vault/cache/derive.go", "\th.Write(secret)\n", ""},
		}, test: test{"vault/cache", "TestOpensInKeePassXC"}, says: "without the key file: "},
		{defence: "the security key's factor in the key", edits: []edit{
			{"vault/cache/factor.go", "if r.Factor == nil {\n\t\treturn c.memory.Move(secret), nil", "if r != nil {\n\t\treturn c.memory.Move(secret), nil"},
		}, test: test{"vault/cache", "TestEverythingButTheKey"}, says: "with the chip's secret alone: <nil>"},
		{defence: "the object without a password", edits: []edit{
			{"tpm/levela.go", "o.createUnder(template, nil, secret)", "o.createUnder(template, []byte(\"made of the password\"), secret)"},
		}, test: test{"tpm", "TestSessionBoundToTheObject"}, says: "the object has an authValue"},
		{defence: "the index that only the server lets be read", edits: []edit{
			{index, "pinFailAttributes uint32 = 0x02020088", "pinFailAttributes uint32 = 0x020a0088"},
			{index, "x.signedBranch(x.rekeyRef(), ccNVChangeAuth),\n", "x.signedBranch(x.rekeyRef(), ccNVChangeAuth),\n\t\t\tcommandBranch(ccNVRead),\n"},
		}, test: test{"tpm", "TestNoOracleForThePassword"}, says: "read by a policy session with the command"},
		{defence: "the generation in the use of a PIN index", edits: []edit{
			{"tpm/binding/terms.go", "{ return t.ref(\"tideover/use\") }", "{ t.Generation = 0; return t.ref(\"tideover/use\") }"},
		}, test: test{"tpm", "TestStrayTickets"}, says: "a ticket of generation"},
	}
}

func withoutPermits() []mutation {
	const permit, rules = "tpm/binding/permit.go", "vault/server/catalog/permits.go"
	waited := edit{rules, "if !in.spent(last, a.now) {", "if false {"}
	return []mutation{
		{defence: "the Name in a permit", edits: []edit{
			{permit, "if r.Kind == PermitRekey {\n\t\treturn nil\n", "if r.Kind != \"\" {\n\t\treturn nil\n"},
		}, test: test{"tpm", "TestFirstWriteIsOnce"}, says: "first write of a written index: <nil>"},
		{defence: "the reading after a write", edits: []edit{
			{"tpm/binding/reading.go", "Shows(p PermitRequest) error {\n", "Shows(p PermitRequest) error {\n\treturn nil\n"},
		}, test: test{"tpm", "TestPermitWithAnotherSessionAttribute"}, says: "the server's look: <nil>"},
		{defence: "the nonce in a permit", edits: []edit{
			{permit, "b := append([]byte(nil), r.Nonce...)", "b := []byte(nil)"},
			{"tpm/permit.go", "\t\t\tNonceTPM:      tpm2.TPM2BNonce{Buffer: r.Nonce},\n", ""},
		}, test: test{"tpm", "TestPermitIsForOneSession"}, says: "without a nonce: <nil>"},
		{defence: "the life of a permit", edits: []edit{
			{permit, "const PermitSeconds = int32(PermitLife / time.Second)", "const PermitSeconds = int32(0)"},
		}, test: test{"tpm", "TestPermitRunsOut"}, says: "none: <nil>"},
		{defence: "the ration of new tries", edits: []edit{
			{rules, "if len(recent) >= most && r.Kind != binding.PermitFirstWrite {", "if false {"},
			waited,
		}, row: "reset loop with a stolen account password"},
		{defence: "the wait for the permit before", edits: []edit{waited}, test: test{"vault/server", "TestUnusedPermit"}, says: "new tries beside those that may wait: <nil>"},
	}
}
