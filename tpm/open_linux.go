package tpm

import (
	"context"
	"errors"
	"syscall"

	"github.com/google/go-tpm/tpm2/transport/linuxtpm"

	"github.com/tideover/tideover/tpm/binding"
)

// autoDevice is the kernel's resource manager. /dev/tpm0 is never tried: it is
// one client's alone, and what that client leaves behind stays in the chip.
const autoDevice = "/dev/tpmrm0"

// autoDialer reaches the chip that the system offers.
func autoDialer() dialer { return deviceDialer(autoDevice) }

// deviceDialer reaches a character device.
func deviceDialer(path string) dialer {
	return func(context.Context) (link, error) {
		chip, err := linuxtpm.Open(path)
		if err != nil {
			return nil, deviceError(err)
		}
		return &deviceLink{chip: chip}, nil
	}
}

// deviceError sorts a failure of the driver: in use, or not there for us
// (no chip, no right, no answer).
func deviceError(err error) *linkError {
	if errors.Is(err, syscall.EBUSY) {
		return &linkError{binding.ErrBusy, err}
	}
	return &linkError{binding.ErrUnavailable, err}
}
