package wire

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/tideover/tideover/vault"
)

// archive is the ZIP form of a package: one manifest, GUID.json, and the bytes
// of every attachment in a member that is named by its id. Members by other
// names are not looked at. What the directory says about sizes is not believed.
type archive struct {
	manifestFile *zip.File
	files        map[GUID]*zip.File
	limits       Limits
	// left is how many more bytes may come out of the whole archive.
	left int64
}

func openArchive(body []byte, limits Limits) (*archive, error) {
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, badArchive(err)
	}
	if len(r.File) > limits.Elements {
		return nil, hostile("the members of the package")
	}
	a := &archive{files: map[GUID]*zip.File{}, limits: limits, left: limits.Bytes}
	for _, f := range r.File {
		if strings.HasSuffix(strings.ToLower(f.Name), ".json") {
			if a.manifestFile != nil {
				return nil, badAnswer("the package has two manifests")
			}
			a.manifestFile = f
			continue
		}
		id, err := vault.ParseID(f.Name)
		if err != nil {
			continue
		}
		if _, twice := a.files[GUID(id)]; twice {
			return nil, badAnswer("the package has an attachment twice")
		}
		a.files[GUID(id)] = f
	}
	if a.manifestFile == nil {
		return nil, badAnswer("the package has no manifest")
	}
	return a, nil
}

func (a *archive) manifest() ([]byte, error) { return a.read(a.manifestFile, a.limits.Bytes) }

func (a *archive) file(id GUID) ([]byte, error) {
	f, ok := a.files[id]
	if !ok {
		return nil, badAnswer("the package lacks the bytes of an attachment")
	}
	return a.read(f, a.limits.AttachmentBytes)
}

// read unpacks one member, limit bytes at most. The buffer grows with what
// comes out, whatever size the directory claims.
func (a *archive) read(f *zip.File, limit int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, badArchive(err)
	}
	defer func() { _ = r.Close() }() // the checksum was compared at the end of reading
	limit = min(limit, a.left)
	buf := make([]byte, 0, min(f.UncompressedSize64, 64<<10)+1)
	for {
		if len(buf) == cap(buf) {
			grown := append(make([]byte, 0, 2*cap(buf)), buf...)
			clear(buf)
			buf = grown
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			clear(buf)
			return nil, hostile("what the package unpacks to")
		case errors.Is(err, io.EOF):
			a.left -= int64(len(buf))
			return buf, nil
		case err != nil:
			clear(buf)
			return nil, badArchive(err)
		}
	}
}

func badArchive(err error) error {
	return &vault.Problem{Cause: vault.BadAnswer, Detail: "the package is a damaged ZIP file", Err: err}
}
