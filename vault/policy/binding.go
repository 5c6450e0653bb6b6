package policy

import "github.com/tideover/tideover/tpm/binding"

// Binding is how strongly a cache is bound to its machine; the rules compare it
// and the rest of the server stores it.
type Binding = binding.Level

// ParseBinding reads A, B, B0, C or D.
func ParseBinding(s string) (Binding, error) { return binding.ParseLevel(s) }
