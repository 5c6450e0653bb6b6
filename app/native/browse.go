package native

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

// BlockedURL says that an address is not opened, and why. URLs come from
// entries, which other people wrote.
type BlockedURL struct {
	Kind   BlockedKind
	Scheme string // lower case; empty if it has none
	Reason string // for logs
}

// BlockedKind is why an address is not opened.
type BlockedKind string

// The kinds of addresses that are not opened.
const (
	BlockedProgram BlockedKind = "program" // its scheme runs a program or a script: cmd:
	BlockedFile    BlockedKind = "file"    // its scheme opens what is on this machine, or tells a password's hash to a server of the network
	BlockedUnknown BlockedKind = "unknown" // a handler that nobody knows may do anything
	BlockedForm    BlockedKind = "form"    // it is no address that its scheme could have
)

// Error names the scheme, never the address, which may hold a password.
func (b *BlockedURL) Error() string {
	return fmt.Sprintf("address with scheme %q is not opened: %s", b.Scheme, b.Reason)
}

// opens are the schemes whose programs take an address from elsewhere, and so
// are used to hostile ones. The value says that it ends in a terminal, or in a
// program that is given a command line: its host and user are held to letters
// that mean nothing there, however they are encoded.
var opens = map[string]bool{
	"http": false, "https": false, "mailto": false,
	"ftp": true, "ftps": true, "sftp": true, "ssh": true, "rdp": true, "vnc": true,
}

// blocked are the schemes that we know enough about to say why not.
var blocked = map[string]BlockedKind{
	"cmd": BlockedProgram, "javascript": BlockedProgram, "vbscript": BlockedProgram, "data": BlockedProgram,
	"file": BlockedFile, "smb": BlockedFile,
}

// plainLogin are the users and hosts of the schemes that end in a terminal: no
// spaces, quotes or signs of a shell, and no option.
var plainLogin = regexp.MustCompile(`^[\pL\pN._~+@%:\[\]][\pL\pN._~+@%:\[\]-]*$`)

// maxURLBytes is less than what any of the systems takes for one argument
// (Windows: 2083 in some handlers, 32 KiB in all).
const maxURLBytes = 8 << 10

// OpenURL opens an address with the program that the user has for it. It
// returns a *BlockedURL unless the scheme is http, https, mailto, ftp, ftps, sftp,
// ssh, rdp or vnc. An address without a scheme ("example.com/login") is taken for https.
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
// gets it: it begins with its scheme, names one host, and holds only characters
// of RFC 3986. Those stay as they were written: a server may tell "(" from
// "%28" (section 2.2), and nothing here goes through a shell.
func safeURL(address string) (string, error) {
	address = strings.TrimSpace(address)
	if len(address) > maxURLBytes {
		return "", &BlockedURL{Kind: BlockedForm, Reason: "too long"}
	}
	if strings.ContainsFunc(address, func(r rune) bool { return unicode.IsControl(r) || r == '\\' }) {
		return "", &BlockedURL{Kind: BlockedForm, Reason: "control character or backslash"}
	}
	scheme, rest, named := cutScheme(address)
	if !named {
		scheme, rest = "https", "//"+address
	}
	terminal, ok := opens[scheme]
	if !ok {
		return "", &BlockedURL{Kind: cmp.Or(blocked[scheme], BlockedUnknown), Scheme: scheme, Reason: "scheme"}
	}
	u, err := url.Parse(scheme + ":" + rest)
	if err != nil {
		return "", &BlockedURL{Kind: BlockedForm, Scheme: scheme, Reason: "not an address"} // err would repeat it
	}
	switch {
	case strings.HasPrefix(u.Opaque, "-"), strings.HasPrefix(u.Host, "-"), u.User != nil && strings.HasPrefix(u.User.Username(), "-"):
		return "", &BlockedURL{Kind: BlockedForm, Scheme: scheme, Reason: "looks like an option"}
	case scheme == "mailto" && u.Opaque == "", scheme != "mailto" && u.Hostname() == "":
		return "", &BlockedURL{Kind: BlockedForm, Scheme: scheme, Reason: "no host"}
	case terminal && (!plainLogin.MatchString(u.Hostname()) || u.User != nil && !plainLogin.MatchString(u.User.Username())):
		return "", &BlockedURL{Kind: BlockedForm, Scheme: scheme, Reason: "a user or host with more than letters"}
	}
	return scheme + ":" + escape(oneAt(rest)), nil
}

// schemeForm is what RFC 3986 section 3.1 allows.
var schemeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)

// cutScheme splits an address at its scheme, which it returns in lower case. "localhost:8080/x" looks like one and has none.
func cutScheme(address string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(address, ":")
	if !ok || !schemeForm.MatchString(scheme) {
		return "", "", false
	}
	scheme = strings.ToLower(scheme)
	if scheme != "mailto" && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		return "", "", false // a port
	}
	return scheme, rest, true
}

// oneAt leaves one @ before the host. Whoever splits "//a@b@c" at the first one
// would go to another host than url.Parse saw.
func oneAt(rest string) string {
	if !strings.HasPrefix(rest, "//") {
		return rest
	}
	end := len(rest)
	if i := strings.IndexAny(rest[2:], "/?#"); i >= 0 {
		end = 2 + i
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if at < 0 {
		return rest
	}
	return strings.ReplaceAll(rest[:at], "@", "%40") + rest[at:]
}

// escape percent-encodes what is not in RFC 3986, and the apostrophe, which is:
// programs that put an address into a command line put it between two of them.
func escape(s string) string {
	const plain = "-._~:/?#[]@!$&()*+,;=%"
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
