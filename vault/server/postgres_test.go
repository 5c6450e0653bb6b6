package server_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/tideover/tideover/vault/server/store/storetest"
)

// postgres is one server for all tests here: starting one takes seconds.
var postgres storetest.Shared

func TestMain(m *testing.M) {
	code := m.Run()
	if err := postgres.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// TestChipsOnPostgres: what chips have proved, permits and indices, where writers
// do not wait for each other.
func TestChipsOnPostgres(t *testing.T) {
	for name, run := range map[string]func(*testing.T, *chipFixture){
		"level A": levelA, "unused permit": unusedPermit, "same machine": sameMachine, "cloned": cloned,
	} {
		t.Run(name, func(t *testing.T) {
			run(t, chipFixtureOf(newFixtureOn(t, t.TempDir(), postgres.Fresh(t))))
		})
	}
}
