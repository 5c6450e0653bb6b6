package store

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
)

// TokenKind says what a token opens. The numbers are stored.
type TokenKind int

// The kinds of tokens.
const (
	TokenAPI   TokenKind = 1 // bearer token of a client
	TokenWeb   TokenKind = 2 // session of the console
	TokenSetup TokenKind = 3 // one-time link that sets a password
	TokenFeed  TokenKind = 4 // reader of audit events, SCIM
)

// Token is a session or bearer token. The store has its SHA-256 only: 256 random
// bits need no slow hash.
type Token struct {
	Hash     [32]byte // SHA-256 of the token; the key
	Kind     TokenKind
	User     vault.ID
	Device   vault.ID // the device it is bound to; zero: none
	Stamp    int64    // User.Stamp at issue; differs: the token is void
	Created  time.Time
	Expires  time.Time
	LastUsed time.Time
	Confirms time.Time // last time the user proved presence again; zero: never
	Address  string    // of the client, at issue
	Agent    string    // User-Agent, at issue
}

// TokenReader finds tokens.
type TokenReader interface {
	// Token returns the token with that hash, or ErrNotFound. It does not look
	// at Expires or Stamp.
	Token(ctx context.Context, hash [32]byte) (Token, error)
	// Tokens returns the tokens of one user, newest first.
	Tokens(ctx context.Context, user vault.ID) ([]Token, error)
}

// TokenWriter changes tokens. Nothing here counts in Revision.
type TokenWriter interface {
	// AddToken inserts t. ErrNotFound: no such user or device; ErrConflict:
	// hash taken.
	AddToken(ctx context.Context, t Token) error
	// UpdateToken replaces Expires, LastUsed and Confirms, or ErrNotFound.
	UpdateToken(ctx context.Context, t Token) error
	// DeleteToken removes it, or returns ErrNotFound.
	DeleteToken(ctx context.Context, hash [32]byte) error
	// DeleteTokens removes every token that q names; returns how many.
	DeleteTokens(ctx context.Context, q TokenQuery) (int64, error)
	// Spend marks a nonce (its SHA-256) as used until expires. ErrConflict: it
	// was used before. Spent marks that have expired are removed by DeleteTokens.
	Spend(ctx context.Context, nonce [32]byte, expires time.Time) error
}

// TokenQuery names tokens; fields that are set must all hold. The zero query
// names none.
type TokenQuery struct {
	User          vault.ID
	Device        vault.ID
	ExpiredBefore time.Time
}
