package start

import "github.com/tideover/tideover/vault/session"

// KeeperOf returns what the client's session keeps its secrets with.
func KeeperOf(c *Client) session.Keeper { return keeper{c.Chip} }
