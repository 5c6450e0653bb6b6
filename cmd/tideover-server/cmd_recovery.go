package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
)

func newRecovery(c *console) *cobra.Command {
	return group("recovery", "Let two administrators together release the machine secret of a cache",
		newRecoveryOn(c), newRecoveryOff(c), newRecoveryShow(c),
		newRecoveryRequest(c), newRecoveryApprove(c), newRecoveryCancel(c), newRecoveryList(c),
	)
}

// recoveryLine is how recovery stands, in --json.
type recoveryLine struct {
	On       bool       `json:"on"`
	Key      *string    `json:"key"` // id
	Since    *time.Time `json:"since"`
	Escrowed int        `json:"escrowed"`
}

func (c *console) printRecovery(ctx context.Context, s *site, by *catalog.Caller) error {
	now, err := s.catalog.Recovery(ctx, by)
	if err != nil {
		return err
	}
	shown := recoveryLine{On: now.On, Since: moment(now.Since), Escrowed: now.Escrowed}
	if now.On {
		shown.Key = &now.Key.KID
	}
	return c.print(shown, func(w io.Writer) {
		if !now.On {
			line(w, "recovery:\toff")
			return
		}
		line(w, "recovery:\ton\nkey:\t%s\nsince:\t%s\nescrowed:\t%d", now.Key.KID, shortTime(now.Since), now.Escrowed)
		line(w, "\nTwo administrators can release the machine secret of a cache; with the master")
		line(w, "password, which only its owner knows, it opens the file in KeePass. Users are")
		line(w, "told before they make a cache. Whoever has this machine with the key-encryption")
		line(w, "key can unwrap what is escrowed without any administrator.")
	})
}

func newRecoveryOn(c *console) *cobra.Command {
	return &cobra.Command{
		Use: "on", Short: "Make a recovery key; clients escrow machine secrets to it once their users were told", Args: cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				id, err := server.OpenIdentity(s.dir, time.Now())
				if err != nil {
					return err
				}
				key, private, err := id.MakeRecoveryKey()
				if err != nil {
					return err
				}
				defer private.Wipe()
				if err := s.catalog.RecoveryOn(ctx, by, key, private); err != nil {
					return err
				}
				return c.printRecovery(ctx, s, by)
			}
		}),
	}
}

func newRecoveryOff(c *console) *cobra.Command {
	return &cobra.Command{
		Use: "off", Short: "Delete the recovery key and everything that was escrowed", Args: cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				deleted, err := s.catalog.RecoveryOff(ctx, by)
				if err != nil {
					return err
				}
				return c.print(struct {
					On      bool `json:"on"`
					Deleted int  `json:"deleted"`
				}{false, deleted}, func(w io.Writer) {
					line(w, "recovery:\toff\ndeleted:\t%d", deleted)
					line(w, "Backups from before still hold key and secrets, encrypted.")
				})
			}
		}),
	}
}

func newRecoveryShow(c *console) *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Say whether there is a recovery key, and how much is escrowed", Args: cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error { return c.printRecovery(ctx, s, by) }
		}),
	}
}

// administrator is who one of the two is, and how they prove it.
type administrator struct {
	name  string
	stdin bool
}

func (a *administrator) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.name, "as", "", "`name` of the administrator who does this")
	cmd.Flags().BoolVar(&a.stdin, "password-stdin", false, "read password and one-time code from standard input, a line each")
}

// do runs an action for which the administrator proves who they are.
func (a *administrator) do(c *console, cmd *cobra.Command, act func(ctx context.Context, s *site, by *catalog.Caller, as catalog.SignIn) error) error {
	as, err := a.prove(c)
	if err != nil {
		return err
	}
	defer as.Password.Wipe()
	defer as.OTP.Wipe()
	return c.do(cmd.Context(), cmd.CommandPath(), func(ctx context.Context, s *site, by *catalog.Caller) error {
		return act(ctx, s, by, as)
	})
}

// prove asks for password and one-time code; the caller wipes both.
func (a *administrator) prove(c *console) (catalog.SignIn, error) {
	if a.name == "" {
		return catalog.SignIn{}, vault.Fail(vault.Usage, "--as says which administrator does this")
	}
	in := catalog.SignIn{Name: a.name}
	var err error
	if in.Password, err = c.secret("Password of "+plain(a.name), a.stdin, false); err != nil {
		return in, err
	}
	if in.OTP, err = c.secret("One-time code of "+plain(a.name), a.stdin, false); err != nil {
		in.Password.Wipe()
	}
	return in, err
}

func newRecoveryRequest(c *console) *cobra.Command {
	var who administrator
	var r catalog.ReleaseRequest
	cmd := &cobra.Command{
		Use: "request DEVICE", Short: "Ask for the release of a device's machine secret; another administrator approves it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if r.Device, err = parseIDArg(args[0]); err != nil {
				return err
			}
			return who.do(c, cmd, func(ctx context.Context, s *site, by *catalog.Caller, as catalog.SignIn) error {
				r.As = as
				asked, err := s.catalog.AskRelease(ctx, by, r)
				if err != nil {
					return err
				}
				return c.print(struct {
					Request releaseLine `json:"request"`
				}{newReleaseLine(asked)}, func(w io.Writer) {
					line(w, "request:\t%s\ngeneration:\t%d\nuntil:\t%s", asked.ID, asked.Generation, shortTime(asked.Until))
					line(w, "Another administrator: recovery approve %s --as NAME --out FILE.keyx", asked.ID)
				})
			})
		},
	}
	who.addFlags(cmd)
	cmd.Flags().StringVar(&r.Reason, "reason", "", "`text` for the audit and the device's owner; must be given")
	cmd.Flags().Uint64Var(&r.Generation, "generation", 0, "`number` of the cache; 0: the one in use")
	return cmd
}

func newRecoveryApprove(c *console) *cobra.Command {
	var who administrator
	var out string
	cmd := &cobra.Command{
		Use: "approve ID", Short: "Approve what another administrator asked for, and write the key file", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseIDArg(args[0])
			if err != nil {
				return err
			}
			if out == "" {
				return vault.Fail(vault.Usage, "--out says where the key file goes")
			}
			return who.do(c, cmd, func(ctx context.Context, s *site, by *catalog.Caller, as catalog.SignIn) error {
				var done catalog.Release
				if err := writeKeyFile(out, func() (secret vault.Secret, err error) {
					done, secret, err = s.catalog.ApproveRelease(ctx, by, catalog.Approve{Release: id, As: as})
					return secret, err
				}); err != nil {
					return err
				}
				return c.print(struct {
					Request releaseLine `json:"request"`
					File    string      `json:"file"`
				}{newReleaseLine(done), out}, func(w io.Writer) {
					line(w, "released:\t%s\nfile:\t%s", done.ID, out)
					line(w, "With the master password it opens generation %d of that cache in KeePassXC and", done.Generation)
					line(w, "KeePass 2, without chip, end or limit of attempts. Delete it when it is not needed.")
				})
			})
		},
	}
	who.addFlags(cmd)
	cmd.Flags().StringVar(&out, "out", "", "`file` to make, which must not be there")
	return cmd
}

func newRecoveryCancel(c *console) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "cancel ID", Short: "End a request that was not approved", Args: cobra.ExactArgs(1),
		RunE: c.on(func(args []string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				id, err := parseIDArg(args[0])
				if err != nil {
					return err
				}
				if err := s.catalog.CancelRelease(ctx, by, id, reason); err != nil {
					return err
				}
				return c.printDone(&id, id.String(), "cancelled")
			}
		}),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`text` for the audit; must be given")
	return cmd
}

// releaseLine is a request in --json.
type releaseLine struct {
	ID         vault.ID   `json:"id"`
	Device     vault.ID   `json:"device"`
	Cache      vault.ID   `json:"cache"`
	Generation int64      `json:"generation"`
	State      string     `json:"state"` // open, released, ended, too_late
	AskedBy    string     `json:"asked_by"`
	AskedAt    *time.Time `json:"asked_at"`
	Until      *time.Time `json:"until"`
	Reason     string     `json:"reason"`
	ApprovedBy *string    `json:"approved_by"`
	ApprovedAt *time.Time `json:"approved_at"`
	Ended      *string    `json:"ended"` // why
}

func newReleaseLine(r catalog.Release) releaseLine {
	l := releaseLine{
		ID: r.ID, Device: r.Device, Cache: r.Cache, Generation: r.Generation, AskedBy: r.Asked, AskedAt: moment(r.AskedAt),
		Until: moment(r.Until), Reason: r.Reason, ApprovedAt: moment(r.ApprovedAt),
	}
	switch {
	case !r.ApprovedAt.IsZero():
		l.State, l.ApprovedBy = "released", &r.Approved
	case !r.EndedAt.IsZero():
		l.State, l.Ended = "ended", &r.EndedWhy
	case r.Open:
		l.State = "open"
	default:
		l.State = "too_late"
	}
	return l
}

func newRecoveryList(c *console) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the requests, the newest first", Args: cobra.NoArgs,
		RunE: c.on(func([]string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				list, err := s.catalog.Releases(ctx, by)
				if err != nil {
					return err
				}
				shown := struct {
					Requests []releaseLine `json:"requests"`
				}{[]releaseLine{}}
				for _, r := range list {
					shown.Requests = append(shown.Requests, newReleaseLine(r))
				}
				return c.print(shown, func(w io.Writer) {
					line(w, "ID\tSTATE\tDEVICE\tGENERATION\tASKED BY\tASKED\tAPPROVED BY\tREASON")
					for _, l := range shown.Requests {
						by := "-"
						if l.ApprovedBy != nil {
							by = plain(*l.ApprovedBy)
						}
						line(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s", l.ID, l.State, l.Device, l.Generation,
							plain(l.AskedBy), shortTime(*l.AskedAt), by, plain(l.Reason))
					}
				})
			}
		}),
	}
}

// releasedAt returns when the machine secrets of devices were last released.
func releasedAt(ctx context.Context, s *site, by *catalog.Caller) (map[vault.ID]time.Time, error) {
	list, err := s.catalog.Releases(ctx, by)
	if err != nil {
		return nil, err
	}
	out := map[vault.ID]time.Time{}
	for _, r := range list {
		if r.ApprovedAt.After(out[r.Device]) {
			out[r.Device] = r.ApprovedAt
		}
	}
	return out, nil
}
