package process

// Discreetly calls f on a stack of its own, which is cleared afterwards: for
// what handles keys and passwords, whose copies libraries leave on the stack,
// such as the states of hash functions. f may use as much stack as it wants, but
// what is beyond the usual is cleared only where Go uses it again. A panic of f
// ends the program.
//
// A stack that Go replaces by a larger or smaller one is not cleared by anybody.
// So this one is as large as it needs to be from the start, and so much of it is
// in use that the garbage collector does not make it smaller.
func Discreetly(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		inUse(stackInUse, f)
	}()
	<-done
}

const (
	frameBytes = 1 << 10
	// stackForWork is what f may use: unlocking a cache takes 20 KiB.
	stackForWork = 80 << 10
	// stackInUse, together with stackForWork, makes Go choose a stack of 128 KiB,
	// and is more than the quarter of it below which the garbage collector makes
	// a stack smaller (runtime/stack.go, shrinkstack).
	stackInUse = 36 << 10
)

// inUse calls f with n bytes of the stack above it.
//
//go:noinline
func inUse(n int, f func()) {
	var frame [frameBytes]byte
	if touch(&frame); n > len(frame) {
		inUse(n-len(frame), f)
	} else {
		clearStack(stackForWork)
		f()
		clearStack(stackForWork)
	}
	touch(&frame) // which keeps it in use until here
}

// clearStack clears the next n bytes of the stack.
//
//go:noinline
func clearStack(n int) {
	var frame [frameBytes]byte
	if touch(&frame); n > len(frame) {
		clearStack(n - len(frame))
	}
	touch(&frame)
}

//go:noinline
func touch(frame *[frameBytes]byte) { clear(frame[:]) }
