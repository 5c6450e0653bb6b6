package tpm

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// property reads one of the chip's properties.
func (o *operation) property(p tpm2.TPMPT) (uint32, error) {
	values, err := o.properties(p, 1)
	if err != nil {
		return 0, err
	}
	return values[0], nil
}

// properties reads n properties from first on; an absent one is an error.
func (o *operation) properties(first tpm2.TPMPT, n int) ([]uint32, error) {
	r, err := run(o, stepCapability, tpm2.GetCapability{
		Capability: tpm2.TPMCapTPMProperties, Property: uint32(first), PropertyCount: uint32(n),
	})
	if err != nil {
		return nil, err
	}
	list, err := r.CapabilityData.Data.TPMProperties()
	if err != nil {
		return nil, &failure{stepCapability, err}
	}
	values := make([]uint32, n)
	for i := range values {
		want := first + tpm2.TPMPT(i)
		at := slices.IndexFunc(list.TPMProperty, func(p tpm2.TPMSTaggedProperty) bool { return p.Property == want })
		if at < 0 {
			return nil, &failure{stepCapability, fmt.Errorf("no property %#x", uint32(want))}
		}
		values[i] = list.TPMProperty[at].Value
	}
	return values, nil
}

// Machine measures the chip: what level it can bear here and now, who made
// it, and the Name of its storage root. With a pin that the chip does not
// meet, RootName is of the root that is there instead, so that the caller can
// say "another machine"; Seal, Check and Unseal refuse. Level A is measured with
// the NV indices of a cache: Indexed.Machine. The answer is as little
// authenticated as the one of Clock.
func (c *Chip) Machine(ctx context.Context) (binding.Machine, error) {
	return c.machine(ctx, nil)
}

// HasRoot reports whether the chip has the storage root of that Name (34 bytes, from
// Machine.RootName), at its persistent handle or by its template; a handle that
// another program provisioned since does no harm. No call is pinned to it.
func (c *Chip) HasRoot(ctx context.Context, name []byte) (bool, error) {
	if len(name) != binding.NameSize {
		return false, fmt.Errorf("find root: a Name has %d bytes, not %d", binding.NameSize, len(name))
	}
	has, pin := false, knownRoot(name)
	err := c.do(ctx, job{"find root", &pin, func(o *operation) error {
		err := o.findRoot()
		has = err == nil && bytes.Equal(o.root.name.Buffer, name)
		return err
	}})
	return has, err
}

// machine is Machine; higher, if any, may raise the level with what else it knows.
func (c *Chip) machine(ctx context.Context, higher func(*operation, *binding.Machine) error) (binding.Machine, error) {
	var m binding.Machine
	err := c.do(ctx, job{"measure chip", &c.cache, func(o *operation) error {
		m = binding.Machine{Virtual: c.explicit}
		fixed, err := o.properties(tpm2.TPMPTManufacturer, 8)
		if err != nil {
			return err
		}
		m.Manufacturer = chipText(fixed[0])
		m.Firmware = fmt.Sprintf("%d.%d.%d.%d", fixed[6]>>16, fixed[6]&0xffff, fixed[7]>>16, fixed[7]&0xffff)
		m.Virtual = m.Virtual || makesVirtual(m.Manufacturer)
		if err := o.findRoot(); err != nil {
			return err
		}
		m.RootName = slices.Clone(o.root.name.Buffer)
		if err := o.measureLevel(&m); err != nil || higher == nil {
			return err
		}
		return higher(o, &m)
	}})
	if err != nil {
		return binding.Machine{}, err
	}
	return m, nil
}

// chipText is the four characters of a property without the padding.
func chipText(v uint32) string {
	return strings.TrimRight(string([]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), "\x00 ")
}

// makesVirtual reports whether software chips come from this maker: swtpm
// (IBM), Hyper-V (MSFT), VMware, Google and Amazon. Microsoft makes Pluton as
// well and is counted with the virtual ones: a level must not be promised too
// high. (TCG Vendor ID Registry.)
func makesVirtual(manufacturer string) bool {
	return slices.Contains([]string{"IBM", "MSFT", "VMW", "GOOG", "AMZN"}, manufacturer)
}

// neededCommands are what levels B and B0 are made of. All but the first three
// are optional somewhere.
func neededCommands() []tpm2.TPMCC {
	return []tpm2.TPMCC{
		tpm2.TPMCCCreate, tpm2.TPMCCLoad, tpm2.TPMCCUnseal, tpm2.TPMCCLoadExternal, tpm2.TPMCCVerifySignature,
		tpm2.TPMCCPolicyAuthorize, tpm2.TPMCCPolicyCommandCode, tpm2.TPMCCPolicyAuthValue, ccPolicyCounterTimer,
		tpm2.TPMCCReadClock,
	}
}

// blockedCommands are the words for commands that the chip lacks.
func blockedCommands(missing []tpm2.TPMCC) []string {
	var blocked []string
	for _, cc := range missing {
		blocked = append(blocked, fmt.Sprintf("%s%#x", binding.BlockedCommand, uint32(cc)))
	}
	return blocked
}

// measureLevel says how far the chip's commands and lockout settings go.
// Level A needs NV indices of a cache, which Indexed has.
func (o *operation) measureLevel(m *binding.Machine) error {
	missing, err := o.missingCommands(neededCommands())
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		m.Level, m.BlockedBy = binding.LevelNone, blockedCommands(missing)
		return nil
	}
	lock, err := o.lockout()
	if err != nil {
		return err
	}
	m.Level, m.BlockedBy = binding.LevelB, []string{binding.BlockedIndices}
	if lock.ownerAuth {
		m.BlockedBy = append(m.BlockedBy, binding.BlockedOwner)
	}
	if weak := lock.weakness(); weak != "" {
		m.Level, m.BlockedBy = binding.LevelB0, append(m.BlockedBy, weak)
	}
	return nil
}

// missingCommands asks the chip for its list of commands, and returns what is
// not in it of the needed ones.
func (o *operation) missingCommands(needed []tpm2.TPMCC) ([]tpm2.TPMCC, error) {
	missing := needed
	next := uint32(0)
	for {
		r, err := run(o, stepCapability, tpm2.GetCapability{
			Capability: tpm2.TPMCapCommands, Property: next, PropertyCount: 256,
		})
		if err != nil {
			return nil, err
		}
		list, err := r.CapabilityData.Data.Command()
		if err != nil {
			return nil, &failure{stepCapability, err}
		}
		for _, c := range list.CommandAttributes {
			if !c.V {
				missing = slices.DeleteFunc(missing, func(cc tpm2.TPMCC) bool { return cc == tpm2.TPMCC(c.CommandIndex) })
			}
			next = max(next, uint32(c.CommandIndex)+1)
		}
		// A chip that says "more" and sends none would never end this.
		if !r.MoreData || len(list.CommandAttributes) == 0 {
			return missing, nil
		}
	}
}

// Clock reads the chip's own time. The answer is not authenticated: somebody
// on the bus can forge it, as he can forge every refusal, but not an unsealing.
func (c *Chip) Clock(ctx context.Context) (binding.Clock, error) {
	var clock binding.Clock
	err := c.do(ctx, job{"read clock", nil, func(o *operation) error {
		r, err := run(o, stepClock, tpm2.ReadClock{})
		if err != nil {
			return err
		}
		i := r.CurrentTime.ClockInfo
		clock = binding.Clock{MS: i.Clock, Resets: i.ResetCount, Restarts: i.RestartCount, Safe: bool(i.Safe)}
		return nil
	}})
	return clock, err
}
