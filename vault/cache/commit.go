package cache

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/process"
)

// Report says what Commit put into the cache.
type Report struct {
	Entries, Attachments int
	Excluded             []Exclusion
}

// Commit writes content under the lease, opens the file once by the full path
// and puts it in the place of the old generation, together with the overlay
// of that, whose edits the caller has shown and dealt with. If it returns an
// error, the old generation is what it was; at level A, where the error is of
// the commit itself or of the rename after it, one of the two opens, and the
// next start of the program finishes. token is empty without a server. Content
// is only read.
//
// Errors: Damaged (the lease is false or for something else), BadAnswer
// (content and lease do not agree), Wiped (cleared meanwhile), ReadOnly, and
// those of Unlock from opening the new file.
func (p *Pending) Commit(ctx context.Context, content *vault.Content, token string) (Report, error) {
	report := Report{}
	err := errors.New("cache: commit after discard")
	p.done.Do(func() {
		process.Discreetly(func() { report, err = p.commit(ctx, content, token) })
		p.end()
	})
	if err != nil {
		return Report{}, err
	}
	return report, nil
}

func (p *Pending) commit(ctx context.Context, content *vault.Content, token string) (Report, error) {
	if content == nil || content.Root == nil {
		return Report{}, errors.New("cache: commit without content")
	}
	if err := p.checkLease(content, token); err != nil {
		return Report{}, err
	}
	doc, report := document(content, sum(p.der))
	digest, err := p.writeFile(ctx, doc, token, report)
	if err != nil {
		return Report{}, err
	}
	began := false
	err = p.announce(digest)
	switch {
	case err != nil:
	case p.record.Level == binding.LevelA:
		if err = p.rehearse(ctx, report); err == nil {
			began, err = p.commitA(ctx)
		}
	default:
		if err = p.prove(ctx, report); err == nil {
			err = p.install()
		}
	}
	if err != nil && !began {
		_ = p.store.remove(p.store.path(cacheName + newSuffix)) // recovery removes it as well
	}
	if err != nil {
		return Report{}, err
	}
	return report, nil
}

// checkLease holds the lease against what was prepared, before anything is
// written.
func (p *Pending) checkLease(content *vault.Content, token string) error {
	if !p.record.Governed {
		if token != "" {
			return errors.New("cache: a lease where no server governs")
		}
		return p.demandsKey(p.record.Local.Policy)
	}
	st, err := p.store.state()
	if err != nil {
		return err
	}
	keys, err := st.keySet()
	if err != nil {
		return err
	}
	l, err := lease.Verify(token, keys)
	if err != nil {
		return err
	}
	if err := p.record.matches(l, sum(p.der)); err != nil {
		return err
	}
	if !strings.EqualFold(norm.NFC.String(l.Username), norm.NFC.String(p.request.User)) { // directories do not tell case
		return vault.Fail(vault.Damaged, "lease: for user %q", l.Username)
	}
	if n := content.Root.Count(); n != l.Entries {
		return vault.Fail(vault.BadAnswer, "%d entries, the lease says %d", n, l.Entries)
	}
	return p.demandsKey(l.Policy)
}

// writeFile writes `.new` and returns the digest of its bytes.
func (p *Pending) writeFile(ctx context.Context, doc *kdbx.Document, token string, report Report) (lease.Hash, error) {
	st, err := p.store.state()
	if err != nil {
		return lease.Hash{}, err
	}
	from, err := p.origin(st, token)
	if err != nil {
		return lease.Hash{}, err
	}
	of, err := from.marshal()
	if err != nil {
		return lease.Hash{}, err
	}
	opener, err := p.opener()
	if err != nil {
		return lease.Hash{}, err
	}
	key := p.creds.key(opener)
	defer key.Wipe()
	opt := kdbx.DefaultOptions()
	opt.KDF = p.creds.Cost.params()
	opt.PublicCustomData = public(p.der, token, report.Entries, report.Attachments)
	opt.PublicCustomData.SetBytes(itemOrigin, of)
	if p.item != nil {
		opt.PublicCustomData.SetBytes(itemKeys, p.item)
	}
	var digest lease.Hash
	err = p.store.writeNew(p.store.path(cacheName), func(w io.Writer) error {
		whole := sha256.New()
		err := kdbx.Write(ctx, io.MultiWriter(w, whole), doc, *key, opt)
		whole.Sum(digest[:0])
		return err
	})
	return digest, err
}

// announce makes durable which file is about to be put in place.
func (p *Pending) announce(digest lease.Hash) error {
	return p.store.update(func(st *clientState) error {
		if p.record.Generation <= st.WipedThrough {
			return st.wipeProblem()
		}
		st.Next = &installed{
			Generation: p.record.Generation, SHA256: digest, Device: p.record.Device,
			User: p.request.User, Server: p.request.Server,
		}
		return nil
	})
}

// prove opens `.new` as a person would, with the chip: a generation that does
// not open must not replace one that does.
func (p *Pending) prove(ctx context.Context, report Report) error {
	st, err := p.store.state()
	if err != nil {
		return err
	}
	path := p.store.path(cacheName + newSuffix)
	st.Opens, st.LastWall = opens{}, 0 // those of the old generation
	f, err := p.store.examine(ctx, path, st)
	if err != nil {
		return err
	}
	defer f.close() // before the rename, which some systems refuse to an open file
	if f.problem != nil {
		return fmt.Errorf("open the new generation: %w", f.problem)
	}
	creds, factor := p.creds.clone(), p.factor.Clone()
	defer factor.Wipe() // the chip may refuse before it is used
	o, err := p.store.open(ctx, f, creds, factor)
	if err != nil {
		creds.wipe()
		return fmt.Errorf("open the new generation: %w", err)
	}
	defer o.wipe()
	if n := o.held.pack.Len(); n != report.Entries {
		return vault.Fail(vault.Damaged, "%d entries were written, %d can be read", report.Entries, n)
	}
	return nil
}

// install renames and writes down that it is done. After the rename the new
// generation is in place, whatever fails then: recovery finishes it.
func (p *Pending) install() error {
	s := p.store
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	st, err := s.load()
	if err != nil {
		return err
	}
	if p.record.Generation <= st.WipedThrough {
		return st.wipeProblem()
	}
	if err := s.install(s.path(cacheName)); err != nil {
		return err
	}
	st.settle(p.record.Generation)
	st.LastWall = s.opt.Now().Unix()
	if err := s.save(st); err == nil {
		_ = s.remove(s.path(sidecarName), s.path(overlayName)) // they count as absent, being of another generation
	}
	return nil
}
