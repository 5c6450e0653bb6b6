package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
)

// The client of the scripts is a process of its own each time, and what a key
// knows must outlive it. So keys live with the test, and the client, which is
// the test's own binary, reaches them by sockets in a folder. The program that
// ships knows nothing of that.
const keysFolder = "TIDEOVER_TEST_KEYS"

// socketKeys are the security keys of a script's client. There are none where
// nothing was ever plugged in, and never those of the computer.
func socketKeys() fido.Platform { return fido.NewHID(socketFinder(os.Getenv(keysFolder))) }

type socketFinder string

func (dir socketFinder) Find() ([]fido.Device, error) {
	paths, err := filepath.Glob(filepath.Join(string(dir), "*.key"))
	if dir == "" || err != nil {
		return nil, err
	}
	var all []fido.Device
	for _, path := range paths {
		c, err := net.Dial("unix", path)
		if err != nil {
			return nil, err
		}
		all = append(all, socketDevice{c})
	}
	return all, nil
}

// socketDevice is one key at the other end of a socket: reports of 64 bytes.
type socketDevice struct{ net.Conn }

func (d socketDevice) Send(report []byte) error {
	_, err := d.Write(report)
	return err
}

func (d socketDevice) Receive(ctx context.Context, report []byte) error {
	stop := context.AfterFunc(ctx, func() { _ = d.SetReadDeadline(time.Unix(1, 0)) }) // or the read fails by itself
	defer stop()
	_, err := io.ReadFull(d, report[:64])
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// keyDrawer holds the keys of a script, plugged in or not.
type keyDrawer struct {
	dir  string
	keys map[string]*fidotest.Key
	in   map[string]net.Listener
}

// key plugs security keys in and out. One that was there before is the same.
func (s *stage) key(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: key plug NAME [PIN] | key unplug NAME")
	}
	d, name := &s.keys, args[1]
	if d.dir == "" {
		d.keys, d.in = map[string]*fidotest.Key{}, map[string]net.Listener{}
		// The name of a script's own folder may be too long for a socket.
		short, err := os.MkdirTemp("", "keys")
		ts.Check(err)
		s.t.Cleanup(func() { _ = os.RemoveAll(short) }) // a folder of ours in the temporary one
		d.dir = short
	}
	ts.Setenv(keysFolder, d.dir)
	switch args[0] {
	case "plug":
		if d.keys[name] == nil {
			o := fidotest.Options{}
			if len(args) > 2 {
				o = fidotest.Options{PIN: args[2], Permissions: true, AlwaysUV: true}
			}
			d.keys[name] = fidotest.New(o)
		}
		l, err := net.Listen("unix", filepath.Join(d.dir, name+".key"))
		ts.Check(err)
		d.in[name] = l
		s.t.Cleanup(func() { _ = l.Close() }) // unless it is by then
		go serveKey(l, d.keys[name])
	case "unplug":
		if d.in[name] == nil {
			ts.Fatalf("key %s is not plugged in", name)
		}
		ts.Check(d.in[name].Close())
		delete(d.in, name)
	default:
		ts.Fatalf("key %s: unknown", args[0])
	}
}

// serveKey connects whoever calls with the key.
func serveKey(l net.Listener, key *fidotest.Key) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		port := key.Plug()
		ctx, gone := context.WithCancel(context.Background())
		go func() {
			defer gone()
			report := make([]byte, 64)
			for {
				if _, err := io.ReadFull(c, report); err != nil || port.Send(report) != nil {
					return
				}
			}
		}()
		go func() {
			defer func() { _ = c.Close() }() // the caller hears of it
			report := make([]byte, 64)
			for {
				if err := port.Receive(ctx, report); err != nil {
					return
				}
				if _, err := c.Write(report); err != nil {
					return
				}
			}
		}()
	}
}
