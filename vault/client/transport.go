package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"syscall"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// newHTTPClient returns a client that follows no redirects and goes through no
// connection that trust has not accepted.
func newHTTPClient(cfg Config, t *trust, base *url.URL) *http.Client {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         cfg.Dial,
		TLSClientConfig:     t.tlsConfig(),
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     time.Minute,
		TLSHandshakeTimeout: cfg.Wait,
		// A header of this size is no header; the standard library's limit is 10 MB.
		MaxResponseHeaderBytes: 64 << 10,
	}
	if base.Scheme == "http" {
		transport.Proxy = nil // what is for this machine does not leave it
	}
	if cfg.Dial == nil {
		dialer := &net.Dialer{Timeout: cfg.Wait}
		if base.Scheme == "http" {
			dialer.Control = loopbackOnly
		}
		transport.DialContext = dialer.DialContext
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// loopbackOnly refuses addresses that are not of this machine, whatever
// "localhost" resolves to here.
func loopbackOnly(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return vault.Fail(vault.Usage, "%s is not an address of this machine", address)
	}
	return nil
}

// request is one question to the server.
type request struct {
	method string
	path   string // from the base on; already escaped
	accept string // empty: JSON
	header http.Header
	body   []byte // wiped afterwards
	form   bool   // the body is a form, otherwise JSON
	// secret closes the connection afterwards: values lie in its buffers, which
	// nobody else can clear.
	secret bool
	// anonymous leaves the token out.
	anonymous bool
	long      bool // wait for cfg.LongWait
	bulk      bool // a large answer or upload; long ones are too
	stream    bool // an answer that goes on until somebody has enough of it
}

// How long a whole request may take, so that a server which sends a byte now
// and then does not hold a call for ever.
const (
	total     = 2 * time.Minute
	totalBulk = time.Hour // DefaultLimits.Bytes at 2.4 Mbit/s
)

// errSilent ends a request on which nothing has moved for too long.
var errSilent = errors.New("the server is silent")

// do sends the request and returns the answer as soon as its header is there.
// The caller closes the body; reading it is watched too. Errors are problems,
// or ctx's own.
func (c *Client) do(ctx context.Context, r request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := newWatch(cancel, c.cfg, r)
	upload := &payload{bytes: r.body, watch: w}
	resp, err := c.send(ctx, r, upload)
	w.answered()
	upload.finish()
	if err != nil {
		err = c.explain(ctx, err)
		w.end()
		return nil, err
	}
	resp.Body = &watchedBody{ReadCloser: resp.Body, watch: w, explain: func(err error) error { return c.explain(ctx, err) }}
	return resp, nil
}

func (c *Client) send(ctx context.Context, r request, upload *payload) (*http.Response, error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { upload.watch.sent() },
	})
	var token string
	if !r.anonymous {
		var err error
		if token, err = c.bearer(); err != nil {
			return nil, err
		}
	}
	var body io.Reader
	if r.body != nil {
		body = upload.open()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base.String()+r.path, body)
	if err != nil {
		return nil, err
	}
	if r.body != nil {
		req.ContentLength = int64(len(r.body))
		req.GetBody = func() (io.ReadCloser, error) { return upload.open(), nil }
		req.Header.Set("Content-Type", "application/json")
		if r.form {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	req.Header.Set("Accept", "application/json")
	if r.accept != "" {
		req.Header.Set("Accept", r.accept)
	}
	// Some builds of the Pleasant server answer 500 without it.
	req.Header.Set(wire.HeaderClientID, c.cfg.ClientID.String())
	if token != "" {
		req.Header.Set("Authorization", token)
	}
	req.Close = r.secret
	if r.stream {
		return c.streams.Do(req)
	}
	return c.http.Do(req)
}

// bearer returns the value of the Authorization header. It is a string because
// net/http wants one; it lives as long as the request.
func (c *Client) bearer() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token.IsEmpty() {
		return "", vault.NotSignedIn
	}
	return "Bearer " + c.token.Text(), nil
}

// explain turns an error of the transport into a problem. The caller's own
// cancellation stays what it is.
func (c *Client) explain(ctx context.Context, err error) error {
	var problem *vault.Problem
	var cause vault.Cause
	switch {
	case errors.As(err, &problem):
		return problem // without the request's address around it
	case errors.As(err, &cause):
		return err
	case errors.Is(context.Cause(ctx), errSilent):
		return &vault.Problem{Cause: vault.Unreachable, Detail: c.base.Host + " does not answer", Err: errSilent}
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case isNetwork(err):
		return &vault.Problem{Cause: vault.Unreachable, Detail: c.base.Host, Err: err}
	}
	return &vault.Problem{Cause: vault.BadAnswer, Detail: c.base.Host + " does not speak HTTP as a password server does", Err: err}
}

// isNetwork reports whether the way to the server failed, rather than what
// came from it.
func isNetwork(err error) bool {
	var record tls.RecordHeaderError
	var alert tls.AlertError
	if errors.As(err, &record) || errors.As(err, &alert) {
		return false
	}
	var wrapper *url.Error // it is a net.Error itself, whatever it wraps
	if errors.As(err, &wrapper) {
		err = wrapper.Err
	}
	var network net.Error
	var number syscall.Errno
	return errors.As(err, &network) || errors.As(err, &number) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}
