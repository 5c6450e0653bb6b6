package main

import (
	"os"
	"os/exec"
	"path/filepath"
)

// factors is what a cache may need or may be opened by beside its master password,
// and what a person prepares before the hardware changes.
func factors(d *desk) {
	d.server.run("recovery", "on")
	d.signedIn()
	d.click("menu.server.disconnect")
	d.see("cache.review.kept")
	d.shot("disconnect-recovery")
	d.click("cache.review.key.add")
	d.shot("disconnect-key-added")
	d.escape()
	d.server.run("policy", "set", "security_key", "required")
	d.click("menu.server.disconnect")
	d.see("cache.review.kept")
	d.shot("disconnect-key-required")
	d.Key("Return")
	d.see("cache.master")
	d.typeMaster()
	before := d.Shot()
	d.Key("Return")
	d.changed(before)
	d.shot("disconnect-key-missing")
	d.escape()
	d.server.run("policy", "set", "security_key", "allowed")
	d.toMaster()
	d.typeMaster()
	d.Key("Return")
	d.mode("mode.offline")
	d.choose("menu.server", "menu.server.contents")
	d.shot("offline-contents-recovery")
	d.escape()
	d.choose("menu.server", "menu.server.keys")
	d.shot("keys-offline")
	d.escape()
	d.choose("menu.help", "menu.help.hardware")
	d.shot("hardware")
	d.server.quit()
	d.Key("Tab", "space")
	d.settle()
	d.shot("hardware-no-server")
	d.server.start()
	d.Key("Tab", "space")
	d.settle()
	d.shot("hardware-done")
	d.close()

	// The review where level A can only be given up takes a chip without room.
	home := filepath.Join(d.dir, "gallery")
	d.Must("make a home", os.MkdirAll(home, 0o700))
	cmd := exec.Command(filepath.Join(d.options.bin, "gallery"), "-page", "review", "-mode", d.variant.theme, "-language", d.variant.language)
	cmd.Env = d.Env("FYNE_SCALE="+string(rune('0'+d.variant.scale)), "HOME="+home)
	d.Spawn(cmd)
	d.window = d.Window("Gallery")
	d.window.Maximise()
	d.shot("disconnect-give-up")
}

// Names of the keys in packaging/gallery, and the PIN of the red one.
const (
	blue, red, slow = "blue", "red", "slow"
	pin             = "2468"
)

// plug plugs in these security keys, and no others.
func (d *desk) plug(names string) {
	d.Must("plug in a key", os.WriteFile(filepath.Join(d.dir, "plugged"), []byte(names), 0o600))
}

// keys is the window with security keys, which take a program of their own: what
// ships reaches none in software.
func keys(d *desk) {
	d.program = "gallery"
	d.plug("")
	d.open("--page", "client", "--mode", d.variant.theme, "--plugged", filepath.Join(d.dir, "plugged"), "--ca", d.server.CAFile)
	d.signIn("alice", d.server.password("alice"))
	d.mode("mode.online")
	d.toMaster()
	d.typeMaster()
	d.Key("Return")
	d.mode("mode.offline")
	d.click("menu.server.connect")
	d.settle()
	d.Type(d.server.password("alice"))
	d.Key("Return")
	d.mode("mode.online")
	list := func() {
		d.choose("menu.server", "menu.server.keys")
	}
	list()
	d.shot("keys-none")
	d.click("keys.add")
	d.shot("keys-add-first")
	d.Type("Blue, on the key ring")
	d.Key("Tab")
	d.Type("not the password")
	d.Key("Return")
	d.shot("keys-add-wrong")
	d.Type(master)
	d.Key("Return")
	d.shot("keys-add-missing")
	d.plug(slow)
	before := d.Shot()
	d.Key("Return")
	d.covered(before)
	d.now("key-touch")
	d.escape() // well before the key itself gives up, which takes 30 s
	d.see("dialog.stopped")
	d.shot("keys-add-stopped")
	d.plug(blue)
	d.Key("Return")
	d.see("keys.remove")
	d.shot("keys-one")
	d.click("keys.add")
	d.Type("Rot: im Tresor der Niederlassung Süd-West, Standort Konstanz")
	d.Key("Tab")
	d.Type(master)
	d.Key("Return")
	d.see("key.new")
	d.shot("key-new")
	d.plug(red)
	d.Key("Return")
	d.see("key.pin")
	d.shot("key-pin")
	d.Type("1357")
	d.Key("Return")
	d.shot("keys-add-wrong-pin")
	d.plug(blue)
	d.Key("Return")
	d.see("key.new")
	d.plug(red)
	d.Key("Return")
	d.see("key.pin")
	d.Type(pin)
	d.Key("Return")
	d.see("keys.remove")
	d.shot("keys-two")
	d.click("keys.remove")
	d.shot("keys-remove")
	d.escape()
	d.escape()
	d.Key("ctrl+l")
	d.settle()
	d.choose("menu.server", "menu.server.keys")
	d.shot("keys-locked")
	d.escape()
	d.close()
}
