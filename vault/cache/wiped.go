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

// wipeOwed reports a wipe that is not finished: files are left, or the chip has
// not been told.
func (st *clientState) wipeOwed() bool {
	return st.Wipe != nil && st.Wipe.Pending || st.Indices != nil && st.Indices.Kill
}
