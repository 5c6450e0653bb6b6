package server

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// lookForCertificate is how often the files are looked at for a renewed
// certificate. Renewal happens weeks before the end.
const lookForCertificate = time.Minute

// CertificateFiles are a certificate chain and its key in PEM, which something
// else renews. They take the place of certificates under the identity, for
// servers with a public name.
type CertificateFiles struct{ Certificate, Key string }

// TLSConfig returns the server's configuration. It reads the files now, and
// again after they have changed; files that cannot be used then leave the
// certificate that there was.
func (f CertificateFiles) TLSConfig(now func() time.Time) (*tls.Config, error) {
	l := &fileCertificate{files: f, now: now}
	if err := l.load(); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: l.certificate}, nil
}

type fileCertificate struct {
	files CertificateFiles
	now   func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time // of the newer file
	looked  time.Time
}

func (l *fileCertificate) load() error {
	changed, err := l.modified()
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(l.files.Certificate, l.files.Key)
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	l.current, l.changed, l.looked = &pair, changed, l.now()
	return nil
}

func (l *fileCertificate) modified() (time.Time, error) {
	var newest time.Time
	for _, path := range [...]string{l.files.Certificate, l.files.Key} {
		info, err := os.Stat(path)
		if err != nil {
			return newest, err
		}
		if info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest, nil
}

// certificate is tls.Config.GetCertificate.
func (l *fileCertificate) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); now.Sub(l.looked) >= lookForCertificate {
		l.looked = now
		if changed, err := l.modified(); err == nil && !changed.Equal(l.changed) {
			// Half-written files fail here and are read at the next look.
			_ = l.load()
		}
	}
	return l.current, nil
}
