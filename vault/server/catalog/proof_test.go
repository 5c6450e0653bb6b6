package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// putChip keeps what a chip has proved, as an attestation leaves it.
func (s *server) putChip(d store.Device, ek string, proven, virtual bool) {
	s.t.Helper()
	s.must(s.db.Update(ctx, func(tx store.Tx) error {
		return tx.PutChip(ctx, store.Chip{
			Device: d.ID, EKName: []byte(ek), Identity: []byte("{}"), Proven: proven, Virtual: virtual,
			Created: s.clock(), Seen: store.Sighting{At: s.clock()},
		})
	}))
}

// What the policy demands proof of is refused to a device without: in the dry
// run, at the cache, and when a lease is renewed after the proof is lost.
func TestDemandsProof(t *testing.T) {
	for _, c := range []struct{ key, value string }{{"min_level", "A"}, {"allow_virtual", "off"}, {"require_proven", "on"}} {
		t.Run(c.key, func(t *testing.T) {
			s := newServer(t)
			ann := s.user("ann")
			s.entry("/Web/one")
			s.grant("ann", "/Web", "Read-Only + Offline", time.Time{})
			n := catalog.NewDevice{Name: "pc", PublicKey: newKey(t), Level: "A", RootName: []byte("root")}
			d, err := s.RegisterDevice(ctx, ann, n)
			s.must(err)
			proven, unproven := catalog.Presented{Known: true, Proven: true}, catalog.Presented{Known: true, Why: "unknown_root"}
			ask := func(cache vault.ID, generation uint64, level policy.Binding, chip catalog.Presented) error {
				r := request(d, cache, generation)
				r.Level, r.Chip = level, chip
				_, err := s.Package(ctx, ann, r)
				return err
			}
			cache := vault.NewID()
			if err := ask(cache, 1, "B", unproven); err != nil {
				t.Errorf("a lower level on the device's word: %v", err)
			}
			p, err := s.Package(ctx, ann, func() catalog.PackageRequest {
				r := request(d, cache, 2)
				r.Chip = proven
				return r
			}())
			s.must(err)
			_, err = s.IssueLease(ctx, p, "k", [32]byte{1}, sign)
			s.must(err)

			s.must(s.Set(ctx, s.op, c.key, c.value))
			level := policy.Binding("B")
			if c.key == "min_level" {
				level = "A"
			}
			says := func(what string, err error, want ...string) {
				t.Helper()
				if cause(err) != vault.LevelTooLow {
					t.Errorf("%s: %v", what, err)
					return
				}
				for _, part := range append(want, c.key) {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%s: %q is not in %q", what, part, err)
					}
				}
			}
			says("nothing shown", ask(vault.NewID(), 1, level, catalog.Presented{}), "has shown nothing")
			says("unknown maker", ask(vault.NewID(), 1, level, unproven), "unknown_root")
			if c.key != "min_level" {
				if err := ask(vault.NewID(), 1, level, proven); err != nil {
					t.Errorf("a proven device: %v", err)
				}
				renew := func(chip catalog.Presented) error {
					_, err := s.RenewLease(ctx, catalog.Renewal{Device: d.ID, Cache: cache, Generation: 2, Chip: chip}, "k", sign)
					return err
				}
				s.must(renew(proven))
				says("a lease after the proof is lost", renew(unproven), "unknown_root")
			}

			dry := func() (string, string) {
				t.Helper()
				run, err := s.DryRunOn(ctx, ann, d.ID)
				s.must(err)
				return string(run.Entries[0].Decision.Reason), run.Entries[0].Decision.Detail
			}
			if reason, detail := dry(); reason != string(policy.LevelTooLow) || !strings.Contains(detail, c.key) || !strings.Contains(detail, "has shown nothing") {
				t.Errorf("dry run without a chip: %s, %s", reason, detail)
			}
			s.putChip(d, "ek", false, false)
			if reason, detail := dry(); reason != string(policy.LevelTooLow) || !strings.Contains(detail, "no maker") {
				t.Errorf("dry run of an unproven chip: %s, %s", reason, detail)
			}
			s.putChip(d, "ek", true, false)
			if reason, _ := dry(); reason != "" {
				t.Errorf("dry run of a proven chip: %s", reason)
			}
		})
	}
}

// A setting that no device can meet is told where settings are listed, and in a
// dry run before there is a device.
func TestUnmetSettings(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	s.entry("/Web/one")
	s.grant("ann", "/Web", "Read-Only + Offline", time.Time{})
	unmet := func() (keys []string) {
		t.Helper()
		list, err := s.Settings(ctx, s.op)
		s.must(err)
		for _, one := range list {
			if one.Unmet != "" {
				keys = append(keys, one.Key)
			}
		}
		return keys
	}
	if got := unmet(); got != nil {
		t.Errorf("as delivered: %v", got)
	}
	s.must(s.Set(ctx, s.op, "allow_virtual", "off"))
	s.must(s.Set(ctx, s.op, "require_proven", "on"))
	s.must(s.NoteMakers(ctx)) // it knows none
	s.must(s.NoteMakers(ctx))
	if got := strings.Join(unmet(), " "); got != "allow_virtual require_proven" {
		t.Errorf("unmet: %s", got)
	}
	run, err := s.DryRun(ctx, ann, vault.ID{})
	s.must(err)
	if run.Cached != 0 || !strings.Contains(run.Entries[0].Decision.Detail, "--tpm-roots") {
		t.Errorf("dry run: %+v", run.Entries)
	}
	if me, err := s.Me(ctx, ann); err != nil || me.OfflineEntries != 0 {
		t.Errorf("%d entries offline, %v", me.OfflineEntries, err)
	}
	conf := s.config()
	conf.Attest = attest.New(attest.Config{})
	knowing, err := catalog.Open(ctx, conf)
	s.must(err)
	s.must(knowing.NoteMakers(ctx))
	s.wait(time.Second)
	if got := unmet(); got != nil {
		t.Errorf("with makers: %v", got)
	}
}

// sign stands for the server's signature.
func sign(lease.Lease) (string, error) { return "token", nil }

// A machine whose device was revoked does not come back by another key, also
// where new devices work at once; an administrator decides.
func TestReturnedMachine(t *testing.T) { returnedMachine(t, newServer(t)) }

func returnedMachine(t *testing.T, s *server) {
	ann, bob := s.user("ann"), s.user("bob")
	register := func(by *catalog.Caller, root string) store.Device {
		t.Helper()
		d, err := s.RegisterDevice(ctx, by, catalog.NewDevice{Name: "pc", PublicKey: newKey(t), Level: "B", RootName: []byte(root)})
		s.must(err)
		return d
	}
	first := register(ann, "root 1")
	if other := register(bob, "root 1"); other.State != store.DeviceApproved {
		t.Errorf("a second account on the machine: state %d", other.State)
	}
	s.must(s.SetDeviceState(ctx, s.op, first.ID, store.DeviceRevoked, "stolen"))
	again := register(ann, "root 1")
	if again.State != store.DevicePending || !strings.Contains(again.Why, "revoked") {
		t.Errorf("the machine again: state %d, %s", again.State, again.Why)
	}
	if elsewhere := register(ann, "root 2"); elsewhere.State != store.DeviceApproved {
		t.Errorf("another machine: state %d", elsewhere.State)
	}
	if plain := register(ann, ""); plain.State != store.DeviceApproved {
		t.Errorf("without a TPM: state %d", plain.State)
	}
	if got := s.records(catalog.AuditQuery{Action: catalog.ActionDeviceAlarm}); len(got) != 1 || got[0].Outcome != "returned" || got[0].Device != again.ID {
		t.Errorf("alarms: %+v", got)
	}
	s.must(s.SetDeviceState(ctx, s.op, again.ID, store.DeviceApproved, "found"))
	// One that says so of itself later on waits as well.
	n := catalog.NewDevice{Name: "pc", PublicKey: newKey(t), Level: "B", RootName: []byte("root 3")}
	_, err := s.RegisterDevice(ctx, bob, n)
	s.must(err)
	n.RootName = []byte("root 1")
	if d, err := s.RegisterDevice(ctx, bob, n); err != nil || d.State != store.DevicePending {
		t.Errorf("with another root: state %d, %v", d.State, err)
	}
}
