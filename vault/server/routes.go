package server

import "net/http"

// Route is one line of the table below, for documentation and for the test
// that tries every route with every kind of person.
type Route struct {
	Method string
	// Path is normalised. {pleasant} stands for v5, v6 and v7, {entries} and
	// {folders} also for Pleasant's old nouns, {objects} for either; v4 has the
	// old nouns alone.
	Path  string
	Proof Proof
	// Right is what vault/server/catalog asks of the user beyond being signed
	// in, in the names of vault/policy; empty: nothing.
	Right string
}

type route struct {
	Route
	governed bool  // also on the listener for devices alone
	version4 bool  // of Pleasant's API
	limit    int64 // of the body in bytes; 0: smallBody
	serve    handler
	segments []string
}

// handler answers one request, or returns the error to render.
type handler func(*Server, http.ResponseWriter, *http.Request, *call) error

const (
	healthPath = "/healthz"
	pleasant   = "/api/{pleasant}/rest"
	pleasant4  = "/api/v4/rest"
	own        = "/api/tideover/v1"
)

// Limits of bodies in bytes.
const (
	smallBody = 1 << 20 // an entry with long notes
	// maxAttachmentBytes is what one file may have; KeePass keeps them all in
	// memory, and so does this server for one request.
	maxAttachmentBytes = 64 << 20
	attachmentBody     = maxAttachmentBytes/3*4 + smallBody // as base64 in JSON
	journalBody        = 8 << 20                            // some 20,000 events; clients send them in parts
)

func (r *route) bodyLimit() int64 {
	if r.limit == 0 {
		return smallBody
	}
	return r.limit
}

// Routes returns every route, in the order in which they are tried.
func Routes() []Route {
	var out []Route
	for _, r := range table() {
		out = append(out, r.Route)
	}
	return out
}

// at makes a row of the table.
func at(method, path string, proof Proof, right string, serve handler) route {
	return route{Route: Route{method, path, proof, right}, serve: serve}
}

// with sets the limit of the body.
func (r route) with(limit int64) route {
	r.limit = limit
	return r
}

// gov puts the route on the listener for devices too: it hands out nothing of
// the vault and takes no password.
func (r route) gov() route {
	r.governed = true
	return r
}

// old marks a route of version 4, whose entries come and go with the bytes of
// their attachments.
func (r route) old() route {
	r.version4 = true
	return r
}

// table is every route of the server. The first that matches answers.
func table() []route {
	return append(newRoutes(), oldRoutes()...)
}

// oldRoutes are Pleasant's version 4: the old nouns, whole objects instead of
// changes, the comment inside the object, and nothing of attachments, offline
// use or user access.
func oldRoutes() []route {
	return []route{
		at("GET", pleasant4+"/credentialgroup/root", SignedIn, "", (*Server).getRoot).old(),
		at("GET", pleasant4+"/credentialgroup", SignedIn, "", (*Server).getTree).old(),
		at("POST", pleasant4+"/credentialgroup", SignedIn, "AddFolders", (*Server).postFolder).old(),
		at("GET", pleasant4+"/credentialgroup/{folder}", SignedIn, "ViewFolders", (*Server).getFolder).old(),
		at("PUT", pleasant4+"/credentialgroup/{folder}", SignedIn, "ModifyFolderNames", (*Server).putFolder).old(),
		at("DELETE", pleasant4+"/credentialgroup/{folder}", SignedIn, "DeleteFolders", (*Server).deleteFolder).old(),

		at("POST", pleasant4+"/credential", SignedIn, "AddEntries", (*Server).postEntry).with(attachmentBody).old(),
		at("GET", pleasant4+"/credential/{entry}", SignedIn, "ViewEntryNames", (*Server).getOldEntry).old(),
		at("PUT", pleasant4+"/credential/{entry}", SignedIn, "ModifyEntries", (*Server).putEntry).with(attachmentBody).old(),
		at("DELETE", pleasant4+"/credential/{entry}", SignedIn, "DeleteEntries", (*Server).deleteEntry).old(),
		at("GET", pleasant4+"/credential/{entry}/password", SignedIn, "ViewEntryPassword", (*Server).getPassword).old(),
		at("POST", pleasant4+"/credential/{entry}/password", SignedIn, "ViewEntryPassword", (*Server).postPassword).old(),

		at("POST", pleasant4+"/search", SignedIn, "", (*Server).postSearch).old(),
		at("GET", pleasant4+"/{about}", SignedIn, "", (*Server).getAbout).old(),
		at("POST", pleasant4+"/passwordstrength", SignedIn, "", (*Server).postStrength).old(),
	}
}

// newRoutes are all others.
func newRoutes() []route {
	return []route{
		at("GET", healthPath, Anyone, "", (*Server).getHealth).gov(),
		at("POST", "/oauth2/token", Anyone, "", (*Server).postToken),
		at("GET", "/oauth2/token", Anyone, "", (*Server).postToken), // with a body; see readForm

		at("GET", SetupPath+"{token}", Anyone, "", (*Server).getSetup),
		at("POST", SetupPath+"{token}", Anyone, "", (*Server).postSetup).with(maxFormBytes),

		// Pleasant REST.
		at("GET", pleasant+"/{folders}/root", SignedIn, "", (*Server).getRoot),
		at("GET", pleasant+"/{folders}", SignedIn, "", (*Server).getTree),
		at("POST", pleasant+"/{folders}", SignedIn, "AddFolders", (*Server).postFolder),
		at("GET", pleasant+"/{folders}/{folder}", SignedIn, "ViewFolders", (*Server).getFolder),
		at("PUT", pleasant+"/{folders}/{folder}", SignedIn, "ModifyFolderNames", (*Server).putFolder),
		at("PATCH", pleasant+"/{folders}/{folder}", SignedIn, "ModifyFolderNames", (*Server).patchFolder),
		at("DELETE", pleasant+"/{folders}/{folder}", SignedIn, "DeleteFolders", (*Server).deleteFolder),

		at("POST", pleasant+"/{entries}", SignedIn, "AddEntries", (*Server).postEntry),
		at("GET", pleasant+"/{entries}/{entry}", SignedIn, "ViewEntryNames", (*Server).getEntry),
		at("PUT", pleasant+"/{entries}/{entry}", SignedIn, "ModifyEntries", (*Server).putEntry),
		at("PATCH", pleasant+"/{entries}/{entry}", SignedIn, "ModifyEntries", (*Server).patchEntry),
		at("DELETE", pleasant+"/{entries}/{entry}", SignedIn, "DeleteEntries", (*Server).deleteEntry),
		at("GET", pleasant+"/{entries}/{entry}/password", SignedIn, "ViewEntryPassword", (*Server).getPassword),
		at("POST", pleasant+"/{entries}/{entry}/password", SignedIn, "ViewEntryPassword", (*Server).postPassword),

		at("GET", pleasant+"/{entries}/{entry}/attachments", SignedIn, "ViewEntryContents", (*Server).getAttachments),
		at("POST", pleasant+"/{entries}/{entry}/attachments", SignedIn, "ModifyEntries", (*Server).postAttachment).with(attachmentBody),
		at("GET", pleasant+"/{entries}/{entry}/attachments/{attachment}", SignedIn, "ViewEntryContents", (*Server).getAttachment),
		at("PUT", pleasant+"/{entries}/{entry}/attachments/{attachment}", SignedIn, "ModifyEntries", (*Server).putAttachment).with(attachmentBody),
		at("DELETE", pleasant+"/{entries}/{entry}/attachments/{attachment}", SignedIn, "ModifyEntries", (*Server).deleteAttachment),

		at("GET", pleasant+"/{objects}/{object}/useraccess", SignedIn, "ViewSecurity", (*Server).getUserAccess),
		at("POST", pleasant+"/{objects}/{object}/useraccess", SignedIn, "Grant…", (*Server).postUserAccess),
		at("DELETE", pleasant+"/{objects}/{object}/useraccess/{row}", SignedIn, "Grant…", (*Server).deleteUserAccess),

		at("POST", pleasant+"/search", SignedIn, "", (*Server).postSearch),
		at("POST", pleasant+"/offlinepackage", SignedIn, "ViewOffline", (*Server).postOfflinePackage),
		at("GET", pleasant+"/isofflineavailable", SignedIn, "", (*Server).getOfflineAvailable),
		at("GET", pleasant+"/{about}", SignedIn, "", (*Server).getAbout),
		at("POST", pleasant+"/passwordstrength", SignedIn, "", (*Server).postStrength),
		at("GET", pleasant+"/accesslevels", SignedIn, "", (*Server).getAccessLevels),

		// Tideover API.
		at("GET", own+"/server", Anyone, "", (*Server).getServer).gov(),
		at("GET", own+"/nonce", Anyone, "", (*Server).getNonce).gov(),
		at("GET", own+"/me", SignedIn, "", (*Server).getMe),
		at("GET", own+"/tree", SignedIn, "", (*Server).getOwnTree),
		at("GET", own+"/entries/{entry}", SignedIn, "ViewEntryNames", (*Server).getOwnEntry),
		at("POST", own+"/entries/{entry}/reveal", SignedIn, "ViewEntryPassword", (*Server).postReveal),
		at("GET", own+"/entries/{entry}/attachments/{attachment}", SignedIn, "ViewEntryContents", (*Server).getOwnAttachment),
		at("GET", own+"/offline", SignedIn, "", (*Server).getDryRun),
		at("POST", own+"/devices", SignedIn, "", (*Server).postDevice),
		at("GET", own+"/devices/{device}", SignedIn, "", (*Server).getDevice),
		at("GET", own+"/devices/{device}/state", DeviceSigned, "", (*Server).getDeviceState).gov(),
		at("POST", own+"/devices/{device}/attestation", DeviceSigned, "", (*Server).postAttestation).with(attestationBody),
		at("PUT", own+"/devices/{device}/attestation", DeviceSigned, "", (*Server).putAttestation).with(attestationBody),
		at("POST", own+"/devices/{device}/caches/{cache}/indices", DeviceAndUser, "", (*Server).postIndices).with(attestationBody),
		at("POST", own+"/devices/{device}/caches/{cache}/permit", DeviceAndUser, "", (*Server).postPermit).with(attestationBody),
		at("POST", own+"/devices/{device}/caches/{cache}/reading", DeviceSigned, "", (*Server).postReading).with(attestationBody).gov(),
		at("POST", own+"/devices/{device}/cache", DeviceAndUser, "ViewOffline", (*Server).postCache),
		at("POST", own+"/devices/{device}/proof", DeviceSigned, "", (*Server).postProof).gov(),
		at("POST", own+"/devices/{device}/cleared", DeviceSigned, "", (*Server).postCleared).gov(),
		at("POST", own+"/devices/{device}/journal", DeviceSigned, "", (*Server).postJournal).with(journalBody).gov(),
		at("GET", own+"/devices/{device}/orders", DeviceSigned, "", (*Server).getOrders).gov(),
		at("GET", own+"/devices/{device}/events", DeviceSigned, "", (*Server).getEvents).gov(),
		at("POST", own+"/devices/{device}/lease", DeviceSigned, "", (*Server).postLease).gov(),
		at("GET", own+"/revoked", Anyone, "", (*Server).getList).gov(),
	}
}
