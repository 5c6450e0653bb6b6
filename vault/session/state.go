package session

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// stateVersion is the version of the state file. A newer one is refused: a
// client that does not know what stands there must not write over it.
const stateVersion = 1

// maxStateBytes bounds the state file: a few accounts of a few KiB each.
const maxStateBytes = 4 << 20

// state is what a client remembers, one file under its home. It holds nothing
// secret in the clear: tokens, drafts and keys are sealed by the Keeper.
type state struct {
	Version  int       `json:"v"`
	Mode     Mode      `json:"mode"`
	Current  string    `json:"current"`  // Account.Key of who is, or was last, signed in or offline
	LockSeq  uint64    `json:"lock_seq"` // raised to make every process lock what it has open
	Servers  []server  `json:"servers"`
	Accounts []account `json:"accounts"`
}

// server is one address and the identity that was found there first.
type server struct {
	URL    string `json:"url"`
	Kind   Kind   `json:"kind"` // never changes to the weaker one
	Pin    string `json:"pin"`  // 64 hex digits that every connection must prove; empty: trusted by certificate
	CAFile string `json:"ca_file"`
	// Root names the identity root of a Tideover server, 64 hex digits, however
	// the connection is trusted: it signs the leases.
	Root string `json:"root"`
	// Governance is where devices alone are answered, as the server said; empty:
	// nowhere that is known.
	Governance string `json:"governance,omitempty"`
}

// account is one user on one server, as this client knows them.
type account struct {
	Key      string   `json:"key"`    // names the account's folder
	Server   string   `json:"server"` // server.URL
	User     string   `json:"user"`   // as typed at the last sign-in
	UserID   vault.ID `json:"user_id"`
	CachedAs string   `json:"cached_as"` // user name in the form typed at caching; empty: never cached

	Device    device `json:"device"`
	AutoCache bool   `json:"auto_cache"`

	Token        []byte    `json:"token"` // sealed; empty: not signed in
	TokenExpires time.Time `json:"token_expires"`
	SignedIn     time.Time `json:"signed_in"` // when the account password was typed last

	// Drafts is the sealed list of what Connect would drop. Empty: there are no
	// edits, and what the overlay may still hold was dropped.
	Drafts []byte `json:"drafts"`

	// Ordered is the last order that was carried out, Listed the newest list of
	// those who left that was seen. See lease/ORDERS.md.
	Ordered lease.Mark `json:"ordered"`
	Listed  lease.Mark `json:"listed"`
	// Receipt is the generation that was wiped and that the server does not know
	// of yet; 0: none.
	Receipt uint64 `json:"receipt"`

	// LevelA: the last cache was of level A. Nothing lower is made after it
	// without the person's word.
	LevelA bool `json:"level_a"`

	// Keys are the security keys of the last cache, and when they were added; absent:
	// none, or of a time when that was not kept.
	Keys []keyAdded `json:"keys,omitempty"`

	// Recovery is what is known of the organisation's recovery; absent: nothing.
	Recovery *recoveryState `json:"recovery,omitempty"`
}

// device is this installation as the account's server knows it. The key is
// the Keeper's: the blob is useless on another machine.
type device struct {
	ID       vault.ID         `json:"id"`
	State    wire.DeviceState `json:"state"`
	Why      string           `json:"why,omitempty"` // the server's reason for the state
	KeyBlob  []byte           `json:"key_blob"`
	Public   []byte           `json:"public"` // SPKI, DER
	RootName []byte           `json:"root_name"`

	// Creation is how the chip made the key; absent: nobody kept it, so the key can
	// never be certified. Attestor is the chip's attestation key, there before the
	// server is told of it. Judged is what came of that; absent: nothing yet.
	Creation *binding.Creation       `json:"creation,omitempty"`
	Attestor *binding.AttestationKey `json:"attestor,omitempty"`
	Judged   *judgement              `json:"judged,omitempty"`
}

// accountKey names the folder of an account: not its user name, which may hold
// anything, and which a folder listing would tell.
func accountKey(url, user string) string {
	sum := sha256.Sum256([]byte(url + "\x00" + user))
	return hex.EncodeToString(sum[:16])
}

// current returns the current account, or nil.
func (s *state) current() *account { return s.account(s.Current) }

func (s *state) account(key string) *account {
	for i := range s.Accounts {
		if s.Accounts[i].Key == key {
			return &s.Accounts[i]
		}
	}
	return nil
}

// server returns the record of an address, or nil.
func (s *state) server(url string) *server {
	for i := range s.Servers {
		if s.Servers[i].URL == url {
			return &s.Servers[i]
		}
	}
	return nil
}

// signedIn reports whether there is a token that has not ended.
func (a *account) signedIn(now time.Time) bool {
	return len(a.Token) > 0 && (a.TokenExpires.IsZero() || now.Before(a.TokenExpires))
}

// home is the folder of a client's state.
type home string

func (h home) statePath() string           { return filepath.Join(string(h), "state.json") }
func (h home) lockPath() string            { return filepath.Join(string(h), "state.lock") }
func (h home) accountDir(k string) string  { return filepath.Join(string(h), "accounts", k) }
func (h home) ensure() error               { return os.MkdirAll(string(h), 0o700) }
func damaged(path string, err error) error { return vault.Fail(vault.Damaged, "%s: %w", path, err) }

// load reads the state; a home without one is a client that was never used.
func (h home) load() (*state, error) {
	f, err := os.Open(h.statePath())
	if errors.Is(err, fs.ErrNotExist) {
		return &state{Version: stateVersion, Mode: Disconnected}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read client state: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read client state: %w", err)
	}
	if info.Size() > maxStateBytes {
		return nil, vault.Fail(vault.Hostile, "%s has %d bytes", h.statePath(), info.Size())
	}
	var s state
	if err := json.NewDecoder(f).Decode(&s); err != nil {
		return nil, damaged(h.statePath(), err)
	}
	if s.Version != stateVersion {
		return nil, vault.Fail(vault.Unsupported, "%s is of version %d", h.statePath(), s.Version)
	}
	if _, err := ParseMode(string(s.Mode)); err != nil {
		return nil, damaged(h.statePath(), err)
	}
	return &s, nil
}

// save replaces the state file: whole and on disk, or the old one stays.
func (h home) save(s *state) error {
	raw, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return fmt.Errorf("write client state: %w", err)
	}
	if err := replaceFile(h.statePath(), raw); err != nil {
		return vault.Fail(vault.ReadOnly, "write client state: %w", err)
	}
	return nil
}

// replaceFile writes a file of mode 0600 beside path and renames it over path,
// with everything flushed before the rename and the folder after it.
func replaceFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()           // may be closed already
			_ = os.Remove(f.Name()) // nothing more can be done about it
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
