package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/process"
)

// Edit is one change made offline: a draft, beside the cache.
type Edit struct {
	Op    Op
	ID    vault.ID     // of the entry
	Group vault.ID     // where an added entry belongs
	Entry *vault.Entry // the whole entry as it is now; nil if removed
	At    time.Time    // whole seconds, UTC
}

// Op is a kind of edit; the text reaches disk and is what --json prints.
type Op string

// The kinds.
const (
	Added   Op = "added"
	Edited  Op = "edited"
	Removed Op = "removed"
)

// Names of what the overlay holds. FORMAT.md 2.3.
const (
	itemOverlay    = "tideover.overlay"
	datumOp        = "tideover.op"
	datumAt        = "tideover.at"
	datumGroup     = "tideover.group"
	overlayVersion = 1
)

// overlayMark is what an overlay says without the key.
type overlayMark struct {
	Cache      vault.ID
	Generation uint64
	Edits      uint64
}

func (m *overlayMark) marshal() []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Uint64(overlayVersion)
		b.AddASN1OctetString(m.Cache[:])
		b.AddASN1Uint64(m.Generation)
		b.AddASN1Uint64(m.Edits)
	})
	return b.BytesOrPanic() // nothing in it can fail
}

func parseOverlayMark(der []byte) (*overlayMark, error) {
	p := recordParser{ok: true}
	in := cryptobyte.String(der)
	s := p.sequence(&in)
	if v := p.number(&s); p.ok && v != overlayVersion {
		return nil, vault.Fail(vault.Unsupported, "overlay: version %d", v)
	}
	m := &overlayMark{}
	p.fixed(&s, m.Cache[:])
	m.Generation, m.Edits = p.number(&s), p.number(&s)
	if !p.ok || string(m.marshal()) != string(der) {
		return nil, vault.Fail(vault.Damaged, "overlay: mark")
	}
	return m, nil
}

// readOverlayMark returns the mark of the overlay, or nil if there is none for
// that cache and generation.
func (s *Store) readOverlayMark(cache vault.ID, generation uint64) (*overlayMark, error) {
	f, err := os.Open(s.path(overlayName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	h, err := kdbx.ReadHeader(f, s.limits())
	if err != nil {
		return nil, err
	}
	der, ok := h.PublicCustomData.Bytes(itemOverlay)
	if !ok {
		return nil, vault.Fail(vault.Damaged, "overlay: no mark")
	}
	m, err := parseOverlayMark(der)
	if err != nil || m.Cache != cache || m.Generation != generation {
		return nil, err
	}
	return m, nil
}

// Overlay returns the edits made offline, in the order made. The caller owns
// and wipes them. Damaged if the file cannot be read; the cache is not
// affected.
func (o *Opened) Overlay(ctx context.Context) ([]Edit, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil, errClosed
	}
	s, r := o.store, o.found.record
	m, err := s.readOverlayMark(r.Cache, r.Generation)
	if err != nil || m == nil {
		return nil, err
	}
	f, err := os.Open(s.path(overlayName))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	var doc *kdbx.Document
	process.Discreetly(func() { doc, _, err = kdbx.Read(ctx, f, *o.key, s.limits()) })
	if errors.Is(err, vault.WrongPassword) {
		return nil, vault.Fail(vault.Damaged, "overlay: not under the key of the cache")
	}
	if err != nil {
		return nil, fmt.Errorf("overlay: %w", err)
	}
	edits := make([]Edit, 0, len(doc.Root.Entries))
	for _, e := range doc.Root.Entries {
		edit, err := parseEdit(e)
		if err != nil {
			doc.Wipe()
			return nil, vault.Fail(vault.Damaged, "overlay: entry %s: %w", e.ID, err)
		}
		edits = append(edits, edit)
	}
	return edits, nil
}

// SaveOverlay replaces the edits, on disk when it returns; none removes the
// file. Unsupported, with IDs, if KDBX cannot carry one exactly; NotPermitted
// if the policy has edits off. It runs the key derivation once.
func (o *Opened) SaveOverlay(ctx context.Context, edits []Edit) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return errClosed
	case len(edits) == 0:
		return o.store.remove(o.store.path(overlayName))
	case o.found.policy.OfflineEdits != lease.EditsOverlay:
		return vault.Fail(vault.NotPermitted, "the policy does not allow edits offline")
	}
	root := &vault.Group{ID: vault.NewID(), Name: "Offline edits"}
	seen := map[vault.ID]bool{}
	for _, e := range edits {
		if seen[e.ID] {
			return fmt.Errorf("overlay: two edits of entry %s", e.ID)
		}
		seen[e.ID] = true
		entry, err := e.entry()
		if err != nil {
			return err
		}
		root.Entries = append(root.Entries, entry)
	}
	doc := kdbx.NewDocument(root)
	doc.Meta.Name, doc.Meta.RecycleBinEnabled = databaseName, false
	r := o.found.record
	opt := kdbx.DefaultOptions()
	opt.KDF = o.creds.Cost.params()
	opt.PublicCustomData.SetBytes(itemOverlay, (&overlayMark{r.Cache, r.Generation, uint64(len(edits))}).marshal())
	var err error
	process.Discreetly(func() {
		err = o.store.write(o.store.path(overlayName), func(w io.Writer) error {
			return kdbx.Write(ctx, w, doc, *o.key, opt)
		})
	})
	return err
}

// DropOverlay deletes the edits made offline, without the password and without
// the chip: nobody has to remember one to give up what it protects. It does
// nothing where there are none. Errors: Busy (another process has the cache),
// ReadOnly.
func (s *Store) DropOverlay(ctx context.Context) error {
	if !exists(s.path(overlayName)) && !exists(s.path(overlayName+newSuffix)) {
		return nil
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.release()
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	return s.remove(s.path(overlayName+newSuffix), s.path(overlayName))
}

// entry returns the edit as it is stored. It shares the entry's values.
func (e *Edit) entry() (*vault.Entry, error) {
	out := vault.Entry{ID: e.ID}
	if (e.Op == Removed) != (e.Entry == nil) || e.ID.IsZero() || e.Op != Added && e.Op != Edited && e.Op != Removed {
		return nil, fmt.Errorf("overlay: edit %q of entry %s is malformed", e.Op, e.ID)
	}
	if e.Entry != nil {
		if err := kdbx.Storable(e.Entry); err != nil {
			return nil, err
		}
		out = *e.Entry
		out.ID = e.ID
	}
	out.CustomData = append(dropEditData(out.CustomData),
		vault.CustomDatum{Key: datumOp, Value: string(e.Op)},
		vault.CustomDatum{Key: datumAt, Value: e.At.UTC().Format(time.RFC3339)})
	if e.Op == Added {
		out.CustomData = append(out.CustomData, vault.CustomDatum{Key: datumGroup, Value: e.Group.String()})
	}
	return &out, nil
}

// parseEdit is the opposite of entry.
func parseEdit(e *vault.Entry) (Edit, error) {
	edit := Edit{ID: e.ID, Entry: e}
	var err error
	for _, d := range e.CustomData {
		switch d.Key {
		case datumOp:
			edit.Op = Op(d.Value)
		case datumAt:
			edit.At, err = time.Parse(time.RFC3339, d.Value)
		case datumGroup:
			edit.Group, err = vault.ParseID(d.Value)
		}
		if err != nil {
			return edit, err
		}
	}
	e.CustomData = dropEditData(e.CustomData)
	switch edit.Op {
	case Removed:
		edit.Entry = nil
	case Added, Edited:
	default:
		return edit, fmt.Errorf("edit of kind %q", edit.Op)
	}
	return edit, nil
}

// dropEditData returns the data without what the overlay adds.
func dropEditData(data []vault.CustomDatum) []vault.CustomDatum {
	return slices.DeleteFunc(slices.Clone(data), func(d vault.CustomDatum) bool {
		return d.Key == datumOp || d.Key == datumAt || d.Key == datumGroup
	})
}
