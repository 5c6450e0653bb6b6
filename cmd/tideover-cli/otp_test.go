package main

import (
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tideover/tideover/vault/otp"
)

// code computes the one-time code of a secret file, as an authenticator does.
func code(ts *testscript.TestScript, _ bool, args []string) {
	raw, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	config, err := otp.Parse([]byte(strings.TrimSpace(string(raw))))
	ts.Check(err)
	at := time.Now()
	if len(args) > 2 { // a code counts once: the one after it
		at = at.Add(config.Period)
	}
	text, err := config.Code(at)
	ts.Check(err)
	ts.Setenv(args[0], text)
}
