package start

import (
	"errors"

	"github.com/zalando/go-keyring"

	"github.com/tideover/tideover/vault/session"
)

// keychain is the operating system's, as session.Keychain wants it.
type keychain struct{}

// Get returns an item, session.ErrNoItem if there is none.
func (keychain) Get(service, name string) (string, error) {
	text, err := keyring.Get(service, name)
	if errors.Is(err, keyring.ErrNotFound) {
		return "", session.ErrNoItem
	}
	return text, err
}

// Set writes an item.
func (keychain) Set(service, name, value string) error {
	return keyring.Set(service, name, value)
}

// KeychainAnswers reports whether the operating system has a keychain that
// answers. It asks for an item that is not there, and writes nothing.
func KeychainAnswers() bool {
	if !reachable() {
		return false
	}
	_, err := keychain{}.Get("tideover", "is there a keychain")
	return err == nil || errors.Is(err, session.ErrNoItem)
}
