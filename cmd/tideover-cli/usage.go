package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
)

// What does not fit on a command line is told in our own words, in the person's
// language; cobra's are English, and say nothing of the way out.

// usage is a mistake on the command line that the catalogue has words for.
func usage(topic string, args map[string]any) error {
	return &present.Worded{Cause: vault.Usage, Topic: topic, Args: args}
}

// wordArguments makes a command tell what is wrong with its arguments.
func wordArguments(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if check(cmd, args) == nil {
				return nil
			}
			if cmd.HasSubCommands() && len(args) > 0 {
				like := ""
				if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
					like = near[0]
				}
				return usage("no_command", map[string]any{"Given": plain(args[0]), "Command": command(cmd), "Like": like})
			}
			return usage("command_line", map[string]any{
				"Command": command(cmd), "Given": plain(strings.Join(args, " ")), "Form": strings.TrimSuffix(cmd.UseLine(), " [flags]"),
			})
		}
	}
	for _, sub := range cmd.Commands() {
		wordArguments(sub)
	}
}

// command is the path of a command without the program's name.
func command(cmd *cobra.Command) string {
	return strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()), " ")
}

// wordFlag tells what is wrong with a flag.
func wordFlag(cmd *cobra.Command, err error) error {
	of := cmd.CommandPath()
	var unknown *pflag.NotExistError
	var alone *pflag.ValueRequiredError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		dashes := "--"
		if unknown.GetSpecifiedShortnames() != "" {
			dashes = "-"
		}
		return usage("no_flag", map[string]any{"Command": of, "Flag": dashes + plain(unknown.GetSpecifiedName())})
	case errors.As(err, &alone):
		return usage("flag_empty", map[string]any{"Command": of, "Flag": "--" + alone.GetFlag().Name})
	case errors.As(err, &value):
		return usage("flag_value", map[string]any{"Command": of, "Flag": "--" + value.GetFlag().Name, "Value": plain(value.GetValue())})
	}
	return vault.Fail(vault.Usage, "%w", err)
}

// instead puts words of our own in place of one cause; other errors stay.
func instead(err error, cause vault.Cause, topic string, args map[string]any) error {
	if !errors.Is(err, cause) {
		return err
	}
	return &present.Worded{Cause: cause, Topic: topic, Args: args, Err: err}
}
