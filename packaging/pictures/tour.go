package main

import (
	"encoding/json"
	"image"
	"strings"
	"time"

	"github.com/tideover/tideover/app/apptest"
)

// signIn is the login and what may come of it.
func signIn(d *desk) {
	d.open()
	d.see("login.title")
	d.shot("login")
	d.signIn("carol", d.server.password("carol"))
	d.see("login.identity.fingerprint")
	d.shot("login-identity")
	d.Key("Tab", "space") // the keyboard is on the way back
	d.see("login.code")
	d.shot("login-code")
	d.escape()
	d.Type("not the password") // the rest stands there
	d.Key("Return")
	d.shot("login-error")
	d.server.quit()
	d.Type("not the password")
	d.Key("Return")
	d.shot("login-no-server")
	d.close()
}

// signedIn is a desk with alice at her entries.
func (d *desk) signedIn() {
	d.open(d.trusted()...)
	d.signIn("alice", d.server.password("alice"))
	d.mode("mode.online")
}

// mode waits until the window is unlocked in a mode, which its title says.
func (d *desk) mode(key string) {
	mode, locked := d.text(key), strings.TrimPrefix(d.words["status.title.locked"], d.words["status.title"])
	for end := time.Now().Add(apptest.Patience); time.Now().Before(end); time.Sleep(restPause) {
		if t := d.window.Title(); strings.Contains(t, mode) && !strings.HasSuffix(t, locked) {
			d.settle()
			return
		}
	}
	d.fail("waited for the mode %s, and the title is %s", mode, d.window.Title())
}

// online is the main window while there is a server.
func online(d *desk) {
	d.signedIn()
	d.shot("main-list")
	d.find("db-prod")
	d.escape()
	d.shot("main")
	d.click("menu.server.disconnect")
	d.see("cache.review.kept")
	d.shot("disconnect-review")
	d.escape()
	d.press(d.see("column.title").Add(image.Pt(0, 24*d.variant.scale)), apptest.RightButton) // the first line
	d.shot("main-context-menu")
	d.Key("Escape")
	for _, menu := range []string{"server", "entry", "group", "find", "view", "help"} {
		d.menu("menu." + menu)
		d.shot("menu-" + menu)
		d.escape()
	}
	d.find("prod")
	d.shot("main-search")
	d.Key("ctrl+f", "ctrl+a")
	d.Type("lighthouse")
	d.see("main.not_found")
	d.shot("main-nothing-found")
	d.Key("Escape", "Escape")
	d.settle()
	d.press(d.see("column.title").Add(image.Pt(-180, 24).Mul(d.variant.scale)), apptest.LeftButton) // Team, beside the first line
	d.shot("main-empty-group")
	d.window.Restore()
	d.window.Resize(600*d.variant.scale, 480*d.variant.scale)
	d.shot("main-narrow")
	d.press(image.Pt(352, 40).Mul(d.variant.scale).Add(d.window.Place().Min), apptest.LeftButton) // what has no room in the toolbar
	d.shot("main-more")
	d.escape()
	d.window.Maximise()
	d.settle()
	d.rest(image.Pt(216, 38))
	d.shot("main-tip")

	d.toMaster()
	d.Type("ebbe")
	d.shot("disconnect-master-weak")
	d.Key("ctrl+a")
	d.typeMaster()
	d.shot("disconnect-master")
	before := d.Shot()
	d.Key("Return")
	d.changed(before) // in the middle of it
	d.now("disconnect-progress")
	d.mode("mode.offline")
	d.close()
}

// entry is the entry dialog.
func entry(d *desk) {
	d.signedIn()
	d.find("db-prod")
	d.opens("Return")
	d.see("entry.tab.general")
	d.shot("entry-general")
	for _, tab := range []string{"advanced", "code", "history", "properties"} {
		d.click("entry.tab." + tab)
		d.shot("entry-" + tab)
	}
	d.click("entry.tab.general")
	d.press(d.see("entry.tab.general").Add(image.Pt(520, 109).Mul(d.variant.scale)), apptest.LeftButton) // Generate…, whose words are hard to read
	d.rest(image.Pt(857, 277))
	d.shot("entry-generator")
	d.Key("Return")
	d.shot("entry-generated")
	d.Key("Escape")
	d.shot("entry-discard")
	d.Key("Tab", "space") // the keyboard is on the way back
	d.settle()
	d.Key("ctrl+i")
	d.shot("entry-new")
	d.escape()
	d.find("warehouse")
	d.opens("Delete")
	d.shot("entry-delete")
	d.Key("Escape", "ctrl+c")
	d.shot("entry-comment")
	d.escape()
	d.Key("Return")
	d.settle()
	d.Key("Tab", "ctrl+a")
	d.Type("typed here")
	d.client("edit", "/Team/Databases/warehouse", "--username", "changed there")
	d.Key("Return")
	d.shot("entry-conflict")
	d.escape()
	d.Key("Tab", "space")
	d.settle()
	d.choose("menu.help", "menu.help.shortcuts")
	d.shot("help-shortcuts")
	d.Key("Escape")
	d.choose("menu.help", "menu.help.about")
	d.shot("help-about")
	d.Key("Escape")
	d.choose("menu.help", "menu.help.doctor")
	d.see("doctor.cache.name")
	d.shot("help-doctor")
	d.close()
}

// toMaster is Disconnect/Cache… up to the master password.
func (d *desk) toMaster() {
	d.click("menu.server.disconnect")
	d.see("cache.review.kept")
	d.Key("Return")
	d.see("cache.master")
}

// typeMaster types the master password of a cache, and again.
func (d *desk) typeMaster() {
	d.Type(master)
	d.Key("Tab")
	d.Type(master)
	d.settle()
}

// cached is a desk with a cache of alice's, offline.
func (d *desk) cached() {
	d.signedIn()
	d.toMaster()
	d.typeMaster()
	d.Key("Return")
	d.mode("mode.offline")
}

// offline is working with the cache, and the ways back.
func offline(d *desk) {
	d.cached()
	d.shot("offline")
	d.find("mail.example")
	d.opens("Return")
	d.shot("entry-draft")
	d.Key("Tab", "ctrl+a")
	d.Type("postmaster")
	d.Key("Return")
	d.settle()
	d.opens("ctrl+i")
	d.Type("Spare switch")
	d.Key("Tab")
	d.Type("operator")
	d.Key("Return")
	d.settle()
	d.escape()
	d.find("warehouse")
	d.opens("Delete")
	d.Key("Tab", "space") // the keyboard is on the way back
	d.settle()
	d.Key("ctrl+f", "Escape")
	d.choose("menu.find", "menu.find.drafts")
	d.shot("offline-drafts")
	for _, c := range []string{"contents", "clear_cache", "import_cache"} {
		d.choose("menu.server", "menu.server."+c)
		d.shot("offline-" + c)
		d.escape()
	}
	d.click("menu.server.connect")
	d.settle()
	d.shot("connect-drop")
	d.escape()
	d.close()

	d.server.quit()
	d.open(d.trusted()...)
	d.see("unlock.password")
	d.shot("unlock")
	d.Type("not the password")
	d.Key("Return")
	d.settle()
	d.shot("unlock-wrong")
	d.Type(master)
	d.Key("Return")
	d.settle()
	d.shot("offline-again")

	d.server.start()
	d.devices("revoke")
	d.click("menu.server.connect")
	d.settle()
	d.Type(d.server.password("alice"))
	d.Key("Return")
	d.shot("connect-revoked")
	d.escape()
	d.close()
	d.open(d.trusted()...)
	d.shot("unlock-revoked")
	d.close()
}

// devices has the server do something with every device.
func (d *desk) devices(what string) {
	var list struct {
		Devices []struct {
			ID string `json:"id"`
		} `json:"devices"`
	}
	d.Must("read the devices", json.Unmarshal([]byte(d.server.run("device", "list", "--json")), &list))
	for _, x := range list.Devices {
		d.server.run("device", what, x.ID)
	}
}

// machine is a cache that came to another computer.
func machine(d *desk) {
	d.cached()
	d.close()
	d.server.quit()
	d.chip = d.machine("other")
	d.open(d.trusted()...)
	d.shot("unlock-other-machine")
	d.close()
}
