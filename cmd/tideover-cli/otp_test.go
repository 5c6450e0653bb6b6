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
	raw, err := os.ReadFile(args[1])
	ts.Check(err)
	config, err := otp.Parse([]byte(strings.TrimSpace(string(raw))))
	ts.Check(err)
	text, err := config.Code(time.Now())
	ts.Check(err)
	ts.Setenv(args[0], text)
}
