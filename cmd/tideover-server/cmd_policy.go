package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
)

func newPolicy(c *console) *cobra.Command {
	return group("policy", "Read and change the rules for working offline",
		&cobra.Command{
			Use:   "get [KEY]",
			Short: "Print all settings, or one",
			Args:  cobra.MaximumNArgs(1),
			RunE: c.on(func(args []string) action {
				return func(ctx context.Context, s *site, by *catalog.Caller) error {
					settings, err := s.catalog.Settings(ctx, by)
					if err != nil {
						return err
					}
					if len(args) == 0 {
						return c.printSettings(settings)
					}
					for _, one := range settings {
						if one.Key == args[0] {
							return c.printSettings([]policy.Setting{one})
						}
					}
					return vault.Fail(vault.NotFound, "there is no setting %q", args[0])
				}
			}),
		},
		&cobra.Command{
			Use:   "set KEY VALUE",
			Short: "Change a setting",
			Args:  cobra.ExactArgs(2),
			RunE: c.on(func(args []string) action {
				return func(ctx context.Context, s *site, by *catalog.Caller) error {
					if err := s.catalog.Set(ctx, by, args[0], args[1]); err != nil {
						return err
					}
					settings, err := s.catalog.Settings(ctx, by)
					if err != nil {
						return err
					}
					for _, one := range settings {
						if one.Key == args[0] {
							return c.printSettings([]policy.Setting{one})
						}
					}
					return nil
				}
			}),
		},
	)
}

// settingLine is a setting in --json. Its value is text, as policy set takes it.
type settingLine struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	Help  string `json:"help"`
	// Unmet says why no device can meet it; null: some can.
	Unmet *string `json:"unmet"`
}

func (c *console) printSettings(settings []policy.Setting) error {
	shown := struct {
		Settings []settingLine `json:"settings"`
	}{[]settingLine{}}
	for _, s := range settings {
		l := settingLine{Key: s.Key, Value: s.Value, Help: s.Help}
		if s.Unmet != "" {
			l.Unmet = &s.Unmet
		}
		shown.Settings = append(shown.Settings, l)
	}
	return c.print(shown, func(w io.Writer) {
		for _, s := range settings {
			line(w, "%s\t%s\t%s", s.Key, s.Value, s.Help)
			if s.Unmet != "" {
				line(w, "\t!\t%s", s.Unmet)
			}
		}
	})
}

func newOffline(c *console) *cobra.Command {
	set := func(use, short string, on bool) *cobra.Command {
		return &cobra.Command{
			Use: use, Short: short, Args: cobra.NoArgs,
			RunE: c.on(func([]string) action {
				return func(ctx context.Context, s *site, by *catalog.Caller) error {
					if err := s.catalog.SetOffline(ctx, by, on); err != nil {
						return err
					}
					instance, err := s.catalog.Instance(ctx)
					if err != nil {
						return err
					}
					return c.print(struct {
						OfflineEnabled bool   `json:"offline_enabled"`
						Epoch          uint64 `json:"epoch"`
					}{instance.OfflineEnabled, instance.Epoch}, func(w io.Writer) {
						line(w, "offline use:\t%t\nepoch:\t%d", instance.OfflineEnabled, instance.Epoch)
					})
				}
			}),
		}
	}
	return group("offline", "The master switch for offline caches",
		set("enable", "Let users with the right make offline caches", true),
		set("disable", "Issue no lease and no cache, and end all that there are", false),
	)
}
