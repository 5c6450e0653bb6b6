// Package storetest is the conformance suite of server/store: what the contract
// promises, tried on every implementation through its interfaces alone. It also
// starts a throw-away PostgreSQL for tests of other packages.
//
// It is imported by tests only.
package storetest
