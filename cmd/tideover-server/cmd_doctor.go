package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
)

// Results of a check.
const (
	checkOK   = "ok"
	checkWarn = "warn"
	checkFail = "fail"
)

// check is one line of doctor.
type check struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Value   string `json:"value"`
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
}

func newDoctor(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check the data directory",
		Args:  cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				checks := s.examine(ctx, by)
				shown := struct {
					OK       bool              `json:"ok"`
					Versions map[string]string `json:"versions"`
					Checks   []check           `json:"checks"`
				}{true, map[string]string{"tideover-server": version(), "go": runtime.Version()}, checks}
				for _, one := range checks {
					shown.OK = shown.OK && one.Status != checkFail
				}
				err := c.print(shown, func(w io.Writer) {
					for _, one := range checks {
						line(w, "%s\t%s\t%s\t%s", one.ID, one.Status, orDash(one.Value), one.Message)
						if one.Remedy != "" {
							line(w, "\t\t\t%s", one.Remedy)
						}
					}
				})
				if err == nil && !shown.OK {
					err = exitCode(1)
				}
				return err
			}
		}),
	}
}

// examine runs every check. That the data directory could be opened says
// already that database and key-encryption key fit each other.
func (s *site) examine(ctx context.Context, by *catalog.Caller) []check {
	return []check{
		s.checkIdentity(ctx),
		s.checkAudit(ctx, by),
		s.checkAdministrators(ctx, by),
		s.checkOffline(ctx),
	}
}

func (s *site) checkIdentity(ctx context.Context) check {
	id, err := server.OpenIdentity(s.dir, time.Now())
	if err != nil {
		return check{"identity", checkFail, "", err.Error(), "Put " + filepath.Join(s.dir, server.IdentityFile) + " back from where it is kept."}
	}
	if _, err := server.New(ctx, server.Config{Identity: id, Catalog: s.catalog}); err != nil {
		return check{"identity", checkFail, id.Pin(), err.Error(), "This database belongs to another identity."}
	}
	if left := time.Until(id.CA().NotAfter); left < 365*24*time.Hour {
		return check{"identity", checkWarn, id.Pin(), fmt.Sprintf("the CA certificate ends in %d days", int(left.Hours()/24)), "Delete " + server.CAFile + "; the next start makes a new one with the same key."}
	}
	return check{"identity", checkOK, id.Pin(), "key, sub-keys and CA certificate belong together", ""}
}

func (s *site) checkAudit(ctx context.Context, by *catalog.Caller) check {
	n, err := s.catalog.VerifyAudit(ctx, by)
	if err != nil {
		return check{"audit", checkFail, "", err.Error(), "Somebody has changed the database by hand: compare with a backup."}
	}
	return check{"audit", checkOK, fmt.Sprint(n), "the hash chain holds", ""}
}

func (s *site) checkAdministrators(ctx context.Context, by *catalog.Caller) check {
	users, err := s.catalog.Users(ctx, by)
	if err != nil {
		return check{"administrators", checkFail, "", err.Error(), ""}
	}
	n, unprotected := 0, 0
	for _, u := range users {
		for _, role := range u.Roles {
			if role == catalog.Administrators && userState(u.State) == "active" {
				n++
				if !u.SecondFactor {
					unprotected++
				}
			}
		}
	}
	switch {
	case n == 0:
		return check{"administrators", checkWarn, "0", "nobody can administer through the API", "user add NAME --role " + catalog.Administrators}
	case unprotected > 0:
		return check{"administrators", checkWarn, fmt.Sprint(n), fmt.Sprintf("%d of them have no second factor", unprotected), ""}
	}
	return check{"administrators", checkOK, fmt.Sprint(n), "each has a second factor", ""}
}

func (s *site) checkOffline(ctx context.Context) check {
	instance, err := s.catalog.Instance(ctx)
	if err != nil {
		return check{"offline", checkFail, "", err.Error(), ""}
	}
	if instance.OfflinePackage {
		return check{
			"offline", checkWarn, "package", "clients without a device key get offline packages that no lease governs",
			"policy set offline_package off, unless you need it",
		}
	}
	if !instance.OfflineEnabled {
		return check{"offline", checkOK, "disabled", "no caches are made", ""}
	}
	return check{"offline", checkOK, "enabled", "caches are governed by leases", ""}
}
