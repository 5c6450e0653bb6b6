//go:build !race

package storetest

// importEntries is how many entries an import must manage in one transaction.
const importEntries = 100_000
