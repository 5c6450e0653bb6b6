package cache

import (
	"errors"
	"slices"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// sealer returns what seals and unseals for a record, or ChipMissing or
// NoSecretStore where it cannot be reached. At level A it is an Indexed.
func (s *Store) sealer(r *record) (Sealer, error) {
	switch {
	case r.Level == binding.LevelC && s.opt.Keychain == nil:
		return nil, vault.Fail(vault.NoSecretStore, "no keychain")
	case r.Level == binding.LevelC:
		return keychainSealer{s.opt.Keychain}, nil
	case s.opt.Chip == nil:
		return nil, vault.Fail(vault.ChipMissing, "no chip")
	case r.Slots != nil:
		return s.indexed(*r.Slots)
	}
	return s.opt.Chip, nil
}

// owe adds a generation to those that may have an item in the keychain.
func (st *clientState) owe(generation uint64) {
	if !slices.Contains(st.Keychain, generation) {
		st.Keychain = append(st.Keychain, generation)
		slices.Sort(st.Keychain)
	}
}

// surplus returns the generations whose items open nothing that may be opened:
// all but the current one and that of the file in place.
func (st *clientState) surplus(inPlace uint64) []uint64 {
	var gone []uint64
	for _, n := range st.Keychain {
		current := n == inPlace || st.Current != nil && n == st.Current.Generation
		if !current || n <= st.WipedThrough {
			gone = append(gone, n)
		}
	}
	return gone
}

// tidy deletes the keychain's items that nothing needs any more. The caller has
// the lock, and makes no generation. NoSecretStore if the keychain does not
// answer: the next who takes the lock tries again. FORMAT.md 8.
func (s *Store) tidy() error {
	st, err := s.load()
	if err != nil || len(st.surplus(0)) == 0 {
		return nil //nolint:nilerr // a state that cannot be read is for the caller to report
	}
	inPlace := uint64(0)
	o, err := readOuter(s.path(cacheName), s.limits())
	switch {
	case err == nil:
		inPlace = o.record.Generation
	case !errors.Is(err, vault.NoCache):
		if st.Next != nil { // it may be the file in place, which cannot be read now
			inPlace = st.Next.Generation
		}
	}
	return s.forget(st.Cache, st.surplus(inPlace))
}

// forget deletes the items of generations and takes them off the list.
func (s *Store) forget(id vault.ID, generations []uint64) error {
	if len(generations) == 0 {
		return nil
	}
	if s.opt.Keychain == nil {
		return vault.Fail(vault.NoSecretStore, "no keychain")
	}
	for _, n := range generations {
		if err := s.opt.Keychain.Delete(itemService, itemName(id, n)); err != nil && !errors.Is(err, ErrNoItem) {
			return vault.Fail(vault.NoSecretStore, "%w", err)
		}
	}
	return s.update(func(st *clientState) error {
		st.Keychain = slices.DeleteFunc(st.Keychain, func(n uint64) bool { return slices.Contains(generations, n) })
		return nil
	})
}

// forgetInPlace deletes the item of the file in place, where no client state
// lists it.
func (s *Store) forgetInPlace() error {
	o, err := readOuter(s.path(cacheName), s.limits())
	if err != nil || o.record.Level != binding.LevelC {
		return nil //nolint:nilerr // a file that cannot be read names no item
	}
	if s.opt.Keychain == nil {
		return vault.Fail(vault.NoSecretStore, "no keychain")
	}
	err = s.opt.Keychain.Delete(itemService, itemName(o.record.Cache, o.record.Generation))
	if err != nil && !errors.Is(err, ErrNoItem) {
		return vault.Fail(vault.NoSecretStore, "%w", err)
	}
	return nil
}
