package catalog_test

import (
	"context"
	"testing"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// meanwhile is a database on which somebody else acts once, in the middle of a
// transaction: after the releases were listed, or before a setting is written.
// Only where writers do not wait for each other.
type meanwhile struct {
	store.Store
	act func()
}

func (m *meanwhile) Update(ctx context.Context, fn func(store.Tx) error) error {
	return m.Store.Update(ctx, func(tx store.Tx) error { return fn(meanwhileTx{tx, m}) })
}

func (m *meanwhile) once() {
	if act := m.act; act != nil {
		m.act = nil
		act()
	}
}

type meanwhileTx struct {
	store.Tx
	m *meanwhile
}

func (t meanwhileTx) Releases(ctx context.Context, device vault.ID) ([]store.Release, error) {
	list, err := t.Tx.Releases(ctx, device)
	t.m.once()
	return list, err
}

func (t meanwhileTx) PutSetting(ctx context.Context, s store.Setting) error {
	t.m.once()
	return t.Tx.PutSetting(ctx, s)
}

// over opens the catalog on a database on which act happens in between.
func (s *server) over(act func()) *catalog.Catalog {
	s.t.Helper()
	conf := s.config()
	conf.Store = &meanwhile{s.db, act}
	c, err := catalog.Open(ctx, conf)
	s.must(err)
	return c
}

// A release that another instance approves while recovery is turned off stays
// approved: the key file is out, and its owner has to hear of it.
func approvedMeanwhile(t *testing.T, s *server) {
	o := newOrganisationOn(t, s)
	o.send(1)
	o.must(o.Proof(ctx, o.d.ID, 1))
	asked, err := o.ask("boss")
	o.must(err)
	off := o.over(func() {
		if _, secret, err := o.approve(asked.ID, "vice"); cause(err) != "" && cause(err) != vault.NotFound {
			t.Errorf("approving meanwhile: %v, %v", secret, err)
		}
	})
	if _, err := off.RecoveryOff(ctx, o.op); err != nil {
		t.Error(err)
	}
	if r, err := o.LastRelease(ctx, o.d.ID); err != nil || r == nil || r.Approved != "vice" {
		t.Errorf("the approved release is forgotten: %+v, %v", r, err)
	}
}

// Two instances that start for the first time, at once: neither fails.
func makersMeanwhile(t *testing.T, s *server) {
	conf := s.config()
	conf.Attest = attest.New(attest.Config{})
	other, err := catalog.Open(ctx, conf)
	s.must(err)
	one := s.over(func() { s.must(other.NoteMakers(ctx)) })
	if err := one.NoteMakers(ctx); err != nil {
		t.Errorf("the slower instance: %v", err)
	}
}
