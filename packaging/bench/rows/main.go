// Command rows does the least work with which a server can hand out so many
// entries and say so in its audit: read and decrypt the rows, write them as
// text with a digest, scan that text as a client must, insert one narrow row
// for the audit and one for what the device holds, and commit. It is the ruler
// for the server's half of packaging/bench/cache.
//
// It shares no code with the product but the database driver, checks next to
// nothing, and is frozen: a faster ruler would make old figures worthless.
package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// rowBytes is what an entry of packaging/bench/kdbx takes, encoded: title, user,
// password, address, notes and three fields.
const rowBytes = 420

func main() {
	n := 0
	if len(os.Args) == 2 {
		n, _ = strconv.Atoi(os.Args[1]) // 0 is refused below
	}
	if n < 1 {
		fmt.Fprintln(os.Stderr, "usage: rows N")
		os.Exit(2)
	}
	ms, err := measure(n)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rows:", err)
		os.Exit(1)
	}
	fmt.Printf("%.3f\n", ms)
}

func measure(n int) (ms float64, err error) {
	dir, err := os.MkdirTemp("", "tideover-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := sql.Open("sqlite", filepath.Join(dir, "rows.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		return 0, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return 0, err
	}
	if err := fill(db, gcm, n); err != nil {
		return 0, err
	}
	start := time.Now()
	text, err := handOut(db, gcm)
	if err != nil {
		return 0, err
	}
	if quotes := bytes.Count(text, []byte{'"'}); quotes != 2*n {
		return 0, fmt.Errorf("%d quotes", quotes)
	}
	if err := note(db, n); err != nil {
		return 0, err
	}
	return float64(time.Since(start)) / float64(time.Millisecond), nil
}

func fill(db *sql.DB, gcm cipher.AEAD, n int) error {
	_, err := db.Exec(`CREATE TABLE entry(id BLOB PRIMARY KEY, ct BLOB); CREATE TABLE audit(event INTEGER, entry BLOB, version INTEGER, PRIMARY KEY(event, entry)) WITHOUT ROWID; CREATE TABLE held(device INTEGER, entry BLOB, version INTEGER, PRIMARY KEY(device, entry)) WITHOUT ROWID`)
	if err != nil {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	plain, nonce := make([]byte, rowBytes), make([]byte, gcm.NonceSize())
	for range n {
		id := make([]byte, 16)
		rand.Read(id) //nolint:errcheck // crypto/rand.Read never returns an error (Go 1.24)
		if _, err := tx.Exec("INSERT INTO entry VALUES($1,$2)", id, gcm.Seal(nil, nonce, plain, id)); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// handOut reads, decrypts and writes every row as a line of text.
func handOut(db *sql.DB, gcm cipher.AEAD) (text []byte, err error) {
	rows, err := db.Query("SELECT id, ct FROM entry ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	nonce := make([]byte, gcm.NonceSize())
	var id, ct sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&id, &ct); err != nil {
			return nil, err
		}
		plain, err := gcm.Open(nil, nonce, ct, id)
		if err != nil {
			return nil, err
		}
		text = append(base64.StdEncoding.AppendEncode(append(text, '"'), plain), '"', '\n')
	}
	digest := sha256.Sum256(text)
	return append(text, digest[0]&1), rows.Err()
}

// note inserts the audit rows and what the device holds, 500 rows a statement.
func note(db *sql.DB, n int) error {
	const most = 500
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	id := make([]byte, 16)
	for _, table := range []string{"audit", "held"} {
		for done := 0; done < n; done += most {
			size := min(most, n-done)
			args := make([]any, 0, 3*size)
			for range size {
				rand.Read(id) //nolint:errcheck // crypto/rand.Read never returns an error (Go 1.24)
				args = append(args, 1, bytes.Clone(id), 1)
			}
			marks := strings.TrimSuffix(strings.Repeat("(?,?,?),", size), ",")
			if _, err := tx.Exec("INSERT INTO "+table+" VALUES"+marks, args...); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
	}
	return tx.Commit()
}
