package binding

import "errors"

// What a chip answers, in our words. Package tpm translates the chip's codes
// and wraps these with the name of the step; ask with errors.Is.
var (
	// ErrWrongAuth: the password is wrong. At level B it has cost a try of the
	// chip's shared lockout. Never repeat the call by yourself.
	ErrWrongAuth = errors.New("wrong authorisation value")
	// ErrLockedOut: no try is left now; the right password is refused as well.
	ErrLockedOut = errors.New("chip is locked out")
	// ErrOtherMachine: the object was made by another chip, or this chip was cleared.
	ErrOtherMachine = errors.New("object belongs to another chip")
	// ErrClockEnded: the chip's clock has passed the bound of the lease.
	ErrClockEnded = errors.New("chip clock is past the bound")
	// ErrBootsEnded: the chip has been reset as often as the lease allows.
	ErrBootsEnded = errors.New("chip was reset too often")
	// ErrSuperseded: the approval or the chip's counter is of another generation.
	ErrSuperseded = errors.New("another generation is valid")
	// ErrOpensEnded: the budget of opens is used up; level A with PIN_PASS.
	ErrOpensEnded = errors.New("no opens are left")
	// ErrTampered: object, terms and approval do not belong together, or a signature is false.
	ErrTampered = errors.New("object, terms or approval were changed")
	// ErrUnavailable: there is no chip, no right to use it, or no answer from it.
	ErrUnavailable = errors.New("no usable chip")
	// ErrBusy: the chip is in use or needs time; the same call may succeed later.
	ErrBusy = errors.New("chip is busy")
	// ErrNoIndices: the chip has not the NV indices of this cache: never
	// provisioned, deleted, or not yet written with the server's permit.
	ErrNoIndices = errors.New("chip lacks the NV indices of the cache")
	// ErrIndexTaken: something else of somebody else's has a handle that was planned.
	ErrIndexTaken = errors.New("NV handle is in use")
	// ErrNoSpace: the chip's NV memory is full. Level B needs none.
	ErrNoSpace = errors.New("chip has no room for NV indices")
	// ErrOwnerAuth: only the chip's owner may do this. He has another password
	// than the one given, which is none by default, or the system lets nobody but
	// an administrator ask. Ask for the password, or have an administrator do it.
	ErrOwnerAuth = errors.New("authorisation of the chip's owner is needed")
	// ErrEndorsement: the chip's endorsement hierarchy, which proves whose make it
	// is, is closed to this user: it has a password, is switched off, or the
	// system keeps it for administrators. Everything but proving works all the same.
	ErrEndorsement = errors.New("endorsement hierarchy is closed to this user")
)
