package cache_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

func TestOverlay(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.cache(content("one"), nil)
	o := w.mustUnlock()
	added := rich().Root.Entries[0]
	edited := content("one, changed").Root.Entries[0]
	edited.CustomData = []vault.CustomDatum{{Key: "app.field", Value: "x"}}
	want := []cache.Edit{
		{Op: cache.Added, ID: added.ID, Group: vault.NewID(), Entry: added, At: w.now},
		{Op: cache.Edited, ID: edited.ID, Entry: edited, At: w.now.Add(time.Minute)},
		{Op: cache.Removed, ID: vault.NewID(), At: w.now.Add(time.Hour)},
	}
	added.Icon = vault.Icon{} // its picture is the cache's
	if edits, err := o.Overlay(ctx); err != nil || len(edits) != 0 {
		t.Fatalf("Overlay before: %d, %v", len(edits), err)
	}
	if err := o.SaveOverlay(ctx, want); err != nil {
		t.Fatal(err)
	}
	if got := w.status().OverlayEdits; got != 3 {
		t.Errorf("Status: %d edits, want 3", got)
	}
	o.Close()
	o = w.mustUnlock()
	got, err := o.Overlay(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, sameSecret(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("edits (-want +got):\n%s", diff)
	}
	if n := len(o.Content().Root.Entries); n != 1 || o.Content().Root.Entries[0].Title() != "one" {
		t.Errorf("the overlay changed the base")
	}
	if err := o.SaveOverlay(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if fileExists(w.file("overlay.kdbx")) || w.status().OverlayEdits != 0 {
		t.Error("no edits leave a file")
	}
}

func TestOverlayRefuses(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.cache(content("one"), nil)
	o := w.mustUnlock()
	bad := content("bell \a").Root.Entries[0]
	id := vault.NewID()
	for name, edits := range map[string][]cache.Edit{
		"control character": {{Op: cache.Edited, ID: bad.ID, Entry: bad, At: w.now}},
		"two of one entry":  {{Op: cache.Removed, ID: id, At: w.now}, {Op: cache.Removed, ID: id, At: w.now}},
		"no entry":          {{Op: cache.Added, ID: id, At: w.now}},
		"no kind":           {{ID: id, At: w.now}},
	} {
		if err := o.SaveOverlay(ctx, edits); err == nil {
			t.Errorf("%s: saved", name)
		}
	}
	if err := o.SaveOverlay(ctx, []cache.Edit{{Op: cache.Edited, ID: bad.ID, Entry: bad, At: w.now}}); !errors.Is(err, vault.Unsupported) {
		t.Errorf("control character: %v", err)
	}
	if fileExists(w.file("overlay.kdbx")) || fileExists(w.file("overlay.kdbx.new")) {
		t.Error("a refused overlay left a file")
	}
	o.Close()

	w.cache(content("one"), func(l *lease.Lease) { l.Policy.OfflineEdits = lease.EditsOff })
	o = w.mustUnlock()
	if err := o.SaveOverlay(ctx, []cache.Edit{{Op: cache.Removed, ID: id, At: w.now}}); !errors.Is(err, vault.NotPermitted) {
		t.Errorf("edits are off: %v", err)
	}
}

// TestOverlayDamaged must not keep anybody from the cache.
func TestOverlayDamaged(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.cache(content("one"), nil)
	o := w.mustUnlock()
	if err := o.SaveOverlay(ctx, []cache.Edit{{Op: cache.Removed, ID: vault.NewID(), At: w.now}}); err != nil {
		t.Fatal(err)
	}
	o.Close()
	good := w.read("overlay.kdbx")
	for i := 0; i < len(good); i += 97 {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		w.write("overlay.kdbx", bad)
		if i%4 == 0 {
			w.opens("one")
			o := w.mustUnlock()
			if _, err := o.Overlay(ctx); !damaged(err) {
				t.Errorf("byte %d: %v", i, err)
			}
			o.Close()
		}
	}
	other := newWorld(t)
	other.cache(content("other"), nil)
	o = other.mustUnlock()
	if err := o.SaveOverlay(ctx, []cache.Edit{{Op: cache.Removed, ID: vault.NewID(), At: w.now}}); err != nil {
		t.Fatal(err)
	}
	w.write("overlay.kdbx", other.read("overlay.kdbx"))
	if edits, err := w.mustUnlock().Overlay(ctx); err != nil || len(edits) != 0 {
		t.Errorf("overlay of another cache: %d edits, %v", len(edits), err)
	}
}

func TestJournal(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.cache(content("one"), nil)
	if _, err := w.unlock("wrong"); !errors.Is(err, vault.WrongPassword) {
		t.Fatal(err)
	}
	s := w.store()
	o, err := s.Unlock(ctx, cache.UnlockRequest{Password: secret(master)})
	if err != nil {
		t.Fatal(err)
	}
	entry := o.Content().Root.Entries[0].ID
	if err := o.Append(ctx, audit.Event{Type: audit.Reveal, Entry: entry, Detail: "Password"}); err != nil {
		t.Fatal(err)
	}
	if err := o.ExportKeyFile(ctx, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	events, err := s.Unsent(ctx, 100)
	if err != nil {
		t.Fatal(err)
	}
	var types []audit.Type
	for _, e := range events {
		types = append(types, e.Type)
		if e.Generation != 1 || !e.At.Equal(w.now) {
			t.Errorf("event %+v", e)
		}
	}
	if diff := cmp.Diff([]audit.Type{audit.FailedUnlock, audit.Unlock, audit.Reveal, audit.Export}, types); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	if events[0].Detail == "" || events[2].Entry != entry || events[2].Detail != "Password" {
		t.Errorf("events %+v", events)
	}
	if _, err := audit.Verify(audit.NewHead(w.device), events); err != nil {
		t.Error(err)
	}
	if err := s.Sent(ctx, 3); err != nil { // while it is open
		t.Fatal(err)
	}
	if err := o.Append(ctx, audit.Event{Type: audit.Copy, Entry: entry}); err != nil {
		t.Fatal(err)
	}
	o.Close()
	if err := o.Append(ctx, audit.Event{Type: audit.Copy, Entry: entry}); err == nil {
		t.Error("Append after Close")
	}
	if o.Content() != nil {
		t.Error("Content after Close")
	}
	events, err = w.store().Unsent(ctx, 100)
	if err != nil || len(events) != 2 || events[0].Seq != 4 || w.status().JournalEvents != 2 {
		t.Errorf("%d events left, %v", len(events), err)
	}
	if _, err := w.store().Unsent(ctx, 1); err != nil {
		t.Error(err)
	}
	if err := w.store().Sent(ctx, 5); err != nil {
		t.Error(err)
	}
}

// TestJournalEdited opens all the same, keeps the evidence, and the chain that
// begins anew tells of it.
func TestJournalEdited(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	for range 5 {
		w.mustUnlock().Close()
	}
	b := w.read("journal")
	b[120] ^= 1
	w.write("journal", b)
	w.opens("one")
	if !bytes.Equal(w.read("journal.damaged"), b) {
		t.Error("the edited journal was not set aside")
	}
	events, err := w.store().Unsent(context.Background(), 10)
	if err != nil || len(events) != 2 || events[0].Type != "restart" || events[0].Detail != "edit" || events[0].Seq != 1 {
		t.Errorf("journal: %+v, %v", events, err)
	}
}

func TestExportIsForbidden(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), func(l *lease.Lease) { l.Policy.Export = false })
	var out bytes.Buffer
	if err := w.mustUnlock().ExportKeyFile(context.Background(), &out); !errors.Is(err, vault.NotPermitted) || out.Len() != 0 {
		t.Errorf("ExportKeyFile: %v, %d bytes", err, out.Len())
	}
}

// TestOpensInKeePassXC is the escrow path: master password and exported key
// file open the file in another program, and either alone does not.
func TestOpensInKeePassXC(t *testing.T) {
	program, err := exec.LookPath("keepassxc-cli")
	if err != nil {
		t.Fatal("keepassxc-cli is needed: apt-get install keepassxc")
	}
	w := newWorld(t)
	w.cache(rich(), nil)
	keyFile := filepath.Join(t.TempDir(), "secret.keyx")
	f, err := os.Create(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.mustUnlock().ExportKeyFile(context.Background(), f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	run := func(password string, args ...string) (string, error) {
		cmd := exec.Command(program, append(args, w.file("cache.kdbx"), "mail")...)
		cmd.Env = append(os.Environ(), "QT_QPA_PLATFORM=offscreen", "LC_ALL=C.UTF-8")
		cmd.Stdin = strings.NewReader(password + "\n")
		out, err := cmd.Output()
		return string(out), err
	}
	out, err := run(master, "show", "-q", "-s", "-k", keyFile, "-a", "Password", "-a", "PIN", "-a", "otp")
	if err != nil || out != "s3cret of mail\n1234\notpauth://totp/mail?secret=JBSWY3DPEHPK3PXP\n" {
		t.Errorf("password and key file: %q, %v", out, err)
	}
	if out, err := run(master, "show", "-q", "-s", "-a", "Password"); err == nil {
		t.Errorf("without the key file: %q", out)
	}
	if out, err := run("wrong", "show", "-q", "-s", "-k", keyFile, "-a", "Password"); err == nil {
		t.Errorf("with a wrong password: %q", out)
	}
}

// TestExcluded reports what KDBX cannot carry, and caches the rest.
func TestExcluded(t *testing.T) {
	w := newWorld(t)
	c := rich()
	bad := content("bell").Root.Entries[0]
	bad.Set(vault.FieldNotes, secret("rings \a"), false)
	sub := c.Root.Groups[0]
	sub.Entries = append(sub.Entries, bad)
	p, err := w.store().Prepare(context.Background(), w.request())
	if err != nil {
		t.Fatal(err)
	}
	report, err := p.Commit(context.Background(), c, w.server.issue(t, w.device, p.Declaration(), 3, w.now, nil))
	if err != nil {
		t.Fatal(err)
	}
	if report.Entries != 2 || report.Attachments != 1 || len(report.Excluded) != 1 || report.Excluded[0].Entry != bad.ID ||
		!slices.Equal(report.Excluded[0].Path, []string{sub.Name}) || strings.Contains(report.Excluded[0].Detail, "rings") {
		t.Errorf("report: %+v", report)
	}
	if len(sub.Entries) != 2 {
		t.Error("the caller's content was changed")
	}
	w.opens("mail")
}

func TestStatusJSON(t *testing.T) {
	w := newWorld(t)
	w.cache(rich(), nil)
	w.now = w.now.Add(time.Hour)
	got := map[string]any{}
	decode := func() {
		t.Helper()
		b, err := json.Marshal(w.status())
		if err != nil {
			t.Fatal(err)
		}
		clear(got)
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
	}
	decode()
	want := map[string]any{
		"state": "usable", "path": w.file("cache.kdbx"), "user": userName, "server": url,
		"created_at": "2026-11-20T12:00:00Z", "age_s": 3600.0, "expires_at": "2026-11-27T12:00:00Z", "expires_in_s": 6*86400.0 + 82800,
		"ended_by": nil, "level": "B", "virtual_tpm": true, "proven": false, "governed": "server",
		"entries": 2.0, "attachments": 1.0, "size_bytes": float64(len(w.read("cache.kdbx"))), "generation": 1.0,
		"tries_left": float64(w.status().Tries.Left), "opens_left": nil, "security_keys": []any{}, "overlay_edits": 0.0, "journal_events": 0.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("usable (-want +got):\n%s", diff)
	}
	w.write("cache.kdbx", []byte("nothing"))
	decode()
	for name := range want {
		switch name {
		case "state", "path", "user", "server", "overlay_edits", "journal_events":
		default:
			want[name] = nil
		}
	}
	want["state"] = "damaged"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("damaged (-want +got):\n%s", diff)
	}
}

// TestNoSecretOnDisk looks for what must not lie in any file in plain.
func TestNoSecretOnDisk(t *testing.T) {
	w := newWorld(t)
	w.cache(rich(), nil)
	o := w.mustUnlock()
	edit := rich().Root.Entries[0]
	edit.Icon = vault.Icon{}
	if err := o.SaveOverlay(context.Background(), []cache.Edit{{Op: cache.Edited, ID: edit.ID, Entry: edit, At: w.now}}); err != nil {
		t.Fatal(err)
	}
	var key bytes.Buffer
	if err := o.ExportKeyFile(context.Background(), &key); err != nil {
		t.Fatal(err)
	}
	for name, b := range snapshot(t, w.dir) {
		for _, secret := range []string{master, "s3cret", "1234", "JBSWY3DPEHPK3PXP", "mail", "Dear Bob"} {
			if secret != "1234" && bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
		info, err := os.Stat(w.file(name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
}
