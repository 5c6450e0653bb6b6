package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// master protects the cache of the story. It is invented here and used once.
const master = "Ebbe und Flut 1729 am Kai"

func cli(title string, args ...string) step {
	return step{title: title, program: "tideover-cli", args: args}
}

func server(title string, args ...string) step {
	return step{title: title, program: "tideover-server", args: args}
}

func (s step) with(secrets ...string) step    { s.secrets = secrets; return s }
func (s step) exits(code int) step            { s.exit = code; return s }
func (s step) says(want ...string) step       { s.want = want; return s }
func (s step) withoutNetwork() step           { s.alone = true; return s }
func (p *player) file(name string) string     { return filepath.Join(p.dir, name) }
func (p *player) data() string                { return p.file("data") }
func (p *player) say(format string, a ...any) { fmt.Printf("\n"+format+"\n", a...) }

// play is the story itself.
func (p *player) play(ctx context.Context) error {
	if err := p.findChip(ctx); err != nil {
		return err
	}
	first, err := p.startDemo(ctx)
	if err != nil {
		return err
	}
	demo := first.Ready
	user, err := demo.OfflineUser()
	if err != nil {
		return err
	}
	password, err := user.Password()
	if err != nil {
		return err
	}
	filePassword, err := p.writeTeamFile(ctx)
	if err != nil {
		return err
	}
	online := []step{
		server("The team's passwords come from a KeePass file", "import", "--data", p.data(), "--into", "/Imported", "--password-stdin", p.file("team.kdbx")).with(filePassword),
		server("An administrator grants a user to see them, offline too", "grant", "add", "--data", p.data(), "--path", "/Imported", "--user", user.Name, "--level", "Full + Offline"),
		cli("Sign in; the server's identity is the one that it printed at its first start", "sign-in", "--server", demo.URL, "--pin", demo.Pin, "--user", user.Name, "--password-stdin").with(password),
		cli("Where are we?", "status").says("nline"),
		cli("What is there", "ls", "/Imported"),
		cli("What would be cached, and what not", "dry-run"),
		cli("Disconnect/Cache…: everything permitted goes into one encrypted file", "cache", "--master-password-stdin", "--comment", "Working in the basement").with(master),
	}
	if err := p.all(ctx, online); err != nil {
		return err
	}
	p.say("The server goes away.")
	if err := first.Stop(); err != nil {
		return err
	}
	offline := []step{
		cli("Where are we now?", "status").says("ffline"),
		cli("A wrong master password", "work-offline", "--user", user.Name, "--master-password-stdin").with("not the password").exits(3),
		cli("Work Offline", "work-offline", "--user", user.Name, "--master-password-stdin").with(master),
		cli("Search, without any network", "search", "router", "--master-password-stdin").with(master).says("Router"),
		cli("Read a password", "show", "/Imported/Network/Router", "--field", "Password", "--master-password-stdin").with(master).says("Kai-mauer 7"),
		cli("A one-time code", "totp", "/Imported/Network/Router", "--master-password-stdin").with(master),
		cli("An attachment", "attachment", "get", "/Imported/Network/Router", "config.txt", "--master-password-stdin").with(master).says("interface dsl0"),
		cli("Edit locally: a draft", "edit", "/Imported/Network/Router", "--notes", "moved to rack 2", "--master-password-stdin").with(master),
		cli("And a new entry", "add", "/Imported/Network/Spare switch", "--username", "admin", "--secret-stdin", "Password", "--master-password-stdin").with(master, "Lotse 42"),
		cli("The drafts are marked", "ls", "/Imported/Network", "--master-password-stdin").with(master).says("Spare switch"),
	}
	for i := range offline {
		offline[i] = offline[i].withoutNetwork()
	}
	if err := p.all(ctx, offline); err != nil {
		return err
	}
	p.say("The server is back.")
	back, err := p.serveAgain(ctx, demo)
	if err != nil {
		return err
	}
	ending := []step{
		cli("Connect… first says what would be dropped", "connect", "--password-stdin").with(password).exits(2).says("Spare switch"),
		cli("Connect…, knowing it", "connect", "--password-stdin", "--yes").with(password).says("Router"),
		cli("On the server nothing has changed", "ls", "/Imported/Network"),
		cli("Clear offline cache…", "clear-cache", "--yes"),
		cli("There is nothing left to open", "work-offline", "--user", user.Name, "--master-password-stdin").with(master).exits(10),
		server("One audit record for each cached password", "audit", "list", "--data", p.data()).says("entry.cached", "/Imported/Network/Router", "offline.reveal"),
		server("The audit log has not been touched", "audit", "verify", "--data", p.data()),
		cli("Sign out", "sign-out"),
	}
	if err := errors.Join(p.all(ctx, ending), back.Stop()); err != nil {
		return err
	}
	p.say("The whole story was played, every step as it must be.")
	return p.openWindow(ctx, demo, user)
}

func (p *player) all(ctx context.Context, steps []step) error {
	for _, s := range steps {
		if _, err := p.do(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
