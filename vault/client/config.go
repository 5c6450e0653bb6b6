package client

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// Config says which server, and how patient to be. Zero durations and limits
// take their defaults.
type Config struct {
	// URL is https://HOST[:PORT][/PATH]; http:// only to a loopback address.
	URL string
	// Pin is the SHA-256 of the identity's SubjectPublicKeyInfo, 64 hex digits:
	// no connection is used whose chain does not hold that key. Empty: none.
	Pin string
	// CAFile is a PEM file of the only certificates to trust. Empty: the
	// system's.
	CAFile string
	// Kind is what the server was last time; empty: not known. A server of
	// another kind is another server: IdentityChanged.
	Kind wire.Kind
	// ClientID names this installation to the server; zero: a fixed one.
	ClientID vault.ID

	// Wait is the longest silence until an answer begins; DefaultWait.
	Wait time.Duration
	// LongWait is Wait for the answers that a server has to prepare: trees,
	// packages and caches; DefaultLongWait.
	LongWait time.Duration
	// Idle is the longest silence inside an answer; DefaultIdle.
	Idle time.Duration
	// Limits bound trees, packages and streams; wire.DefaultLimits.
	Limits wire.Limits
	// Dial opens connections; nil: TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Defaults of Config.
const (
	// DefaultWait is when Work Offline is offered in place of waiting.
	DefaultWait = 3 * time.Second
	// DefaultLongWait: a real Pleasant server took 76 s for 10,000 entries.
	// That it is there at all is asked first, with DefaultWait.
	DefaultLongWait = 3 * time.Minute
	// DefaultIdle bears a mobile network that changes its cell.
	DefaultIdle = 30 * time.Second
)

// defaultClientID names this program to servers that ask for a GUID. It says
// nothing about the machine.
const defaultClientID = "5b0e6a94-2f4e-4c58-8d7a-d1f1c3a0b7e2"

// Client talks to one server. It is safe for concurrent use.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client
	// streams has connections of its own for what stays open: in the buffers of
	// the others lies what was read last, until UseToken closes them.
	streams *http.Client
	trust   *trust

	mu    sync.Mutex
	token vault.Secret
	known *met
	// version is that of the Pleasant API, 0 until it was asked for.
	version int
	// factor is the second factor that the server has asked a user for.
	factor factor
}

// met is a server that has said who it is.
type met struct {
	wire.Identity
	keys lease.KeySet
}

// New returns a client. It opens no connection. A URL, pin or file that cannot
// be used is a Usage problem.
func New(cfg Config) (*Client, error) {
	base, err := parseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	t := &trust{pin: strings.ToLower(cfg.Pin), host: base.Hostname()}
	if raw, err := hex.DecodeString(t.pin); err != nil || len(raw) != 0 && len(raw) != 32 {
		return nil, vault.Fail(vault.Usage, "the pin is not 64 hex digits")
	}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, vault.Fail(vault.Usage, "trusted certificates: %w", err)
		}
		t.roots, t.own = x509.NewCertPool(), true
		if !t.roots.AppendCertsFromPEM(pem) {
			return nil, vault.Fail(vault.Usage, "no certificate in %s", cfg.CAFile)
		}
	}
	if cfg.ClientID.IsZero() {
		cfg.ClientID, _ = vault.ParseID(defaultClientID) // a constant
	}
	setDefault(&cfg.Wait, DefaultWait)
	setDefault(&cfg.LongWait, DefaultLongWait)
	setDefault(&cfg.Idle, DefaultIdle)
	if cfg.Limits == (wire.Limits{}) {
		cfg.Limits = wire.DefaultLimits()
	}
	c := &Client{cfg: cfg, base: base, trust: t}
	c.http, c.streams = newHTTPClient(cfg, t, base), newHTTPClient(cfg, t, base)
	return c, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// Close forgets the token and closes idle connections.
func (c *Client) Close() {
	c.UseToken(vault.Secret{})
	c.streams.CloseIdleConnections()
}

// parseURL checks what a person typed.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case err != nil:
		return nil, vault.Fail(vault.Usage, "%q is no address of a server", text)
	case u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, vault.Fail(vault.Usage, "%q is no address of a server", u.Redacted())
	case u.Scheme == "http" && isLoopback(u.Hostname()):
	case u.Scheme == "http":
		return nil, vault.Fail(vault.Usage, "http:// is for this machine only; use https://%s", u.Host)
	case u.Scheme != "https":
		return nil, vault.Fail(vault.Usage, "the address has to begin with https://")
	}
	return u, nil
}

// isLoopback reports whether a host means this machine. That "localhost" leads
// here is checked once more when the connection is opened.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
