package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// settingsName is the file in the client's home.
const settingsName = "window.json"

// maxSettings is more than a person can make of it: a bigger file is damaged.
const maxSettings = 1 << 20

// settings is how the window looked when it was left. It holds no secret, no
// entry and no user: those are the session's.
type settings struct {
	Width    float32            `json:"width,omitempty"` // of the window, in points
	Height   float32            `json:"height,omitempty"`
	Theme    string             `json:"theme,omitempty"`    // present.ThemeSystem …
	Language string             `json:"language,omitempty"` // empty: the system's
	Toolbar  *bool              `json:"toolbar,omitempty"`  // nil: shown
	Details  string             `json:"details,omitempty"`  // present.DetailsBelow …
	Subs     bool               `json:"subgroups,omitempty"`
	Columns  []string           `json:"columns,omitempty"` // keys in order; nil: the default ones
	Widths   map[string]float32 `json:"widths,omitempty"`  // of columns, in points
	Sort     string             `json:"sort,omitempty"`    // key of a column
	Desc     bool               `json:"desc,omitempty"`
	Tree     float32            `json:"tree,omitempty"`  // width of the group tree, in points
	Below    float32            `json:"below,omitempty"` // height of the details below the list
	Right    float32            `json:"right,omitempty"` // width of the details beside it
	Made     *generatorSettings `json:"generator,omitempty"`
}

// generatorSettings are what the password generator was set to last.
type generatorSettings struct {
	Length  int  `json:"length"`
	Lower   bool `json:"lower"`
	Upper   bool `json:"upper"`
	Digits  bool `json:"digits"`
	Symbols bool `json:"symbols"`
	Clear   bool `json:"no_look_alikes"`
}

// loadSettings reads the settings of a home. A file that is missing or damaged
// gives those of a new window: nothing in there is worth an error.
func loadSettings(home string) *settings {
	s := &settings{}
	path := filepath.Join(home, settingsName)
	info, err := os.Stat(path)
	if err != nil || info.Size() > maxSettings {
		return s
	}
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, s) != nil {
		return &settings{}
	}
	s.Width, s.Height = sane(s.Width), sane(s.Height)
	s.Tree, s.Below, s.Right = sane(s.Tree), sane(s.Below), sane(s.Right)
	return s
}

// maxPoints is wider than any desktop: a larger size is damage, or of a screen
// that is gone.
const maxPoints = 20_000

func sane(points float32) float32 {
	if points > 0 && points < maxPoints {
		return points
	}
	return 0
}

// saveSettings writes them whole or not at all. A home that is not there yet is
// made by whoever signs in, not for the size of a window.
func saveSettings(home string, s settings) error {
	if _, err := os.Stat(home); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	f, err := os.CreateTemp(home, settingsName+".*")
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(home, settingsName))
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the settings of before stay
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}

// toolbar reports whether the toolbar is shown.
func (s *settings) toolbar() bool { return s.Toolbar == nil || *s.Toolbar }
