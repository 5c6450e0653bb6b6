package server

import (
	"archive/zip"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// maxInlineBytes bounds the base64 of the attachments in the single JSON form,
// which has them after the tree, so that they wait in memory. The ZIP form has
// no such bound.
const maxInlineBytes = 256 << 20

// postOfflinePackage answers with everything that the user may take offline,
// in the clear: as one JSON object in version 5, as a ZIP file in later ones or
// where the client asks for one. The audit has its records before the first
// byte leaves; see catalog.Package.
func (s *Server) postOfflinePackage(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.CommentRequest
	if err := readJSON(r, &in, true); err != nil {
		return err
	}
	release, err := s.holdBundle(r)
	if err != nil {
		return err
	}
	defer release()
	pack, err := s.catalog.Package(r.Context(), c.caller, catalog.PackageRequest{Comment: in.Comment})
	if err != nil {
		return err
	}
	defer pack.Close()
	out := newStream(w)
	if wantsZIP(r) {
		w.Header().Set("Content-Type", zipType)
		return writeZIPPackage(out, r, pack)
	}
	w.Header().Set("Content-Type", jsonType)
	return writeJSONPackage(out, r, pack)
}

func wantsZIP(r *http.Request) bool {
	return r.PathValue("pleasant") != "v5" || strings.Contains(r.Header.Get("Accept"), zipType)
}

// writeJSONPackage writes {"Root": …, "Attachments": […], "Expiry": …}.
func writeJSONPackage(w io.Writer, r *http.Request, pack *catalog.Package) error {
	var inline []byte
	defer func() { clear(inline[:cap(inline)]) }()
	tree := packageTree{w: w, buf: append(make([]byte, 0, 2*flushBytes), `{"Root":`...)}
	defer tree.wipe()
	err := tree.write(r, pack, func(shown wire.Attachment, data []byte) error {
		if len(inline) > maxInlineBytes {
			return errors.New("the attachments are too large for one JSON object: ask for application/zip")
		}
		if len(inline) > 0 {
			inline = append(inline, ',')
		}
		if shown.FileData = data; data == nil {
			shown.FileData = []byte{}
		}
		inline = shown.Append(inline)
		return nil
	})
	if err != nil {
		return err
	}
	tree.buf = append(tree.buf, `,"Attachments":[`...)
	if err := tree.flush(); err != nil {
		return err
	}
	if _, err := w.Write(inline); err != nil {
		return err
	}
	tree.buf = append(appendExpiry(append(tree.buf, ']'), pack), '}')
	return tree.flush()
}

// writeZIPPackage writes the attachments as members named by their
// identifiers, while the manifest grows in memory, and the manifest last.
func writeZIPPackage(w io.Writer, r *http.Request, pack *catalog.Package) error {
	archive := zip.NewWriter(w)
	create := func(name string) (io.Writer, error) {
		return archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: pack.At})
	}
	var listed []byte
	tree := packageTree{buf: append(make([]byte, 0, 2*flushBytes), `{"Root":`...)}
	defer tree.wipe()
	err := tree.write(r, pack, func(shown wire.Attachment, data []byte) error {
		if len(listed) > 0 {
			listed = append(listed, ',')
		}
		listed = shown.Append(listed)
		member, err := create(vault.ID(shown.AttachmentID).String())
		if err != nil {
			return err
		}
		_, err = member.Write(data)
		return err
	})
	if err != nil {
		return err
	}
	tree.buf = append(append(tree.buf, `,"Attachments":[`...), listed...)
	tree.buf = append(appendExpiry(append(tree.buf, ']'), pack), '}')
	manifest, err := create(vault.NewID().String() + ".json")
	if err != nil {
		return err
	}
	if _, err := manifest.Write(tree.buf); err != nil {
		return err
	}
	return archive.Close()
}

func appendExpiry(dst []byte, pack *catalog.Package) []byte {
	end := wire.Never()
	if !pack.Expires.IsZero() {
		end = wire.Date{Time: pack.Expires}
	}
	text, err := end.MarshalJSON()
	if err != nil { // only for years before 0
		text = []byte("null")
	}
	return append(append(dst, `,"Expiry":`...), text...)
}

// packageTree writes the nested folders of a package from its flat list,
// depth first, as they come.
type packageTree struct {
	w   io.Writer // nil: everything stays in buf
	buf []byte

	pack    *catalog.Package
	next    int   // the folder that is opened next
	open    []int // the folders that are open, outermost first
	entries []int // entries written in each of them
	subs    []int // folders written in each of them
}

// write writes the root folder with everything in it. attach gets every
// attachment with its bytes, which it must not keep.
func (t *packageTree) write(r *http.Request, pack *catalog.Package, attach func(wire.Attachment, []byte) error) error {
	t.pack = pack
	for packed, err := range pack.Entries(r.Context()) {
		if err != nil {
			return err
		}
		if err := t.reach(packed.Folder); err != nil {
			return err
		}
		if err := t.entry(packed, attach); err != nil {
			return err
		}
		if err := t.flushFull(); err != nil {
			return err
		}
	}
	if err := t.reach(len(pack.Folders)); err != nil {
		return err
	}
	for len(t.open) > 0 {
		t.close()
	}
	return nil
}

// reach opens every folder up to the one at that position.
func (t *packageTree) reach(position int) error {
	for t.next <= position && t.next < len(t.pack.Folders) {
		parent := t.pack.Folders[t.next].Parent
		for len(t.open) > 0 && t.open[len(t.open)-1] != parent {
			t.close()
		}
		if t.next > 0 && len(t.open) == 0 {
			return errors.New("server: internal error: the folders of a package are not in depth-first order")
		}
		t.openFolder(parent)
		if err := t.flushFull(); err != nil {
			return err
		}
	}
	if position < len(t.pack.Folders) && (len(t.open) == 0 || t.open[len(t.open)-1] != position) {
		return errors.New("server: internal error: the entries of a package are not in the order of its folders")
	}
	return nil
}

func (t *packageTree) openFolder(parent int) {
	f := catalog.Folder{Group: t.pack.Folders[t.next].Group}
	if parent >= 0 {
		f.Parent = t.pack.Folders[parent].Group.ID
		top := len(t.open) - 1
		if t.subs[top] == 0 {
			t.buf = append(t.buf, `],"Children":[`...)
		} else {
			t.buf = append(t.buf, ',')
		}
		t.subs[top]++
	}
	t.buf = append(folder(&f).AppendOpen(t.buf), `,"Credentials":[`...)
	t.open, t.entries, t.subs = append(t.open, t.next), append(t.entries, 0), append(t.subs, 0)
	t.next++
}

func (t *packageTree) close() {
	top := len(t.open) - 1
	if t.subs[top] == 0 {
		t.buf = append(t.buf, `],"Children":[`...)
	}
	t.buf = append(t.buf, "]}"...)
	t.open, t.entries, t.subs = t.open[:top], t.entries[:top], t.subs[:top]
}

func (t *packageTree) entry(packed catalog.PackedEntry, attach func(wire.Attachment, []byte) error) error {
	top := len(t.open) - 1
	if t.subs[top] > 0 {
		return errors.New("server: internal error: an entry of a package follows its folder's folders")
	}
	if t.entries[top] > 0 {
		t.buf = append(t.buf, ',')
	}
	t.entries[top]++
	group := t.pack.Folders[packed.Folder].Group.ID
	shown := wire.NewCredential(packed.Entry, group, facts(packed.Rights, packed.Flags), wire.Complete)
	t.buf = shown.Append(t.buf)
	shown.TOTPSecret.Wipe()
	for i, a := range packed.Entry.Attachments {
		var data []byte
		if a.Binary != nil {
			data = a.Binary.Data
		}
		if err := attach(shown.Attachments[i], data); err != nil {
			return err
		}
	}
	return nil
}

func (t *packageTree) flushFull() error {
	if len(t.buf) < flushBytes {
		return nil
	}
	return t.flush()
}

func (t *packageTree) flush() error {
	if t.w == nil {
		return nil
	}
	_, err := t.w.Write(t.buf)
	clear(t.buf)
	t.buf = t.buf[:0]
	return err
}

// wipe clears what is left of the passwords.
func (t *packageTree) wipe() { clear(t.buf[:cap(t.buf)]) }
