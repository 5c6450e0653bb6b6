package server

import (
	"encoding/json"
	"net/http"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// getServer says who this is, before anybody has signed in.
func (s *Server) getServer(w http.ResponseWriter, r *http.Request, _ *call) error {
	instance, err := s.catalog.Instance(r.Context())
	if err != nil {
		return err
	}
	keys, err := s.publishedKeys(r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Server{
		Kind:        wire.KindTideover,
		Version:     s.version,
		Incarnation: instance.Incarnation,
		Epoch:       instance.Epoch,
		Identity:    s.id.SPKI(),
		Keys:        keys,
		Time:        s.now().UTC(),
		Governance:  s.gov,
	})
}

func (s *Server) getNonce(w http.ResponseWriter, r *http.Request, _ *call) error {
	nonce, err := s.catalog.IssueNonce(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Nonce{Nonce: nonce})
}

func (s *Server) getMe(w http.ResponseWriter, r *http.Request, c *call) error {
	me, err := s.catalog.Me(r.Context(), c.caller)
	if err != nil {
		return err
	}
	rules, err := json.Marshal(me.Governance.Lease())
	if err != nil {
		return err
	}
	if me.Roles == nil {
		me.Roles = []string{}
	}
	return writeJSON(w, http.StatusOK, wire.Me{
		UserID:         me.User,
		Name:           me.Name,
		Roles:          me.Roles,
		OfflineEnabled: me.OfflineEnabled,
		OfflineEntries: me.OfflineEntries,
		Policy:         rules,
	})
}

// getDryRun says what a cache would hold now, and why the rest would not be in
// it: on the device of ?device=ID, or on the best one of the caller's.
func (s *Server) getDryRun(w http.ResponseWriter, r *http.Request, c *call) error {
	var run *catalog.DryRun
	var err error
	if text := r.URL.Query().Get("device"); text == "" {
		run, err = s.catalog.DryRun(r.Context(), c.caller, vault.ID{})
	} else if device, bad := vault.ParseID(text); bad != nil {
		err = vault.Fail(vault.Usage, "device is no identifier")
	} else {
		run, err = s.catalog.DryRunOn(r.Context(), c.caller, device)
	}
	if err != nil {
		return err
	}
	out := wire.DryRun{
		User: run.Name, Server: r.Host, Total: run.Total, Cached: run.Cached, Excluded: run.Excluded,
		ByReason: map[string]int{}, Entries: []wire.DryRunEntry{},
	}
	if !run.Expires.IsZero() {
		end := run.Expires.UTC()
		out.ExpiresAt = &end
	}
	for reason, n := range run.ByReason {
		if reason != policy.Cacheable {
			out.ByReason[string(reason)] = n
		}
	}
	for _, e := range run.Entries {
		line := wire.DryRunEntry{ID: e.ID, Path: vault.JoinPath(e.Path...), Cached: e.Decision.Cached()}
		if !line.Cached {
			reason, detail := string(e.Decision.Reason), e.Decision.Detail
			line.Reason, line.Detail = &reason, &detail
		}
		out.Entries = append(out.Entries, line)
	}
	return writeJSON(w, http.StatusOK, out)
}
