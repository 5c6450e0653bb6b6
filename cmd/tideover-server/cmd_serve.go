package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
)

// defaultListen is loopback: a server that is to be reached says so.
const defaultListen = "127.0.0.1:10001"

type serveFlags struct {
	listen, governance string
	governanceURL      string
	tlsCert, tlsKey    string
	plain              bool
}

func newServe(c *console) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer clients until SIGTERM",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (f.tlsCert == "") != (f.tlsKey == "") {
				return vault.Fail(vault.Usage, "--tls-cert and --tls-key belong together")
			}
			if u, err := url.Parse(f.governanceURL); f.governanceURL != "" && (err != nil || u.Scheme != "https" || u.Hostname() == "") {
				return vault.Fail(vault.Usage, "--governance-url is no https:// address")
			}
			if f.plain && f.tlsCert != "" {
				return vault.Fail(vault.Usage, "--plain-http and --tls-cert exclude each other")
			}
			return c.do(cmd.Context(), "serve", func(ctx context.Context, s *site, _ *catalog.Caller) error {
				return c.serve(ctx, s, f)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", defaultListen, "`address` to listen on")
	flags.StringVar(&f.governance, "governance-listen", "", "second `address` for devices alone: orders, proofs, journals, nothing of the vault")
	flags.StringVar(&f.governanceURL, "governance-url", "", "`URL` of that listener as clients reach it, where it is not its address")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "certificate chain in PEM in place of one under the server's identity")
	flags.StringVar(&f.tlsKey, "tls-key", "", "its private key in PEM")
	flags.StringVar(&c.rootsFile, "tpm-roots", "", "PEM `file` with the certificates of makers of TPMs; a device is proven only if one of them vouches for its chip")
	flags.BoolVar(&f.plain, "plain-http", false, "no TLS; loopback addresses only")
	return cmd
}

// listening is what serve and demo print once clients can connect.
type listening struct {
	Ready  bool   `json:"ready"`
	URL    string `json:"url"`
	Pin    string `json:"pin"`
	CAFile string `json:"ca_file"`
	Data   string `json:"data"`
}

func (c *console) serve(ctx context.Context, s *site, f serveFlags) error {
	running, err := c.start(ctx, s, f)
	if err != nil {
		return err
	}
	shown := struct {
		listening
		GovernanceURL *string `json:"governance_url"`
	}{running.listening, running.governance}
	err = c.print(shown, func(w io.Writer) {
		line(w, "ready:\ttrue\nurl:\t%s\npin:\t%s\nca_file:\t%s\ndata:\t%s", running.URL, running.Pin, running.CAFile, running.Data)
		if running.governance != nil {
			line(w, "governance_url:\t%s", *running.governance)
		}
	})
	if err != nil {
		return errors.Join(err, running.stop())
	}
	return running.wait()
}

// running is a server that answers. Every one must be waited for.
type running struct {
	listening
	governance *string // URL of the listener for devices; nil: there is none
	group      *errgroup.Group
	cancel     context.CancelFunc
}

func (r *running) wait() error {
	defer r.cancel()
	return r.group.Wait()
}

// stop ends the server before its time.
func (r *running) stop() error {
	r.cancel()
	return r.group.Wait()
}

// start listens and answers in the background until ctx ends.
func (c *console) start(ctx context.Context, s *site, f serveFlags) (*running, error) {
	id, err := server.OpenIdentity(s.dir, time.Now())
	if err != nil {
		return nil, err
	}
	if err := server.MakeKeys(ctx, id, s.catalog); err != nil {
		return nil, err
	}
	if err := s.checkList(ctx, id); err != nil {
		return nil, err
	}
	if err := s.catalog.NoteMakers(ctx); err != nil {
		return nil, err
	}
	config, scheme, err := tlsConfig(id, f)
	if err != nil {
		return nil, err
	}
	l, err := listen(ctx, f.listen, f.plain)
	if err != nil {
		return nil, err
	}
	gl, there, err := listenGovernance(ctx, f, scheme)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	srv, err := server.New(ctx, server.Config{
		Identity: id, Catalog: s.catalog, Version: version(), Log: c.log(), Words: pageWords,
		Governance: there, ListPath: s.listPath(),
	})
	if err != nil {
		return nil, errors.Join(err, closeAll(l, gl))
	}
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	r := &running{group: group, cancel: cancel, listening: listening{
		Ready: true, URL: scheme + "://" + l.Addr().String(), Pin: id.Pin(),
		CAFile: filepath.Join(s.dir, server.CAFile), Data: s.dir,
	}}
	group.Go(func() error { return server.Serve(ctx, l, server.Listen{Handler: srv, TLS: config, Log: c.log()}) })
	group.Go(func() error { return srv.Upkeep(ctx) })
	group.Go(func() error { return s.maintain(ctx, c.log()) })
	if gl != nil {
		address := scheme + "://" + gl.Addr().String()
		r.governance = &address
		gov := srv.Governance()
		group.Go(func() error { return server.Serve(ctx, gl, server.Listen{Handler: gov, TLS: config, Log: c.log()}) })
	}
	return r, nil
}

// listenGovernance opens the listener for devices alone, if there is to be one,
// and returns where clients find it: what they are told, an address of every
// interface being none.
func listenGovernance(ctx context.Context, f serveFlags, scheme string) (l net.Listener, there string, err error) {
	if f.governance == "" {
		return nil, f.governanceURL, nil
	}
	if l, err = listen(ctx, f.governance, f.plain); err != nil {
		return nil, "", err
	}
	there = scheme + "://" + l.Addr().String()
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		there = fmt.Sprintf(":%d", tcp.Port)
	}
	if f.governanceURL != "" {
		there = f.governanceURL
	}
	return l, there, nil
}

// closeAll closes listeners that nobody serves on; nil ones are none.
func closeAll(list ...net.Listener) error {
	var err error
	for _, l := range list {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}

func tlsConfig(id *server.Identity, f serveFlags) (config *tls.Config, scheme string, err error) {
	switch {
	case f.plain:
		return nil, "http", nil
	case f.tlsCert != "":
		files := server.CertificateFiles{Certificate: f.tlsCert, Key: f.tlsKey}
		if config, err = files.TLSConfig(time.Now); err != nil {
			return nil, "", problemOf(err, "the certificate cannot be used: %v", err)
		}
	default:
		if config, err = id.TLSConfig(time.Now); err != nil {
			return nil, "", err
		}
	}
	return config, "https", nil
}

// listen opens a listener. Plain HTTP is judged by the address that is bound.
func listen(ctx context.Context, address string, plain bool) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if !plain {
		return l, nil
	}
	if err := server.CheckPlainHTTP(l); err != nil {
		return nil, errors.Join(problemOf(err, "%v", err), l.Close())
	}
	return l, nil
}

// maintainEvery is how often the data keys are looked after.
const maintainEvery = time.Hour

// maintain keeps the data keys from being used too often or too long.
func (s *site) maintain(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if rotated, err := s.keys.Maintain(ctx); err != nil {
				log.Error("data keys", "error", err.Error())
			} else if len(rotated) > 0 {
				log.Info("data keys rotated", "purposes", rotated)
			}
		case <-ctx.Done():
			return nil
		}
	}
}
