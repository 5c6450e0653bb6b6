package present

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"text/template"

	"github.com/tideover/tideover/assets"
)

// fallback is the language in which every key exists.
const fallback = "en"

// Catalogue holds the wording of one language. What it says does not change after
// Load. It is safe for concurrent use, and not copied.
type Catalogue struct {
	language string
	words    map[string]string
	parsed   sync.Map // from key to *template.Template, of those that were asked for
}

// Languages returns the languages that there are words in, sorted.
func Languages() []string {
	files, err := fs.Glob(assets.Lang, "lang/*.json")
	if err != nil { // only a malformed pattern
		panic("present: internal error: " + err.Error())
	}
	var langs []string
	for _, f := range files {
		langs = append(langs, strings.TrimSuffix(strings.TrimPrefix(f, "lang/"), ".json"))
	}
	return langs
}

// Load returns the catalogue of a language: "de", and as well "de-AT",
// "de_DE.UTF-8". Languages that we have no words in, and the empty string,
// give English.
func Load(lang string) *Catalogue {
	language := base(lang)
	raw, err := assets.Lang.ReadFile("lang/" + language + ".json")
	if err != nil {
		language = fallback
		if raw, err = assets.Lang.ReadFile("lang/" + fallback + ".json"); err != nil {
			panic("present: internal error: " + err.Error())
		}
	}
	window, err := assets.Lang.ReadFile("lang/window/" + language + ".json")
	if err != nil {
		panic("present: internal error: " + err.Error())
	}
	c := &Catalogue{language: language}
	for _, part := range [][]byte{raw, window} { // Unmarshal adds to a map that is there
		if err := json.Unmarshal(part, &c.words); err != nil {
			panic(fmt.Sprintf("present: internal error: catalogue %s: %v", language, err))
		}
	}
	return c
}

// base returns the language part of a tag or a POSIX locale, lower case.
func base(lang string) string {
	end := strings.IndexFunc(lang, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if end < 0 {
		end = len(lang)
	}
	return strings.ToLower(lang[:end])
}

// Language returns the language of the words, "en" or "de".
func (c *Catalogue) Language() string { return c.language }

// Keys returns the number of wordings by key, for checking catalogues against
// each other. The caller owns the map.
func (c *Catalogue) Keys() map[string]string {
	words := make(map[string]string, len(c.words))
	for k, w := range c.words {
		words[k] = w
	}
	return words
}

// Text returns the wording of a key with its arguments filled in. A key or an
// argument that does not exist is a programmer's error: the key itself comes
// back, which a person can still report.
func (c *Catalogue) Text(key string, args map[string]any) string {
	wording, ok := c.words[key]
	if !ok {
		return key
	}
	if !strings.Contains(wording, "{{") {
		return wording
	}
	t, err := c.template(key, wording)
	if err != nil {
		return key
	}
	var out strings.Builder
	if err := t.Execute(&out, args); err != nil {
		return key
	}
	return out.String()
}

// template returns a wording with arguments, parsed: once, for parsing takes longer
// than filling in.
func (c *Catalogue) template(key, wording string) (*template.Template, error) {
	if t, ok := c.parsed.Load(key); ok {
		return t.(*template.Template), nil
	}
	t, err := template.New(key).Parse(wording)
	if err == nil {
		c.parsed.Store(key, t)
	}
	return t, err
}

// Locale returns the language of messages that the environment asks for, by
// POSIX's order; empty: none.
func Locale(getenv func(string) string) string {
	for _, name := range [...]string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// Level returns the name of a binding level: what it is called beside its
// letter. A virtual chip is never called hardware, nor copy-proof.
func (c *Catalogue) Level(level string, virtual bool) string {
	return c.Text("level."+level, map[string]any{"Virtual": virtual})
}
