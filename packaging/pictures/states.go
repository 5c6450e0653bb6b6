package main

import (
	"encoding/json"
	"image"
	"os"
	"path/filepath"
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
	d.Key("Escape")
	d.settle()
	d.opens("Delete")
	d.shot("names-delete")
	d.Key("Escape")
	d.close()
}

// groups are the questions about groups and where entries lie.
func groups(d *desk) {
	d.signedIn()
	d.press(d.see("column.title").Add(image.Pt(-180, 48).Mul(d.variant.scale)), apptest.LeftButton) // Vendors
	d.choose("menu.group", "menu.group.add")
	d.shot("group-add")
	d.Key("Escape")
	d.choose("menu.group", "menu.group.delete")
	d.shot("group-delete")
	d.Key("Escape")
	d.find("warehouse")
	d.choose("menu.entry", "menu.entry.move")
	d.shot("entry-move")
	d.Key("Escape")
	d.settle()
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
	d.Key("Escape")
	d.settle()
	d.click("menu.server.disconnect")
	d.shot("disconnect-nothing")
	d.Key("Escape")
	d.close()

	d.Must("forget who was here", os.RemoveAll(filepath.Join(d.dir, "home")))
	d.server.run("policy", "set", "auto_approve", "false")
	d.signedIn()
	d.click("menu.server.disconnect")
	d.shot("disconnect-waiting")
	d.Key("Escape")
	d.close()

	d.Must("forget who was here", os.RemoveAll(filepath.Join(d.dir, "home")))
	d.server.run("policy", "set", "auto_approve", "true")
	d.cached()
	d.close()
	d.server.quit()
	d.open(d.trusted()...)
	d.see("unlock.password")
	for d.triesLeft() > 0 {
		d.Type("not the password")
		d.Key("Return")
		d.settle()
	}
	d.shot("unlock-locked-out")
	d.close()
	d.server.start()

	d.Must("forget who was here", os.RemoveAll(filepath.Join(d.dir, "home")))
	d.server.run("policy", "set", "powered_on_s", "60")
	d.cached()
	d.close()
	d.server.quit()
	time.Sleep(leaseEnds)
	d.open(d.trusted()...)
	d.shot("unlock-expired")
	d.close()
}

// triesLeft are the wrong master passwords that the cache still takes.
func (d *desk) triesLeft() int {
	var status struct {
		Cache struct {
			TriesLeft int `json:"tries_left"`
		} `json:"cache"`
	}
	d.Must("read the status", json.Unmarshal(d.client("status", "--json"), &status))
	return status.Cache.TriesLeft
}

// leaseEnds is longer than the chip's clock lets a cache live here.
const leaseEnds = 65 * time.Second
