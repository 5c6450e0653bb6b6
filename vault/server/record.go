package server

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"time"
)

// recorder remembers what was answered, for the log.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// newRequestID returns 16 hex digits that find a request in the log. It is
// ours: one from the client could forge log lines.
func newRequestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (Go 1.24)
	return hex.EncodeToString(b[:])
}

// logRequest writes one line for a request. It names the route, never the
// path, query, headers or body: those may hold what a client sent by mistake.
func (s *Server) logRequest(r *http.Request, w *recorder, c *call, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case w.status >= 500:
		level = slog.LevelError
	case c.route != nil && c.route.Proof == Anyone && c.route.Path == healthPath:
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("request", c.requestID),
		slog.String("method", knownMethod(r.Method)),
		slog.String("route", c.routeName()),
		slog.Int("status", w.status),
		slog.Int64("bytes", w.bytes),
		slog.Duration("took", took),
		slog.String("peer", peer(r)),
	}
	if c.err != nil {
		attrs = append(attrs, slog.String("error", c.err.Error()))
	}
	s.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// knownMethod keeps invented methods out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
