package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// smallAnswer bounds what is no tree, package, stream or attachment: a Server
// with its keys, an entry with long notes, an error.
const smallAnswer = 8 << 20

// errorAnswer bounds what is read of an error.
const errorAnswer = 64 << 10

// ask sends the request and decodes a JSON answer into out, which may be nil
// when nothing is expected.
func (c *Client) ask(ctx context.Context, r request, out any) error {
	body, err := c.fetch(ctx, r, smallAnswer)
	if err != nil {
		return err
	}
	defer clear(body)
	if out == nil {
		return nil
	}
	return decode(body, out)
}

func decode(body []byte, out any) error {
	if err := json.Unmarshal(trimBOM(body), out); err != nil {
		return &vault.Problem{Cause: vault.BadAnswer, Detail: "the answer is not the JSON that was expected", Err: withoutContent(err)}
	}
	return nil
}

// withoutContent keeps of an error of encoding/json what holds no piece of the
// answer: that may be a password.
func withoutContent(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return errors.New("malformed JSON at byte " + strconv.FormatInt(syntax.Offset, 10))
	case errors.As(err, &kind):
		return errors.New("a JSON member of the wrong type: " + kind.Field)
	}
	return errors.New("malformed JSON")
}

// fetch sends the request and returns the whole body of a good answer, limit
// bytes at most. The caller wipes it.
func (c *Client) fetch(ctx context.Context, r request, limit int64) ([]byte, error) {
	resp, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // everything that matters was read
	if err := c.check(resp); err != nil {
		return nil, err
	}
	return readAll(resp, limit)
}

// readAll reads a body into a buffer that grows with what arrives, and wipes
// what it leaves behind.
func readAll(resp *http.Response, limit int64) ([]byte, error) {
	if resp.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	buf := make([]byte, 0, 4096)
	for {
		if len(buf) == cap(buf) {
			grown := append(make([]byte, 0, 2*cap(buf)), buf...)
			clear(buf)
			buf = grown
		}
		n, err := resp.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			clear(buf)
			return nil, tooLarge(limit)
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			clear(buf)
			return nil, err
		}
	}
}

func tooLarge(limit int64) error {
	return vault.Fail(vault.Hostile, "the answer is longer than %d bytes", limit)
}

// check returns the problem of an answer that is not a good one. An answer of
// a good status that is a page for people is none: portals of hotels and
// proxies answer so to everything.
func (c *Client) check(resp *http.Response) error {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // what cannot be parsed is no page
	page := kind == "text/html" || kind == "application/xhtml+xml"
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return vault.Fail(vault.BadAnswer, "%s sends elsewhere, which is not followed", c.base.Host)
	case resp.StatusCode < 300 && page:
		return vault.Fail(vault.BadAnswer, "%s answers with a page for people", c.base.Host)
	case resp.StatusCode < 300:
		return nil
	}
	problem := c.refusal(resp, page)
	if wait, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && wait > 0 && wait < 86400 && problem.Until.IsZero() {
		problem.Until = time.Now().Add(time.Duration(wait) * time.Second)
	}
	return problem
}

// refusal reads the body of an answer with an error status. A Tideover server
// names the cause; otherwise the status has to say it.
func (c *Client) refusal(resp *http.Response, page bool) *vault.Problem {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, errorAnswer)) // what came is enough
	var own wire.ErrorBody
	if strings.Contains(resp.Request.URL.Path, wire.APIRoot) && json.Unmarshal(trimBOM(body), &own) == nil && own.Error.ID != "" {
		return own.Error.Problem()
	}
	if cause := resp.Header.Get(wire.HeaderCause); cause != "" { // in Pleasant's routes
		return wire.Error{ID: vault.Cause(cause), Message: message(body)}.Problem()
	}
	p := &vault.Problem{Cause: causeOf(resp.StatusCode), Detail: message(body)}
	if p.Detail == "" || page {
		p.Detail = c.base.Host + " answers " + strconv.Itoa(resp.StatusCode)
	}
	if page && p.Cause != vault.Unreachable && p.Cause != vault.NotSignedIn {
		p.Cause = vault.BadAnswer
	}
	return p
}

func causeOf(status int) vault.Cause {
	switch status {
	case http.StatusUnauthorized:
		return vault.NotSignedIn
	case http.StatusBadRequest, http.StatusForbidden, http.StatusConflict:
		return vault.NotPermitted // the server's sentence says why
	case http.StatusNotFound, http.StatusGone:
		return vault.NotFound
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return vault.Unsupported
	case http.StatusTooManyRequests:
		return vault.TooManyAttempts
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return vault.Unreachable // a proxy speaks, the server does not
	}
	return vault.BadAnswer
}

// message finds the sentence in the error bodies that Pleasant servers send.
func message(body []byte) string {
	var m struct {
		ErrorMessage string `json:"error_message"`
		Description  string `json:"error_description"`
		Message      string
	}
	if json.Unmarshal(trimBOM(body), &m) != nil {
		return ""
	}
	for _, text := range [...]string{m.ErrorMessage, m.Description, m.Message} {
		if text != "" {
			return wire.Message(text)
		}
	}
	return ""
}

func trimBOM(b []byte) []byte {
	if len(b) >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf {
		return b[3:]
	}
	return b
}
