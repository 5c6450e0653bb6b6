package app

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSettings(t *testing.T) {
	home := t.TempDir()
	off := false
	want := settings{
		Width: 900, Height: 600, Theme: "dark", Language: "de", Toolbar: &off, Details: "right", Subs: true,
		Columns: []string{"title", "url"}, Widths: map[string]float32{"title": 200}, Sort: "url", Desc: true, Tree: 180, Below: 160, Right: 300,
	}
	if err := saveSettings(home, want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, *loadSettings(home)); diff != "" {
		t.Error(diff)
	}
	names, err := os.ReadDir(home)
	if err != nil || len(names) != 1 {
		t.Errorf("%v, %v are left", names, err)
	}
}

// A damaged file is a new window, and sizes that no screen has are forgotten.
func TestSettingsDamaged(t *testing.T) {
	for name, text := range map[string]string{
		"none": "", "cut": `{"width": 90`, "other type": `{"width": "wide"}`, "array": `[1]`,
		"negative": `{"width": -5, "height": -1}`, "huge": `{"width": 1e30, "height": 1e9}`,
	} {
		home := t.TempDir()
		if err := os.WriteFile(filepath.Join(home, settingsName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(settings{}, *loadSettings(home)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if diff := cmp.Diff(settings{}, *loadSettings(t.TempDir())); diff != "" {
		t.Errorf("no file: %s", diff)
	}
}

// Nothing makes the home but the session.
func TestSettingsWithoutHome(t *testing.T) {
	home := filepath.Join(t.TempDir(), "none")
	if err := saveSettings(home, settings{Width: 5}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(home); err == nil {
		t.Error("the home was made")
	}
}
