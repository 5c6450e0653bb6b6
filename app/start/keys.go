package start

import "github.com/tideover/tideover/vault/fido"

// securityKeys returns the way to security keys, or why there is none: the
// session tells that to whoever asks for one.
func (o Options) securityKeys() (fido.Platform, error) {
	if o.Keys != nil {
		return o.Keys, nil
	}
	return fido.System(fido.Config{})
}
