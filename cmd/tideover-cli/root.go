package main

import (
	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/start"
)

// newRoot returns the command line. started is set when a command of ours
// begins: an error before that is one of usage.
func newRoot(p *program, started *bool) *cobra.Command {
	root := &cobra.Command{
		Use:           "tideover-cli",
		Short:         "Passwords from a server, and offline under this machine's TPM",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       start.Version(),
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	f := root.PersistentFlags()
	root.Flags().Bool("version", false, "print the version") // cobra's own wording is another
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	f.StringVar(&p.home, "home", p.home, "folder of the client's state (TIDEOVER_HOME)")
	f.StringVar(&p.tpm, "tpm", p.tpm, "security chip: auto, a device, unix:PATH or none (TIDEOVER_TPM)")
	f.StringVar(&p.pin, "pin", p.pin, "SHA-256 of the server's identity key, 64 hex digits")
	f.StringVar(&p.ca, "ca", p.ca, "file with certificates to trust in place of a pin")
	f.BoolVar(&p.json, "json", p.json && p.shell, "print one JSON object")
	for _, sub := range []func(*program) *cobra.Command{
		signInCommand, signOutCommand, statusCommand, cacheCommand, workOfflineCommand, connectCommand,
		lockCommand, lsCommand, searchCommand, showCommand, totpCommand, attachmentCommand,
		addCommand, editCommand, rmCommand, dryRunCommand, autoCacheCommand, clearCacheCommand,
		importCacheCommand, keyCommand, shellCommand, doctorCommand, tpmCommand,
	} {
		root.AddCommand(sub(p))
	}
	wordArguments(root)
	root.SetFlagErrorFunc(wordFlag)
	markStarted(root, started)
	return root
}

// markStarted notes when a command's own code begins.
func markStarted(cmd *cobra.Command, started *bool) {
	if body := cmd.RunE; body != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			*started = true
			return body(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		markStarted(sub, started)
	}
}
