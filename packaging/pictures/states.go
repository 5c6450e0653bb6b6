package main

import (
	"encoding/json"
	"image"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tideover/tideover/app/apptest"
)

// strange is what people elsewhere call things.
const strange = `Title,Username,Password,URL,Notes
"Zugangsverwaltungssystem der Niederlassung Süd-West, Standort Friedrichshafen, Gebäude B, zweites Obergeschoss, Serverraum",verwaltung.friedrichshafen.gebaeude-b.obergeschoss-2@niederlassung-sued-west.example,p,https://friedrichshafen.niederlassung-sued-west.example/verwaltung/zugang/anmeldung?standort=friedrichshafen&gebaeude=b,"Eine Notiz, die länger ist als die Zeile, in der sie steht, und die deshalb gekürzt wird, damit die Liste ruhig bleibt. Depot"
Домен и почта,регистратор,p,https://пример.рф,Продлить до марта Depot
Πύλη προμηθευτών,διαχειριστής,p,https://pyli.example,Τηλέφωνο στο γραφείο Depot
データベース本番,管理者,p,https://db.example/管理,再起動の前に電話 Depot
数据库备份,操作员,p,https://backup.example,每周五检查 Depot
בסיס נתונים,מנהל,p,https://he.example,להתקשר לפני Depot
قاعدة البيانات,المسؤول,p,https://ar.example,اتصل أولا Depot
한국어 서버,관리자,p,https://ko.example,메모 Depot
🔑 Emoji ✓,🙂,p,https://emoji.example,🌊🌊🌊 Depot
WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW,iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii,p,, Depot
,,p,,no title Depot
`

// longNames is what does not fit, and what is not Latin.
func longNames(d *desk) {
	file := filepath.Join(d.dir, "names.csv")
	d.Must("write a file", os.WriteFile(file, []byte(strange), 0o600))
	d.server.run("import", file, "--into", "/Team/Niederlassung Süd-West: Zugangsverwaltung und Schließanlagen/データベース")
	d.signedIn()
	d.find("Depot")
	d.shot("names")
	d.Key("ctrl+f", "ctrl+a")
	d.Type("Zugangsverwaltungssystem")
	d.settle()
	d.Key("Return", "Home")
	d.settle()
	d.Key("Return")
	d.shot("names-entry")
	d.escape()
	d.opens("Delete")
	d.shot("names-delete")
	d.Key("Escape")
	d.close()
}

// groups are the questions about groups and where entries lie.
func groups(d *desk) {
	d.signedIn()
	head, scale := d.see("column.title"), d.variant.scale
	first, vendors := head.Add(image.Pt(0, 24).Mul(scale)), head.Add(image.Pt(-180, 48).Mul(scale))
	d.Drag(first, vendors)
	d.shot("entry-dragged")
	d.Key("Escape")
	d.Drop()
	d.press(vendors, apptest.LeftButton)
	d.choose("menu.group", "menu.group.add")
	d.shot("group-add")
	d.Key("Escape")
	d.choose("menu.group", "menu.group.delete")
	d.shot("group-delete")
	d.Key("Escape")
	d.find("warehouse")
	d.choose("menu.entry", "menu.entry.move")
	d.shot("entry-move")
	d.escape()
	d.Key("ctrl+l")
	d.shot("locked")
	d.close()
}

// look is a window whose colours change while it is open: nothing may keep those
// of before.
func look(d *desk) {
	d.signedIn()
	other := "dark"
	if d.variant.theme == other {
		other = "light"
	}
	d.choose("menu.view", "menu.view.look")
	d.click("menu.view." + other)
	d.MoveTo(d.window.Place().Max.Sub(image.Pt(9, 9)))
	d.shot("look-changed")
	d.close()
}

// limits are where somebody may do less, or no more.
func limits(d *desk) {
	d.open(d.trusted()...)
	d.signIn("bob", d.server.password("bob"))
	d.mode("mode.online")
	d.find("db-prod")
	d.shot("read-only")
	d.opens("Return")
	d.shot("entry-read-only")
	d.escape()
	d.click("menu.server.disconnect")
	d.shot("disconnect-nothing")
	d.Key("Escape")
	d.close()

	d.forget()
	d.server.run("policy", "set", "auto_approve", "false")
	d.signedIn()
	d.click("menu.server.disconnect")
	d.shot("disconnect-waiting")
	d.Key("Escape")
	d.close()

	d.forget()
	d.server.run("policy", "set", "auto_approve", "true")
	d.cached()
	d.close()
	d.server.quit()
	d.open(d.trusted()...)
	d.see("unlock.password")
	for d.cache().TriesLeft > 0 {
		d.Type("not the password")
		d.Key("Return")
		d.settle()
	}
	d.shot("unlock-locked-out")
	d.close()
	d.server.start()
	d.chip = d.machine("another") // this one takes no password for a while

	d.forget()
	d.server.run("policy", "set", "powered_on_s", "60")
	d.cached()
	d.close()
	d.server.quit()
	time.Sleep(leaseEnds)
	d.open(d.trusted()...)
	d.shot("unlock-expired")
	d.close()
}

// ends is how a cache comes to its end, and what its server may do before. That
// the end is near is told at the prompt, where no news of the server follows it.
func ends(d *desk) {
	for _, left := range []struct{ name, seconds string }{{"day", "72000"}, {"hour", "3000"}} {
		d.forget()
		d.server.run("policy", "set", "powered_on_s", left.seconds)
		d.cached()
		d.close()
		d.server.quit()
		d.open(d.trusted()...)
		d.See(strings.Join(strings.Fields(d.text("note.ending." + left.name))[:3], " ")) // the rest may be on another line
		d.shot("unlock-ends-" + left.name)
		d.close()
		d.server.start()
	}
	d.devices("suspend")
	d.open(d.trusted()...)
	for end := time.Now().Add(restLimit); d.cache().State != "suspended"; time.Sleep(restPause) {
		if time.Now().After(end) {
			d.fail("waited for the cache to be suspended")
		}
	}
	d.shot("unlock-suspended")
	d.close()
}

// cache is what the command line says of the cache.
func (d *desk) cache() (c struct {
	State     string `json:"state"`
	TriesLeft int    `json:"tries_left"`
},
) {
	status := struct {
		Cache any `json:"cache"`
	}{&c}
	d.Must("read the status", json.Unmarshal(d.client("status", "--json"), &status))
	return c
}

// leaseEnds is longer than the chip's clock lets a cache live here.
const leaseEnds = 65 * time.Second
