package native

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// BlockedURL says that an address is not opened, and why. URLs come from
// entries, which other people wrote: cmd:// runs a program, file:// opens what
// is on this machine or tells a password's hash to a server of the network, and
// a handler that nobody knows may do anything.
type BlockedURL struct {
	Scheme string // lower case; empty if it has none
	Reason string // for logs
}

// Error names the scheme, never the address, which may hold a password.
func (b *BlockedURL) Error() string {
	return fmt.Sprintf("address with scheme %q is not opened: %s", b.Scheme, b.Reason)
}

// allowed schemes are those whose programs take an address from a web page,
// too, and so are used to hostile ones.
var allowed = []string{"http", "https", "ftp", "ftps", "sftp", "mailto"}

// maxURLBytes is less than what any of the systems takes for one argument
// (Windows: 2083 in some handlers, 32 KiB in all).
const maxURLBytes = 8 << 10

// OpenURL opens an address with the program that the user has for it. It
// returns a *BlockedURL unless the scheme is http, https, ftp, ftps, sftp or
// mailto. An address without a scheme ("example.com/login") is taken for https.
func OpenURL(address string) error {
	safe, err := safeURL(address)
	if err != nil {
		return err
	}
	return launch(safe)
}

// OpenFolder shows a folder in the file manager. It returns an error if path is
// anything else: a file would be run.
func OpenFolder(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	at, err := os.Stat(path)
	if err == nil && !at.IsDir() {
		err = errors.New("not a folder")
	}
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	return showFolder(path)
}

// safeURL returns the address in a form that cannot be anything else for who
// gets it: it begins with its scheme, and holds only characters of RFC 3986
// without those that mean something to a shell in spite of it.
func safeURL(address string) (string, error) {
	address = strings.TrimSpace(address)
	if len(address) > maxURLBytes {
		return "", &BlockedURL{Reason: "too long"}
	}
	if strings.ContainsFunc(address, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return "", &BlockedURL{Reason: "control character or backslash"}
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || portOnly(address, u) {
		if u, err = url.Parse("https://" + address); err != nil {
			return "", &BlockedURL{Reason: "not an address"} // err would repeat it
		}
	}
	switch {
	case !slices.Contains(allowed, u.Scheme):
		return "", &BlockedURL{Scheme: u.Scheme, Reason: "scheme"}
	case u.Scheme == "mailto" && strings.HasPrefix(u.Opaque, "-"), strings.HasPrefix(u.Host, "-"), u.User != nil && strings.HasPrefix(u.User.Username(), "-"):
		return "", &BlockedURL{Scheme: u.Scheme, Reason: "looks like an option"}
	case u.Scheme == "mailto" && u.Opaque == "", u.Scheme != "mailto" && u.Hostname() == "":
		return "", &BlockedURL{Scheme: u.Scheme, Reason: "no host"}
	}
	return escape(u.String()), nil
}

// portOnly finds "localhost:8080/x", which parses as scheme and opaque part.
func portOnly(address string, u *url.URL) bool {
	rest := strings.TrimPrefix(address[len(u.Scheme):], ":")
	return u.Opaque != "" && u.Scheme != "mailto" && rest != "" && rest[0] >= '0' && rest[0] <= '9'
}

// escape percent-encodes what is left of characters that are not in RFC 3986,
// and ' ( ) ; $ ! * which are, but which careless scripts hand to a shell.
func escape(s string) string {
	const plain = "-._~:/?#[]@&+,=%"
	var out strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte(plain, c) >= 0:
			out.WriteByte(c)
		default:
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}
