package storetest

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

func testText(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	// A client can put any bytes into a header.
	agent := "nul\x00 and \xff\xfe, ümläut \U0001F511 \uFFFD"
	token := store.Token{
		Hash: digest(), Kind: store.TokenAPI, User: b.user.ID, Created: at(0), Expires: at(1), Agent: agent,
	}
	update(t, s, func(tx store.Tx) error { return tx.AddToken(ctx, token) })
	got := read(t, s, func(r store.Reader) (store.Token, error) { return r.Token(ctx, token.Hash) })
	same(t, "agent", got.Agent, "nul\uFFFD and \uFFFD, ümläut \U0001F511 \uFFFD")
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.UserByName(ctx, agent); return err })

	event := store.AuditEvent{At: at(0), Name: agent, Action: "sign-in", Comment: strings.Repeat("x", 70_000)}
	update(t, s, func(tx store.Tx) error { _, err := tx.AppendAudit(ctx, event); return err })
	verifyChain(t, s)
}

// testErrors checks that foreign keys hold while many connections are open: a
// setting made on one connection of a pool would not reach the others.
func testErrors(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	const readers = 8
	var inside, done sync.WaitGroup
	release := make(chan struct{})
	inside.Add(readers)
	for range readers {
		done.Go(func() {
			err := s.View(ctx, func(r store.Reader) error {
				_, err := r.Entry(ctx, b.entry.ID)
				inside.Done()
				<-release
				return err
			})
			if err != nil {
				t.Errorf("view: %v", err)
			}
		})
	}
	inside.Wait()
	var writers sync.WaitGroup
	for range readers {
		writers.Go(func() {
			err := s.Update(ctx, func(tx store.Tx) error {
				return tx.AddEntries(ctx, []store.Entry{newEntry(vault.NewID())})
			})
			var e *store.Error
			if !errors.As(err, &e) || e.Reason != store.Missing || e.Err == nil {
				t.Errorf("got %v, want the database's refusal of a missing folder", err)
			}
			if !errors.Is(err, vault.NotFound) {
				t.Errorf("got %v, want vault.NotFound", err)
			}
		})
	}
	writers.Wait()
	close(release)
	done.Wait()
}

func testTransactions(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	exists := func(id vault.ID) bool {
		err := s.View(ctx, func(r store.Reader) error { _, err := r.User(ctx, id); return err })
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	failed := errors.New("changed my mind")
	dropped := newUser("dropped")
	if err := s.Update(ctx, func(tx store.Tx) error {
		return errors.Join(tx.AddUser(ctx, dropped), failed)
	}); !errors.Is(err, failed) {
		t.Errorf("got %v, want the function's error", err)
	}
	same(t, "exists after an error", exists(dropped.ID), false)

	func() {
		defer func() { same(t, "panic", recover(), any("boom")) }()
		_ = s.Update(ctx, func(tx store.Tx) error { // it panics
			if err := tx.AddUser(ctx, dropped); err != nil {
				t.Error(err)
			}
			panic("boom")
		})
	}()
	same(t, "exists after a panic", exists(dropped.ID), false)

	// A refusal by the database ends the transaction, whatever the caller thinks.
	refused(t, s, store.Duplicate, func(tx store.Tx) error {
		if err := tx.AddUser(ctx, dropped); err != nil {
			return err
		}
		_ = tx.AddUser(ctx, newUser("ALICE")) // the refusal that is dropped
		return nil
	})
	same(t, "exists after a dropped refusal", exists(dropped.ID), false)

	// One that we found out ourselves does not.
	kept := newUser("kept")
	update(t, s, func(tx store.Tx) error {
		if err := tx.DeleteRole(ctx, vault.NewID()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		if _, err := tx.User(ctx, vault.NewID()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		return tx.AddUser(ctx, kept)
	})
	same(t, "exists after a refusal of ours", exists(kept.ID), true)

	// What is outside of the function's life fails.
	var dead store.Tx
	update(t, s, func(tx store.Tx) error { dead = tx; return nil })
	if _, err := dead.User(ctx, b.user.ID); err == nil {
		t.Error("a dead transaction answered")
	}

	// A caller who gave up gets no transaction.
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for name, run := range map[string]func() error{
		"update": func() error { return s.Update(gone, func(store.Tx) error { t.Error("ran"); return nil }) },
		"view":   func() error { return s.View(gone, func(store.Reader) error { t.Error("ran"); return nil }) },
	} {
		if err := run(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want the context's error", name, err)
		}
	}

	// One who gives up inside leaves a database that works.
	for range 20 {
		leaving, leave := context.WithCancel(ctx)
		err := s.Update(leaving, func(tx store.Tx) error {
			leave()
			_, err := collect(tx.Users(leaving))
			return err
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want nil or the context's error", err)
		}
	}
	same(t, "exists after leaving", exists(b.user.ID), true)

	// A view is of one moment.
	late := newUser("late")
	view(t, s, func(r store.Reader) error {
		before, err := r.Revision(ctx)
		if err != nil {
			return err
		}
		update(t, s, func(tx store.Tx) error { return tx.AddUser(ctx, late) })
		if _, err := r.User(ctx, late.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound in an older view", err)
		}
		after, err := r.Revision(ctx)
		same(t, "revision in a view", after, before)
		return err
	})
	same(t, "exists in a new view", exists(late.ID), true)
	same(t, "counts", read(t, s, func(r store.Reader) (store.Counts, error) { return r.Counts(ctx) }),
		store.Counts{Users: 3, Folders: 1, Entries: 1, Devices: 1})
}

func testSequences(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddUser(ctx, newUser("zoe")); err != nil {
			return err
		}
		for range 3 {
			if _, err := tx.AppendAudit(ctx, store.AuditEvent{At: at(0), Action: "x"}); err != nil {
				return err
			}
		}
		return nil
	})
	for name, run := range map[string]func(store.Reader) error{
		"users":  func(r store.Reader) error { return callInside(t, r, r.Users(ctx)) },
		"audit":  func(r store.Reader) error { return callInside(t, r, r.AuditEvents(ctx, store.AuditQuery{})) },
		"chunks": func(r store.Reader) error { _, err := collect(r.Chunks(ctx, b.entry.ID)); return err },
	} {
		t.Run(name, func(t *testing.T) {
			view(t, s, func(r store.Reader) error {
				if err := run(r); err != nil {
					return err
				}
				_, err := r.User(ctx, b.user.ID) // usable again
				return err
			})
		})
	}
	// A sequence can be read twice, and reads anew.
	update(t, s, func(tx store.Tx) error {
		users := tx.Users(ctx)
		for want := 2; want < 5; want++ {
			got, err := collect(users)
			if err != nil {
				return err
			}
			same(t, "number of users", len(got), want)
			if err := tx.AddUser(ctx, newUser(strings.Repeat("u", want))); err != nil {
				return err
			}
		}
		return nil
	})
}

// callInside ranges over rows, calls r meanwhile, which must fail, and breaks.
func callInside[T any](t *testing.T, r store.Reader, rows iter.Seq2[T, error]) error {
	for _, err := range rows {
		if err != nil {
			return err
		}
		if _, err := r.Revision(t.Context()); err == nil {
			t.Error("a call inside a sequence was answered")
		}
		if _, err := collect(r.Users(t.Context())); err == nil {
			t.Error("a sequence inside a sequence was answered")
		}
		break
	}
	return nil
}
