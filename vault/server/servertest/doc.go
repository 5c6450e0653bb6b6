// Package servertest sets servers up for the tests of their clients: a folder
// with a database, its keys and an identity, an administrator, content, and a
// user who may take all of it offline. What the server does with it is tested in
// server and catalog, which have fixtures of their own; no program links it.
package servertest
