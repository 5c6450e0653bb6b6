package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// OfflineAvailable reports whether the user holds anything that may be used
// offline.
func (c *Client) OfflineAvailable(ctx context.Context) (bool, error) {
	m, err := c.meet(ctx)
	if err != nil {
		return false, err
	}
	if m.Kind == wire.KindTideover {
		me, err := c.Me(ctx)
		return me.OfflineEnabled && me.OfflineEntries > 0, err
	}
	version, err := c.pleasant(ctx)
	if err != nil || version <= oldest { // version 4 has no offline mode
		return false, err
	}
	var available bool
	err = c.ask(ctx, request{method: http.MethodGet, path: rest(version, "IsOfflineAvailable")}, &available)
	if errors.Is(err, vault.NotFound) || errors.Is(err, vault.NotPermitted) {
		return false, nil
	}
	return available, err
}

// OfflinePackage returns what the user may use offline, with its values; the
// server writes that to its audit log, and shows it comment. The time is until
// when it may be kept, zero if the server sets no end. It is the caller's to
// refuse a package that is over already. The caller wipes the content.
func (c *Client) OfflinePackage(ctx context.Context, comment string) (*vault.Content, time.Time, error) {
	if _, err := c.meet(ctx); err != nil {
		return nil, time.Time{}, err
	}
	version, err := c.reach(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	if version <= oldest {
		return nil, time.Time{}, vault.Fail(vault.Unsupported, "%s has no offline mode: its API is version %d", c.base.Host, version)
	}
	request := request{method: http.MethodPost, path: rest(version, "OfflinePackage"), long: true, secret: true}
	if request.body, err = wire.Marshal(wire.CommentRequest{Comment: comment}); err != nil {
		return nil, time.Time{}, err
	}
	body, err := c.fetch(ctx, request, c.cfg.Limits.Bytes)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer clear(body)
	return wire.DecodePackage(body, c.cfg.Limits)
}
