package kdbx_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// failing lets n bytes through.
type failing struct{ n int }

var errFull = errors.New("disk full")

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.n {
		n := f.n
		f.n = 0
		return n, errFull
	}
	f.n -= len(p)
	return len(p), nil
}

func (f *failing) Read(p []byte) (int, error) {
	if f.n == 0 {
		return 0, errFull
	}
	n := min(len(p), f.n)
	f.n -= n
	return n, nil
}

func TestFailingWriter(t *testing.T) {
	doc := fullDocument()
	for _, c := range []kdbx.Compression{kdbx.CompressionNone, kdbx.CompressionGzip} {
		opt := kdbx.Options{Cipher: kdbx.ChaCha20, Compression: c, KDF: cheap(kdbx.Argon2id)}
		size := len(write(t, doc, opt))
		for _, n := range []int{0, 100, 700, size - 200, size - 30} {
			err := kdbx.Write(context.Background(), &failing{n: n}, doc, testKey(), opt)
			if !errors.Is(err, errFull) {
				t.Errorf("after %d of %d bytes: %v", n, size, err)
			}
		}
	}
	if err := kdbx.WriteXML(&failing{n: 10}, doc); !errors.Is(err, errFull) {
		t.Errorf("export: %v", err)
	}
}

// What the source says is no damage.
func TestFailingReader(t *testing.T) {
	for name, file := range smallFiles(t) {
		for _, n := range []int{0, 13, 200, 330, 420, len(file) - 60, len(file) - 1} {
			r := io.MultiReader(bytes.NewReader(file[:n]), &failing{})
			_, _, err := kdbx.Read(context.Background(), r, testKey(), kdbx.DefaultLimits())
			var p *vault.Problem
			if !errors.Is(err, errFull) || errors.As(err, &p) {
				t.Errorf("%s after %d of %d bytes: %v", name, n, len(file), err)
			}
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	file := write(t, fullDocument(), cheapOptions())
	cancel()
	if _, _, err := kdbx.Read(ctx, bytes.NewReader(file), testKey(), kdbx.DefaultLimits()); !errors.Is(err, context.Canceled) {
		t.Errorf("Read: %v", err)
	}
	if err := kdbx.Write(ctx, io.Discard, fullDocument(), testKey(), cheapOptions()); !errors.Is(err, context.Canceled) {
		t.Errorf("Write: %v", err)
	}
	if _, err := kdbx.ReadXML(ctx, strings.NewReader(xmlOf("")), kdbx.XMLOptions{}, kdbx.DefaultLimits()); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadXML: %v", err)
	}
}

// AES-KDF with rounds for days ends as soon as it is told to.
func TestCancelledWhileDeriving(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	opt := kdbx.Options{Cipher: kdbx.AES256, KDF: kdbx.KDFParams{Kind: kdbx.AESKDF, Iterations: math.MaxUint64}}
	done := make(chan error)
	go func() { done <- kdbx.Write(ctx, io.Discard, fullDocument(), testKey(), opt) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
