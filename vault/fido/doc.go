// Package fido mixes a security key into the key of a cache: a FIDO2
// authenticator with the extension hmac-secret, so that the file, the machine
// and the master password together are not enough. FORMAT.md is its text.
//
// It does not decide who needs a key (vault/policy does), stores nothing and
// knows no cache: vault/cache keeps the Record in its header, asks Unlock for
// the factor before it asks the chip, and lets Mix make the second part of the
// composite key. It imports vault alone; below it stand the keys of this
// computer, behind Device (reports of 64 bytes) or Platform (an operating system
// that keeps keys to itself).
//
// # How a cache calls it
//
//	platform, err := fido.System(fido.Config{})            // once
//	key, err := fido.Enrol(ctx, platform, request, asker)  // adding a key: two touches
//	record, factor, err := fido.Seal(binding, keys)        // every new generation; no key needed
//	der, err := record.Marshal()                           // into the header, tideover.fido
//	secret, err := fido.Mix(binding, machineSecret, factor)
//
//	record, err := fido.ParseRecord(der)                   // opening
//	factor, slot, err := fido.Unlock(ctx, platform, record, asker)
//	secret, err := fido.Mix(record.Binding, machineSecret, factor)
//
// The caller compares record.Binding with the cache and generation of the chip's
// record before Unlock, and takes record.Keys for the next generation only once
// the file has opened.
//
// # Ways to a key
//
//   - Linux: CTAPHID over /dev/hidraw*, written here. libfido2 by dlopen without
//     cgo was weighed: it needs an assembler shim that stands in for the C
//     runtime (purego), a second package on the machine, and parses what a
//     hostile key says in C. What it would spare is two hundred lines. So
//     libfido2 is never needed, and nothing changes if it is there.
//   - Windows: webauthn.dll, since the system lets no ordinary program talk to
//     keys directly. It asks for PIN and touch in windows of its own. API
//     version 4 (Windows 11 22H2) or later, for the salts.
//   - macOS and others: none. IOKit needs cgo, and Apple's own interface hands
//     no hmac-secret to unsigned programs. System says Unsupported.
//
// # Never run
//
// No physical key was at hand, and the kernel here has no uhid: the Linux code
// ran against pseudo terminals and a made-up /sys only, and nothing here has
// met a real hidraw node. The Windows code was compiled and vetted; its
// structures' sizes and offsets are those that a C compiler makes of Microsoft's
// header, and no line of it ever called webauthn.dll. Everything above Device ran against the
// software authenticator in fidotest, which was written from the standard and
// shares no code with this package; Yubico's python-fido2 worked with it as well.
//
// The invariant: nothing that a key says is believed, neither its lengths nor
// its patience, and a wrong output opens nothing.
package fido
