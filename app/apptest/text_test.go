package apptest

import (
	"image"
	"os/exec"
	"path/filepath"
	"testing"
)

func words(line string, texts ...string) []word {
	var out []word
	for i, text := range texts {
		out = append(out, word{line: line, text: text, at: image.Rect(10*i, 0, 10*i+8, 8)})
	}
	return out
}

func TestFindForgivesWhatAReaderMistakes(t *testing.T) {
	screen := append(words("1", "Disconnect/Cache...", "Work", "0ffIine", "Clear"), words("2", "Working", "Offline")...)
	screen = append(screen, words("3", "User", "name")...)
	for name, c := range map[string]struct {
		text string
		want image.Rectangle
		ok   bool
	}{
		"ellipsis":             {"Disconnect/Cache…", image.Rect(0, 0, 8, 8), true},
		"look-alikes":          {"Work Offline", image.Rect(10, 0, 28, 8), true},
		"case":                 {"working offline", image.Rect(0, 0, 18, 8), true},
		"dots above letters":   {"Disconnect/Cäche…", image.Rect(0, 0, 8, 8), true},
		"look-alike of two":    {"User name", image.Rect(0, 0, 18, 8), true}, // "rn" is like "m"
		"not across lines":     {"Clear Working", image.Rectangle{}, false},
		"another word":         {"Connect now", image.Rectangle{}, false},
		"nothing is not there": {"", image.Rectangle{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := find(screen, c.text)
			if got != c.want || ok != c.ok {
				t.Errorf("find(%q) = %v, %v, want %v, %v", c.text, got, ok, c.want, c.ok)
			}
		})
	}
}

// TestScreen reads what another program painted on the screen.
func TestScreen(t *testing.T) {
	s := Start(t, Options{Width: 640, Height: 480})
	sign := filepath.Join(t.TempDir(), "sign.png")
	if out, err := exec.Command("convert", "-pointsize", "14", "-border", "20", "-bordercolor", "white", "label:The tide is over", sign).CombinedOutput(); err != nil {
		t.Fatalf("convert (package imagemagick): %v %s", err, out)
	}
	ended := s.Spawn(exec.Command("display", sign))
	s.See("The tide is over")
	s.Key("q")
	<-ended
	s.Gone("The tide is over")
}
