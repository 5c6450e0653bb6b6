package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// ListFile is the signed list of those who left, in the data directory: beside
// the database, so that a backup which is brought back does not take it along.
const ListFile = "revoked.jws"

// listAge is when a list is signed anew although nobody left: readers call one
// of lease.ListFresh a list that stands still.
const listAge = 24 * time.Hour

// list is the list as it was signed last. It is safe for concurrent use.
type list struct {
	mu     sync.Mutex
	token  string
	mark   lease.Mark
	signed time.Time
}

// keepList signs the list anew if somebody left since, or it has grown old, and
// writes it beside the database.
func (s *Server) keepList(ctx context.Context) error {
	s.list.mu.Lock()
	defer s.list.mu.Unlock()
	mark, err := s.catalog.LastOrder(ctx)
	if err != nil {
		return err
	}
	age := s.now().Sub(s.list.signed)
	if s.list.token != "" && mark == s.list.mark && age >= 0 && age < listAge {
		return nil
	}
	l, err := s.catalog.List(ctx)
	if err != nil {
		return err
	}
	kid, key := s.keys.signing(lease.UseList)
	token, err := lease.SignList(key, kid, l)
	if err != nil {
		return err
	}
	if s.listPath != "" {
		if err := replaceFile(s.listPath, []byte(token), 0o644); err != nil {
			return fmt.Errorf("write the list of those who left: %w", err)
		}
	}
	s.list.token, s.list.mark, s.list.signed = token, l.Mark(), l.Issued.Time()
	return nil
}

// getList sends the list to whoever asks.
func (s *Server) getList(w http.ResponseWriter, r *http.Request, _ *call) error {
	if err := s.keepList(r.Context()); err != nil {
		return err
	}
	s.list.mu.Lock()
	token := s.list.token
	s.list.mu.Unlock()
	writeBody(w, http.StatusOK, wire.MediaStatement, []byte(token))
	return nil
}

// WriteList brings the list in a data directory up to the database. Commands
// that end somebody call it, so that no server need be running.
func WriteList(ctx context.Context, path string, id *Identity, c *catalog.Catalog) error {
	keys, err := loadKeys(ctx, id, c)
	if err != nil {
		return fmt.Errorf("write the list of those who left: %w", err)
	}
	s := &Server{keys: keys, catalog: c, now: time.Now, listPath: path, list: &list{}}
	return s.keepList(ctx)
}

// ReadList returns the list of a data directory, if this database has signed it:
// nil if there is none. One that another database has signed, or that is
// damaged, is an error.
func ReadList(ctx context.Context, path string, id *Identity, c *catalog.Catalog) (*lease.List, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // no list is no error
	}
	if err != nil {
		return nil, fmt.Errorf("read the list of those who left: %w", err)
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing to lose
	token, err := io.ReadAll(io.LimitReader(f, lease.MaxListBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the list of those who left: %w", err)
	}
	rows, err := c.SubKeys(ctx)
	if err != nil {
		return nil, err
	}
	var subs []lease.SubKey
	for _, row := range rows {
		row.Private.Wipe()
		subs = append(subs, lease.SubKey{KID: row.ID, Use: lease.Use(row.Use), Public: row.Public, Signature: row.Signature})
	}
	set, err := lease.VerifySubKeys(id.SPKI(), subs)
	if err != nil {
		return nil, err
	}
	l, err := lease.VerifyList(string(token), set)
	if err != nil {
		return nil, fmt.Errorf("read the list of those who left: %w", err)
	}
	return l, nil
}

// CheckList reports a database that is older than the list beside it: somebody
// has put one back by hand, and with it everybody who left since.
// vault.Superseded. A list that cannot be read says nothing.
func CheckList(ctx context.Context, path string, id *Identity, c *catalog.Catalog) error {
	l, err := ReadList(ctx, path, id, c)
	if err != nil || l == nil {
		return nil //nolint:nilerr // it is written anew
	}
	last, err := c.LastOrder(ctx)
	if err != nil {
		return err
	}
	if last.Before(l.Mark()) {
		return vault.Fail(vault.Superseded, "the database is older (%s) than the list of those who left (%s)", last, l.Mark())
	}
	return nil
}
