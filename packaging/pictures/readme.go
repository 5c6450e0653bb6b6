package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// readmePictures are those of the README, by what they are cut from.
var readmePictures = [...]struct{ from, to string }{
	{"light/main", "main"},
	{"light/disconnect-review", "review"},
	{"dark/offline", "offline"},
}

// readmeLimit keeps the repository small.
const readmeLimit = 150 << 10

// forReadme writes the pictures of the README, with a palette: the window has
// few colours.
func forReadme(o options) error {
	if err := os.MkdirAll(o.readme, 0o755); err != nil {
		return err
	}
	for _, p := range readmePictures {
		to := filepath.Join(o.readme, p.to+".png")
		out, err := exec.Command("convert", filepath.Join(o.out, p.from+".png"), "+dither", "-colors", "256", "-strip", "PNG8:"+to).CombinedOutput()
		if err != nil {
			return fmt.Errorf("convert: %w: %s", err, out)
		}
		info, err := os.Stat(to)
		if err != nil {
			return err
		}
		if info.Size() > readmeLimit {
			return fmt.Errorf("%s has %d bytes, which is too much for the README", to, info.Size())
		}
	}
	return nil
}
