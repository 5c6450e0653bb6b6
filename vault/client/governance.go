package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

const (
	// streamIdle is the longest silence of an events stream: a server says that it
	// is there every 25 seconds.
	streamIdle = time.Minute
	// streamTotal ends a stream that nobody has ended, so that it comes back over
	// a fresh connection.
	streamTotal = 24 * time.Hour
	// maxEventLine bounds a line of a stream: an order, and the name of its field.
	maxEventLine = lease.MaxOrderBytes + 64
)

// Orders returns what the device was told after a mark, unverified, and how it
// stands. It needs no token.
func (c *Client) Orders(ctx context.Context, device vault.ID, after lease.Mark, signer wire.Signer) (wire.Orders, error) {
	var orders wire.Orders
	r, err := c.signAfter(ctx, device, "/orders", after, signer)
	if err != nil {
		return orders, err
	}
	err = c.askTideover(ctx, r, &orders)
	return orders, err
}

// signAfter signs a question about what came after a mark. The signature covers
// the path without the query, as the server sees it.
func (c *Client) signAfter(ctx context.Context, device vault.ID, below string, after lease.Mark, signer wire.Signer) (request, error) {
	r, err := c.sign(ctx, device, request{method: http.MethodGet, path: "/devices/" + device.String() + below, anonymous: true}, signer)
	r.path += "?" + url.Values{wire.AfterParam: {after.String()}}.Encode()
	return r, err
}

// Events follows the orders of the device from a mark on: it calls each with
// every one, unverified, until the context or the stream ends. It returns nil if
// the server ended the stream in its own time. It needs no token.
func (c *Client) Events(ctx context.Context, device vault.ID, after lease.Mark, signer wire.Signer, each func(order string)) error {
	r, err := c.signAfter(ctx, device, "/events", after, signer)
	if err != nil {
		return err
	}
	r.path, r.accept, r.stream = wire.APIRoot+r.path, wire.MediaEvents, true
	resp, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // everything that matters was read
	if err := c.check(resp); err != nil {
		return err
	}
	if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, wire.MediaEvents) {
		return vault.Fail(vault.BadAnswer, "%s gives no stream of events", c.base.Host)
	}
	return readEvents(resp.Body, each)
}

// readEvents reads the events of a stream (WHATWG HTML, 9.2.6) as far as ours
// go: one line of data each.
func readEvents(body io.Reader, each func(order string)) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 1024), maxEventLine)
	event, data := "", ""
	for lines.Scan() {
		line := strings.TrimSuffix(lines.Text(), "\r")
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if event == wire.EventOrder && data != "" {
				each(data)
			}
			event, data = "", ""
		case name == "event":
			event = value
		case name == "data":
			data = value
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return vault.Fail(vault.Hostile, "an event of more than %d bytes", maxEventLine)
	}
	return lines.Err()
}

// RenewLease returns a new lease for a generation that the device has,
// unverified. It needs no token.
func (c *Client) RenewLease(ctx context.Context, device vault.ID, in wire.LeaseRequest, signer wire.Signer) (string, error) {
	var answer wire.LeaseAnswer
	err := c.report(ctx, device, "/lease", in, signer, &answer)
	return answer.Lease, err
}

// RevocationList returns the server's list of those who left, unverified. It
// needs neither token nor device.
func (c *Client) RevocationList(ctx context.Context) (string, error) {
	m, err := c.meet(ctx)
	if err != nil {
		return "", err
	}
	if m.Kind != wire.KindTideover {
		return "", vault.Fail(vault.Unsupported, "%s is not a Tideover server", c.base.Host)
	}
	body, err := c.fetch(ctx, request{
		method: http.MethodGet, path: wire.APIRoot + "/revoked", accept: wire.MediaStatement, anonymous: true, bulk: true,
	}, lease.MaxListBytes)
	if err != nil {
		return "", fmt.Errorf("list of those who left: %w", err)
	}
	return string(body), nil
}
