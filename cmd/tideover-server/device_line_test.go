package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// TestDeviceLine: what a device says of its chip and what that has proved are
// told apart; software stays virtual whoever says so.
func TestDeviceLine(t *testing.T) {
	d := store.Device{ID: vault.NewID(), State: store.DeviceApproved, Level: "A"}
	virtual := d
	virtual.Virtual = true
	chips := func(c catalog.Chip) map[vault.ID]catalog.Chip { return map[vault.ID]catalog.Chip{d.ID: c} }
	type shown struct {
		Attested, Proven bool
		Word             string
	}
	for _, tt := range []struct {
		name   string
		device store.Device
		chips  map[vault.ID]catalog.Chip
		want   shown
	}{
		{"its own word", d, nil, shown{false, false, "unproven"}},
		{"its own word of software", virtual, nil, shown{false, false, "unproven, virtual"}},
		{"proven", d, chips(catalog.Chip{Proven: true, EKName: []byte{0, 11}}), shown{true, true, "proven"}},
		{"proven software", d, chips(catalog.Chip{Proven: true, Virtual: true}), shown{true, true, "proven, virtual"}},
		{"proven, and software by its own word", virtual, chips(catalog.Chip{Proven: true}), shown{true, true, "proven, virtual"}},
		{"of an unknown maker", d, chips(catalog.Chip{Why: "unknown_root"}), shown{true, false, "unproven"}},
	} {
		l := newDeviceLine(tt.device, "alice", tt.chips)
		if diff := cmp.Diff(tt.want, shown{l.Attested, l.Proven, chipWord(l)}); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if l.Attested != (l.Chip != nil) || (l.WhyNotProven != nil) != (tt.name == "of an unknown maker") {
			t.Errorf("%s: %+v", tt.name, l)
		}
	}
}
