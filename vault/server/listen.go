package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of one connection. A client that needs longer for its headers, or
// that keeps an idle connection for ever, costs others theirs.
const (
	readHeaderTimeout = 10 * time.Second
	// readTimeout leaves an attachment of 64 MiB two minutes: 6 Mbit/s.
	readTimeout = 2 * time.Minute
	// writeTimeout is per answer; streams move it forward with every part.
	writeTimeout   = time.Minute
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
	// shutdownTimeout is how long answers under way may take after SIGTERM.
	shutdownTimeout = 15 * time.Second
)

// ErrPlainHTTP says that plain HTTP was asked for on an address that others
// can reach.
var ErrPlainHTTP = errors.New("plain HTTP is served on loopback addresses only")

// CheckPlainHTTP returns ErrPlainHTTP unless the listener's address is
// loopback. It judges the address that is really bound, not its spelling.
func CheckPlainHTTP(l net.Listener) error {
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok || !addr.IP.IsLoopback() {
		return fmt.Errorf("%w, not on %s", ErrPlainHTTP, l.Addr())
	}
	return nil
}

// Listen says what answers on a listener, and how.
type Listen struct {
	Handler http.Handler
	TLS     *tls.Config  // nil: plain HTTP, on loopback only
	Log     *slog.Logger // nil: nothing is logged
}

// Serve answers on the listener until the context ends, then lets the answers
// under way finish. The listener is closed in every case.
func Serve(ctx context.Context, l net.Listener, how Listen) error {
	if how.Log == nil {
		how.Log = slog.New(slog.DiscardHandler)
	}
	if how.TLS == nil {
		if err := CheckPlainHTTP(l); err != nil {
			_ = l.Close() // the refusal says more
			return err
		}
	} else {
		config := how.TLS.Clone()
		config.NextProtos = []string{"h2", "http/1.1"}
		l = tls.NewListener(l, config)
	}
	web := &http.Server{
		Handler:           how.Handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(how.Log.Handler(), slog.LevelDebug), // handshakes that scanners break off
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	done := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { done <- shutDown(web) })
	defer stop()
	if err := web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	return <-done
}

// shutDown lets the answers under way finish, for a while.
func shutDown(web *http.Server) error {
	deadline, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := web.Shutdown(deadline); err != nil {
		return errors.Join(fmt.Errorf("answers cut off at shutdown: %w", err), web.Close())
	}
	return nil
}
