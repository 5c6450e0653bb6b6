package wire

// The member names and shapes of this file are those of the Pleasant Password
// Server REST API, versions 4 to 7 ("Service Models" of its documentation).
// Output spells them exactly so; input is read in any case, and members that
// we do not know are ignored, because clients send back what they got.

// Credential is an entry as the server shows it: every member is there every
// time, null rather than left out, since clients index them.
type Credential struct {
	CustomUserFields        Fields
	CustomApplicationFields Fields
	Attachments             []Attachment
	Tags                    Tags

	// The rights of the user who asks. They are nil where the server is too
	// old to say; Tideover's always says.
	HasModifyEntriesAccess     *bool `json:",omitempty"`
	HasViewEntryContentsAccess *bool `json:",omitempty"`
	HasViewEntryPasswordAccess *bool `json:",omitempty"` // version 6
	HasViewTOTPAccess          *bool `json:",omitempty"` // version 6
	HasModifyTOTPAccess        *bool `json:",omitempty"` // version 6

	CommentPrompts CommentPrompts
	UsageComment   *string // version 4; always null on output

	ID       GUID `json:"Id"`
	Name     string
	Username string
	Password *Secret // null everywhere but in an offline package
	URL      string  `json:"Url"`
	Notes    string
	GroupID  GUID `json:"GroupId"`
	Created  Date
	Modified Date
	Expires  Date

	TOTPIssuer string // version 6, this one and the three below
	TOTPSecret Secret // base32; empty everywhere but in an offline package
	TOTPDigits Number
	TOTPPeriod Number // seconds

	// ProtectedFields names the custom user fields whose values count as
	// passwords. It is Tideover's own member; other servers ignore it.
	ProtectedFields []string `json:",omitempty"`

	// Version4 leaves out what came after version 4; see ToVersion4.
	Version4 bool `json:"-"`
}

// CommentPrompts says for which actions the server asks for a comment.
type CommentPrompts struct {
	AskForCommentOnViewPassword  bool
	AskForCommentOnViewOffline   bool
	AskForCommentOnModifyEntries bool
	AskForCommentOnMoveEntries   bool
	AskForCommentOnMoveFolders   bool
	AskForCommentOnModifyFolders bool
}

// CredentialGroup is a folder. The root's name is "Root" and its parent the
// zero GUID; clients know it by both.
type CredentialGroup struct {
	CustomUserFields        Fields
	CustomApplicationFields Fields
	Children                []CredentialGroup
	Credentials             []Credential
	Attachments             []Attachment // version 4; always empty
	Tags                    Tags

	HasModifyEntriesAccess     *bool `json:",omitempty"`
	HasViewEntryContentsAccess *bool `json:",omitempty"`
	CommentPrompts             CommentPrompts
	UsageComment               *string

	ID       GUID `json:"Id"`
	Name     string
	ParentID GUID `json:"ParentId"`
	Notes    *string
	Created  Date
	Modified Date
	Expires  Date
}

// Attachment is a file on an entry. FileData is base64 on the wire; it is null
// in trees and in ZIP packages, where the bytes lie beside the manifest.
type Attachment struct {
	CredentialObjectID GUID `json:"CredentialObjectId"`
	AttachmentID       GUID `json:"AttachmentId"`
	FileName           string
	FileData           []byte
	FileSize           int64
}

// CredentialInput is what a client sends to create or to change an entry. A
// nil member is one that was not sent, or was sent as null.
type CredentialInput struct {
	ID                      *GUID        `json:"Id,omitempty"`
	GroupID                 *GUID        `json:"GroupId,omitempty"`
	Name                    *string      `json:",omitempty"`
	Username                *string      `json:",omitempty"`
	Password                *Secret      `json:",omitempty"`
	URL                     *string      `json:"Url,omitempty"`
	Notes                   *string      `json:",omitempty"`
	Created                 Date         `json:",omitzero"`
	Modified                Date         `json:",omitzero"`
	Expires                 OptionalDate `json:",omitzero"`
	Tags                    *Tags        `json:",omitempty"`
	CustomUserFields        *Fields      `json:",omitempty"`
	CustomApplicationFields *Fields      `json:",omitempty"`
	TOTPIssuer              *string      `json:",omitempty"`
	TOTPSecret              *Secret      `json:",omitempty"`
	TOTPDigits              *Number      `json:",omitempty"`
	TOTPPeriod              *Number      `json:",omitempty"`
	Attachments             []Attachment `json:",omitempty"` // version 4: with the bytes
	UsageComment            *string      `json:",omitempty"` // version 4
	ProtectedFields         *[]string    `json:",omitempty"` // Tideover's own, see Credential
	// OneTimeCode is the otpauth URI as it is, for what the TOTP members cannot
	// say; empty removes it. It is Tideover's own and goes before them.
	OneTimeCode *Secret `json:",omitempty"`
}

// GroupInput is what a client sends to create or to change a folder.
type GroupInput struct {
	ID                      *GUID        `json:"Id,omitempty"`
	ParentID                *GUID        `json:"ParentId,omitempty"`
	Name                    *string      `json:",omitempty"`
	Notes                   *string      `json:",omitempty"`
	Expires                 OptionalDate `json:",omitzero"`
	Tags                    *Tags        `json:",omitempty"`
	CustomUserFields        *Fields      `json:",omitempty"`
	CustomApplicationFields *Fields      `json:",omitempty"`
	UsageComment            *string      `json:",omitempty"`
}

// PutEntry is the body of PUT entries/{id} since version 5. Version 4, and the
// old nouns in any version, send the Item alone: see ReadPut.
type PutEntry struct {
	Item    CredentialInput
	Comment string
}

// PutGroup is the same for folders.
type PutGroup struct {
	Item    GroupInput
	Comment string
}

// DeleteRequest is the body of DELETE since version 5; without a body the
// Action is empty, and the server chooses.
type DeleteRequest struct {
	Action  string // ActionArchive, ActionDelete or empty
	Comment string
}

// The values of DeleteRequest.Action.
const (
	ActionArchive = "Archive"
	ActionDelete  = "Delete"
)

// CommentRequest is the body of OfflinePackage and of POST entries/{id}/password.
type CommentRequest struct{ Comment string }

// AttachmentInput is the body of POST entries/{id}/attachments, and of PUT
// below it. Comment and Protected are Tideover's own members.
type AttachmentInput struct {
	FileName  string
	FileData  []byte
	Comment   string `json:",omitempty"`
	Protected bool   `json:",omitempty"` // the content counts as a password
}

// SearchRequest is the body of POST search.
type SearchRequest struct{ Search string }

// SearchResult is the answer to it.
type SearchResult struct {
	Credentials []FoundCredential
	Groups      []FoundGroup
}

// FoundCredential is an entry that matched. Path is that of its folder, from
// "Root" on, and ends with a slash; slashes inside names are not escaped.
type FoundCredential struct {
	ID       GUID `json:"Id"`
	Name     string
	Username string
	URL      string `json:"Url"`
	Notes    string
	GroupID  GUID `json:"GroupId"`
	Path     string
	Tags     string // a string here, not a list
}

// FoundGroup is a folder that matched. FullPath includes its own name and ends
// with a slash.
type FoundGroup struct {
	ID       GUID `json:"Id"`
	Name     string
	FullPath string
}

// OfflinePackage is the answer to POST OfflinePackage: either this JSON, or a
// ZIP file with this JSON as its manifest, where FileData is null and every
// attachment is a member named by its AttachmentId. Passwords and one-time
// code secrets are filled in. Expiry is the end of the cache; Never means none.
type OfflinePackage struct {
	Root        CredentialGroup
	Attachments []Attachment
	Expiry      Date
}
