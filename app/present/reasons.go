package present

import "github.com/tideover/tideover/vault/session"

// The rules of the command table. Each returns the key of the reason against a
// command, or nothing.

func first(reasons ...string) string {
	for _, r := range reasons {
		if r != "" {
			return r
		}
	}
	return ""
}

func unless(ok bool, reason string) string {
	if ok {
		return ""
	}
	return reason
}

func isOffline(s *State) bool { return s.Mode == session.Offline }

func idle(s *State) string { return unless(!s.Busy, reasonBusy) }

// opened: there are entries to work with.
func opened(s *State) string {
	switch {
	case s.open():
		return ""
	case s.Locked && (isOffline(s) || s.SignedIn):
		return reasonLocked
	}
	return reasonNotSignedIn
}

// one: exactly one entry is selected, and further says nothing against it.
func one(further func(*State) string) func(*State) string {
	return func(s *State) string {
		r := first(opened(s), unless(s.Selected == 1, reasonSelectOne))
		if r == "" && further != nil {
			r = further(s)
		}
		return r
	}
}

// some: entries are selected, and further says nothing against it.
func some(further func(*State) string) func(*State) string {
	return func(s *State) string {
		return first(opened(s), unless(s.Selected > 0, reasonSelectSome), further(s))
	}
}

func hasURL(s *State) string { return unless(s.HasURL, reasonNoURL) }

func edits(s *State) string { return first(opened(s), idle(s), s.NoEdit) }

// onlineEdits: changes that are no draft that a cache could hold.
func onlineEdits(s *State) string { return first(edits(s), unless(!isOffline(s), reasonOnlineOnly)) }

// duplicateReason: a copy of an entry holds its secrets, so these are read.
func duplicateReason(s *State) string { return first(edits(s), unless(!s.NoReveal, reasonNoReveal)) }

// signInReason: while somebody is offline nobody signs in, and the refusal says
// who it is (PPS-20).
func signInReason(s *State) string { return first(unless(!isOffline(s), reasonSomeone), idle(s)) }

func connectReason(s *State) string {
	if s.Mode == session.Online && s.SignedIn {
		return reasonOnline
	}
	return first(unless(s.User != "", reasonNoAccount), idle(s))
}

// disconnectReason: without a session it takes the cache that is there; edits
// made offline would be lost in a new one, so Connect… lists them first.
func disconnectReason(s *State) string {
	switch {
	case isOffline(s):
		return reasonOffline
	case s.Mode == session.Online: // an ended session asks for the account's password
		return first(unless(s.Drafts == 0, reasonDraftsFirst), idle(s))
	case !s.HasCache:
		return reasonNotSignedIn
	case !s.CacheUsable:
		return reasonUnusable
	}
	return idle(s)
}

// mayWorkOffline: Work Offline is there only for who has a cache, or entries
// that are permitted for offline use (PPS-22, PPS-23).
func mayWorkOffline(s *State) bool { return s.HasCache || s.Offline }

func workOfflineReason(s *State) string {
	switch {
	case isOffline(s):
		return reasonOffline
	case !s.HasCache:
		return reasonNoCache
	case !s.CacheUsable:
		return reasonUnusable
	}
	return idle(s)
}

func withCache(s *State) string { return first(unless(s.HasCache, reasonNoCache), idle(s)) }

// hardwareReason needs an account that the chip may hold something of.
func hardwareReason(s *State) string { return first(unless(s.User != "", reasonNoAccount), idle(s)) }

func signOutReason(s *State) string { return first(unless(s.SignedIn, reasonNotSignedIn), idle(s)) }

func lockReason(s *State) string {
	if s.Locked {
		return reasonLocked
	}
	return unless(s.open(), reasonNothingOpen)
}
