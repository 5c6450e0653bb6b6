package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

const password = "correct horse"

// work is what the measured processes do: work-generate N FILE, work-open
// FILE, work-save FILE COPY, work-argon2 KIB PASSES LANES.
func work(ctx context.Context, what string, args []string) error {
	switch {
	case what == "work-generate" && len(args) == 2:
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		return generate(ctx, n, args[1])
	case what == "work-open" && len(args) == 1:
		return openAndSave(ctx, args[0], "")
	case what == "work-save" && len(args) == 2:
		return openAndSave(ctx, args[0], args[1])
	case what == "work-argon2" && len(args) == 3:
		return derive(args)
	}
	return fmt.Errorf("%s: wrong arguments", what)
}

// openAndSave opens a file, and saves it again with one group more if copyName
// is given. It prints the milliseconds of both.
func openAndSave(ctx context.Context, name, copyName string) error {
	start := time.Now()
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	key := kdbx.CompositeKey([]byte(password), nil)
	doc, h, err := kdbx.Read(ctx, file, key, kdbx.DefaultLimits())
	if err != nil {
		return err
	}
	opened := time.Since(start)
	var saved time.Duration
	if copyName != "" {
		start = time.Now()
		doc.Root.Groups = append(doc.Root.Groups, &vault.Group{ID: vault.NewID(), Name: "one more"})
		if err := writeFile(ctx, copyName, doc, h.Options()); err != nil {
			return err
		}
		saved = time.Since(start)
	}
	fmt.Printf("%.3f %.3f\n", ms(opened), ms(saved))
	return nil
}

func writeFile(ctx context.Context, name string, doc *kdbx.Document, opt kdbx.Options) error {
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := kdbx.Write(ctx, out, doc, kdbx.CompositeKey([]byte(password), nil), opt); err != nil {
		_ = out.Close() // the first error counts
		return err
	}
	return out.Close()
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// generate writes a file of n entries in 20 groups for each 1,000.
func generate(ctx context.Context, n int, name string) error {
	root := &vault.Group{ID: vault.NewID(), Name: "Root", Expanded: true}
	now := time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)
	times := vault.Times{Created: now, Modified: now, Accessed: now, LocationChanged: now, Expiry: now}
	groups := max(1, n/50)
	for i := range groups {
		root.Groups = append(root.Groups, &vault.Group{ID: vault.NewID(), Name: "Group " + strconv.Itoa(i), Times: times, Expanded: true})
	}
	r := letters{state: uint64(n)}
	for i := range n {
		number := strconv.Itoa(i)
		g := root.Groups[i%groups]
		g.Entries = append(g.Entries, &vault.Entry{
			ID: vault.NewID(), Times: times, AutoType: vault.AutoType{Enabled: true},
			Fields: []vault.Field{
				{Name: vault.FieldTitle, Value: vault.SecretText("Server " + number)},
				{Name: vault.FieldUsername, Value: vault.SecretText("user" + number + "@example.org")},
				{Name: vault.FieldPassword, Value: vault.NewSecret(r.take(20)), Protected: true},
				{Name: vault.FieldURL, Value: vault.SecretText("https://host" + number + ".example.org/login")},
				{Name: vault.FieldNotes, Value: vault.NewSecret(r.take(80))},
				{Name: "Department", Value: vault.SecretText("Operations " + strconv.Itoa(i%37))},
				{Name: "Asset", Value: vault.SecretText("A-" + number)},
				{Name: "PIN", Value: vault.NewSecret(r.take(8)), Protected: true},
			},
		})
	}
	opt := kdbx.DefaultOptions()
	opt.KDF = kdbx.KDFParams{Kind: kdbx.Argon2id, MemoryBytes: 64 << 10, Iterations: 1, Parallelism: 1}
	return writeFile(ctx, name, kdbx.NewDocument(root), opt)
}

// letters makes text that is the same every time and does not compress well
// (a linear congruential generator, Knuth's MMIX constants).
type letters struct{ state uint64 }

func (l *letters) take(n int) []byte {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -"
	b := make([]byte, n)
	for i := range b {
		l.state = l.state*6364136223846793005 + 1442695040888963407
		b[i] = alphabet[l.state>>58]
	}
	return b
}

// derive runs Argon2id as the argon2 program does with the same arguments.
func derive(args []string) error {
	var v [3]uint64
	for i, a := range args {
		n, err := strconv.ParseUint(a, 10, 32)
		if err != nil {
			return err
		}
		v[i] = n
	}
	out := argon2.IDKey([]byte(password), bytes.Repeat([]byte("s"), 32), uint32(v[1]), uint32(v[0]), uint8(v[2]), 32)
	fmt.Println(hex.EncodeToString(out))
	return nil
}
