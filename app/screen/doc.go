// Package screen is what fills the window and its dialogs: each screen shows a
// model of app/present with the widgets of app/widget.
//
// A screen decides nothing and knows no session, no file and no clock. What a
// person does goes out through its actions, which return at once; what changed
// comes in through its Show methods. Its neighbours are app/widget and
// app/theme below it, and app, which owns every screen, above.
//
// The invariant: every method is called on the painting goroutine, none of them
// waits, and a secret is held only while it can be read.
package screen
