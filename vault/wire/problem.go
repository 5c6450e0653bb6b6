package wire

import (
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/tideover/tideover/vault"
)

// ErrorBody is the body of every answer of the Tideover API with a status of
// 400 or more.
type ErrorBody struct {
	Error Error `json:"error"`
}

// Error is a vault.Problem on the wire. Message is for logs; the words for
// people come from ID.
type Error struct {
	ID        vault.Cause `json:"id"`
	Message   string      `json:"message"`
	TriesLeft *int        `json:"tries_left"`
	Until     *time.Time  `json:"until"`
}

// NewError returns err as a body. Of an error that is no vault.Problem or
// vault.Cause it tells nothing but that it was internal.
func NewError(err error) ErrorBody {
	var p *vault.Problem
	if errors.As(err, &p) {
		e := Error{ID: p.Cause, Message: p.Detail, TriesLeft: p.TriesLeft}
		if !p.Until.IsZero() {
			until := p.Until.UTC()
			e.Until = &until
		}
		return ErrorBody{e}
	}
	var c vault.Cause
	if errors.As(err, &c) {
		return ErrorBody{Error{ID: c}}
	}
	return ErrorBody{Error{ID: vault.Internal}}
}

// Problem returns the error as a vault.Problem. A cause that a server cannot
// know (the state of this machine's chip, of its files) becomes Internal: an
// answer must not make the client say that a cache was wiped by another hand.
func (e Error) Problem() *vault.Problem {
	p := &vault.Problem{Cause: vault.Internal, Detail: Message(e.Message), TriesLeft: e.TriesLeft}
	switch e.ID {
	case vault.Usage, vault.WeakPassword, vault.Unconfirmed, vault.WrongCredentials,
		vault.Expired, vault.Revoked, vault.Suspended, vault.Wiped, vault.Superseded, vault.TooManyAttempts,
		vault.NotPermitted, vault.CommentRequired, vault.Damaged, vault.Hostile, vault.Unsupported,
		vault.ReadOnly, vault.NotSignedIn, vault.SecondFactor, vault.NotFound, vault.Ambiguous,
		vault.LevelTooLow, vault.Busy, vault.ApprovalPending, vault.ApprovalDenied:
		p.Cause = e.ID
	}
	if e.Until != nil {
		p.Until = *e.Until
	}
	return p
}

// maxMessage is how many characters of a server's sentence are worth showing.
const maxMessage = 300

// Message returns a sentence of a server as it may be shown: what controls a
// terminal or turns the direction of writing is taken out, and it has an end.
func Message(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		switch {
		case n == maxMessage:
			return b.String() + "…"
		case r == '\n' || r == '\t':
			r = ' '
		case !unicode.IsPrint(r) || r == unicode.ReplacementChar:
			continue
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}
