package start

import (
	"errors"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

// keychain is the operating system's. The session keeps its key there, and
// caches of level C have their items there.
type keychain struct{}

var (
	_ session.SecretStore = keychain{}
	_ cache.SecretStore   = keychain{}
)

var (
	errLocked = errors.New("the keychain is locked")
	errSilent = errors.New("the keychain does not answer")
)

// Get returns an item, session.ErrNoItem if there is none.
func (keychain) Get(service, name string) (string, error) {
	var text string
	err := ask(func() (err error) {
		text, err = keyring.Get(service, name)
		return err
	})
	if err != nil {
		return "", err // and not what may still come
	}
	return text, nil
}

// Set writes an item.
func (keychain) Set(service, name, value string) error {
	return ask(func() error { return keyring.Set(service, name, value) })
}

// Delete deletes an item, session.ErrNoItem if there is none.
func (keychain) Delete(service, name string) error {
	return ask(func() error { return keyring.Delete(service, name) })
}

// ask calls the keychain unless it is locked: unlocking may ask the person, who
// may be nowhere near, and the library waits for the answer for ever.
func ask(call func() error) error {
	done := make(chan error, 1)
	go func() {
		err := unlocked()
		if err == nil {
			err = call()
		}
		done <- err
	}()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case err := <-done:
		if errors.Is(err, keyring.ErrNotFound) {
			return session.ErrNoItem
		}
		return err
	case <-limit.C:
		return errSilent
	}
}

// probe asks for an item that is not there, and writes nothing.
func probe() error {
	if !reachable() {
		return errSilent
	}
	_, err := keychain{}.Get("tideover", "is there a keychain")
	if errors.Is(err, session.ErrNoItem) {
		return nil
	}
	return err
}

// KeychainAnswers reports whether the operating system has a keychain that
// answers now. It writes nothing.
func KeychainAnswers() bool { return probe() == nil }

// keychainIsThere reports whether there is one, be it locked: the person may
// unlock it while the program runs.
func keychainIsThere() bool {
	err := probe()
	return err == nil || errors.Is(err, errLocked)
}
