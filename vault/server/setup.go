package server

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
)

// SetupPath and a token of catalog.NewSetup are the path of the page on which
// the first administrator is made.
const SetupPath = "/setup/"

// Set-up pages by address: one person and some mistakes.
const setupEvery, setupBurst = 3 * time.Second, 20

// Words is the wording of pages in one language.
type Words interface {
	// Text returns the wording of a key with its arguments filled in.
	Text(key string, args map[string]any) string
	// Language returns the language's tag, such as "en".
	Language() string
}

var (
	//go:embed setup.html
	setupHTML string
	//go:embed setup.css
	setupCSS string
)

// setup is the page of the first administrator: a form that needs no script
// and loads nothing. It is safe for concurrent use.
type setup struct {
	page   *template.Template
	policy string // Content-Security-Policy
	words  func(acceptLanguage string) Words
	rates  *limiter
	origin *http.CrossOriginProtection
}

// newSetup returns the page; without words there is none.
func newSetup(words func(string) Words, now func() time.Time) *setup {
	sum := sha256.Sum256([]byte(setupCSS))
	return &setup{
		page: template.Must(template.New("setup").Parse(setupHTML)),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		words:  words,
		rates:  newLimiter(setupEvery, setupBurst, now),
		origin: http.NewCrossOriginProtection(),
	}
}

// Kinds of set-up pages; their words are "setup.KIND.title" and the like.
const (
	setupForm    = "form"
	setupDone    = "done"
	setupGone    = "gone"    // no such link, or it has ended
	setupRefused = "refused" // sent by another site
	setupWait    = "wait"    // too many requests
)

// setupPage is what the template shows.
type setupPage struct {
	words Words
	Style template.CSS
	Kind  string
	Error string // key of what is wrong with the form; empty: nothing
	Name  string // as typed
	URL   string // of this server, for a client
	Pin   string
}

// Lang returns the page's language.
func (p setupPage) Lang() string { return p.words.Language() }

// T returns a wording.
func (p setupPage) T(key string) string {
	return p.words.Text("setup."+key, map[string]any{"Name": p.Name})
}

func (s *Server) getSetup(w http.ResponseWriter, r *http.Request, c *call) error {
	if s.setup.words == nil {
		return s.noRoute(w, r, nil)
	}
	page := s.newSetupPage(r)
	if until, ok := s.setup.rates.allow(c.address); !ok {
		return s.setup.wait(w, page, until, s.now())
	}
	err := s.catalog.CheckSetup(r.Context(), r.PathValue("token"))
	if errors.Is(err, vault.NotFound) {
		page.Kind = setupGone
		return s.setup.show(w, http.StatusNotFound, page)
	}
	if err != nil {
		return err
	}
	return s.setup.show(w, http.StatusOK, page)
}

func (s *Server) postSetup(w http.ResponseWriter, r *http.Request, c *call) error {
	if s.setup.words == nil {
		return s.noRoute(w, r, nil)
	}
	page := s.newSetupPage(r)
	if err := s.setup.origin.Check(r); err != nil {
		page.Kind = setupRefused
		return s.setup.show(w, http.StatusForbidden, page)
	}
	if until, ok := s.setup.rates.allow(c.address); !ok {
		return s.setup.wait(w, page, until, s.now())
	}
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	page.Name = strings.TrimSpace(form.Get("name"))
	password, again := vault.SecretText(form.Get("password")), vault.SecretText(form.Get("again"))
	defer password.Wipe()
	defer again.Wipe()
	if !password.Equal(again) {
		page.Error = "error.differs"
		// A link that has ended says so first.
		err = s.catalog.CheckSetup(r.Context(), r.PathValue("token"))
	} else {
		err = s.catalog.FinishSetup(r.Context(), r.PathValue("token"), c.address, catalog.NewUser{Name: page.Name, Password: password})
	}
	status := http.StatusBadRequest
	switch {
	case errors.Is(err, vault.NotFound):
		page.Kind, status = setupGone, http.StatusNotFound
	case errors.Is(err, vault.WeakPassword):
		page.Error = "error.weak"
	case errors.Is(err, vault.Usage):
		page.Error = "error.name"
	case err != nil:
		return err
	case page.Error == "":
		page.Kind, status = setupDone, http.StatusOK
	}
	return s.setup.show(w, status, page)
}

func (s *Server) newSetupPage(r *http.Request) setupPage {
	scheme := "https://"
	if r.TLS == nil {
		scheme = "http://"
	}
	return setupPage{
		words: s.setup.words(r.Header.Get("Accept-Language")), Kind: setupForm,
		URL: scheme + r.Host, Pin: s.id.Pin(),
	}
}

func (u *setup) wait(w http.ResponseWriter, page setupPage, until, now time.Time) error {
	page.Kind = setupWait
	retryAfter(w, &vault.Problem{Until: until}, now)
	return u.show(w, http.StatusTooManyRequests, page)
}

// show renders the page whole before a byte leaves.
func (u *setup) show(w http.ResponseWriter, status int, page setupPage) error {
	page.Style = template.CSS(setupCSS) //nolint:gosec // our own text, compiled in
	var body bytes.Buffer
	if err := u.page.Execute(&body, page); err != nil {
		return fmt.Errorf("set-up page: %w", err)
	}
	head := w.Header()
	head.Set("Content-Security-Policy", u.policy)
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("X-Frame-Options", "DENY")
	head.Set("Cross-Origin-Opener-Policy", "same-origin")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Set("X-Robots-Tag", "noindex")
	head.Set("Content-Language", page.Lang())
	head.Set("Vary", "Accept-Language")
	writeBody(w, status, "text/html; charset=utf-8", body.Bytes())
	return nil
}
