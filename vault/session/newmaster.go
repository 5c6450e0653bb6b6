package session

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
)

// newMaster asks for the master password and holds it to the rules. NotSignedIn
// if it must differ from the account password and nothing is known of that: the
// person is asked for that one first.
func (s *Session) newMaster(ctx context.Context, a *account, rules policy.MasterRules, r CacheRequest) (vault.Secret, error) {
	if r.Password.IsEmpty() {
		if again, err := s.needsPassword(ctx, a, rules); err != nil {
			return vault.Secret{}, err
		} else if again {
			return vault.Secret{}, vault.Fail(vault.NotSignedIn, "%s: the master password must differ from the account password, which is needed for that once more", a.User)
		}
	}
	master, err := r.Master(ctx, rules)
	if err != nil {
		return vault.Secret{}, err
	}
	if err = rules.Check(master, r.Password, a.User); err == nil && rules.Differs {
		err = s.differs(ctx, a, r.Password, master)
	}
	if err != nil {
		master.Wipe()
		return vault.Secret{}, err
	}
	return master, nil
}

// differs returns WeakPassword if master is the account password: the one that
// was given, or the one of the sign-in. It returns nil where nothing is known of
// either.
func (s *Session) differs(ctx context.Context, a *account, password, master vault.Secret) error {
	same := false
	if !password.IsEmpty() {
		same = samePassword(master, password)
	} else if live, err := s.liveSession(ctx, a); err == nil {
		same = live.same(master)
		live.wipe()
	}
	if same {
		return vault.Fail(vault.WeakPassword, "the same as the account password")
	}
	return nil
}

// needsPassword reports whether the account password has to be typed again
// before a new master password can be held against it.
func (s *Session) needsPassword(ctx context.Context, a *account, rules policy.MasterRules) (bool, error) {
	if !rules.Differs {
		return false, nil
	}
	live, err := s.liveSession(ctx, a)
	if err != nil {
		return false, err
	}
	defer live.wipe()
	return !live.compares(), nil
}
