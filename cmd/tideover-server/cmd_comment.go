package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
)

// prompt is one action for which the server can ask for a comment.
type prompt struct {
	word string
	flag policy.Flags
}

// prompts returns them in the order in which they are listed.
func prompts() []prompt {
	return []prompt{
		{"view-password", policy.CommentOnViewPassword},
		{"view-offline", policy.CommentOnViewOffline},
		{"modify-entries", policy.CommentOnModifyEntries},
		{"move-entries", policy.CommentOnMoveEntries},
		{"modify-folders", policy.CommentOnModifyFolders},
		{"move-folders", policy.CommentOnMoveFolders},
	}
}

// promptWords names the prompts among flags; never nil.
func promptWords(flags policy.Flags) []string {
	words := []string{}
	for _, p := range prompts() {
		if flags.Has(p.flag) {
			words = append(words, p.word)
		}
	}
	return words
}

// noPrompts is the word for none of them.
const noPrompts = "none"

func parsePrompts(words []string) (policy.Flags, error) {
	if slices.Equal(words, []string{noPrompts}) {
		return 0, nil
	}
	var flags policy.Flags
	for _, word := range words {
		at := slices.IndexFunc(prompts(), func(p prompt) bool { return p.word == word })
		if at < 0 {
			return 0, vault.Fail(vault.Usage, "%q is none of %s, %s", word, strings.Join(promptWords(policy.AllFlags), ", "), noPrompts)
		}
		flags |= prompts()[at].flag
	}
	return flags, nil
}

func newComment(c *console) *cobra.Command {
	return group("comment", "Say for what people must give a comment",
		newCommentSet(c), newCommentShow(c))
}

func newCommentSet(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "set PATH ACTION...",
		Short: "Ask for a comment on these actions, on no other, here and in all folders below",
		Long:  "ACTION is one of " + strings.Join(promptWords(policy.AllFlags), ", ") + ";\n" + noPrompts + " alone asks for no comment but what folders above ask for.",
		Args:  cobra.MinimumNArgs(2),
		RunE: c.on(func(args []string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				flags, err := parsePrompts(args[1:])
				if err != nil {
					return err
				}
				node, err := s.catalog.Resolve(ctx, by, args[0], 0)
				if err != nil {
					return err
				}
				if err := s.catalog.SetPrompts(ctx, by, node, flags); err != nil {
					return err
				}
				return c.printDone(&node.ID, args[0], strings.Join(args[1:], ", "))
			}
		}),
	}
}

func newCommentShow(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "show PATH",
		Short: "Tell for what a comment is asked, here or by a folder above",
		Args:  cobra.ExactArgs(1),
		RunE: c.on(func(args []string) action {
			return func(ctx context.Context, s *site, by *catalog.Caller) error {
				node, err := s.catalog.Resolve(ctx, by, args[0], 0)
				if err != nil {
					return err
				}
				flags, err := flagsOf(ctx, s, by, node)
				if err != nil {
					return err
				}
				shown := struct {
					ID      vault.ID `json:"id"`
					Path    string   `json:"path"`
					Actions []string `json:"actions"`
				}{node.ID, args[0], promptWords(flags)}
				return c.print(shown, func(w io.Writer) {
					for _, word := range shown.Actions {
						line(w, "%s", word)
					}
					if len(shown.Actions) == 0 {
						line(w, "%s", noPrompts)
					}
				})
			}
		}),
	}
}

// flagsOf returns the flags of a folder or entry with those from above.
func flagsOf(ctx context.Context, s *site, by *catalog.Caller, n catalog.Node) (policy.Flags, error) {
	if n.Kind == catalog.EntryNode {
		e, err := s.catalog.Entry(ctx, by, n.ID)
		if err != nil {
			return 0, err
		}
		return e.Flags, nil
	}
	f, err := s.catalog.Tree(ctx, by, catalog.TreeQuery{Folder: n.ID})
	if err != nil {
		return 0, err
	}
	return f.Flags, nil
}
