package wire

import "github.com/tideover/tideover/vault"

// Secret is a vault.Secret that JSON carries in the clear: the one place where
// that is meant. Everything else that prints it still sees "[redacted]".
type Secret struct{ vault.Secret }

// MarshalJSON returns the value as a JSON string. The value must be UTF-8.
func (s Secret) MarshalJSON() ([]byte, error) {
	return AppendString(make([]byte, 0, s.Len()+2), s.Bytes()), nil
}

// UnmarshalJSON decodes a JSON string into bytes of its own; null gives the
// empty secret.
func (s *Secret) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*s = Secret{}
		return nil
	}
	value, _, err := unquote(b)
	if err != nil {
		return err
	}
	*s = Secret{vault.NewSecret(value)}
	return nil
}
