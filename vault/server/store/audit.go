package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"time"

	"github.com/tideover/tideover/vault"
)

// AuditEvent is one line of the server's own audit. One event may concern many
// entries: a package of 10,000 passwords is one event with 10,000 objects, and
// shows as 10,000 records.
type AuditEvent struct {
	ID      vault.ID // zero when appending: the store makes one
	Seq     int64    // 1, 2, 3…, set by the store
	At      time.Time
	Actor   vault.ID // the user; zero: a command on the server, or nobody known
	Name    string   // the actor's name at that time, or the name that was tried
	Device  vault.ID
	Action  string // such as "entry.reveal"
	Outcome string // "ok", or the cause of the refusal
	Target  vault.ID
	Address string
	Comment string
	Detail  []byte // more evidence, as the caller writes it; opaque here
	// Objects are the entries concerned. Reading leaves them nil; see
	// AuditObjects. ObjectsSum is their digest, set by the store.
	Objects    []AuditObject
	ObjectsSum [32]byte
	Prev, Hash [32]byte // set by the store
}

// AuditObject is one entry that an event concerns.
type AuditObject struct {
	Entry   vault.ID
	Version int64
}

// Sum returns the hash that the event must have after an event with hash prev:
// SHA-256 over "tideover/audit/v1", prev, and every field in the order of the
// struct, numbers as 8 bytes big-endian (At in milliseconds), strings and bytes
// with their length before them, and ObjectsSum in place of Objects.
func (e *AuditEvent) Sum(prev [32]byte) [32]byte {
	b := make([]byte, 0, 512)
	b = append(b, "tideover/audit/v1"...)
	b = append(b, prev[:]...)
	b = append(b, e.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Seq))
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMilli()))
	b = append(b, e.Actor[:]...)
	b = appendBytes(b, []byte(e.Name))
	b = append(b, e.Device[:]...)
	b = appendBytes(b, []byte(e.Action))
	b = appendBytes(b, []byte(e.Outcome))
	b = append(b, e.Target[:]...)
	b = appendBytes(b, []byte(e.Address))
	b = appendBytes(b, []byte(e.Comment))
	b = appendBytes(b, e.Detail)
	b = append(b, e.ObjectsSum[:]...)
	return sha256.Sum256(b)
}

func appendBytes(b, v []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(v)))
	return append(b, v...)
}

// SumObjects returns the digest of the objects in order: SHA-256 over entry and
// version (8 bytes big-endian) of each. Of none it is 32 zero bytes.
func SumObjects(objects []AuditObject) [32]byte {
	if len(objects) == 0 {
		return [32]byte{}
	}
	h := sha256.New()
	var line [24]byte
	for _, o := range objects {
		copy(line[:16], o.Entry[:])
		binary.BigEndian.PutUint64(line[16:], uint64(o.Version))
		h.Write(line[:])
	}
	return [32]byte(h.Sum(nil))
}

// AuditHead is the end of the chain. The zero head is that of an empty audit.
type AuditHead struct {
	Seq  int64
	Hash [32]byte
}

// AuditQuery names events; fields that are set must all hold.
type AuditQuery struct {
	After   int64     // Seq > After
	From    time.Time // At ≥ From
	To      time.Time // At < To
	Actor   vault.ID
	Device  vault.ID
	Entry   vault.ID // Target, or one of the objects
	Action  string
	Limit   int64 // 0: no limit
	Newest  bool  // descending; else ascending by Seq
	Objects bool  // fill Objects too
}

// AuditReader reads the audit.
type AuditReader interface {
	// AuditEvents yields the events that q names, by Seq.
	AuditEvents(ctx context.Context, q AuditQuery) iter.Seq2[AuditEvent, error]
	// AuditObjects returns the objects of an event in the order in which they
	// were appended; none is no error.
	AuditObjects(ctx context.Context, event vault.ID) ([]AuditObject, error)
	// AuditHead returns the end of the chain, that before this transaction.
	AuditHead(ctx context.Context) (AuditHead, error)
}

// AuditWriter appends to the audit.
type AuditWriter interface {
	// AppendAudit adds the event and its objects at the end of the chain. The
	// number and the hashes are fixed when the transaction commits: an event is
	// in the audit exactly if what it tells about is in the database. At must be
	// set. Returns the event's ID.
	AppendAudit(ctx context.Context, e AuditEvent) (vault.ID, error)
}
