package tpm

import (
	"context"
	"errors"

	"github.com/google/go-tpm/tpm2/transport/windowstpm"
	"github.com/google/go-tpm/tpmutil/tbs"

	"github.com/tideover/tideover/tpm/binding"
)

// autoDialer reaches the chip through the TPM Base Services, which share it
// between programs as the resource manager does on Linux.
func autoDialer() dialer {
	return func(context.Context) (link, error) {
		chip, err := windowstpm.Open()
		if err != nil { // look at it first: Open returns a chip beside an error
			return nil, deviceError(err)
		}
		return &deviceLink{chip: chip}, nil
	}
}

// deviceDialer has nothing to open: Windows gives chips no path.
func deviceDialer(path string) dialer {
	return func(context.Context) (link, error) {
		return nil, &linkError{binding.ErrUnavailable, errors.New("no TPM devices by path on Windows: " + path)}
	}
}

// deviceError sorts a failure of the TPM Base Services: too many programs at
// once, or not there for us (no chip, service off, command blocked).
func deviceError(err error) *linkError {
	if errors.Is(err, tbs.ErrTooManyTBSContexts) || errors.Is(err, tbs.ErrTooManyResources) ||
		errors.Is(err, tbs.ErrServiceStartPending) {
		return &linkError{binding.ErrBusy, err}
	}
	return &linkError{binding.ErrUnavailable, err}
}
