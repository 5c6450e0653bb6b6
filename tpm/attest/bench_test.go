package attest_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"testing"
	"time"
)

// All of this is work of the server, without a chip. x-verify is the figure as a
// multiple of one bare check of a P-256 signature in the same run.

func BenchmarkClaim(b *testing.B) {
	for _, r := range recordings(b)[:2] {
		b.Run(r.Name[:5], func(b *testing.B) {
			v := r.verifier(b)
			for b.Loop() {
				if _, err := v.Claim(r.Enrolment, r.At); err != nil {
					b.Fatal(err)
				}
			}
			perVerify(b)
		})
	}
}

func BenchmarkChallenge(b *testing.B) {
	for _, r := range recordings(b)[:2] {
		b.Run(r.Name[:5], func(b *testing.B) {
			for b.Loop() {
				if _, _, err := r.Pending.Claim.Challenge(); err != nil {
					b.Fatal(err)
				}
			}
			perVerify(b)
		})
	}
}

func BenchmarkAnswer(b *testing.B) {
	r := recordings(b)[0]
	key := r.device(b)
	for b.Loop() {
		if _, _, err := r.Pending.Verify(r.Answer, key); err != nil {
			b.Fatal(err)
		}
	}
	perVerify(b)
}

func BenchmarkContact(b *testing.B) {
	r := recordings(b)[0]
	for b.Loop() {
		if _, err := r.Identity.Present(r.Contact, r.Nonce, r.request()); err != nil {
			b.Fatal(err)
		}
	}
	perVerify(b)
}

// perVerify reports the time of one iteration as a multiple of one bare check.
func perVerify(b *testing.B) {
	b.Helper()
	each := b.Elapsed() / time.Duration(b.N)
	key, digest := newKey(b), make([]byte, 32)
	sig, err := ecdsa.SignASN1(rand.Reader, key, digest)
	if err != nil {
		b.Fatal(err)
	}
	const rounds = 200
	start := time.Now()
	for range rounds {
		if !ecdsa.VerifyASN1(&key.PublicKey, digest, sig) {
			b.Fatal("refused")
		}
	}
	b.ReportMetric(float64(each)/float64(time.Since(start)/rounds), "x-verify")
}
