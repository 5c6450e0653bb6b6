package catalog

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault/server/store"
)

// Actions of audit events, beside those of package auth. They are stored: never
// change one.
const (
	ActionReveal      = "entry.reveal"
	ActionAttachment  = "entry.attachment"
	ActionCached      = "entry.cached" // sent to a device for offline use; see ActionSaved
	ActionAddEntry    = "entry.add"
	ActionEditEntry   = "entry.edit"
	ActionMoveEntry   = "entry.move"
	ActionRemoveEntry = "entry.remove"
	ActionImport      = "entry.import"

	ActionAddFolder    = "folder.add"
	ActionEditFolder   = "folder.edit"
	ActionMoveFolder   = "folder.move"
	ActionRemoveFolder = "folder.remove"
	ActionSetFlags     = "node.flags"
	ActionSetBlock     = "folder.block"

	ActionAddUser     = "user.add"
	ActionUserState   = "user.state"
	ActionSetPassword = "user.password"
	ActionTOTP        = "user.second_factor"

	ActionRole    = "role.change"
	ActionMember  = "role.member"
	ActionLevel   = "level.change"
	ActionGrant   = "grant.add"
	ActionUngrant = "grant.remove"

	ActionRegister    = "device.register"
	ActionDeviceState = "device.state"
	ActionSaved       = "cache.saved" // the device has proved that it has the cache
	ActionCleared     = "cache.cleared"
	ActionResent      = "cache.resent" // the same generation once more
	ActionLease       = "lease.issue"
	ActionJournal     = "journal.receive"
	ActionAlarm       = "journal.alarm"

	ActionAttest      = "device.attest"       // a chip has shown which one it is
	ActionDeviceAlarm = "device.alarm"        // a copy, a refused statement, a permit after the first
	ActionSameMachine = "device.same_machine" // its chip is that of the target, another device
	ActionIndices     = "cache.indices"       // where the NV indices of level A stand
	ActionPermit      = "cache.permit"        // the server lets a PIN index be written
	ActionReading     = "cache.reading"       // what the chip certifies of an index

	ActionRecovery       = "recovery.key"     // turned on or off; a request cancelled
	ActionAskRelease     = "recovery.request" // one administrator wants a machine secret released
	ActionApproveRelease = "recovery.approve" // another one too: it is

	ActionPolicy = "policy.set"
	ActionInit   = "server.init"

	ActionRestore = "server.restore"
	ActionSetup   = "server.setup" // a link was made, or used
)

// record appends an event of the caller. Outcome is "ok" unless it is set.
func (a *access) record(ctx context.Context, tx store.Tx, e store.AuditEvent) error {
	return record(ctx, tx, a.by, a.now, e)
}

// record appends an event about what by does at now.
func record(ctx context.Context, tx store.Tx, by *Caller, now time.Time, e store.AuditEvent) error {
	e.At, e.Actor, e.Name, e.Address = now, by.user, by.name, by.address
	if e.Outcome == "" {
		e.Outcome = "ok"
	}
	_, err := tx.AppendAudit(ctx, e)
	return err
}
