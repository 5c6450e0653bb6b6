package server

import (
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// call is one request on its way through the server.
type call struct {
	requestID string
	address   string // of the peer, without port
	route     *route // nil: there is none
	api       bool   // our own API; else Pleasant's

	caller *catalog.Caller // proven by the token; nil unless the route asks for it
	device store.Device    // proven by its signature, likewise
	body   []byte          // of a device-signed request, which was read whole
	nonce  []byte          // that it spent

	err error // what the handler ended with
}

// routeName returns the method and pattern for the log.
func (c *call) routeName() string {
	if c.route == nil {
		return "none"
	}
	return c.route.Path
}
