//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/tideover/tideover/packaging/demo"
)

// impostor listens where a server was, with a certificate of its own, answers
// every request as a Pleasant server would that likes everybody, and writes
// down what it is told.
type impostor struct {
	listener net.Listener
	ca       []byte // its certificate, PEM
	mu       sync.Mutex
	calls    int
	heard    bytes.Buffer
}

func newImpostor(address string) (*impostor, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	p := &impostor{ca: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
	p.listener, err = tls.Listen("tcp", address, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		return nil, err
	}
	go p.serve()
	return p, nil
}

func (p *impostor) serve() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.calls++
		p.mu.Unlock()
		go p.answer(conn)
	}
}

func (p *impostor) answer(conn net.Conn) {
	defer func() { _ = conn.Close() }() // it was an attacker's
	buffer := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buffer)
		p.mu.Lock()
		p.heard.Write(buffer[:n])
		p.mu.Unlock()
		if err != nil {
			return
		}
		body := `{"access_token":"yes","token_type":"bearer","expires_in":36000,"Id":"00000000-0000-0000-0000-000000000001","Name":"Root","Children":[],"Credentials":[]}`
		status := "200 OK"
		switch {
		case bytes.Contains(buffer[:n], []byte("/api/tideover/")):
			status = "404 Not Found"
		case !bytes.Contains(buffer[:n], []byte("Authorization:")) && bytes.HasPrefix(buffer[:n], []byte("GET ")):
			status = "401 Unauthorized" // as one that wants to hear a password first
		}
		if _, err := fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body); err != nil {
			return
		}
	}
}

// learned returns what it was told of what nobody but the server may hear.
func (p *impostor) learned() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, secret := range []string{account, strings.ReplaceAll(account, " ", "+"), strings.ReplaceAll(account, " ", "%20"), master, planted, "Bearer "} {
		if bytes.Contains(p.heard.Bytes(), []byte(secret)) {
			return secret
		}
	}
	return ""
}

func (p *impostor) judge(r *row) error {
	p.mu.Lock()
	calls := p.calls
	p.mu.Unlock()
	if calls == 0 {
		return errors.New("control: nobody came to the false server")
	}
	if what := p.learned(); what != "" {
		r.try("", fmt.Sprintf("the false server was told %q", what))
	}
	return p.listener.Close()
}

// toServer is every command that would talk to a server, offline and online.
func toServer(c client) []request {
	return []request{
		{args: []string{"connect", "--password-stdin", "--yes"}, lines: []string{c.account}},
		{args: []string{"connect", "--password-stdin", "--master-password-stdin", "--yes"}, lines: []string{c.account, c.master}},
		{args: []string{"sign-in", "--server", c.url, "--user", c.user, "--password-stdin"}, lines: []string{c.account}},
		{args: []string{"show", plantedPath, "--reveal"}},
		{args: []string{"cache", "--password-stdin", "--master-password-stdin"}, lines: []string{c.account, c.master}},
	}
}

func impersonated(ctx context.Context, s *stage, r *row) error {
	t, err := s.newSite(ctx, "site-imp")
	if err != nil {
		return err
	}
	offline, online := t.client("imp-offline", "mara"), t.client("imp-online", "mara")
	if err := errors.Join(offline.makeCache(ctx), online.signIn(ctx)); err != nil {
		return err
	}
	host, err := t.host()
	if err != nil {
		return err
	}
	if err := t.server.Stop(); err != nil {
		return err
	}
	attack := func(what string) error {
		for _, c := range []client{offline, online} {
			for _, q := range toServer(c) {
				a, err := c.do(ctx, q)
				if err != nil {
					return err
				}
				r.refused(a, what+": "+q.args[0])
			}
			if _, err := c.status(ctx, "--check"); err != nil {
				return err
			}
		}
		return nil
	}
	p, err := newImpostor(host)
	if err != nil {
		return err
	}
	if err := attack("a certificate of its own"); err != nil {
		return err
	}
	if err := p.judge(r); err != nil {
		return err
	}
	// A real Tideover server, of somebody else.
	false2, err := demo.Start(ctx, s.bin, s.file("server.log"), "demo", "--data", s.file("site-false"), "--entries", "6", "--listen", host, "--json")
	if err != nil {
		return err
	}
	err = attack("another Tideover server")
	out, err2 := (&site{st: s, data: s.file("site-false")}).admin(ctx, "", "audit", "list", "--limit", "0")
	if strings.Contains(out, "mara") {
		r.try("", "the other server heard the user's name")
	}
	if err := errors.Join(err, err2, false2.Stop()); err != nil {
		return err
	}
	// The true one comes back, and everything goes on.
	if err := t.again(ctx); err != nil {
		return err
	}
	if err := offline.opens(ctx); err != nil {
		return err
	}
	_, err = offline.must(ctx, []string{"connect", "--password-stdin", "--yes"}, account)
	return errors.Join(err, t.server.Stop())
}

// lookalike: who trusts the false certificate by hand is still not led to
// believe that a server that governed is now one that does not.
func lookalike(ctx context.Context, s *stage, r *row) error {
	t, err := s.newSite(ctx, "site-look")
	if err != nil {
		return err
	}
	c := t.client("look", "mara")
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	if err := c.online(ctx); err != nil {
		return err
	}
	host, err := t.host()
	if err != nil {
		return err
	}
	if err := t.server.Stop(); err != nil {
		return err
	}
	p, err := newImpostor(host)
	if err != nil {
		return err
	}
	ca := s.file("false-ca.pem")
	if err := os.WriteFile(ca, p.ca, 0o600); err != nil {
		return err
	}
	for _, q := range toServer(c) {
		for _, more := range [][]string{nil, {"--ca", ca}} {
			q := q
			q.args = append(append([]string{}, q.args...), more...)
			a, err := c.do(ctx, q)
			if err != nil {
				return err
			}
			r.refused(a, q.args[0])
		}
	}
	if err := p.judge(r); err != nil {
		return err
	}
	if err := t.again(ctx); err != nil {
		return err
	}
	a, err := c.must(ctx, []string{"show", plantedPath, "--reveal"})
	if err == nil && !a.shows(planted) {
		err = errors.New("control: the true server shows nothing")
	}
	return errors.Join(err, t.server.Stop())
}

func unknownCertificate(ctx context.Context, s *stage, r *row) error {
	p, err := newImpostor("127.0.0.1:0")
	if err != nil {
		return err
	}
	for i, url := range []string{"https://" + p.listener.Addr().String(), s.site.server.Ready.URL} {
		c := s.site.client(fmt.Sprint("unknown-", i), "mara")
		a, err := c.ask(ctx, []string{"sign-in", "--server", url, "--user", "mara", "--password-stdin"}, account)
		if err != nil {
			return err
		}
		r.refused(a, "nobody confirmed "+url)
		a, err = c.ask(ctx, []string{"sign-in", "--server", url, "--user", "mara", "--password-stdin", "--pin", strings.Repeat("0", 64)}, account)
		if err != nil {
			return err
		}
		r.refused(a, "another pin than that of "+url)
	}
	if err := p.judge(r); err != nil {
		return err
	}
	return s.site.client("unknown-control", "mara").signIn(ctx)
}

func rolledBack(ctx context.Context, s *stage, r *row) error {
	for _, keepList := range []bool{true, false} {
		what := "with the list"
		if !keepList {
			what = "without the list"
		}
		t, err := s.newSite(ctx, fmt.Sprint("site-back-", keepList))
		if err != nil {
			return err
		}
		c := t.client(fmt.Sprint("leaver-", keepList), "mara")
		if err := c.makeCache(ctx); err != nil {
			return err
		}
		backup := s.file(fmt.Sprint("backup-", keepList))
		if _, err := t.admin(ctx, "", "backup", backup); err != nil {
			return err
		}
		if err := t.revoke(ctx, c); err != nil {
			return err
		}
		if _, err := t.admin(ctx, "", "user", "disable", "mara"); err != nil {
			return err
		}
		if err := t.server.Stop(); err != nil {
			return err
		}
		if !keepList {
			// Nor the database of just now, which knows as much.
			for _, pattern := range []string{"*revo*", "tideover.db*"} {
				files, err := filepath.Glob(filepath.Join(t.data, pattern))
				if err != nil || len(files) == 0 {
					return fmt.Errorf("control: no %s in %s: %w", pattern, t.data, err)
				}
				for _, f := range files {
					if err := os.Remove(f); err != nil {
						return err
					}
				}
			}
		}
		if _, err := t.admin(ctx, "", "restore", backup, "--yes"); err != nil {
			return err
		}
		if err := t.again(ctx); err != nil {
			return err
		}
		fresh := t.client(fmt.Sprint("leaver-new-", keepList), "mara")
		a, err := fresh.ask(ctx, []string{"sign-in", "--server", c.url, "--pin", c.pin, "--user", "mara", "--password-stdin"}, account)
		if err != nil {
			return err
		}
		r.refused(a, what+": the leaver signs in anew")
		a, err = c.ask(ctx, []string{"connect", "--password-stdin", "--master-password-stdin", "--yes"}, account, master)
		if err != nil {
			return err
		}
		r.refused(a, what+": the leaver connects")
		if _, err := c.status(ctx, "--check"); err != nil {
			return err
		}
		if a, err = c.do(ctx, c.show()); err != nil {
			return err
		}
		r.refused(a, what+": the leaver's cache after the next contact")
		if err := t.server.Stop(); err != nil {
			return err
		}
	}
	return nil
}

func putBackByHand(ctx context.Context, s *stage, r *row) error {
	t, err := s.newSite(ctx, "site-hand")
	if err != nil {
		return err
	}
	c := t.client("hand", "mara")
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	if err := t.server.Stop(); err != nil {
		return err
	}
	db, old := filepath.Join(t.data, "tideover.db"), s.file("old.db")
	if err := copyFile(old, db); err != nil {
		return err
	}
	if err := t.again(ctx); err != nil {
		return err
	}
	if err := t.revoke(ctx, c); err != nil {
		return err
	}
	if err := t.server.Stop(); err != nil {
		return err
	}
	newer := s.file("newer.db")
	if err := copyFile(newer, db); err != nil {
		return err
	}
	if err := copyFile(db, old); err != nil {
		return err
	}
	if err := t.again(ctx); err == nil {
		r.try("", "a server with an older database than its list serves")
		if err := t.server.Stop(); err != nil {
			return err
		}
	} else {
		m := regexp.MustCompile(`message\\?":\\?"([^"\\:]*)`).FindStringSubmatch(err.Error())
		if m == nil || !strings.Contains(err.Error(), "older than revoked.jws") {
			return fmt.Errorf("control: it does not serve, for another reason: %w", err)
		}
		r.try(m[1]+": the database is older than revoked.jws", "")
	}
	if err := copyFile(db, newer); err != nil {
		return err
	}
	if err := t.again(ctx); err != nil {
		return fmt.Errorf("control: with its own database it does not serve: %w", err)
	}
	return t.server.Stop()
}
