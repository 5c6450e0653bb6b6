package native_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/native"
)

// fakeProgram puts a program of that name first in PATH, which writes its
// arguments to a file, each ended by a zero. It returns what was written there;
// nil if nothing was.
func fakeProgram(t *testing.T, name string) func() []string {
	t.Helper()
	dir := t.TempDir()
	said := filepath.Join(dir, "arguments")
	script := "#!/bin/sh\nprintf '%s\\0' \"$@\" > '" + said + ".new' && mv '" + said + ".new' '" + said + "'\n"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return func() []string {
		text, err := os.ReadFile(said)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err == nil {
			err = os.Remove(said)
		}
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
	}
}

func TestOpenURLPassesExactlyTheAddress(t *testing.T) {
	opened := fakeProgram(t, "xdg-open")
	for name, c := range map[string]struct{ address, want string }{
		"as it is":          {"https://example.com/login?a=1&b=2#top", "https://example.com/login?a=1&b=2#top"},
		"spaces around":     {"  https://example.com/ ", "https://example.com/"},
		"no scheme":         {"example.com/login", "https://example.com/login"},
		"no scheme, port":   {"localhost:8080/x", "https://localhost:8080/x"},
		"number, port":      {"192.0.2.1:8443", "https://192.0.2.1:8443"},
		"IPv6":              {"http://[2001:db8::1]:80/", "http://[2001:db8::1]:80/"},
		"IPv6, no scheme":   {"[2001:db8::1]/x", "https://[2001:db8::1]/x"},
		"scheme in capital": {"HTTPS://Example.com/", "https://Example.com/"},
		"mail":              {"mailto:a+b@example.com?subject=Hi%20there", "mailto:a+b@example.com?subject=Hi%20there"},
		"files of a server": {"sftp://user@example.com/home", "sftp://user@example.com/home"},
		"terminal":          {"ssh://root@db-1.example:2222", "ssh://root@db-1.example:2222"},
		"terminal, IPv6":    {"ssh://me@[2001:db8::1]:22/", "ssh://me@[2001:db8::1]:22/"},
		"desktop":           {"RDP://win-1.example", "rdp://win-1.example"},
		"screen":            {"vnc://10.4.0.7:5901", "vnc://10.4.0.7:5901"},
		"old files":         {"ftp://anonymous@files.example/a b", "ftp://anonymous@files.example/a%20b"},
		"user with a realm": {"ssh://erika%40corp.example@db-1.example", "ssh://erika%40corp.example@db-1.example"},
		"user, password":    {"https://me:p(!*;$)w@example.com/", "https://me:p(!*;$)w@example.com/"},
		"two at signs":      {"https://a@b.example@c.example/@d", "https://a%40b.example@c.example/@d"},
		"legal characters":  {"https://example.com/a(b);c$d!e*f,g=h+i&j:k@l~m_n.o-p?(q);$!*#(r);$!*", "https://example.com/a(b);c$d!e*f,g=h+i&j:k@l~m_n.o-p?(q);$!*#(r);$!*"},
		"shell's words":     {"https://example.com/$(id);`id`|id>x<y", "https://example.com/$(id);%60id%60%7Cid%3Ex%3Cy"},
		"quotes":            {`https://example.com/a'b"c`, "https://example.com/a%27b%22c"},
		"space within":      {"https://example.com/a b?c d", "https://example.com/a%20b?c%20d"},
		"escaped already":   {"https://example.com/a%20b%2Fc?d=%28", "https://example.com/a%20b%2Fc?d=%28"},
		"IDN":               {"https://bücher.example/ä?ö#ü", "https://b%C3%BCcher.example/%C3%A4?%C3%B6#%C3%BC"}, // RFC 3986, 3.2.2
		"punycode":          {"https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"},
		"option in a path":  {"https://example.com/--help", "https://example.com/--help"},
		"as long as it may": {"https://example.com/" + strings.Repeat("x", 8<<10-20), "https://example.com/" + strings.Repeat("x", 8<<10-20)},
	} {
		t.Run(name, func(t *testing.T) {
			if err := native.OpenURL(c.address); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{c.want}, opened()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOpenURLBlocks(t *testing.T) {
	opened := fakeProgram(t, "xdg-open")
	for name, c := range map[string]struct{ address, scheme string }{
		"empty":                 {"", "https"},
		"spaces":                {"   ", "https"},
		"KeePass's cmd":         {"cmd://calc.exe", "cmd"},
		"cmd, not parseable":    {"cmd://[x", "cmd"},
		"http, not parseable":   {"http://[::1", "http"},
		"file":                  {"file:///etc/passwd", "file"},
		"file in capitals":      {"FILE:///etc/passwd", "file"},
		"file of a server":      {"file://server.example/share", "file"},
		"path":                  {"/etc/passwd", "https"},
		"script":                {"javascript:alert(1)", "javascript"},
		"script, not parseable": {"javascript:alert('%zz')", "javascript"},
		"data":                  {"data:text/html,<script>alert(1)</script>", "data"},
		"smb":                   {"smb://server.example/share", "smb"},
		"ssh":                   {"ssh://-oProxyCommand=id/", "ssh"},
		"ssh, shell's words":    {"ssh://db-1.example;id", "ssh"},
		"ssh, hid space":        {"ssh://me%20-oProxyCommand=id@db-1.example", "ssh"},
		"ssh, quote":            {"ssh://me%22@db-1.example", "ssh"},
		"rdp, option":           {"rdp://%2Fv:x%20%2Fshell@win-1.example", "rdp"},
		"vnc, no host":          {"vnc:///", "vnc"},
		"telnet":                {"telnet://switch.example", "telnet"},
		"unknown":               {"ms-msdt:/id", "ms-msdt"},
		"UNC":                   {`\\server.example\share`, ""},
		"backslash":             {`https:\\example.com`, ""},
		"option":                {"-x", "https"},
		"long option":           {"--help", "https"},
		"option as a host":      {"sftp://-oProxyCommand=id/", "sftp"},
		"option as a user":      {"sftp://-oProxyCommand=id@example.com/", "sftp"},
		"option as a user, hid": {"sftp://%2DoProxyCommand=id@example.com/", "sftp"},
		"option as a mail":      {"mailto:-x@example.com", "mailto"},
		"newline":               {"https://example.com/\nx", ""},
		"zero":                  {"https://example.com/\x00", ""},
		"escape":                {"https://example.com/\x1b[2J", ""},
		"DEL":                   {"https://example.com/\x7f", ""},
		"C1 control":            {"https://example.com/\u009b2J", ""},
		"tab in a scheme":       {"java\tscript:alert(1)", ""},
		"no host":               {"https:///x", "https"},
		"no slashes":            {"https:example.com", "https"},
		"no address of mail":    {"mailto:", "mailto"},
		"space in a host":       {"https://exa mple.com/", "https"},
		"bad port":              {"https://example.com:x/", "https"},
		"too long":              {"https://example.com/" + strings.Repeat("x", 8<<10), ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := native.OpenURL(c.address)
			var blocked *native.BlockedURL
			if !errors.As(err, &blocked) {
				t.Fatalf("got %v, want a *BlockedURL", err)
			}
			if blocked.Scheme != c.scheme || blocked.Reason == "" {
				t.Errorf("got scheme %q, reason %q, want scheme %q", blocked.Scheme, blocked.Reason, c.scheme)
			}
			if got := opened(); got != nil {
				t.Errorf("xdg-open was called with %q", got)
			}
		})
	}
}

// Why an address is not opened decides what a person is told.
func TestBlockedKinds(t *testing.T) {
	fakeProgram(t, "xdg-open")
	for address, want := range map[string]native.BlockedKind{
		"cmd://calc.exe": native.BlockedProgram, "JavaScript:alert(1)": native.BlockedProgram,
		"file:///etc/passwd": native.BlockedFile, "smb://server.example/share": native.BlockedFile,
		"ms-msdt:/id": native.BlockedUnknown, "telnet://switch.example": native.BlockedUnknown,
		"https:///x": native.BlockedForm, "ssh://-x": native.BlockedForm, `\\\\server\\share`: native.BlockedForm,
		"https://" + strings.Repeat("x", 9<<10): native.BlockedForm,
	} {
		var blocked *native.BlockedURL
		if err := native.OpenURL(address); !errors.As(err, &blocked) || blocked.Kind != want {
			t.Errorf("%.40s: %v, want the kind %s", address, err, want)
		}
	}
}

func TestBlockedURLKeepsTheAddressToItself(t *testing.T) {
	fakeProgram(t, "xdg-open")
	if err := native.OpenURL("smb://me:s3cret@server.example/"); err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "server") {
		t.Errorf("got %v", err)
	}
}

func TestOpenFolder(t *testing.T) {
	opened := fakeProgram(t, "xdg-open")
	folder := filepath.Join(t.TempDir(), "-a folder; $(id)")
	file := filepath.Join(folder, "run.sh")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := native.OpenFolder(folder); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{folder}, opened()); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{file, filepath.Join(folder, "missing")} {
		if err := native.OpenFolder(path); err == nil {
			t.Errorf("%s is opened", path)
		}
	}
	if got := opened(); got != nil {
		t.Errorf("xdg-open was called with %q", got)
	}
}

func TestOpenURLWithoutXdgOpen(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := native.OpenURL("https://example.com/"); !errors.Is(err, native.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
