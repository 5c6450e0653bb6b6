package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// planned is a plan as a user's client writes it.
func planned(t *testing.T, m *tpmtest.Machine) string {
	t.Helper()
	server, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := binding.KeyOf(&server.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	slots, err := m.Open(t).PlanSlots(t.Context(), tpm.Plan{Key: key, Device: [16]byte{1}, Cache: [16]byte{2}, Opens: true})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := printJSON(&b, indexPlan{head(), slots}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// provisioned runs tpm provision as another user would: with no client of its
// own.
func provisioned(t *testing.T, spec, in string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	p := &program{
		in: strings.NewReader(in), stdout: &out, stderr: &problems,
		getenv: func(string) string { return "" },
	}
	defer p.close()
	code = p.run(t.Context(), append([]string{"--tpm", spec, "--home", "/nonexistent", "tpm", "provision", "--json"}, args...))
	return code, out.String(), problems.String()
}

func TestProvision(t *testing.T) {
	m := tpmtest.Start(t)
	plan := planned(t, m)
	for range 2 { // it may be repeated
		code, out, problems := provisioned(t, m.Spec(), plan)
		if code != 0 || problems != "" || !strings.Contains(out, `"indices":["counter","pin_fail","pin_pass"]`) {
			t.Fatalf("%d: %s%s", code, out, problems)
		}
	}
	if found, err := m.Open(t).Indices(t.Context()); err != nil || len(found) != 3 {
		t.Errorf("%v, %v", found, err)
	}
}

// The owner's password comes as the first line, and never from anywhere else.
func TestProvisionForAnOwner(t *testing.T) {
	m := tpmtest.Start(t)
	plan := planned(t, m)
	m.KeepRoot()
	m.SetOwnerPassword([]byte("of the owner"))
	code, out, problems := provisioned(t, m.Spec(), plan)
	refusal(t, code, out, 9, "owner")
	if !strings.Contains(problems, "--owner-password-stdin") {
		t.Error(problems)
	}
	code, out, _ = provisioned(t, m.Spec(), "another\n"+plan, "--owner-password-stdin")
	refusal(t, code, out, 9, "owner")
	if code, out, problems := provisioned(t, m.Spec(), "of the owner\n"+plan, "--owner-password-stdin"); code != 0 {
		t.Errorf("%d: %s%s", code, out, problems)
	}
}

func TestProvisionWhatIsNoPlan(t *testing.T) {
	m := tpmtest.Start(t)
	plan := planned(t, m)
	for name, in := range map[string]string{
		"nothing":            "",
		"only space":         " \n",
		"no JSON":            "sudo: a password is required\n",
		"half":               plan[:len(plan)/2],
		"two":                plan + plan,
		"a field of others":  strings.Replace(plan, `"v":1`, `"v":1,"w":2`, 1),
		"another version":    strings.Replace(plan, `"v":1`, `"v":2`, 1),
		"no values":          strings.Replace(plan, `"counter_auth"`, `"pin_pass_auth"`, 1),
		"an error":           `{"v":1,"error":{"id":"unreachable"}}`,
		"too long":           plan + strings.Repeat(" ", maxPlanBytes),
		"a handle of others": strings.Replace(plan, `"counter":`, `"counter":1,"x":`, 1),
	} {
		code, out, _ := provisioned(t, m.Spec(), in)
		if t.Run(name, func(t *testing.T) { refusal(t, code, out, 2, "plan") }); code == 0 {
			t.Error(name)
		}
	}
	if found, err := m.Open(t).Indices(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
	code, out, _ := provisioned(t, "none", plan)
	refusal(t, code, out, 4, "none")
	code, out, _ = provisioned(t, "unix:/nonexistent", plan)
	refusal(t, code, out, 4, "/nonexistent")
}

// Something of somebody else's at a planned handle is not touched.
func TestProvisionWhatIsTaken(t *testing.T) {
	m := tpmtest.Start(t)
	plan := planned(t, m)
	if code, _, problems := provisioned(t, m.Spec(), plan); code != 0 {
		t.Fatal(problems)
	}
	var other indexPlan
	if err := json.Unmarshal([]byte(plan), &other); err != nil {
		t.Fatal(err)
	}
	other.Indices.Cache = [16]byte{3}
	var b bytes.Buffer
	if err := printJSON(&b, other); err != nil {
		t.Fatal(err)
	}
	code, out, _ := provisioned(t, m.Spec(), b.String())
	refusal(t, code, out, 18, "stands")
}

// refusal holds a refusal to its exit code, and its message to a word of it.
func refusal(t *testing.T, code int, out string, want int, word string) {
	t.Helper()
	var e errorBody
	if err := json.Unmarshal([]byte(out), &e); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if code != want || e.Error.Exit != want || !strings.Contains(e.Error.Message+e.Error.Remedy, word) {
		t.Errorf("exit %d: %s", code, out)
	}
}
