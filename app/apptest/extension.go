package apptest

import (
	"fmt"
	"sync"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/xproto"
)

// The library's own Init writes into maps of its package, which the goroutines
// of other connections read. So what is per connection is set here for each, and
// the maps are written once, before any connection of a Screen exists.

// events are the numbers of the events of DAMAGE, which every Xvfb of a machine
// gives alike.
var events = struct {
	once  sync.Once
	first byte
	err   error
}{}

// learnEvents asks the server at display for them, the first time.
func learnEvents(display string) (first byte, err error) {
	events.once.Do(func() {
		conn, err := xgb.NewConnDisplay(display)
		if err != nil {
			events.err = err
			return
		}
		reply, err := query(conn, "DAMAGE")
		conn.Close()
		if err != nil {
			events.err = err
			return
		}
		events.first = reply.FirstEvent
		xgb.NewEventFuncs[int(events.first)+damage.Notify] = damage.NotifyEventNew
	})
	return events.first, events.err
}

// extend makes an extension known to a connection.
func extend(conn *xgb.Conn, name string) (*xproto.QueryExtensionReply, error) {
	reply, err := query(conn, name)
	if err != nil {
		return nil, err
	}
	conn.ExtLock.Lock()
	conn.Extensions[name] = reply.MajorOpcode
	conn.ExtLock.Unlock()
	return reply, nil
}

func query(conn *xgb.Conn, name string) (*xproto.QueryExtensionReply, error) {
	reply, err := xproto.QueryExtension(conn, uint16(len(name)), name).Reply()
	if err == nil && !reply.Present {
		err = fmt.Errorf("the display has no %s", name)
	}
	return reply, err
}
