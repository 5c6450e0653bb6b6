//go:build !linux && !windows

package tpm

import (
	"context"
	"errors"

	"github.com/tideover/tideover/tpm/binding"
)

// autoDialer finds nothing: this system has no TPM that we can reach.
func autoDialer() dialer { return deviceDialer("auto") }

// deviceDialer has nothing to open.
func deviceDialer(path string) dialer {
	return func(context.Context) (link, error) {
		return nil, deviceError(errors.New("no TPM devices on this system: " + path))
	}
}

// deviceError wraps err.
func deviceError(err error) *linkError { return &linkError{binding.ErrUnavailable, err} }
