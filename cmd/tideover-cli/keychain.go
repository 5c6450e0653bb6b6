package main

import (
	"errors"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/tideover/tideover/vault/session"
)

// systemKeychain is the operating system's, as session.Keychain wants it.
type systemKeychain struct{}

// Get returns an item, session.ErrNoItem if there is none.
func (systemKeychain) Get(service, name string) (string, error) {
	text, err := keyring.Get(service, name)
	if errors.Is(err, keyring.ErrNotFound) {
		return "", session.ErrNoItem
	}
	return text, err
}

// Set writes an item.
func (systemKeychain) Set(service, name, value string) error {
	return keyring.Set(service, name, value)
}

// available reports whether there is a keychain that answers, before anything
// is entrusted to it.
func (k systemKeychain) available() bool {
	if !reachable() {
		return false
	}
	_, err := k.Get("tideover", "is there a keychain")
	return err == nil || errors.Is(err, session.ErrNoItem)
}

// systemClock is the computer's clock.
type systemClock struct{}

// Now returns the time.
func (systemClock) Now() time.Time { return time.Now() }
