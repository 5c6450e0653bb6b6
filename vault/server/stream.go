package server

import (
	"net/http"
	"time"
)

const (
	// flushBytes is when a long answer goes out in part.
	flushBytes = 64 << 10
	// partTimeout is how long a client may take for one part of a long answer.
	partTimeout = time.Minute
)

// stream is a long answer: every part moves the deadline of the connection
// forward, so that only a client that stands still is cut off.
type stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func newStream(w http.ResponseWriter) *stream {
	return &stream{w: w, rc: http.NewResponseController(w)}
}

// Write sends a part.
func (s *stream) Write(b []byte) (int, error) {
	// A writer without deadlines, as in tests, has no slow client either.
	_ = s.rc.SetWriteDeadline(time.Now().Add(partTimeout))
	return s.w.Write(b)
}

// holdBundle takes one of a few places for packages and caches: each costs a
// core while it runs.
func (s *Server) holdBundle(r *http.Request) (release func(), err error) {
	select {
	case s.bundles <- struct{}{}:
		return func() { <-s.bundles }, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}
