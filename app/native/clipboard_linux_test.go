package native_test

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/native"
)

func open(t *testing.T) (*native.Clipboard, chan native.End) {
	t.Helper()
	ends := make(chan native.End, 8)
	c, err := native.OpenClipboard(nil, func(e native.End) { ends <- e })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // may be closed by the test; never fails
	return c, ends
}

func TestCopyIsReadByOthersAndMarkedSecret(t *testing.T) {
	display(t)
	c, _ := open(t)
	secret := []byte("pä§s \"w\n€")
	if err := c.Copy(secret, time.Hour); err != nil {
		t.Fatal(err)
	}
	clear(secret) // the caller's bytes are the caller's
	want := map[string]string{
		"UTF8_STRING":               "pä§s \"w\n€",
		"text/plain;charset=utf-8":  "pä§s \"w\n€",
		"x-kde-passwordManagerHint": "secret",
		"TARGETS":                   "TARGETS\nTIMESTAMP\nMULTIPLE\nUTF8_STRING\ntext/plain;charset=utf-8\nSTRING\nx-kde-passwordManagerHint\n",
	}
	for target, text := range want {
		got, ok := xclip(t, target)
		if !ok || got != text {
			t.Errorf("%s: got %q, %v, want %q", target, got, ok, text)
		}
	}
	if stamp, ok := xclip(t, "TIMESTAMP"); !ok || strings.TrimSpace(stamp) == "" {
		t.Errorf("TIMESTAMP: got %q, %v", stamp, ok)
	}
	for _, target := range []string{"SAVE_TARGETS", "image/png", "STRING"} { // € is beyond Latin-1
		if got, ok := xclip(t, target); ok && got != "" {
			t.Errorf("%s is answered: %q", target, got)
		}
	}
	if !c.Holds() {
		t.Error("does not hold what it copied")
	}
}

func TestStringIsLatin1(t *testing.T) {
	display(t)
	c, _ := open(t)
	if err := c.Copy([]byte("pä"), time.Hour); err != nil {
		t.Fatal(err)
	}
	// xclip passes on the bytes.
	if got, ok := xclip(t, "STRING"); !ok || got != "p\xe4" {
		t.Errorf("got %q, %v", got, ok)
	}
}

func TestLargeValuesGoInPieces(t *testing.T) {
	display(t)
	c, _ := open(t)
	for _, size := range []int{64 << 10, 64<<10 + 1, 128 << 10, 3<<20 + 17} {
		want := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		if err := c.Copy(want, time.Hour); err != nil {
			t.Fatal(err)
		}
		if got, ok := xclip(t, "UTF8_STRING"); !ok || got != string(want) {
			t.Errorf("%d bytes: got %d bytes, %v", size, len(got), ok)
		}
	}
}

func TestCopyEnds(t *testing.T) {
	cases := []struct {
		name string
		stay time.Duration
		act  func(*testing.T, *native.Clipboard)
		want native.End
	}{
		{"time", time.Millisecond, func(*testing.T, *native.Clipboard) {}, native.EndTime},
		{"clear", time.Hour, func(_ *testing.T, c *native.Clipboard) { c.Clear() }, native.EndClear},
		{"close", time.Hour, func(t *testing.T, c *native.Clipboard) {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}, native.EndClear},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			display(t)
			c, ends := open(t)
			if err := c.Copy([]byte("s3cret"), tc.stay); err != nil {
				t.Fatal(err)
			}
			tc.act(t, c)
			if got := within(t, ends, "end"); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if got, ok := xclip(t, "UTF8_STRING"); ok || got != "" {
				t.Errorf("still on the clipboard: %q", got)
			}
			if c.Holds() {
				t.Error("says that it still holds it")
			}
		})
	}
}

func TestWhatOthersCopyStays(t *testing.T) {
	display(t)
	c, ends := open(t)
	if err := c.Copy([]byte("s3cret"), time.Hour); err != nil {
		t.Fatal(err)
	}
	xclipIn(t, "theirs")
	if got := within(t, ends, "end"); got != native.EndReplaced {
		t.Errorf("got %q", got)
	}
	c.Clear()
	if got, ok := xclip(t, "UTF8_STRING"); !ok || got != "theirs" {
		t.Errorf("got %q, %v", got, ok)
	}
	if err := c.Copy([]byte("again"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if got, _ := xclip(t, "UTF8_STRING"); got != "again" {
		t.Errorf("got %q", got)
	}
}

func TestNextCopyReplacesWithoutAnEnd(t *testing.T) {
	display(t)
	c, ends := open(t)
	for _, s := range []string{"one", "two", "three"} {
		if err := c.Copy([]byte(s), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := xclip(t, "UTF8_STRING"); got != "three" {
		t.Errorf("got %q", got)
	}
	c.Clear()
	c.Clear()
	if got := within(t, ends, "end"); got != native.EndClear || len(ends) != 0 {
		t.Errorf("got %q and %d more", got, len(ends))
	}
}

func TestPrimaryIsLeftAlone(t *testing.T) {
	display(t)
	c, _ := open(t)
	if err := c.Copy([]byte("s3cret"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(need(t, "xclip", "xclip"), "-selection", "primary", "-o").Output(); err == nil || len(out) > 0 {
		t.Errorf("PRIMARY holds %q", out)
	}
}

func TestDisplayThatDies(t *testing.T) {
	ends := make(chan native.End, 1)
	var c *native.Clipboard
	t.Run("while it lives", func(t *testing.T) {
		display(t)
		var err error
		if c, err = native.OpenClipboard(nil, func(e native.End) { ends <- e }); err != nil {
			t.Fatal(err)
		}
		if err := c.Copy([]byte("s3cret"), time.Hour); err != nil {
			t.Fatal(err)
		}
	}) // its end kills the server
	if got := within(t, ends, "end"); got != native.EndLost {
		t.Errorf("got %q", got)
	}
	if err := c.Copy([]byte("s3cret"), time.Hour); err == nil {
		t.Error("copied to a dead display")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestCopyNeedsAnEnd(t *testing.T) {
	t.Setenv("DISPLAY", "")
	c, err := native.OpenClipboard(&plain{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []time.Duration{0, -time.Second} {
		if err := c.Copy([]byte("s3cret"), d); err == nil {
			t.Errorf("%v is taken", d)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Copy([]byte("s3cret"), time.Hour); !errors.Is(err, native.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// plain stands for the clipboard of the toolkit, which is Wayland's.
type plain struct{ text string }

func (p *plain) Content() string     { return p.text }
func (p *plain) SetContent(s string) { p.text = s }

func TestPlainClipboard(t *testing.T) {
	t.Setenv("DISPLAY", "")
	if _, err := native.OpenClipboard(nil, nil); !errors.Is(err, native.ErrUnsupported) {
		t.Errorf("without any: %v", err)
	}
	cases := []struct {
		name   string
		theirs string
		text   string
		end    native.End
	}{
		{"ours is taken away", "", "", native.EndClear},
		{"theirs stays", "theirs", "theirs", native.EndReplaced},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			p, ends := &plain{}, make(chan native.End, 1)
			c, err := native.OpenClipboard(p, func(e native.End) { ends <- e })
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Copy([]byte("s3cret"), time.Hour); err != nil || p.text != "s3cret" || !c.Holds() {
				t.Fatalf("got %q, %v, %v", p.text, err, c.Holds())
			}
			if tc.theirs != "" {
				p.text = tc.theirs
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tc.text, string(tc.end)}, []string{p.text, string(within(t, ends, "end"))}); diff != "" {
				t.Error(diff)
			}
		})
	}
}
