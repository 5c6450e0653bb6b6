package catalog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// Names of settings and marks in the store. They are stored: never change one.
const (
	// policyPrefix and a key of policy.Governance is a setting with its text.
	policyPrefix = "policy."
	// settingOffline and settingPackage are "on" or "off".
	settingOffline = "offline"
	settingPackage = "offline_package"
	// settingEpoch is a number in 8 bytes, big-endian.
	settingEpoch = "epoch"
	// settingNonceKey is a secret; see nonce.go.
	settingNonceKey = "nonce_key"
	// settingMakers is "known" or "none": what the last serve was told of makers of
	// chips. Commands are not told.
	settingMakers = "tpm_makers"

	metaIncarnation = "incarnation" // 16 bytes
	metaCreated     = "created"     // milliseconds since 1970 in 8 bytes, big-endian
)

// rules is what the settings say, of one Revision.Gov. It is immutable.
type rules struct {
	gov        int64
	governance policy.Governance
	instance   Instance
	nonceKey   store.Setting
	makers     string // settingMakers; empty: never served
}

// loadRules reads the settings.
func loadRules(ctx context.Context, r store.Reader) (*rules, error) {
	rev, err := r.Revision(ctx)
	if err != nil {
		return nil, err
	}
	settings, err := r.Settings(ctx)
	if err != nil {
		return nil, fmt.Errorf("load settings: %w", err)
	}
	ru := &rules{gov: rev.Gov}
	texts := map[string]string{}
	for _, s := range settings {
		switch key, isPolicy := strings.CutPrefix(s.Name, policyPrefix); {
		case isPolicy:
			texts[key] = string(s.Value)
		case s.Name == settingOffline:
			ru.instance.OfflineEnabled = string(s.Value) == "on"
		case s.Name == settingPackage:
			ru.instance.OfflinePackage = string(s.Value) == "on"
		case s.Name == settingEpoch:
			ru.instance.Epoch = number(s.Value)
		case s.Name == settingMakers:
			ru.makers = string(s.Value)
		case s.Name == settingNonceKey:
			ru.nonceKey = s
		}
	}
	if ru.governance, err = policy.Parse(texts); err != nil {
		return nil, &vault.Problem{Cause: vault.Damaged, Detail: "stored policy", Err: err}
	}
	incarnation, err := r.Meta(ctx, metaIncarnation)
	if err != nil {
		return nil, fmt.Errorf("load incarnation: %w", err)
	}
	copy(ru.instance.Incarnation[:], incarnation)
	created, err := r.Meta(ctx, metaCreated)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("load creation: %w", err)
	}
	if err == nil {
		ru.instance.Created = time.UnixMilli(int64(number(created))).UTC()
	}
	return ru, nil
}

// number reads 8 bytes, big-endian; anything else is 0.
func number(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}
