package session

import (
	"context"
	"errors"

	"github.com/tideover/tideover/vault"
)

// ErrOnlineOnly says of a ReadOnly problem that it is not the policy's: this
// change is no draft that a cache could hold, and can be made online only.
var ErrOnlineOnly = errors.New("this can be changed online only")

// changer returns the Remote for a change that has no offline form.
func (s *Session) changer(ctx context.Context) (Remote, error) {
	st, err := s.home.load()
	if err != nil {
		return nil, err
	}
	if st.Mode == Offline {
		return nil, &vault.Problem{Cause: vault.ReadOnly, Err: ErrOnlineOnly}
	}
	_, _, remote, err := s.online(ctx)
	return remote, err
}

// AddGroup makes a group in another one on the server. Errors of all changes of
// groups: ReadOnly with ErrOnlineOnly while Offline; NotFound, NotPermitted and
// CommentRequired as the server decides; Unsupported for one that can only be
// read.
func (c Changes) AddGroup(ctx context.Context, parent vault.ID, name string) (vault.ID, error) {
	remote, err := c.session.changer(ctx)
	if err != nil {
		return vault.ID{}, err
	}
	id, err := remote.CreateGroup(ctx, parent, name, c.comment)
	return id, c.session.lost(ctx, err)
}

// RenameGroup gives a group another name on the server.
func (c Changes) RenameGroup(ctx context.Context, group vault.ID, name string) error {
	remote, err := c.session.changer(ctx)
	if err != nil {
		return err
	}
	return c.session.lost(ctx, remote.RenameGroup(ctx, group, name, c.comment))
}

// RemoveGroup deletes a group on the server. With recursive everything below
// goes too; without, a group with something in it is Unconfirmed.
func (c Changes) RemoveGroup(ctx context.Context, group vault.ID, recursive bool) error {
	remote, err := c.session.changer(ctx)
	if err != nil {
		return err
	}
	return c.session.lost(ctx, remote.DeleteGroup(ctx, group, recursive, c.comment))
}

// MoveEntry puts an entry into another group on the server.
func (c Changes) MoveEntry(ctx context.Context, item *Item, group vault.ID) error {
	remote, err := c.session.changer(ctx)
	if err != nil {
		return err
	}
	return c.session.lost(ctx, remote.MoveEntry(ctx, item.Entry.ID, group, c.comment))
}

// AddGroup is Changes.AddGroup without a reason.
func (s *Session) AddGroup(ctx context.Context, parent vault.ID, name string) (vault.ID, error) {
	return s.Because("").AddGroup(ctx, parent, name)
}

// RenameGroup is Changes.RenameGroup without a reason.
func (s *Session) RenameGroup(ctx context.Context, group vault.ID, name string) error {
	return s.Because("").RenameGroup(ctx, group, name)
}

// RemoveGroup is Changes.RemoveGroup without a reason.
func (s *Session) RemoveGroup(ctx context.Context, group vault.ID, recursive bool) error {
	return s.Because("").RemoveGroup(ctx, group, recursive)
}

// MoveEntry is Changes.MoveEntry without a reason.
func (s *Session) MoveEntry(ctx context.Context, item *Item, group vault.ID) error {
	return s.Because("").MoveEntry(ctx, item, group)
}
