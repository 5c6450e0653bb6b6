package present

import (
	"errors"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// Explanation is what a person, or a script, is told about an error.
type Explanation struct {
	ID         string    // the vault.Cause
	Exit       int       // the exit code of a command that ends with it
	Message    string    // one sentence: what is the matter
	Remedy     string    // one sentence: the way out
	TriesLeft  *int      // wrong passwords left; nil: unknown or not applicable
	Until      time.Time // when waiting helps, or since when it is over; zero: unknown
	Candidates []string  // ids of the entries that an ambiguous path may mean
}

// Explain puts an error into words of the language, English if there are none.
// It looks for a *vault.Problem or a vault.Cause in the chain; every other
// error is "internal", with its own text as the detail.
func Explain(err error, lang string) Explanation { return Load(lang).Explain(err) }

// Explain puts an error into words, as the function Explain does.
func (c *Catalogue) Explain(err error) Explanation {
	problem := find(err)
	e := Explanation{
		ID:        string(problem.Cause),
		Exit:      Exit(problem.Cause),
		TriesLeft: problem.TriesLeft,
		Until:     problem.Until,
	}
	for _, id := range problem.IDs {
		e.Candidates = append(e.Candidates, id.String())
	}
	args := map[string]any{"Detail": problem.Detail, "Until": "", "Tries": 0, "TriesKnown": false}
	if problem.Cause == vault.Conflict {
		args["Detail"] = c.partNames(problem.Detail)
	}
	if !problem.Until.IsZero() {
		args["Until"] = c.Time(problem.Until)
	}
	if problem.TriesLeft != nil {
		args["Tries"], args["TriesKnown"] = *problem.TriesLeft, true
	}
	e.Message = c.Text("cause."+e.ID+".message", args)
	e.Remedy = c.Text("cause."+e.ID+".remedy", args)
	if w := worded(err, problem); w != nil {
		w.words(c, &e)
	}
	return e
}

// partNames puts the list of the parts of an entry that a conflict names into
// words, as far as they have any.
func (c *Catalogue) partNames(list string) string {
	parts := strings.Split(list, ", ")
	for i, p := range parts {
		switch p {
		case "tags":
			parts[i] = c.Text("column.tags", nil)
		case "expiry":
			parts[i] = c.Text("column.expires", nil)
		case "icon":
			parts[i] = c.Text("entry.icon", nil)
		default:
			parts[i] = c.FieldName(p)
		}
	}
	return strings.Join(parts, ", ")
}

// Time returns a moment as people of the language write it, in local time.
func (c *Catalogue) Time(t time.Time) string {
	return t.Local().Format(c.Text("format.time", nil))
}

// worded returns the error of the chain that has words of its own; nil if those
// of the problem are to be used.
func worded(err error, problem vault.Problem) *Worded {
	var w *Worded
	if errors.As(err, &w) {
		return w
	}
	switch {
	case problem.Cause == vault.Internal:
		return ofFile(err)
	case problem.Cause == vault.ReadOnly && ofFile(err) != nil:
		return ofDisk(err, problem.Detail)
	case errors.Is(err, session.ErrOnlineOnly):
		return &Worded{Cause: problem.Cause, Topic: "online_only", Err: err}
	case errors.Is(err, session.ErrNothingOffline):
		return &Worded{Cause: problem.Cause, Topic: "nothing_offline", Err: err}
	case errors.Is(err, session.ErrNotA):
		return &Worded{Cause: problem.Cause, Topic: "not_a", Args: map[string]any{"Why": reasons(problem.Detail)}, Err: err}
	case errors.Is(err, session.ErrOtherIndices):
		return &Worded{Cause: problem.Cause, Topic: "other_indices", Err: err}
	case errors.Is(err, session.ErrElsewhere):
		return &Worded{Cause: problem.Cause, Topic: "ends_elsewhere", Err: err}
	case errors.Is(err, session.ErrOtherChip):
		return &Worded{Cause: problem.Cause, Topic: "chip_other", Err: err}
	case errors.Is(err, session.ErrChipUpdated):
		return &Worded{Cause: problem.Cause, Topic: "chip_updated", Err: err}
	case errors.Is(err, session.ErrChipReset):
		return &Worded{Cause: problem.Cause, Topic: "chip_reset", Err: err}
	case errors.Is(err, session.ErrNoChip):
		return &Worded{Cause: problem.Cause, Topic: "chip_gone", Err: err}
	case errors.Is(err, session.ErrTriesSpent):
		return &Worded{Cause: problem.Cause, Topic: "tries_spent", Err: err}
	case errors.Is(err, session.ErrCopiedChip):
		return &Worded{Cause: problem.Cause, Topic: "copied_chip", Err: err}
	case errors.Is(err, session.ErrLastKey):
		return &Worded{Cause: problem.Cause, Topic: "key_last", Args: map[string]any{"Name": problem.Detail}, Err: err}
	case errors.Is(err, session.ErrNoFile):
		return &Worded{Cause: problem.Cause, Topic: "no_file", Args: map[string]any{"Path": problem.Detail}, Err: err}
	}
	return nil
}

// find returns the outermost problem of the chain; a cause that we have no
// exit code for counts as unknown.
func find(err error) vault.Problem {
	var problem *vault.Problem
	if errors.As(err, &problem) && known(problem.Cause) {
		return *problem
	}
	var cause vault.Cause
	if errors.As(err, &cause) && known(cause) {
		return vault.Problem{Cause: cause, Err: err}
	}
	return vault.Problem{Cause: vault.Internal, Detail: err.Error(), Err: err}
}

// Sentence returns message and remedy in one line, as the command line prints
// an error.
func (e Explanation) Sentence() string { return e.Message + " " + e.Remedy }
