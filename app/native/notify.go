package native

// Note is one notification. It may be shown on a locked screen, and is kept in
// histories: never put a secret, an entry's title or a user name into it.
type Note struct {
	Title    string
	Body     string // plain text
	Category string // of the Desktop Notifications Specification, such as "network.disconnected"; may be empty
}

// SendNote is how a toolkit shows a notification, for the systems where the
// toolkit knows best (Windows, macOS) or is all that is left.
type SendNote func(title, body string)

// Notify shows a note: transient, so that no history keeps it, where the
// desktop can do that, else through send. It returns ErrUnsupported if neither
// is there.
func Notify(n Note, send SendNote) error {
	if notify(n) == nil {
		return nil
	}
	if send == nil {
		return ErrUnsupported
	}
	send(n.Title, n.Body)
	return nil
}
