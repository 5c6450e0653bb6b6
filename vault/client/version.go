package client

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// Versions of the Pleasant API that we speak. Version 7 answers as 6 does on
// the servers that have it. Version 4 reads only: it has no partial change, and
// its full one empties what a client does not know.
const (
	newest = 6
	oldest = 4
)

func rest(version int, path string) string {
	return wire.PleasantRoot + strconv.Itoa(version) + "/rest/" + path
}

// foldersOf and entriesOf are the nouns of a version.
func foldersOf(version int) string {
	if version <= oldest {
		return "credentialgroup"
	}
	return "folders"
}

func entriesOf(version int) string {
	if version <= oldest {
		return "credential"
	}
	return "entries"
}

// entryPath is the path of an entry and what is below it.
func entryPath(version int, id vault.ID, below string) string {
	return rest(version, entriesOf(version)+"/"+id.String()+below)
}

// pleasant returns the version of the Pleasant API to use.
func (c *Client) pleasant(ctx context.Context) (int, error) {
	m, err := c.meet(ctx)
	if err != nil {
		return 0, err
	}
	if m.Kind == wire.KindTideover {
		return newest, nil
	}
	c.mu.Lock()
	version := c.version
	c.mu.Unlock()
	if version != 0 {
		return version, nil
	}
	return c.reach(ctx)
}

// reach asks for the root folder's id, in the newest version that the server
// takes. Long requests do it first, so that a server which is gone is noticed
// within Wait and not within LongWait.
func (c *Client) reach(ctx context.Context) (int, error) {
	c.mu.Lock()
	first := c.version
	c.mu.Unlock()
	if first == 0 {
		first = newest
	}
	for version := first; version >= oldest; version-- {
		err := c.ask(ctx, request{method: http.MethodGet, path: rest(version, foldersOf(version)+"/root")}, nil)
		if errors.Is(err, vault.NotFound) {
			continue
		} else if err != nil {
			return 0, err
		}
		c.mu.Lock()
		c.version = version
		c.mu.Unlock()
		return version, nil
	}
	return 0, vault.Fail(vault.BadAnswer, "%s has no API of a version that we know", c.base.Host)
}

// writable is pleasant for requests that change something.
func (c *Client) writable(ctx context.Context) (int, error) {
	version, err := c.pleasant(ctx)
	if err == nil && version <= oldest {
		return 0, vault.Fail(vault.Unsupported, "%s can only be read: its API is version %d", c.base.Host, version)
	}
	return version, err
}
