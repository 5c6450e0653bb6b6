package client_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/wire"
)

// These tests run on a clock of their own, in which waiting takes no time: the
// durations that they compare are exact.

// speak is a server on one end of a pipe: it answers probes as a Tideover
// server does, and hands every other request to talk, whose context ends with
// the test.
func speak(t *testing.T, o *own, talk func(conn net.Conn, r *http.Request)) func(context.Context, string, string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer func() { _ = theirs.Close() }()
			in := bufio.NewReader(theirs)
			for {
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				if !strings.HasSuffix(r.URL.Path, "/server") {
					talk(theirs, r.WithContext(ctx))
					return
				}
				s := o.server()
				b, err := wire.Marshal(s)
				if err != nil {
					t.Error(err)
				}
				answer := http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(b)), Body: io.NopCloser(bytes.NewReader(b))}
				if answer.Write(theirs) != nil {
					return
				}
			}
		}()
		return ours, nil
	}
}

// pause waits, and reports whether the test goes on.
func pause(r *http.Request, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-r.Context().Done():
		return false
	}
}

// drain reads until the other side gives up.
func drain(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func TestSilence(t *testing.T) {
	tree := func(ctx context.Context, c *client.Client) error { _, err := c.Tree(ctx); return err }
	upload := func(ctx context.Context, c *client.Client) error {
		e := &vault.Entry{ID: vault.NewID(), Attachments: []vault.Attachment{{Name: "a", Binary: &vault.Binary{Data: make([]byte, 300_000)}}}}
		_, err := c.CreateEntry(ctx, vault.NewID(), e, "")
		return err
	}
	for _, tc := range []struct {
		name string
		talk func(net.Conn, *http.Request)
		do   func(context.Context, *client.Client) error
		want time.Duration
	}{
		{"no answer", func(c net.Conn, _ *http.Request) { drain(c) }, tree, 3 * time.Second},
		{"a header that never ends, one byte a second", func(c net.Conn, r *http.Request) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: ")
			for pause(r, time.Second) {
				if _, err := c.Write([]byte("a")); err != nil {
					return
				}
			}
		}, tree, 3 * time.Second},
		{"an answer that stops", func(c net.Conn, _ *http.Request) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"t\":")
			drain(c)
		}, tree, 30 * time.Second},
		{"an answer of one byte every 20 seconds", func(c net.Conn, r *http.Request) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
			for pause(r, 20*time.Second) {
				if _, err := c.Write([]byte("{")); err != nil {
					return
				}
			}
		}, tree, time.Hour},
		{"the same where the answer should be short", func(c net.Conn, r *http.Request) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
			for pause(r, 20*time.Second) {
				if _, err := c.Write([]byte(" ")); err != nil {
					return
				}
			}
		}, func(ctx context.Context, c *client.Client) error { _, err := c.Me(ctx); return err }, 2 * time.Minute},
		{"an upload that is taken up slowly, then no answer", func(c net.Conn, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/attachments") {
				for pause(r, 2*time.Second) {
					if n, err := r.Body.Read(make([]byte, 32<<10)); err != nil || n == 0 {
						break
					}
				}
				drain(c)
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 38\r\nConnection: close\r\n\r\n\""+dbEntry+"\"")
		}, upload, -1},
		{"an error that never ends", func(c net.Conn, _ *http.Request) {
			_, _ = io.WriteString(c, "HTTP/1.1 500 Oh\r\nContent-Length: 1000\r\n\r\n")
			drain(c)
		}, tree, 30 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := newOwn(t)
			c, err := client.New(client.Config{URL: "http://127.0.0.1:1", Dial: speak(t, o, tc.talk)})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.UseToken(vault.SecretText(accessToken))
			start := time.Now()
			err = tc.do(context.Background(), c)
			elapsed := time.Since(start)
			if tc.name == "an error that never ends" {
				want(t, tc.name, err, vault.BadAnswer) // the status was there
			} else {
				want(t, tc.name, err, vault.Unreachable)
			}
			if tc.want >= 0 && elapsed != tc.want {
				t.Errorf("%s: gave up after %v, want %v", tc.name, elapsed, tc.want)
			}
			if tc.want < 0 && elapsed < 20*time.Second {
				t.Errorf("%s: an upload that moved was cut after %v", tc.name, elapsed)
			}
		})
	}
}

func TestSilenceOfALongAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOwn(t)
		talk := func(conn net.Conn, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/nonce") {
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{\"nonce\":\"AAAA\"}")
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			drain(conn)
		}
		c, err := client.New(client.Config{URL: "http://127.0.0.1:1", Dial: speak(t, o, talk)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.UseToken(vault.SecretText(accessToken))
		start := time.Now()
		_, _, err = c.Cache(context.Background(), o.deviceID, o.request(), o.signer(), nil)
		want(t, "cache", err, vault.Unreachable)
		if elapsed := time.Since(start); elapsed != client.DefaultLongWait {
			t.Errorf("gave up after %v", elapsed)
		}
	})
}

// A caller who gives up gets its own error back at once, wherever the request
// is.
func TestCancel(t *testing.T) {
	for name, header := range map[string]string{"before the answer": "", "in the answer": "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"} {
		synctest.Test(t, func(t *testing.T) {
			o := newOwn(t)
			c, err := client.New(client.Config{URL: "http://127.0.0.1:1", Dial: speak(t, o, func(conn net.Conn, _ *http.Request) {
				_, _ = io.WriteString(conn, header)
				drain(conn)
			})})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.UseToken(vault.SecretText(accessToken))
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			start := time.Now()
			_, err = c.Tree(ctx)
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, vault.Unreachable) {
				t.Errorf("%s: got %v", name, err)
			}
			if elapsed := time.Since(start); elapsed != time.Second {
				t.Errorf("%s: after %v", name, elapsed)
			}
		})
	}
}

func TestSilentDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := client.New(client.Config{URL: "https://vault.example", Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		start := time.Now()
		_, err = c.Probe(context.Background())
		want(t, "no connection", err, vault.Unreachable)
		if elapsed := time.Since(start); elapsed != client.DefaultWait {
			t.Errorf("gave up after %v", elapsed)
		}
	})
}

func TestSilentHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := client.New(client.Config{URL: "https://vault.example", Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go drain(theirs)
			return ours, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, err = c.Probe(context.Background())
		want(t, "no handshake", err, vault.Unreachable)
	})
}
