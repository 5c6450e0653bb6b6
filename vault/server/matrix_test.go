package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
)

// row says what each kind of person gets from one route. The request is one
// that succeeds for somebody who may.
type row struct {
	path  string // with the identifiers of the fixture
	body  string
	alice int // Full + Offline on the folder
	bob   int // Read-Only on the folder
	other int // signed in, without any grant
	admin int // administrator of everything
}

const (
	yes    = http.StatusOK
	none   = http.StatusNoContent
	denied = http.StatusForbidden
	unseen = http.StatusNotFound
	anon   = http.StatusUnauthorized
)

// rows is the whole matrix. A route without a row fails the test.
func rows(f *fixture) map[string]row {
	entry, team, file := f.entry.String(), f.team.String(), f.attachment.String()
	v6 := "/api/v6/rest"
	laptop := f.register(newDevice(f.t), "alice").ID.String()
	object := func(members string) string { return "{" + members + "}" }
	v4, old := "/api/v4/rest", f.addEntry("old").String()
	oldFolder, err := f.catalog.AddFolder(f.t.Context(), f.op, catalog.NewFolder{Parent: f.team, Group: &vault.Group{Name: "old"}})
	must(f.t, err)
	replaced, err := f.catalog.AddAttachment(f.t.Context(), f.op, f.entry, "", catalog.File{Name: "replaced", Data: []byte("before")})
	must(f.t, err)
	return map[string]row{
		"GET " + v6 + "/folders/root":   {v6 + "/folders/root", "", yes, yes, yes, yes},
		"GET " + v6 + "/folders":        {v6 + "/folders", "", yes, yes, yes, yes},
		"GET " + v6 + "/folders/{id}":   {v6 + "/folders/" + team, "", yes, yes, unseen, yes},
		"POST " + v6 + "/folders":       {v6 + "/folders", object(`"Name":"x","ParentId":"` + team + `"`), yes, denied, unseen, yes},
		"PUT " + v6 + "/folders/{id}":   {v6 + "/folders/" + team, object(`"Name":"Team"`), none, denied, unseen, none},
		"PATCH " + v6 + "/folders/{id}": {v6 + "/folders/" + team, object(`"Name":"Team"`), none, denied, unseen, none},

		"POST " + v6 + "/entries":               {v6 + "/entries", object(`"Name":"x","GroupId":"` + team + `"`), yes, denied, unseen, yes},
		"GET " + v6 + "/entries/{id}":           {v6 + "/entries/" + entry, "", yes, yes, unseen, yes},
		"PUT " + v6 + "/entries/{id}":           {v6 + "/entries/" + entry, object(`"Item":{"Name":"x"}`), none, denied, unseen, none},
		"PATCH " + v6 + "/entries/{id}":         {v6 + "/entries/" + entry, object(`"Name":"y"`), none, denied, unseen, none},
		"GET " + v6 + "/entries/{id}/password":  {v6 + "/entries/" + entry + "/password", "", yes, yes, unseen, yes},
		"POST " + v6 + "/entries/{id}/password": {v6 + "/entries/" + entry + "/password", object(`"Comment":"c"`), yes, yes, unseen, yes},

		"GET " + v6 + "/entries/{id}/attachments": {v6 + "/entries/" + entry + "/attachments", "", yes, yes, unseen, yes},
		// The administrator comes after alice, when the name is taken.
		"POST " + v6 + "/entries/{id}/attachments":        {v6 + "/entries/" + entry + "/attachments", object(`"FileName":"n","FileData":"eA=="`), yes, denied, unseen, invalid},
		"GET " + v6 + "/entries/{id}/attachments/{id}":    {v6 + "/entries/" + entry + "/attachments/" + file, "", yes, yes, unseen, yes},
		"DELETE " + v6 + "/entries/{id}/attachments/{id}": {v6 + "/entries/" + entry + "/attachments/" + file, "", none, denied, unseen, unseen},
		// Afterwards the file has another identifier.
		"PUT " + v6 + "/entries/{id}/attachments/{id}":   {v6 + "/entries/" + entry + "/attachments/" + replaced.String(), object(`"FileData":"eA=="`), yes, denied, unseen, unseen},
		"GET " + v6 + "/objects/{id}/useraccess":         {v6 + "/folders/" + team + "/useraccess", "", denied, denied, unseen, yes},
		"POST " + v6 + "/objects/{id}/useraccess":        {v6 + "/folders/" + team + "/useraccess", object(`"UserId":"` + f.user("bob").String() + `","PermissionSetId":"` + f.level("Read-Only").String() + `"`), denied, denied, unseen, yes},
		"DELETE " + v6 + "/objects/{id}/useraccess/{id}": {v6 + "/folders/" + team + "/useraccess/" + f.grantOf("carol").String(), "", denied, denied, unseen, none},

		"POST " + v6 + "/search": {v6 + "/search", object(`"Search":"db"`), yes, yes, yes, yes},
		// Who may take nothing offline gets an empty package.
		"POST " + v6 + "/offlinepackage":    {v6 + "/OfflinePackage", object(`"Comment":"c"`), yes, yes, yes, yes},
		"GET " + v6 + "/isofflineavailable": {v6 + "/IsOfflineAvailable", "", yes, yes, yes, yes},
		"GET " + v6 + "/about":              {v6 + "/GetServerInfo", "", yes, yes, yes, yes},
		"POST " + v6 + "/passwordstrength":  {v6 + "/passwordstrength", object(`"Password":"x"`), yes, yes, yes, yes},
		"GET " + v6 + "/accesslevels":       {v6 + "/accesslevels", "", yes, yes, yes, yes},

		"GET " + v4 + "/credentialgroup/root":      {v4 + "/credentialgroup/root", "", yes, yes, yes, yes},
		"GET " + v4 + "/credentialgroup":           {v4 + "/CredentialGroup/", "", yes, yes, yes, yes},
		"GET " + v4 + "/credentialgroup/{id}":      {v4 + "/credentialgroup/" + team, "", yes, yes, unseen, yes},
		"POST " + v4 + "/credentialgroup":          {v4 + "/credentialgroup", object(`"Name":"x","ParentId":"` + team + `"`), yes, denied, unseen, yes},
		"PUT " + v4 + "/credentialgroup/{id}":      {v4 + "/credentialgroup/" + team, object(`"Name":"Team"`), none, denied, unseen, none},
		"POST " + v4 + "/credential":               {v4 + "/credential", object(`"Name":"x","GroupId":"` + team + `"`), yes, denied, unseen, yes},
		"GET " + v4 + "/credential/{id}":           {v4 + "/credential/" + old, "", yes, yes, unseen, yes},
		"PUT " + v4 + "/credential/{id}":           {v4 + "/credential/" + old, object(`"Name":"x"`), none, denied, unseen, none},
		"GET " + v4 + "/credential/{id}/password":  {v4 + "/credential/" + old + "/password", "", yes, yes, unseen, yes},
		"POST " + v4 + "/credential/{id}/password": {v4 + "/credential/" + old + "/password", object(`"Comment":"c"`), yes, yes, unseen, yes},
		"POST " + v4 + "/search":                   {v4 + "/search", object(`"Search":"db"`), yes, yes, yes, yes},
		"GET " + v4 + "/about":                     {v4 + "/about", "", yes, yes, yes, yes},
		"POST " + v4 + "/passwordstrength":         {v4 + "/passwordstrength", object(`"Password":"x"`), yes, yes, yes, yes},

		"GET " + own + "/me":                            {own + "/me", "", yes, yes, yes, yes},
		"GET " + own + "/tree":                          {own + "/tree", "", yes, yes, yes, yes},
		"GET " + own + "/entries/{id}":                  {own + "/entries/" + entry, "", yes, yes, unseen, yes},
		"POST " + own + "/entries/{id}/reveal":          {own + "/entries/" + entry + "/reveal", object(`"comment":"c"`), yes, yes, unseen, yes},
		"GET " + own + "/entries/{id}/attachments/{id}": {own + "/entries/" + entry + "/attachments/" + f.protected.String(), "", yes, yes, unseen, yes},
		"GET " + own + "/offline":                       {own + "/offline", "", yes, yes, yes, yes},
		// One key for all of them: it belongs to who comes first.
		"POST " + own + "/devices":                          {own + "/devices", newDevice(f.t).body(f.t), denied, denied, yes, denied},
		"GET " + own + "/devices/{id}":                      {own + "/devices/" + laptop, "", yes, unseen, unseen, yes},
		"GET " + own + "/devices/{id}/state":                {own + "/devices/" + laptop + "/state", "", anon, anon, anon, anon},
		"POST " + own + "/devices/{id}/attestation":         {own + "/devices/" + laptop + "/attestation", "{}", anon, anon, anon, anon},
		"PUT " + own + "/devices/{id}/attestation":          {own + "/devices/" + laptop + "/attestation", "{}", anon, anon, anon, anon},
		"POST " + own + "/devices/{id}/caches/{id}/indices": {own + "/devices/" + laptop + "/caches/" + team + "/indices", "{}", anon, anon, anon, anon},
		"POST " + own + "/devices/{id}/caches/{id}/permit":  {own + "/devices/" + laptop + "/caches/" + team + "/permit", "{}", anon, anon, anon, anon},
		"POST " + own + "/devices/{id}/caches/{id}/reading": {own + "/devices/" + laptop + "/caches/" + team + "/reading", "{}", anon, anon, anon, anon},
		"POST " + own + "/devices/{id}/cache":               {own + "/devices/" + laptop + "/cache", "{}", anon, anon, anon, anon},
		"POST " + own + "/devices/{id}/proof":               {own + "/devices/" + laptop + "/proof", `{"generation":1}`, anon, anon, anon, anon},
		"POST " + own + "/devices/{id}/cleared":             {own + "/devices/" + laptop + "/cleared", `{"generation":1}`, anon, anon, anon, anon},
		"POST " + own + "/devices/{id}/journal":             {own + "/devices/" + laptop + "/journal", `{"events":[]}`, anon, anon, anon, anon},
		"GET " + own + "/devices/{id}/orders":               {own + "/devices/" + laptop + "/orders", "", anon, anon, anon, anon},
		"GET " + own + "/devices/{id}/events":               {own + "/devices/" + laptop + "/events", "", anon, anon, anon, anon},
		"POST " + own + "/devices/{id}/lease":               {own + "/devices/" + laptop + "/lease", "{}", anon, anon, anon, anon},

		// Last, as they take away what the others look at.
		"DELETE " + v4 + "/credential/{id}":      {v4 + "/credential/" + old, "", none, denied, unseen, unseen},
		"DELETE " + v4 + "/credentialgroup/{id}": {v4 + "/credentialgroup/" + oldFolder.String(), "", none, denied, unseen, unseen},
		"DELETE " + v6 + "/entries/{id}":         {v6 + "/entries/" + entry, object(`"Action":"Delete"`), none, denied, unseen, unseen},
		"DELETE " + v6 + "/folders/{id}":         {v6 + "/folders/" + team, object(`"Action":"Delete"`), none, denied, unseen, unseen},
	}
}

// key returns the row's name for a route: the version and the nouns are those
// that the rows use.
func key(r server.Route) string {
	path := r.Path
	for _, change := range [][2]string{
		{"{pleasant}", "v6"},
		{"{folders}", "folders"},
		{"{entries}", "entries"},
		{"{objects}", "objects"},
		{"{about}", "about"},
		{"{folder}", "{id}"},
		{"{entry}", "{id}"},
		{"{attachment}", "{id}"},
		{"{object}", "{id}"},
		{"{row}", "{id}"},
		{"{device}", "{id}"},
		{"{cache}", "{id}"},
	} {
		path = strings.ReplaceAll(path, change[0], change[1])
	}
	return r.Method + " " + path
}

// public are the routes that need no proof; their tests stand elsewhere.
func public() map[string]bool {
	return map[string]bool{
		"GET /healthz": true, "POST /oauth2/token": true, "GET /oauth2/token": true,
		"GET /setup/{token}": true, "POST /setup/{token}": true,
		"GET /api/tideover/v1/server": true, "GET /api/tideover/v1/nonce": true,
		"GET /api/tideover/v1/revoked": true,
	}
}

// Every route, with every kind of person. Those who may do least come first,
// so that nobody's success takes away what the next one asks for.
func TestAuthorisationMatrix(t *testing.T) {
	f := newFixture(t)
	must(t, f.catalog.Set(t.Context(), f.op, "offline_package", "on"))
	want := rows(f)
	var last []server.Route
	check := func(r server.Route) {
		want, ok := want[key(r)]
		if !ok {
			t.Errorf("%s has no row in the matrix", key(r))
			return
		}
		for _, try := range []struct {
			who    string
			header map[string]string
			status int
		}{
			{who: "", status: anon},
			{who: "", header: map[string]string{"Authorization": "Bearer " + strings.Repeat("A", 43)}, status: anon},
			{who: "nobody", status: want.other},
			{who: "bob", status: want.bob},
			{who: "alice", status: want.alice},
			{who: "admin", status: want.admin},
		} {
			got := f.do(request{method: r.Method, path: want.path, as: try.who, body: want.body, header: try.header})
			if got.status != try.status {
				t.Errorf("%s as %q: %d %.200s, want %d", key(r), try.who, got.status, got.body, try.status)
			}
		}
	}
	for _, r := range server.Routes() {
		switch {
		case public()[key(r)]:
			if r.Proof != server.Anyone {
				t.Errorf("%s is not public any more", key(r))
			}
		case r.Proof == server.Anyone:
			t.Errorf("%s is public and not in the list", key(r))
		case r.Method == "DELETE" && (strings.HasSuffix(r.Path, "/{entry}") || strings.HasSuffix(r.Path, "/{folder}")):
			last = append([]server.Route{r}, last...) // entries before folders
		default:
			check(r)
		}
	}
	for _, r := range last {
		check(r)
	}
	if n := len(want) + len(public()); n != len(server.Routes()) {
		t.Errorf("%d rows and public routes for %d routes", n, len(server.Routes()))
	}
}
