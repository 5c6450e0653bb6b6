package main

import (
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/session"
)

var _ session.Remote = (*client.Client)(nil)

// dial returns the client of a server. It uses no network.
func dial(t session.Target) (session.Remote, error) {
	c, err := client.New(client.Config{URL: t.URL, Pin: t.Pin, CAFile: t.CAFile, Kind: t.Kind})
	if err != nil {
		return nil, err
	}
	return c, nil
}
