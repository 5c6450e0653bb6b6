package kdbx

import "github.com/tideover/tideover/vault"

// The three kinds of refusal that do not depend on the key. Details name
// elements, limits and offsets, never values.

func damaged(format string, args ...any) error {
	return vault.Fail(vault.Damaged, format, args...)
}

func hostile(format string, args ...any) error {
	return vault.Fail(vault.Hostile, format, args...)
}

func unsupported(format string, args ...any) error {
	return vault.Fail(vault.Unsupported, format, args...)
}
