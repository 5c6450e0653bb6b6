package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/tideover/tideover/vault"
)

// outcome is one cause as HTTP says it: the status, and a sentence for people
// who read the answer itself. Our own client has its words in app/present.
type outcome struct {
	status  int
	message string
}

// outcomeOf maps causes to answers. A cause that is not here is a fault of the
// server: 500, its text stays in the log.
func outcomeOf(c vault.Cause) outcome {
	switch c {
	case vault.Usage:
		return outcome{http.StatusBadRequest, "The request is not well formed."}
	case vault.WeakPassword:
		return outcome{http.StatusBadRequest, "The password is too weak."}
	case vault.Damaged, vault.Unsupported:
		return outcome{http.StatusBadRequest, "The request holds something that this server cannot keep."}
	case vault.Hostile:
		return outcome{http.StatusRequestEntityTooLarge, "The request is larger than this server takes."}
	case vault.WrongCredentials:
		return outcome{http.StatusUnauthorized, "The user name or password is incorrect."}
	case vault.NotSignedIn:
		return outcome{http.StatusUnauthorized, "Sign in first."}
	case vault.SecondFactor:
		return outcome{http.StatusUnauthorized, "A one-time code is needed."}
	case vault.NotPermitted:
		return outcome{http.StatusForbidden, "You are not permitted to do this."}
	case vault.CommentRequired:
		return outcome{http.StatusForbidden, "A comment is required."}
	case vault.LevelTooLow:
		return outcome{http.StatusForbidden, "The binding of this device is below what the policy asks for."}
	case vault.ApprovalPending:
		return outcome{http.StatusForbidden, "This device waits for approval."}
	case vault.ApprovalDenied:
		return outcome{http.StatusForbidden, "This device was denied."}
	case vault.Revoked:
		return outcome{http.StatusForbidden, "This device was revoked."}
	case vault.Suspended:
		return outcome{http.StatusForbidden, "This device is suspended."}
	case vault.Wiped:
		return outcome{http.StatusForbidden, "This device was wiped."}
	case vault.Expired:
		return outcome{http.StatusForbidden, "This has expired."}
	case vault.NotFound:
		return outcome{http.StatusNotFound, "There is no such thing, or you may not see it."}
	case vault.Ambiguous:
		return outcome{http.StatusConflict, "More than one matches."}
	case vault.Superseded:
		return outcome{http.StatusConflict, "A newer generation exists."}
	case vault.Busy:
		return outcome{http.StatusConflict, "Somebody else is doing this. Try again."}
	case vault.TooManyAttempts:
		return outcome{http.StatusTooManyRequests, "Too many requests. Try again later."}
	case vault.ReadOnly:
		return outcome{http.StatusServiceUnavailable, "The server cannot write its audit log, so it hands out nothing."}
	}
	return outcome{http.StatusInternalServerError, "The server failed. Its log has more under the request's id."}
}

// causeOf returns the error as a Problem, and whether it is one that the
// client may hear of.
func causeOf(err error) (problem *vault.Problem, known bool) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &vault.Problem{Cause: vault.Hostile, Err: err}, true
	}
	if errors.As(err, &problem) {
		return problem, outcomeOf(problem.Cause).status != http.StatusInternalServerError
	}
	var cause vault.Cause
	if errors.As(err, &cause) {
		return &vault.Problem{Cause: cause, Err: err},
			outcomeOf(cause).status != http.StatusInternalServerError
	}
	return &vault.Problem{Cause: vault.Internal, Err: err}, false
}

// gone reports whether the client hung up, which nobody needs to hear of.
func gone(r *http.Request, err error) bool {
	return r.Context().Err() != nil && errors.Is(err, context.Canceled)
}

// retryAfter sets the header that says when waiting helps, in whole seconds.
func retryAfter(w http.ResponseWriter, problem *vault.Problem, now time.Time) {
	if !problem.Until.IsZero() {
		seconds := int64(problem.Until.Sub(now)/time.Second) + 1
		w.Header().Set("Retry-After", strconv.FormatInt(max(seconds, 1), 10))
	}
}
