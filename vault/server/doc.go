// Package server is the HTTP face of a Tideover server: Pleasant Password
// Server's REST API, which other people's clients use unmodified, and our own
// API, through which devices get caches and leases and return journals.
//
// It decides nothing. Who may do what, what is written to the audit log and in
// which transaction, is vault/server/catalog; how bytes rest in the database,
// vault/server/store and vault/server/keyring. Handlers parse, call, render.
// The shapes are vault/wire.
//
// The invariant it keeps: every route stands in routes.go with the right that
// it takes, and no handler runs before that right was proven.
package server
