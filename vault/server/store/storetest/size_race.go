//go:build race

package storetest

// importEntries is less than what is promised: under the race detector, the
// SQLite that is translated to Go runs some 50 times slower, and the number of
// rows finds no races. Without the detector all are imported.
const importEntries = 2_000
