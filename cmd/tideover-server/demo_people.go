package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/otp"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
)

// demoPerson is one user of the demo.
type demoPerson struct {
	name, role string
	code       bool // has a second factor
}

// demoPeople are an administrator, somebody who may take most things offline,
// somebody who may take nothing offline, and somebody with a second factor.
func demoPeople() []demoPerson {
	return []demoPerson{
		{name: "admin", role: catalog.Administrators},
		{name: "alice", role: "Operations"},
		{name: "bob", role: "Support"},
		{name: "carol", role: "Operations", code: true},
	}
}

// demoUser is what the demo tells about a person. The secrets stand in files
// that only the owner of the directory can read.
type demoUser struct {
	Name           string  `json:"name"`
	Role           string  `json:"role"`
	PasswordFile   string  `json:"password_file"`
	OTPSecretFile  *string `json:"otp_secret_file"`
	OfflineEntries int     `json:"offline_entries"`
}

// populate fills a new demo: entries, roles, users, grants, flags, switches.
func (d *demo) populate(ctx context.Context) error {
	content := demoContent(d.entries, time.Now())
	defer content.Wipe()
	if _, err := d.site.catalog.Import(ctx, d.by, "/", content); err != nil {
		return fmt.Errorf("fill the demo: %w", err)
	}
	for _, role := range [...]string{"Operations", "Support"} {
		if _, err := d.site.catalog.AddRole(ctx, d.by, role, 0); err != nil {
			return fmt.Errorf("fill the demo: %w", err)
		}
	}
	for _, p := range demoPeople() {
		u := catalog.NewUser{Name: p.name, Password: randomPassword(), Roles: []string{p.role}}
		if _, err := d.site.catalog.AddUser(ctx, d.by, u); err != nil {
			return fmt.Errorf("fill the demo: %w", err)
		}
		u.Password.Wipe()
	}
	for _, g := range demoGrants() {
		if err := d.grant(ctx, g); err != nil {
			return fmt.Errorf("fill the demo: %w", err)
		}
	}
	if err := d.protect(ctx); err != nil {
		return fmt.Errorf("fill the demo: %w", err)
	}
	return d.site.catalog.Set(ctx, d.by, "offline_package", "on")
}

type demoGrant struct {
	path, user, role, level string
	days                    int // 0: without limit
}

func demoGrants() []demoGrant {
	return []demoGrant{
		{path: "/" + demoTeam, role: "Operations", level: "Full + Offline"},
		{path: "/" + demoVendors, role: "Operations", level: "Full"},
		{path: "/" + demoBreak, user: "alice", level: "Full + Offline", days: 14},
		{path: "/" + demoTeam, role: "Support", level: "Read-Only"},
		{path: "/" + demoVendors, role: "Support", level: "Read-Only"},
	}
}

func (d *demo) grant(ctx context.Context, g demoGrant) error {
	node, err := d.site.catalog.Resolve(ctx, d.by, g.path, catalog.FolderNode)
	if err != nil {
		return err
	}
	grant := catalog.NewGrant{Node: node, User: g.user, Role: g.role, Level: g.level}
	if g.days > 0 {
		grant.Until = time.Now().AddDate(0, 0, g.days)
	}
	_, err = d.site.catalog.AddGrant(ctx, d.by, grant)
	return err
}

// protect asks for a comment where a password of the databases is shown.
func (d *demo) protect(ctx context.Context) error {
	databases, err := d.site.catalog.Resolve(ctx, d.by, vault.JoinPath(demoTeam, demoComments), catalog.FolderNode)
	if err != nil {
		return err
	}
	return d.site.catalog.SetFlags(ctx, d.by, databases, policy.CommentOnViewPassword)
}

// handOver gives every person a new password, and a new second factor where
// there is one, and writes them to files.
func (d *demo) handOver(ctx context.Context) ([]demoUser, error) {
	dir := filepath.Join(d.site.dir, "users")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("hand over passwords: %w", err)
	}
	var out []demoUser
	for _, p := range demoPeople() {
		u, err := d.site.catalog.UserByName(ctx, d.by, p.name)
		if err != nil {
			return nil, fmt.Errorf("hand over passwords: %w", err)
		}
		shown := demoUser{Name: p.name, Role: p.role, PasswordFile: filepath.Join(dir, p.name+".password")}
		password := randomPassword()
		defer password.Wipe()
		if err := d.site.catalog.SetPassword(ctx, d.by, u.ID, password); err != nil {
			return nil, fmt.Errorf("hand over passwords: %w", err)
		}
		if err := writeSecretFile(shown.PasswordFile, password); err != nil {
			return nil, err
		}
		if p.code {
			path := filepath.Join(dir, p.name+".otp")
			if err := d.enrol(ctx, u.ID, path); err != nil {
				return nil, fmt.Errorf("hand over one-time codes: %w", err)
			}
			shown.OTPSecretFile = &path
		}
		run, err := d.site.catalog.DryRun(ctx, d.by, u.ID)
		if err != nil {
			return nil, fmt.Errorf("count what %s may take offline: %w", p.name, err)
		}
		shown.OfflineEntries = run.Cached
		out = append(out, shown)
	}
	return out, nil
}

// enrol gives a user a new generator of one-time codes. It is confirmed with
// the code of half a minute ago, so that the present one stays unused: the
// server takes none twice.
func (d *demo) enrol(ctx context.Context, user vault.ID, path string) error {
	if err := d.site.catalog.RemoveTOTP(ctx, d.by, user); err != nil && !errors.Is(err, vault.NotFound) {
		return err
	}
	enrolment, err := d.site.catalog.EnrolTOTP(ctx, d.by, user)
	if err != nil {
		return err
	}
	defer enrolment.URI.Wipe()
	generator, err := otp.Parse(enrolment.URI.Bytes())
	if err != nil {
		return err
	}
	defer generator.Secret.Wipe()
	code, err := generator.Code(time.Now().Add(-generator.Period))
	if err != nil {
		return err
	}
	if err := d.site.catalog.ConfirmTOTP(ctx, d.by, enrolment.ID, vault.SecretText(code)); err != nil {
		return err
	}
	return writeSecretFile(path, generator.Secret)
}

// writeSecretFile writes one line with mode 0600, in place of what was there.
func writeSecretFile(path string, value vault.Secret) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("write secret: %w", err)
	}
	line := append(append(make([]byte, 0, value.Len()+1), value.Bytes()...), '\n')
	defer clear(line)
	if err := os.WriteFile(path, line, 0o600); err != nil {
		return fmt.Errorf("write secret: %w", err)
	}
	return nil
}
