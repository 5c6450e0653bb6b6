package server

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/tideover/tideover/vault"
)

// maxFormBytes bounds a token request; the longest real one carries an
// authorisation code of a few KiB.
const maxFormBytes = 64 << 10

// readForm reads the body as a form whatever the method and the content type
// say: there are clients that send it with GET, and clients that call it JSON.
// Values need not be escaped: what is no valid escape stands for itself, so
// that "100%" is a password as good as "100%25".
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFormBytes))
	if err != nil {
		return nil, err
	}
	defer clear(body)
	form := url.Values{}
	for pair := range strings.SplitSeq(strings.TrimRight(string(body), "\r\n"), "&") {
		name, value, _ := strings.Cut(pair, "=")
		name = strings.ToLower(unescape(name))
		if name == "" {
			continue
		}
		if form.Has(name) {
			return nil, vault.Fail(vault.Usage, "%s is given twice", name)
		}
		form.Set(name, unescape(value))
	}
	return form, nil
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}
