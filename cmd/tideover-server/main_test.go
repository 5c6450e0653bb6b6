package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tideover/tideover/cmd/internal/scripttest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

const program = "tideover-server"

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "import" && os.Args[2] == legacyChild {
		main() // of an import that runs in the process of the tests
		return
	}
	testscript.Main(m, map[string]func(){program: main})
}

// TestScripts plays the stories of testdata: one file per user story and one
// per refusal.
//
// Commands of ours beside testscript's and those of scripttest:
//
//	exits CODE [<FILE] ARG…      runs a command line with FILE as standard input and compares the exit code;
//	                             in the process of the test, as starting one takes longer than the command
//	runs CODE [<FILE] ARG…       the same as a process of its own
//	serving serve|demo ARG…      starts a server; URL, PIN and CA are set, and the line it printed is stdout
//	stopped                      sends SIGTERM and wants exit code 0
//	http STATUS METHOD PATH [BODY]  asks it, with the token of the last signin; @NAME enrols a device of that name
//	signin STATUS USER FILE      signs in with the password in FILE
//	makekdbx FILE PASSWORD       writes a KDBX 4 file with two entries, one of them with an attachment
//	editaudit FILE SEQ           changes a row of the audit in a database
//	mode FILE OCTAL              compares the permissions of a file
//	truncate FILE NEW SIZE       copies the beginning of a file
//	setuppath URL NAME           puts the path of a set-up link into the environment
//	flip FILE NEW                copies a file with one bit changed in each of its last pages
func TestScripts(t *testing.T) {
	t.Setenv("LANG", "C")
	t.Setenv("LC_ALL", "C")
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			s := &stage{}
			t.Cleanup(s.close)
			testscript.Run(t, testscript.Params{
				Files: []string{file}, RequireExplicitExec: true,
				Setup: func(env *testscript.Env) error {
					scripttest.Prepare(env)
					env.Setenv("LANG", "C")
					env.Setenv("DATA", filepath.Join(env.WorkDir, "data"))
					return nil
				},
				Cmds: scripttest.Commands(map[string]func(*testscript.TestScript, bool, []string){
					"exits": exits(play), "runs": exits(start), "serving": s.serving, "stopped": s.stopped, "http": s.http, "signin": s.signIn,
					"makekdbx": makeKDBX, "mode": mode, "editaudit": editAudit,
					"truncate": truncate, "flip": flip, "setuppath": setupPath,
				}),
			})
		})
	}
}

// command prepares the program for the script's directory and environment.
func command(ts *testscript.TestScript, args []string) *exec.Cmd {
	path, err := exec.LookPath(program)
	ts.Check(err)
	cmd := exec.Command(path, args...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "LANG=C", "HOME="+ts.MkAbs("."))
	return cmd
}

// outcome is what came of a command line.
type outcome struct {
	code     int
	out, err bytes.Buffer
}

// exits returns the script command that runs command lines by run.
func exits(run func(ts *testscript.TestScript, stdin string, args []string) *outcome) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) < 2 {
			ts.Fatalf("usage: exits CODE [<FILE] ARG…")
		}
		want, err := strconv.Atoi(args[0])
		ts.Check(err)
		args = args[1:]
		var stdin string
		if file, ok := strings.CutPrefix(args[0], "<"); ok {
			stdin, args = ts.ReadFile(file), args[1:]
		}
		got := run(ts, stdin, args)
		_, _ = ts.Stdout().Write(got.out.Bytes()) // a buffer of testscript's
		_, _ = ts.Stderr().Write(got.err.Bytes()) // likewise
		if got.code != want {
			ts.Fatalf("%s %s: exit %d, want %d\n%s%s", program, strings.Join(args, " "), got.code, want, &got.out, &got.err)
		}
	}
}

// play runs a command line here, in the script's directory. Scripts do not run at
// the same time.
func play(ts *testscript.TestScript, stdin string, args []string) *outcome {
	before, err := os.Getwd()
	ts.Check(err)
	ts.Check(os.Chdir(ts.MkAbs(".")))
	defer func() { ts.Check(os.Chdir(before)) }()
	var got outcome
	got.code = run(context.Background(), &console{stdin: strings.NewReader(stdin), stdout: &got.out, stderr: &got.err}, args)
	return &got
}

// start runs a command line as a process.
func start(ts *testscript.TestScript, stdin string, args []string) *outcome {
	var got outcome
	cmd := command(ts, args)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &got.out, &got.err
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	got.code = cmd.ProcessState.ExitCode()
	return &got
}

// stage is what one script plays on: a running server, and who is signed in.
type stage struct {
	process *exec.Cmd
	client  *http.Client
	url     string
	token   string
	devices map[string]string // bodies of enrolments, by name
	log     bytes.Buffer
}

func (s *stage) close() {
	if s.process != nil {
		_ = s.process.Process.Kill() // it may have ended
		_ = s.process.Wait()
	}
}

func (s *stage) serving(ts *testscript.TestScript, neg bool, args []string) {
	if neg || s.process != nil {
		ts.Fatalf("serving: one at a time")
	}
	s.process = command(ts, args)
	s.log.Reset()
	s.process.Stderr = &s.log
	out, err := s.process.StdoutPipe()
	ts.Check(err)
	ts.Check(s.process.Start())
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		_ = s.process.Wait() // to have all of its errors
		s.process = nil
		ts.Fatalf("%v: %v: %s", args, err, &s.log)
	}
	var ready listening
	ts.Check(json.Unmarshal(line, &ready))
	_, _ = ts.Stdout().Write(line) // a buffer of testscript's
	ts.Setenv("URL", ready.URL)
	ts.Setenv("PIN", ready.Pin)
	s.url = ready.URL
	pem, err := os.ReadFile(filepath.Join(ts.MkAbs("."), relative(ts, ready.CAFile)))
	ts.Check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	s.client = &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true},
	}
}

// relative returns a path of the server's as the script sees it.
func relative(ts *testscript.TestScript, path string) string {
	if !filepath.IsAbs(path) {
		return path
	}
	rel, err := filepath.Rel(ts.MkAbs("."), path)
	ts.Check(err)
	return rel
}

func (s *stage) stopped(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(s.process.Process.Signal(syscall.SIGTERM))
	err := s.process.Wait()
	s.process = nil
	if err != nil {
		ts.Fatalf("after SIGTERM: %v: %s", err, &s.log)
	}
	_, _ = ts.Stderr().Write(s.log.Bytes()) // a buffer of testscript's
}

func (s *stage) http(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: http STATUS METHOD PATH [BODY]")
	}
	body := strings.Join(args[3:], " ")
	if name, ok := strings.CutPrefix(body, "@"); ok {
		body = s.device(ts, name)
	}
	s.ask(ts, args[0], args[1], args[2], body)
}

// device returns the enrolment of a device with the key of that name.
func (s *stage) device(ts *testscript.TestScript, name string) string {
	if s.devices[name] == "" {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		ts.Check(err)
		public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		ts.Check(err)
		body, err := json.Marshal(map[string]any{"name": name, "os": "linux", "level": "C", "public_key": public})
		ts.Check(err)
		if s.devices == nil {
			s.devices = map[string]string{}
		}
		s.devices[name] = string(body)
	}
	return s.devices[name]
}

func (s *stage) ask(ts *testscript.TestScript, status, method, path, body string) []byte {
	if strings.HasPrefix(path, "/") { // else it is a whole URL, of another listener
		path = s.url + path
	}
	req, err := http.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Authorization", s.token)
	resp, err := s.client.Do(req)
	ts.Check(err)
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	ts.Check(err)
	_, _ = ts.Stdout().Write(got) // a buffer of testscript's
	if fmt.Sprint(resp.StatusCode) != status {
		ts.Fatalf("%s %s: %d, want %s: %s", method, path, resp.StatusCode, status, got)
	}
	return got
}

func (s *stage) signIn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: signin STATUS USER FILE")
	}
	password, _, _ := strings.Cut(ts.ReadFile(args[2]), "\n")
	form := url.Values{"grant_type": {"password"}, "username": {args[1]}, "password": {password}}
	s.token = ""
	var token struct {
		AccessToken string `json:"access_token"`
	}
	ts.Check(json.Unmarshal(s.ask(ts, args[0], "POST", "/OAuth2/Token", form.Encode()), &token))
	s.token = token.AccessToken
}

func makeKDBX(ts *testscript.TestScript, _ bool, args []string) {
	entry := func(title string) *vault.Entry {
		e := &vault.Entry{ID: vault.NewID(), AutoType: vault.AutoType{Enabled: true}}
		e.Set(vault.FieldTitle, vault.SecretText(title), false)
		e.Set(vault.FieldPassword, vault.SecretText("from-kdbx"), true)
		return e
	}
	first, second := entry("router"), entry("switch")
	first.Attachments = []vault.Attachment{{Name: "config.txt", Binary: &vault.Binary{Data: []byte("hostname r1\n")}}}
	sub := &vault.Group{ID: vault.NewID(), Name: "Network", Entries: []*vault.Entry{first, second}}
	doc := &kdbx.Document{Root: &vault.Group{ID: vault.NewID(), Name: "Old file", Groups: []*vault.Group{sub}}}
	var out bytes.Buffer
	options := kdbx.Options{Cipher: kdbx.AES256, KDF: kdbx.KDFParams{Kind: kdbx.Argon2id, MemoryBytes: 8 << 20, Iterations: 1, Parallelism: 1}}
	ts.Check(kdbx.Write(context.Background(), &out, doc, kdbx.CompositeKey([]byte(args[1]), nil), options))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o600))
}

// editAudit does what somebody with a database tool can do.
func editAudit(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = db.Exec(`UPDATE audit_event SET name = 'somebody else' WHERE seq = $1`, args[1])
	ts.Check(errors.Join(err, db.Close()))
}

func mode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); (got == args[1]) == neg {
		ts.Fatalf("%s has mode %s, want %s (not: %v)", args[0], got, args[1], neg)
	}
}

func truncate(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.Atoi(args[2])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(ts.ReadFile(args[0]))[:size], 0o600))
}

// flip damages what only decryption can notice, and what SQLite notices too.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	const page = 4096
	data := []byte(ts.ReadFile(args[0]))
	for at := len(data) / 2; at < len(data); at += page {
		data[at] ^= 1
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o600))
}

func setupPath(ts *testscript.TestScript, _ bool, args []string) {
	link, err := url.Parse(args[0])
	ts.Check(err)
	ts.Setenv(args[1], link.Path)
}
