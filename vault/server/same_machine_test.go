package server_test

import (
	"strings"
	"testing"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/wire"
)

// again registers another device on the same chip, which says no root until it is
// asked for proof.
func (l *laptop) again() *laptop { return l.againOn(nil) }

// againOn is again with a storage root.
func (l *laptop) againOn(root []byte) *laptop {
	l.t.Helper()
	other := *l
	ctx := l.t.Context()
	var err error
	other.ak, err = l.chip.NewAttestationKey(ctx)
	must(l.t, err)
	other.newKey()
	other.client, err = client.New(client.Config{URL: l.f.url, Pin: l.f.id.Pin(), ClientID: vault.NewID()})
	must(l.t, err)
	other.signIn()
	d, err := other.client.Register(ctx, wire.DeviceRequest{
		Name: "laptop again", OS: "linux", PublicKey: other.public, Level: binding.LevelA, RootName: root, ClientVersion: "test",
	})
	must(l.t, err)
	other.ID = d.ID
	return &other
}

// TestSameMachine: two devices of one chip are one machine, whatever they say of
// it. The audit tells; the chip of a device that was revoked waits for an
// administrator under its new key.
func TestSameMachine(t *testing.T) { sameMachine(t, newChipFixture(t)) }

func sameMachine(t *testing.T, f *chipFixture) {
	ctx := t.Context()
	l := f.newLaptop(makerOfChips)
	l.attested()
	second := l.again()
	second.attested()
	if d, err := second.client.DeviceState(ctx, second.ID, second); err != nil || d.State != wire.DeviceApproved {
		t.Errorf("a second device on the machine is %s, %v", d.State, err)
	}
	told := f.details(catalog.ActionSameMachine, func(r catalog.AuditRecord) string { return r.Device.String() + " " + r.Target.String() })
	if len(told) != 1 || told[0] != second.ID.String()+" "+l.ID.String() {
		t.Errorf("audit: %q", told)
	}
	second.attested() // once more is no news
	must(t, f.catalog.SetDeviceState(ctx, f.op, l.ID, store.DeviceRevoked, "stolen"))

	third := l.again()
	before := third.seal(vault.NewID(), 1)
	_, err := third.cache(before.request, third)
	must(t, err) // nothing is known of the chip yet
	third.attested()
	if d, err := third.client.DeviceState(ctx, third.ID, third); err != nil || d.State != wire.DevicePending {
		t.Errorf("the chip of a revoked device, under a new key, is %s, %v", d.State, err)
	}
	_, err = third.client.RenewLease(ctx, third.ID, wire.LeaseRequest{Cache: before.request.Cache, Generation: 1}, third.present())
	refuses(t, "a lease for it", err, vault.ApprovalPending)
	if got := strings.Join(third.alarms(), " "); got != "returned" {
		t.Errorf("alarms: %q", got)
	}
	must(t, f.catalog.SetDeviceState(ctx, f.op, third.ID, store.DeviceApproved, "found"))
	third.attested()
	if d, err := third.client.DeviceState(ctx, third.ID, third); err != nil || d.State != wire.DeviceApproved {
		t.Errorf("after the administrator's word it is %s, %v", d.State, err)
	}
}

// TestLostProof: a device whose chip nobody vouches for any more gets no lease
// where the policy demands proof, and its cache lives on until the end of its
// lease.
func TestLostProof(t *testing.T) {
	f := newChipFixture(t)
	ctx := t.Context()
	l := f.newLaptop(makerOfChips)
	l.attested()
	must(t, f.catalog.Set(ctx, f.op, "require_proven", "on"))
	s := l.seal(vault.NewID(), 1)
	_, err := l.cache(s.request, l.proving(s))
	must(t, err)
	renew := func() error {
		_, err := l.client.RenewLease(ctx, l.ID, wire.LeaseRequest{Cache: s.request.Cache, Generation: 1}, l.present())
		return err
	}
	must(t, renew())
	l.ek.Certificates = [][]byte{newMaker(t).certify(t, l.ek.Public, makerOfChips)}
	l.attested()
	refuses(t, "a lease after the proof is lost", renew(), vault.LevelTooLow)
	next := l.seal(s.request.Cache, 2)
	_, err = l.cache(next.request, l.proving(next))
	refuses(t, "a cache after it", err, vault.LevelTooLow)
	if text := err.Error(); !strings.Contains(text, "require_proven") || !strings.Contains(text, "unknown_root") {
		t.Errorf("it says %q", text)
	}
	run := f.want(200, request{method: "GET", path: "/api/tideover/v1/offline?device=" + l.ID.String(), as: "alice"})
	if !strings.Contains(string(run.body), "require_proven") {
		t.Errorf("dry run: %s", run.body)
	}
}

// TestApprovalBeforeAttestation: what the administrators knew when they approved a
// device does not make it wait once more when its chip shows the same; what they
// could not know does.
func TestApprovalBeforeAttestation(t *testing.T) {
	f := newChipFixture(t)
	l := f.newLaptop(makerOfChips)
	l.attested()
	must(t, f.catalog.SetDeviceState(t.Context(), f.op, l.ID, store.DeviceRevoked, "stolen"))
	stands := func(what string, l *laptop, want wire.DeviceState) {
		t.Helper()
		if d, err := l.client.DeviceState(t.Context(), l.ID, l); err != nil || d.State != want {
			t.Errorf("%s it is %s, %v, want %s", what, d.State, err, want)
		}
	}
	approve := func(l *laptop) {
		t.Helper()
		must(t, f.catalog.SetDeviceState(t.Context(), f.op, l.ID, store.DeviceApproved, "found"))
	}

	told := l.againOn(l.ak.Root)
	stands("on the root of a revoked device", told, wire.DevicePending)
	approve(told)
	told.attested()
	stands("approved for what it is", told, wire.DeviceApproved)
	if got := strings.Join(told.alarms(), " "); got != "returned" {
		t.Errorf("alarms: %q", got)
	}

	must(t, f.catalog.Set(t.Context(), f.op, "auto_approve", "off"))
	hidden := l.again()
	stands("new", hidden, wire.DevicePending)
	approve(hidden)
	hidden.attested()
	stands("approved as a new machine, which it is not,", hidden, wire.DevicePending)

	// Approved for what it is, but another device of the machine ended since.
	late := l.againOn(l.ak.Root)
	approve(late)
	must(t, f.catalog.SetDeviceState(t.Context(), f.op, told.ID, store.DeviceRevoked, "stolen again"))
	late.attested()
	stands("approved before the machine was stolen again", late, wire.DevicePending)

	// The same where a known device says later on which machine it is.
	moved := l.againOn(rootName())
	approve(moved)
	_, err := moved.client.Register(t.Context(), wire.DeviceRequest{
		Name: "laptop again", OS: "linux", PublicKey: moved.public, Level: binding.LevelA, RootName: l.ak.Root, ClientVersion: "test",
	})
	must(t, err)
	stands("moved to the root of a revoked device", moved, wire.DevicePending)
	approve(moved)
	moved.attested()
	stands("approved where it has moved", moved, wire.DeviceApproved)
}
