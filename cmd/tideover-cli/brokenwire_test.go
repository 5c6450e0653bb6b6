package main

import (
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
)

// brokenWire stands between client and server, counts what the server says, and
// hangs up in the middle of it when told to.
type brokenWire struct {
	net.Listener
	server string
	said   atomic.Int64 // bytes from the server since the last reset
	limit  atomic.Int64 // hang up here; 0: never
	done   sync.WaitGroup
}

// wire is the script's command:
//
//	wire start          lays a line to the demo; URL is its address from then on
//	wire count          begins to count what the server says
//	wire cut BYTES      hangs up so many bytes before as much was said as since count
//	wire mend           hangs up no more
func (s *stage) brokenWire(ts *testscript.TestScript, _ bool, args []string) {
	w := s.line
	switch args[0] {
	case "start":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		w = &brokenWire{Listener: l, server: s.address}
		s.line = w
		s.t.Cleanup(w.end)
		w.done.Go(w.serve)
		ts.Setenv("URL", "https://"+l.Addr().String())
	case "count":
		w.said.Store(0)
	case "cut":
		before, err := strconv.ParseInt(args[1], 10, 64)
		ts.Check(err)
		limit := w.said.Load() - before
		if limit <= 0 {
			ts.Fatalf("the server said %d bytes only", w.said.Load())
		}
		w.said.Store(0)
		w.limit.Store(limit)
	case "mend":
		w.limit.Store(0)
	default:
		ts.Fatalf("wire %s: unknown", args[0])
	}
}

func (w *brokenWire) end() {
	_ = w.Close() // ends serve
	w.done.Wait()
}

func (w *brokenWire) serve() {
	for {
		client, err := w.Accept()
		if err != nil {
			return
		}
		w.done.Go(func() { w.carry(client) })
	}
}

// carry passes one connection on, until an end or the limit.
func (w *brokenWire) carry(client net.Conn) {
	defer func() { _ = client.Close() }() // the other side may have
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }() // as above
	w.done.Go(func() {
		_, _ = io.Copy(server, client) // ends with either
		_ = server.Close()
	})
	buf := make([]byte, 1024)
	for {
		n, err := server.Read(buf)
		if limit := w.limit.Load(); err != nil || limit > 0 && w.said.Load()+int64(n) > limit {
			return
		}
		w.said.Add(int64(n))
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
