package policy_test

import (
	"testing"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault/policy"
)

func TestOffline(t *testing.T) {
	const all = policy.ViewOffline | policy.ReadSecrets
	held := policy.Effective{Now: all, Permanent: all}
	with := func(change func(*policy.Candidate)) policy.Candidate {
		c := policy.Candidate{Rights: held}
		change(&c)
		return c
	}
	for _, c := range []struct {
		name   string
		entry  policy.Candidate
		taking policy.Taking
		want   policy.Reason
	}{
		{"plain", policy.Candidate{Rights: held}, policy.Taking{}, policy.Cacheable},
		{"nothing held", policy.Candidate{}, policy.Taking{}, policy.NotPermitted},
		{"without the right", policy.Candidate{Rights: policy.Effective{Now: policy.ReadSecrets, Permanent: policy.ReadSecrets}}, policy.Taking{}, policy.NotPermitted},
		{"the right without the password", policy.Candidate{Rights: policy.Effective{Now: all &^ policy.ViewEntryPassword, Permanent: all &^ policy.ViewEntryPassword}}, policy.Taking{}, policy.NotPermitted},
		{"only for a time", policy.Candidate{Rights: policy.Effective{Now: all}}, policy.Taking{}, policy.TimeLimited},
		{"password only for a time", policy.Candidate{Rights: policy.Effective{Now: all, Permanent: policy.ViewOffline}}, policy.Taking{}, policy.TimeLimited},
		{"part for a time, rest missing", policy.Candidate{Rights: policy.Effective{Now: policy.ReadSecrets}}, policy.Taking{}, policy.NotPermitted},
		{"check-out", with(func(c *policy.Candidate) { c.CheckOut = true }), policy.Taking{}, policy.CheckOut},
		{"dual control", with(func(c *policy.Candidate) { c.DualControl = true }), policy.Taking{}, policy.DualControl},
		{"one time", with(func(c *policy.Candidate) { c.OneTime = true }), policy.Taking{}, policy.OneTime},
		{"comment missing", with(func(c *policy.Candidate) { c.CommentRequired = true }), policy.Taking{}, policy.CommentRequired},
		{"comment given", with(func(c *policy.Candidate) { c.CommentRequired = true }), policy.Taking{Comment: true}, policy.Cacheable},
		{"level below policy", policy.Candidate{Rights: held}, policy.Taking{Level: binding.LevelC, MinLevel: binding.LevelB0}, policy.LevelTooLow},
		{"level enough", policy.Candidate{Rights: held}, policy.Taking{Level: binding.LevelB, MinLevel: binding.LevelB0}, policy.Cacheable},
		{"level unknown", policy.Candidate{Rights: held}, policy.Taking{MinLevel: binding.LevelA}, policy.Cacheable},
		{"entry asks for more", with(func(c *policy.Candidate) { c.MinLevel = binding.LevelA }), policy.Taking{Level: binding.LevelB, MinLevel: binding.LevelB0}, policy.LevelTooLow},
		{"device refused", policy.Candidate{Rights: held}, policy.Taking{Level: binding.LevelA, Refused: "virtual"}, policy.LevelTooLow},
		{"at the size limit", with(func(c *policy.Candidate) { c.SizeBytes = policy.MaxCachedEntryBytes }), policy.Taking{}, policy.Cacheable},
		{"too large", with(func(c *policy.Candidate) { c.SizeBytes = policy.MaxCachedEntryBytes + 1 }), policy.Taking{}, policy.TooLarge},
		{"unsupported", with(func(c *policy.Candidate) { c.Unsupported = "a control character" }), policy.Taking{}, policy.UnsupportedValue},
	} {
		got := policy.Offline(c.entry, c.taking)
		if got.Reason != c.want || got.Cached() != (c.want == policy.Cacheable) || (got.Detail == "") != got.Cached() {
			t.Errorf("%s: got %q (%s), want %q", c.name, got.Reason, got.Detail, c.want)
		}
	}
}
