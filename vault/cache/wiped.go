package cache

// Gone reports whether the last that happened to the cache was its wiping, also
// where that is not finished yet: nothing that belonged to it is there any more,
// whatever others remember of it. It asks neither the chip nor for the lock.
func (s *Store) Gone() (bool, error) {
	st, err := s.load()
	if err != nil {
		return false, err
	}
	return st.Wipe != nil && st.Current == nil, nil
}
