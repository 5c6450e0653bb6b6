// Package wire holds the shapes that travel between client and server: the
// Pleasant REST types of versions 4 to 7 with their quirks of dates, GUIDs and
// bare strings, the Tideover API types (openapi.yaml), and the record stream
// that carries a whole vault.Content (FORMAT.md).
//
// It opens no connection, asks nobody for permission and keeps no state:
// vault/client and vault/server do, and both speak only through these types.
//
// The invariant it keeps: what one side encodes the other decodes to an equal
// value, and no input makes a decoder panic, hang or take more memory than its
// limits say. Values of fields are decoded into bytes that can be wiped, never
// into Go strings.
package wire
