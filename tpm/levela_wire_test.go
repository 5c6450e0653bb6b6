package tpm_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// behind goes on with a Chip behind a proxy.
func (c *copyproof) behind() *proxy {
	c.t.Helper()
	p := newProxy(c.t, c.machine)
	c.attach(open(c.t, p.spec))
	return p
}

// life is every call of level A, from the indices on, in a cache that has them.
func (c *copyproof) life() {
	c.t.Helper()
	c.must(c.chip.Provision(c.t.Context(), c.slots, nil))
	c.must(c.write(binding.PinFail, 0, testTries))
	c.must(c.write(binding.PinPass, 0, testOpens))
	c.must(c.x.Rekey(c.t.Context(), rightAuth, c.permit))
	c.renew()
	if got, err := c.unseal(rightAuth); err != nil || !bytes.Equal(got, secret) {
		c.t.Fatalf("unseal: %q, %v", got, err)
	}
	_, err := c.unseal(wrongAuth)
	wants(c.t, "wrong password", err, binding.ErrWrongAuth)
	if _, err := c.x.Tries(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	for _, k := range c.slots.Indices.Kinds() {
		c.certified(k)
	}
	_, err = c.x.Wipe(c.t.Context(), c.highest)
	c.must(err)
	c.must(c.chip.Remove(c.t.Context(), c.slots.Indices.Handles(), nil))
}

// No password, secret or value of an index crosses the bus in clear, nothing is
// authorised by a password in clear but what has none, and every session has a
// salt that the listener does not know.
func TestBusAtLevelA(t *testing.T) {
	c := planned(t, tpmtest.Start(t), true)
	p := c.behind()
	peak := map[uint32]int{}
	p.on(func(_ []byte, ask func([]byte) []byte) []byte {
		for _, kind := range []uint32{0x80000000, 0x02000000} {
			command := []byte{0x80, 0x01, 0, 0, 0, 22, 0, 0, 0x01, 0x7a, 0, 0, 0, 1}
			command = binary.BigEndian.AppendUint32(command, kind)
			answer := ask(binary.BigEndian.AppendUint32(command, 64))
			peak[kind] = max(peak[kind], int(binary.BigEndian.Uint32(answer[15:])))
		}
		return nil
	}, nil)
	c.life()
	frames := p.seen()
	all := bytes.Join(frames, nil)
	if !bytes.Contains(all, c.use.Object.Public) {
		t.Error("the trace does not even hold the sealed object's public area")
	}
	for name, clear := range map[string][]byte{
		"the machine secret": secret, "the password's value": rightAuth, "the wrong one": wrongAuth,
		"the counter's value": c.slots.CounterAuth, "the opens' value": c.slots.PinPassAuth,
	} {
		if bytes.Contains(all, clear) || bytes.Contains(all, clear[:13]) {
			t.Errorf("%s crosses the bus in clear", name)
		}
	}
	for at := 0; at < len(frames); at += 2 {
		frame := frames[at]
		code := codeOf(frame)
		if code == tpm2.TPMCCStartAuthSession && bytes.Equal(frame[10:14], []byte{0x40, 0, 0, 0x07}) {
			t.Error("a session without salt: who hears it could test guesses at the password that it proves")
		}
		if binary.BigEndian.Uint16(frame) != 0x8002 || code == tpm2.TPMCCCreatePrimary || code == tpm2.TPMCCNVCertify {
			continue
		}
		if bytes.Contains(frame, []byte{0x40, 0x00, 0x00, 0x09, 0x00, 0x00}) {
			t.Errorf("password session in %#x: %x", uint32(code), frame)
		}
	}
	for _, cc := range []tpm2.TPMCC{tpm2.TPMCCNVChangeAuth, tpm2.TPMCCPolicySecret, tpm2.TPMCCNVCertify, tpm2.TPMCCNVUndefineSpace} {
		if p.count(cc) == 0 {
			t.Errorf("no command %#x was seen", uint32(cc))
		}
	}
	if peak[0x80000000] != 2 || peak[0x02000000] != 2 {
		t.Errorf("peak: %d objects, %d sessions, want 2 and 2", peak[0x80000000], peak[0x02000000])
	}
	p.on(nil, nil)
	nothingLoaded(t, c.machine)
}

// Whatever comes back for a command, the call ends with an error or as it
// should, the next one works, and no try is lost beyond those that were made.
func TestMalformedAnswersAtLevelA(t *testing.T) {
	c := provisioned(t, tpmtest.Start(t), false)
	c.must(c.write(binding.PinFail, 0, binding.MaxTries))
	c.renew()
	p := c.behind()
	harm := map[string]func([]byte) []byte{
		"no answer":   func([]byte) []byte { return nil },
		"cut":         func(a []byte) []byte { return resized(a[:max(10, len(a)*2/3)]) },
		"header only": func(a []byte) []byte { return resized(a[:10]) },
		"longer":      func(a []byte) []byte { return resized(append(a, bytes.Repeat([]byte{0xff}, 40)...)) },
		"all ones":    func(a []byte) []byte { return flood(a, 0xff) },
		"all zeros":   func(a []byte) []byte { return flood(a, 0) },
	}
	for name, call := range map[string]func() error{
		"unseal": func() error {
			got, err := c.unseal(rightAuth)
			if (err == nil) != bytes.Equal(got, secret) {
				t.Errorf("unseal gave %q, %v", got, err)
			}
			return err
		},
		"rekey":    func() error { return c.x.Rekey(t.Context(), rightAuth, c.permit) },
		"rehearse": func() error { return c.x.Rehearse(t.Context(), c.use) },
		"counter": func() error {
			at, err := c.x.Counter(t.Context())
			if err == nil && at != c.highest {
				t.Errorf("counter read as %d, is %d", at, c.highest)
			}
			return err
		},
	} {
		p.on(nil, nil)
		c.must(call())
		sequence := map[tpm2.TPMCC]bool{}
		for _, cc := range p.commands {
			sequence[cc] = true
		}
		for cc := range sequence {
			for kind, f := range harm {
				p.on(nil, func(c tpm2.TPMCC, answer []byte) []byte {
					if c == cc {
						return f(answer)
					}
					return answer
				})
				if err := call(); err != nil && cc != tpm2.TPMCCNVReadPublic {
					for _, never := range []error{binding.ErrWrongAuth, binding.ErrOpensEnded} {
						if errors.Is(err, never) {
							t.Errorf("%s, %#x, %s: %v", name, uint32(cc), kind, err)
						}
					}
				}
			}
		}
		p.on(nil, nil)
		c.must(call())
	}
	if got := c.failed(); got != 0 {
		t.Errorf("%d tries are used", got)
	}
	c.opens()
	nothingLoaded(t, c.machine)
}

// Two copies of a client's folder, each with a lock of its own, commit at once:
// the one whose number was passed hears so, and not that it has committed.
func TestCommitThatIsPassed(t *testing.T) {
	c := committed(t, false)
	c.seal()
	p := c.behind()
	other := binary.BigEndian.AppendUint32(nil, c.slots.Indices.Counter)
	other = append(other, other...) // by the counter's value, of the counter
	password := append([]byte{0x40, 0, 0, 9, 0, 0, 0, 0, byte(len(c.slots.CounterAuth))}, c.slots.CounterAuth...)
	other = append(binary.BigEndian.AppendUint32(other, uint32(len(password))), password...)
	other = append([]byte{0x80, 2, 0, 0, 0, byte(10 + len(other)), 0, 0, 0x01, 0x34}, other...)
	p.on(func(command []byte, ask func([]byte) []byte) []byte {
		if codeOf(command) == tpm2.TPMCCNVIncrement {
			if answer := ask(other); binary.BigEndian.Uint32(answer[6:]) != 0 {
				t.Errorf("the other's step: %x", answer)
			}
		}
		return nil
	}, nil)
	wants(t, "commit", c.x.Commit(t.Context(), c.use.Terms.Generation), binding.ErrSuperseded)
	p.on(nil, nil)
	c.refused(binding.ErrSuperseded)
	nothingLoaded(t, c.machine)
}

// A session whose start was garbled cannot be flushed by whoever began it: the
// chip has it under another handle. The call after it makes that good.
func TestGarbledSession(t *testing.T) {
	c := committed(t, false)
	p := c.behind()
	for name, call := range map[string]func() error{
		"of one command": func() error { _, err := c.x.Counter(t.Context()); return err },
		"of a policy":    c.check,
	} {
		p.on(nil, func(cc tpm2.TPMCC, answer []byte) []byte {
			if cc == tpm2.TPMCCStartAuthSession {
				return flood(answer, 0)
			}
			return answer
		})
		if err := call(); err == nil {
			t.Errorf("%s: no error", name)
		}
		p.on(nil, nil)
		c.must(call())
		nothingLoaded(t, c.machine)
	}
}

// An answer to NV_ChangeAuth that was made on the bus is none: the password is
// not taken for changed.
func TestForgedAnswerToRekey(t *testing.T) {
	c := committed(t, false)
	p := c.behind()
	for name, harm := range map[string]func([]byte) []byte{
		"changed": func(a []byte) []byte { a[len(a)-1] ^= 1; return a },
		"swapped": func(a []byte) []byte { a[40] ^= 1; return a },
	} {
		p.on(nil, func(cc tpm2.TPMCC, answer []byte) []byte {
			if cc == tpm2.TPMCCNVChangeAuth {
				return harm(answer)
			}
			return answer
		})
		wants(t, name, c.x.Rekey(t.Context(), rightAuth, c.permit), binding.ErrUnavailable)
	}
	var kept []byte
	p.on(func(command []byte, _ func([]byte) []byte) []byte {
		if codeOf(command) == tpm2.TPMCCNVChangeAuth {
			return kept // never asked
		}
		return nil
	}, nil)
	kept = answerRC(0)
	wants(t, "success without sessions", c.x.Rekey(t.Context(), wrongAuth, c.permit), binding.ErrUnavailable)
	p.on(nil, nil)
	c.opens()
	nothingLoaded(t, c.machine)
}

// An interposer that shows another index than the chip has wins nothing: the
// sessions prove the Name.
func TestSubstitutedIndex(t *testing.T) {
	c := committed(t, false)
	i := c.intrude()
	i.recreate(binding.PinFail, wrongAuth, nil)
	i.leave()
	p := c.behind()
	p.on(nil, func(cc tpm2.TPMCC, answer []byte) []byte {
		if cc != tpm2.TPMCCNVReadPublic {
			return answer
		}
		answer = bytes.Replace(answer, c.slots.Indices.Public(binding.PinFail, false), c.slots.Indices.Public(binding.PinFail, true), 1)
		return bytes.Replace(answer, c.slots.Indices.Name(binding.PinFail, false), c.slots.Indices.Name(binding.PinFail, true), 1)
	})
	for _, auth := range [][]byte{rightAuth, wrongAuth} {
		if got, err := c.unseal(auth); err == nil {
			t.Errorf("opened %q", got)
		}
	}
	p.on(nil, nil)
	nothingLoaded(t, c.machine)
}

// A caller that gives up while the server thinks leaves nothing behind, and
// the chip is free again.
func TestPermitGivenUp(t *testing.T) {
	c := committed(t, false)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := c.x.WritePin(ctx, tpm.PinWrite{Index: binding.PinFail, Limit: testTries, Permit: func(ctx context.Context, r binding.PermitRequest) ([]byte, error) {
		cancel()
		return nil, ctx.Err()
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	nothingLoaded(t, c.machine)
	c.opens()
}

// A rehearsal compares what the chip makes of its steps, so a step that was
// changed on the way is found before the commit.
func TestRehearseFindsChangedSteps(t *testing.T) {
	c := committed(t, true)
	c.seal()
	p := c.behind()
	b := c.use.Approval.Bounds
	later := binding.Bounds{ClockMS: b.ClockMS + hour, Resets: b.Resets + 1}
	for name, swap := range map[string][2][]byte{
		"clock":   {b.ClockOperand(), later.ClockOperand()},
		"resets":  {append([]byte{0, 4}, b.ResetsOperand()...), append([]byte{0, 4}, later.ResetsOperand()...)},
		"command": {{0, 0, 0x01, 0x5e}, {0, 0, 0x01, 0x5d}},
	} {
		p.on(func(command []byte, ask func([]byte) []byte) []byte {
			if cc := codeOf(command); cc != 0x16d && cc != tpm2.TPMCCPolicyCommandCode {
				return nil
			}
			return ask(bytes.Replace(command, swap[0], swap[1], 1))
		}, nil)
		wants(t, name, c.x.Rehearse(t.Context(), c.use), binding.ErrTampered)
	}
	p.on(nil, nil)
	wants(t, "unchanged", c.x.Rehearse(t.Context(), c.use), nil)
	nothingLoaded(t, c.machine)
}
