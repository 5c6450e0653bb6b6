package wire

import (
	"encoding/json"
	"time"

	"github.com/tideover/tideover/vault"
)

// recordType reads the opening of a record and its first member, "t".
func (s *scanner) recordType() string {
	if !s.open('{') || !s.member() || string(s.name) != "t" {
		s.fail()
		return ""
	}
	return s.text()
}

func (s *scanner) facts(f *Facts) {
	if !s.open('{') {
		return
	}
	for s.member() {
		switch string(s.name) {
		case "modify":
			f.Modify = s.boolean()
		case "view_contents":
			f.ViewContents = s.boolean()
		case "view_password":
			f.ViewPassword = s.boolean()
		case "view_otp":
			f.ViewOTP = s.boolean()
		case "modify_otp":
			f.ModifyOTP = s.boolean()
		case "comment_view_password":
			f.CommentViewPassword = s.boolean()
		case "comment_view_offline":
			f.CommentViewOffline = s.boolean()
		case "comment_modify":
			f.CommentModify = s.boolean()
		case "comment_move":
			f.CommentMove = s.boolean()
		case "offline":
			offline := s.boolean()
			f.Offline = &offline
		case "offline_reason":
			f.OfflineReason = s.text()
		default:
			s.skip(maxDepth)
		}
	}
}

func (s *scanner) times(t *vault.Times) {
	if !s.open('{') {
		return
	}
	for s.member() {
		switch string(s.name) {
		case "created":
			t.Created = s.time()
		case "modified":
			t.Modified = s.time()
		case "accessed":
			t.Accessed = s.time()
		case "location_changed":
			t.LocationChanged = s.time()
		case "expiry":
			t.Expiry = s.time()
		case "expires":
			t.Expires = s.boolean()
		case "usage_count":
			t.UsageCount = s.uint(64)
		default:
			s.skip(maxDepth)
		}
	}
}

// streamError reads the error record of a server that gave up.
func streamError(s *scanner) error {
	for s.member() {
		if string(s.name) != "error" {
			s.skip(maxDepth)
			continue
		}
		start := s.i
		s.skip(maxDepth)
		var e Error
		if s.err != nil || json.Unmarshal(s.b[start:s.i], &e) != nil {
			return badAnswer("a malformed error record")
		}
		return e.Problem()
	}
	return badAnswer("a malformed error record")
}

func (s *scanner) tristate() vault.Tristate {
	switch s.text() {
	case "yes":
		return vault.Yes
	case "no":
		return vault.No
	}
	s.fail()
	return vault.Inherit
}

// id reads a GUID of 36 characters without making a string of it.
func (s *scanner) id() vault.ID {
	var id vault.ID
	if s.peek() != '"' || len(s.b)-s.i < 38 || s.b[s.i+37] != '"' {
		s.fail()
		return id
	}
	if err := parseID(&id, s.b[s.i+1:s.i+37]); err != nil {
		s.stop(err)
	}
	s.i += 38
	s.sep = true
	return id
}

// time reads an RFC 3339 time.
func (s *scanner) time() time.Time {
	var t time.Time
	if s.peek() != '"' {
		s.fail()
		return t
	}
	end := closing(s.b, s.i+1)
	if end < 0 {
		s.fail()
		return t
	}
	if err := t.UnmarshalText(s.b[s.i+1 : end]); err != nil {
		s.fail()
		return time.Time{}
	}
	s.i = end + 1
	s.sep = true
	return t.UTC()
}
