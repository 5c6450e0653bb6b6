package native

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	// busPatience bounds a call on a bus. Services that hang are met in the wild
	// (a keychain that asks for a password); none of ours may hang with them.
	busPatience = 3 * time.Second
	// systemBusAddress is where the D-Bus specification puts the system bus.
	systemBusAddress = "unix:path=/run/dbus/system_bus_socket"
)

// noBus is an address that no library can connect to, nor starts anything for.
const noBus = "disabled:"

// StartNoBus keeps libraries from starting a session bus where there is none: it
// would outlive the program, and nothing would be on it. Call it before the first
// of them is used.
func StartNoBus() {
	if busAddress() == "" {
		_ = os.Setenv("DBUS_SESSION_BUS_ADDRESS", noBus) // fails for bad names only
	}
}

// busAddress returns where the bus of the session is; empty: there is none.
func busAddress() string {
	address := os.Getenv("DBUS_SESSION_BUS_ADDRESS")
	if address != "" && !strings.Contains(address, "autolaunch:") {
		return address
	}
	path := filepath.Join("/run/user", strconv.Itoa(os.Getuid()), "bus")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return "unix:path=" + dbus.EscapeBusAddressValue(path)
}

// sessionBus connects to the bus of the session, on a connection of its own.
// It returns ErrNoBus when there is none, and never starts one.
func sessionBus() (*dbus.Conn, error) {
	address := busAddress()
	if address == "" {
		return nil, ErrNoBus
	}
	conn, err := connectBus(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoBus, err)
	}
	return conn, nil
}

// systemBus connects to the bus of the machine.
func systemBus() (*dbus.Conn, error) {
	address := os.Getenv("DBUS_SYSTEM_BUS_ADDRESS")
	if address == "" {
		address = systemBusAddress
	}
	return connectBus(address)
}

// connectBus is dbus.Connect with an end: a bus which accepts and then says
// nothing would hold it for ever.
func connectBus(address string) (*dbus.Conn, error) {
	ctx, cancel := context.WithCancel(context.Background())
	late := time.AfterFunc(busPatience, cancel)
	conn, err := dbus.Connect(address, dbus.WithContext(ctx), dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
	if err == nil && !late.Stop() {
		_ = conn.Close() // it is closed by the context already
		err = context.DeadlineExceeded
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("bus: %w", err)
	}
	return conn, nil
}

// ask calls a method and stores what it returns. It starts no service.
func ask(o dbus.BusObject, method string, args, into []any) error {
	ctx, cancel := context.WithTimeout(context.Background(), busPatience)
	defer cancel()
	if err := o.CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...).Store(into...); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}
