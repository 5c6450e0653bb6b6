package present

import (
	"strings"

	"github.com/tideover/tideover/vault/session"
)

// takeKeys says what the cache will want of security keys, in the place of what
// is said where nothing but the master password opens it.
func (r *Review) takeKeys(words *Catalogue, t session.CacheTerms) {
	switch {
	case t.NewKey():
		r.NoFactor = words.Text("cache.review.key.new", nil)
	case len(t.Keys) > 0:
		r.NoFactor = words.Text("cache.review.key.kept", map[string]any{"Keys": strings.Join(t.Keys, ", ")})
	case t.CanKey:
		r.AddKey = words.Text("cache.review.key.add", nil)
		r.WithKey.NoFactor = words.Text("cache.review.key.added", nil)
		if t.Recovery != nil {
			r.WithKey.Recovery = words.recovery(&session.Recovery{Key: t.Recovery.Key, Withheld: true})
		}
	}
}

// takeKeys says which security keys open the cache.
func (u *Unlock) takeKeys(words *Catalogue, keys []string) {
	if len(keys) > 0 {
		u.NoFactor = words.Text("unlock.key", map[string]any{"Keys": strings.Join(keys, ", ")})
	}
}
