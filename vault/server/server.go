package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
)

// Config is what a Server stands on.
type Config struct {
	Identity *Identity
	Catalog  *catalog.Catalog
	Version  string           // of the program
	Log      *slog.Logger     // nil: nothing is logged
	Now      func() time.Time // nil: time.Now
	// Words returns the wording of pages for an Accept-Language header, which
	// may hold anything. nil: there are no pages.
	Words func(acceptLanguage string) Words
	// Governance is told to clients as where the listener for devices alone is;
	// see wire.Server. Empty: there is none.
	Governance string
	// ListPath is where the signed list of those who left is kept, ListFile in the
	// data directory. Empty: nowhere.
	ListPath string
}

// Server answers requests. It keeps no state but rate limits, so any number of
// them may stand before one database. It is safe for concurrent use.
type Server struct {
	id      *Identity
	keys    *keySet
	catalog *catalog.Catalog
	version string
	gov     string // Config.Governance
	log     *slog.Logger
	now     func() time.Time
	router  *router

	listPath string
	signIns  *limiter // by address: token requests
	contacts *limiter // by address: whatever else needs no token
	setup    *setup
	seen     *contacts     // shared with the listener for devices
	events   *events       // likewise
	list     *list         // likewise
	large    chan struct{} // held while a large body is in memory
	bundles  chan struct{} // held while a package or a cache is being made
}

// Rates by address. Behind one address may stand an office, so they are wide:
// guessing is stopped per account by vault/server/auth.
const (
	signInEvery, signInBurst   = 200 * time.Millisecond, 60
	contactEvery, contactBurst = 20 * time.Millisecond, 400
	// largeBodies is how many bodies beyond smallBody may be in memory at once.
	largeBodies = 4
	// bundlesPerCore is how many packages each core makes at once; they also
	// wait for the network.
	bundlesPerCore = 2
)

// New returns a server with the sub-keys of the database; see MakeKeys.
func New(ctx context.Context, c Config) (*Server, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	keys, err := loadKeys(ctx, c.Identity, c.Catalog)
	if err != nil {
		return nil, err
	}
	return &Server{
		id: c.Identity, keys: keys, catalog: c.Catalog, version: c.Version, log: c.Log, now: c.Now,
		router:   newRouter(table()),
		signIns:  newLimiter(signInEvery, signInBurst, c.Now),
		contacts: newLimiter(contactEvery, contactBurst, c.Now),
		setup:    newSetup(c.Words, c.Now),
		seen:     newContacts(),
		events:   newEvents(), list: &list{}, listPath: c.ListPath, gov: c.Governance,
		large:   make(chan struct{}, largeBodies),
		bundles: make(chan struct{}, bundlesPerCore*runtime.GOMAXPROCS(0)),
	}, nil
}

// Governance returns the handler of the second listener, which can be published
// where the vault is not: it has the routes that a device needs to hear of its
// end and to bring its journal, and no other.
func (s *Server) Governance() http.Handler {
	gov := *s
	var governed []route
	for _, r := range table() {
		if r.governed {
			governed = append(governed, r)
		}
	}
	gov.router = newRouter(governed)
	return &gov
}

// ServeHTTP answers one request: it finds the route, proves what the route
// asks for, calls the handler and renders its error in the manner of the API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.now()
	c := &call{requestID: newRequestID(), address: peer(r)}
	out := &recorder{ResponseWriter: w}
	head := out.Header()
	head.Set("X-Request-Id", c.requestID)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Cache-Control", "no-store")
	if r.TLS != nil {
		head.Set("Strict-Transport-Security", "max-age=31536000")
	}
	c.err = s.answerSafely(out, r, c)
	whole := c.err == nil || s.refuse(out, r, c)
	s.logRequest(r, out, c, s.now().Sub(began))
	if !whole {
		panic(http.ErrAbortHandler) // breaks the connection off: nobody takes half an answer for a whole one
	}
}

// answerSafely turns a panic of a handler into an error: one request's fault
// must not end the others.
func (s *Server) answerSafely(w http.ResponseWriter, r *http.Request, c *call) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("panic", "request", c.requestID, "value", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return s.answer(w, r, c)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, c *call) error {
	r = withSentPath(r)
	path := normalPath(r.URL.Path)
	found, allowed := s.router.find(r, path)
	c.route, c.api = found, isAPI(path)
	if found == nil {
		return s.noRoute(w, r, allowed)
	}
	r.Body = http.MaxBytesReader(w, r.Body, found.bodyLimit())
	if err := s.prove(r, c); err != nil {
		return err
	}
	return found.serve(s, w, r, c)
}

// refuse renders c.err. It returns false if an answer has begun already.
func (s *Server) refuse(w *recorder, r *http.Request, c *call) (whole bool) {
	if gone(r, c.err) {
		w.status = statusClientGone
		return true
	}
	if w.status != 0 {
		return false
	}
	problem, known := causeOf(c.err)
	if !known {
		problem = &vault.Problem{Cause: vault.Internal, Detail: "request " + c.requestID}
	}
	retryAfter(w, problem, s.now())
	if c.api {
		refuseAPI(w, problem)
		return true
	}
	refusePleasant(w, problem)
	return true
}

// statusClientGone is what the log shows for a client that hung up (nginx has
// the same number for it); nobody receives it.
const statusClientGone = 499
