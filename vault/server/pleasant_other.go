package server

import (
	"net/http"

	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/wire"
)

// getHealth says that the process answers; it looks at nothing.
func (s *Server) getHealth(w http.ResponseWriter, _ *http.Request, _ *call) error {
	writeBody(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
	return nil
}

// getAbout names the version. The other members of Pleasant's answer describe
// the machine, which is nobody's business.
func (s *Server) getAbout(w http.ResponseWriter, _ *http.Request, _ *call) error {
	return writeJSON(w, http.StatusOK, wire.ServerInfo{ServerVersion: s.version})
}

// postStrength rates a password that somebody is about to choose.
func (s *Server) postStrength(w http.ResponseWriter, r *http.Request, _ *call) error {
	var in wire.StrengthRequest
	if err := readJSON(r, &in, false); err != nil {
		return err
	}
	defer in.Password.Wipe()
	words := [...]string{"Very Weak", "Weak", "Fair", "Strong", "Very Strong"}
	score := policy.Score(in.Password.Secret)
	return writeJSON(w, http.StatusOK, wire.StrengthAnswer{
		NumericalStrength:   float64(score) * 25, // percent
		DescriptiveStrength: words[score],
	})
}

// getAccessLevels lists what may be granted.
func (s *Server) getAccessLevels(w http.ResponseWriter, r *http.Request, c *call) error {
	levels, err := s.catalog.Levels(r.Context(), c.caller)
	if err != nil {
		return err
	}
	out := []wire.AccessLevel{}
	for _, l := range levels {
		shown := wire.AccessLevel{ID: wire.GUID(l.ID), Name: l.Name, Rights: map[string]bool{}}
		for _, name := range l.Rights.Names() {
			shown.Rights[name] = true
		}
		out = append(out, shown)
	}
	return writeJSON(w, http.StatusOK, out)
}

// getOfflineAvailable says whether OfflinePackage would answer. A client of
// Pleasant's has no device key, so the switch for such packages counts too, and
// whatever of the policy refuses them.
func (s *Server) getOfflineAvailable(w http.ResponseWriter, r *http.Request, c *call) error {
	instance, err := s.catalog.Instance(r.Context())
	if err != nil {
		return err
	}
	rules, err := s.catalog.Governance(r.Context())
	if err != nil {
		return err
	}
	available := false
	if instance.OfflinePackage && rules.RefusesUnbound() == "" {
		if available, err = s.catalog.OfflineAvailable(r.Context(), c.caller); err != nil {
			return err
		}
	}
	return writeJSON(w, http.StatusOK, available)
}
