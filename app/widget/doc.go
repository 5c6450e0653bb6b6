// Package widget is what the window is built of: the entry list, the group
// tree, text and password fields, dialogs, and the small things between them.
//
// A widget shows what it is told and tells what the person did, by callbacks
// that return at once. It knows no server, no cache and no wording: texts come
// in through fields. Its neighbours are app/theme, which has the colours and
// icons, and app/screen, which puts widgets together.
//
// The invariant: nothing here starts a goroutine, waits, reads a file or posts
// to the UI goroutine; every method is called on the UI goroutine. A secret is
// held only while it is shown.
package widget
