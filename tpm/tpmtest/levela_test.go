package tpmtest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// A provisioned machine bears level A, with the tries and opens asked for.
func TestProvision(t *testing.T) {
	server, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x, slots := tpmtest.Provision(t, tpmtest.Start(t).Open(t), tpmtest.Cache{
		Server: server, Cache: [16]byte{7}, Auth: []byte("made of a password"), Tries: 10, Opens: 30,
	})
	if m, err := x.Machine(t.Context()); err != nil || m.Level != binding.LevelA || slots.Indices.Cache != [16]byte{7} {
		t.Errorf("%+v, %v", m, err)
	}
	if tries, err := x.Tries(t.Context()); err != nil || tries.Left != 10 {
		t.Errorf("%+v, %v", tries, err)
	}
	if opens, err := x.Opens(t.Context()); err != nil || opens.Limit != 30 {
		t.Errorf("%+v, %v", opens, err)
	}
}
