// Package client speaks to a password server: to Tideover's own API and, with
// the same methods, to a Pleasant Password Server.
//
// It asks, and gives back what was answered in the words of package vault. It
// does not decide: no retry beyond one, no signing in again, no cache, no mode;
// vault/session does. Shapes and mappings are vault/wire's, signed statements
// vault/lease's.
//
// The invariant it keeps: nothing but the question who the server is leaves
// this machine before its identity is what the caller named, on every
// connection; and no answer makes a call hang, or take more memory than the
// limits say.
package client
