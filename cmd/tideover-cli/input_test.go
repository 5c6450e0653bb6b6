package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
)

func TestSecretsComeInTheFixedOrder(t *testing.T) {
	in := strings.NewReader("account\nmaster\r\n123456\nfirst \nsecond\nls /\n")
	got, err := readSecrets(in, secretFlags{named: []string{"a", "b"}, otp: true, master: true, password: true})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{
		got.password.Text(), got.master.Text(), got.otp.Text(), got.named[0].Text(), got.named[1].Text(),
	}
	if diff := cmp.Diff([]string{"account", "master", "123456", "first ", "second"}, texts); diff != "" {
		t.Error(diff)
	}
	rest, err := io.ReadAll(in)
	if err != nil || string(rest) != "ls /\n" {
		t.Errorf("left in the input: %q, %v", rest, err)
	}
}

func TestSecretLines(t *testing.T) {
	long := strings.Repeat("x", maxLineBytes)
	tests := []struct {
		name, in, want string
		bad            bool
	}{
		{"line feed", "secret\n", "secret", false},
		{"carriage return and line feed", "secret\r\n", "secret", false},
		{"no end of line", "secret", "secret", false},
		{"a lone carriage return at the end stays", "noeol\r", "noeol\r", false},
		{"only one end is cut", "secret\r\r\n", "secret\r", false},
		{"spaces stay", " secret \t\n", " secret \t", false},
		{"decomposed becomes composed", "u\u0308ber\n", "\u00fcber", false},
		{"64 KiB", long + "\n", long, false},
		{"64 KiB and CRLF", long + "\r\n", long, false},
		{"a byte more", long + "x\n", "", true},
		{"endless", strings.Repeat("x", 1<<20), "", true},
		{"empty line", "\n", "", true},
		{"empty line with carriage return", "\r\n", "", true},
		{"early end", "", "", true},
		{"not UTF-8", "\xff\xfe\n", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readSecrets(strings.NewReader(tt.in), secretFlags{master: true})
			if tt.bad {
				if !errors.Is(err, vault.Usage) {
					t.Errorf("%v, want a usage problem", err)
				}
				return
			}
			if err != nil || got.master.Text() != tt.want {
				t.Errorf("got %d bytes, %v", got.master.Len(), err)
			}
		})
	}
}

func TestSecretReadErrorIsNotUsage(t *testing.T) {
	_, err := readSecrets(iotest.ErrReader(io.ErrClosedPipe), secretFlags{master: true})
	if !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, vault.Usage) {
		t.Error(err)
	}
}
