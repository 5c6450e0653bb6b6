// Command limit does the least work with which a KDBX 4 file can be opened or
// saved, as fast as Go does it: HMAC, cipher, gunzip and a scan that makes
// nothing of what it sees; copying the tokens out, deflate at level 1, cipher
// and HMAC. It is the ruler that packaging/bench/kdbx measures the product
// with.
//
// It shares no code with the product, checks next to nothing, holds everything
// in memory, and is frozen: a faster ruler would make old figures worthless.
// It reads what packaging/bench/kdbx generates: AES-256 or ChaCha20, gzip,
// Argon2id at its least.
package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "limit:", err)
		os.Exit(1)
	}
}

// run opens a file, and saves it again if a second name is given. It prints
// the milliseconds of both.
func run(args []string) error {
	if len(args) < 2 || len(args) > 3 {
		return fmt.Errorf("usage: limit PASSWORD FILE [COPY]")
	}
	start := time.Now()
	data, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	c, payload, err := open(data, []byte(args[0]))
	if err != nil {
		return err
	}
	xml, err := skipInner(payload)
	if err != nil {
		return err
	}
	tokens, err := scan(xml, nil)
	if err != nil {
		return err
	}
	opened := time.Since(start)
	if tokens == 0 {
		return fmt.Errorf("nothing in it")
	}
	var saved time.Duration
	if len(args) == 3 {
		start = time.Now()
		if err := c.save(args[2], payload[:len(payload)-len(xml)], xml); err != nil {
			return err
		}
		saved = time.Since(start)
	}
	fmt.Printf("%.3f %.3f\n", ms(opened), ms(saved))
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
