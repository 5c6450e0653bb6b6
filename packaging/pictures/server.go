package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/tideover/tideover/app/apptest"
)

// server is one with invented entries.
type server struct {
	URL    string `json:"url"`
	CAFile string `json:"ca_file"`
	Users  []struct {
		Name         string `json:"name"`
		PasswordFile string `json:"password_file"`
	} `json:"users"`

	stage        *apptest.Stage
	binary, data string
	process      *exec.Cmd
}

func newServer(s *apptest.Stage, binary, data string) *server {
	v := &server{stage: s, binary: binary, data: data}
	s.Cleanup(v.quit)
	v.start()
	return v
}

// start starts it, again at the same address after quit.
func (v *server) start() {
	listen := "127.0.0.1:0"
	if v.URL != "" {
		listen = strings.TrimPrefix(v.URL, "https://")
	}
	v.process = exec.Command(v.binary, "demo", "--data", v.data, "--listen", listen, "--json")
	var complaint bytes.Buffer
	v.process.Stderr = &complaint
	out, err := v.process.StdoutPipe()
	v.stage.Must("start the server", err)
	v.stage.Must("start the server", v.process.Start())
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		_ = v.process.Wait() // to have all of its complaint
		v.process = nil
		v.stage.Fatalf("start the server: %v: %s", err, complaint.Bytes())
	}
	v.stage.Must("read what the server says", json.Unmarshal(line, v))
}

// quit ends it as an outage does; the data stays.
func (v *server) quit() {
	if v.process == nil {
		return
	}
	_ = v.process.Process.Signal(syscall.SIGTERM) // it may have ended
	_ = v.process.Wait()
	v.process = nil
}

// run gives the server's own command line a command.
func (v *server) run(args ...string) string {
	out, err := exec.Command(v.binary, append(args, "--data", v.data)...).CombinedOutput()
	if err != nil {
		v.stage.Fatalf("tideover-server %v: %v: %s", args, err, out)
	}
	return string(out)
}

func (v *server) password(user string) string {
	for _, u := range v.Users {
		if u.Name == user {
			b, err := os.ReadFile(u.PasswordFile)
			v.stage.Must("read the password", err)
			return strings.TrimSuffix(string(b), "\n")
		}
	}
	v.stage.Fatalf("the demo has no user %s", user)
	return ""
}
