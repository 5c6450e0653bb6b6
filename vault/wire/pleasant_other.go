package wire

import (
	"bytes"
	"encoding/json"

	"github.com/tideover/tideover/vault"
)

// Header names of the Pleasant API.
const (
	// HeaderOTP carries "required" in the answer that asks for a one-time code,
	// and the code in the request that brings it ("OAuth Two Factor Support").
	HeaderOTP = "X-Pleasant-OTP"
	// HeaderOTPProvider names the provider, and is echoed with the code.
	HeaderOTPProvider = "X-Pleasant-OTP-Provider"
	// HeaderClientID is a GUID that names the client program. Some builds
	// answer 500 to requests without it.
	HeaderClientID = "X-Pleasant-Client-Identifier"

	// HeaderCause is Tideover's own: it names the vault.Cause of an answer of
	// this API that is an error, whose body has only a sentence.
	HeaderCause = "X-Tideover-Cause"

	// OTPRequired is the value of HeaderOTP that asks for a code.
	OTPRequired = "required"
	// OTPAuthenticator is the provider of time-based codes (RFC 6238).
	OTPAuthenticator = "authenticator-app"
)

// TokenAnswer is the answer of /OAuth2/Token. ExpiresIn is in seconds.
type TokenAnswer struct {
	AccessToken Secret `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   Number `json:"expires_in"`
}

// OAuthError is the answer of /OAuth2/Token with status 400 (RFC 6749, 5.2).
type OAuthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	// Orders are ours: what the device named in X-Tideover-Device is told, where
	// the credentials are right and the account is no longer in use.
	Orders []string `json:"orders,omitempty"`
}

// The values of OAuthError.Error that we use (RFC 6749, section 5.2).
const (
	InvalidGrant         = "invalid_grant"
	InvalidRequest       = "invalid_request"
	UnsupportedGrantType = "unsupported_grant_type"
)

// ErrorMessage is the body of 400, 403 and 404 about an entry or a folder.
type ErrorMessage struct {
	Message string `json:"error_message"`
}

// RouteError is the body of 401, 404 and 405 about the route, and of 500.
type RouteError struct{ Message string }

// ServerInfo is the answer of GET GetServerInfo. Tideover fills in the version
// only: the rest describes the machine.
type ServerInfo struct {
	ServerVersion  string
	NetVersion     string
	OSVersion      string `json:"OsVersion"`
	PortSettings   string
	DNSInformation string `json:"DnsInformation"`
	Ping           string
}

// StrengthRequest and StrengthAnswer belong to POST passwordstrength.
type (
	StrengthRequest struct{ Password Secret }
	StrengthAnswer  struct {
		NumericalStrength   float64
		DescriptiveStrength string
	}
)

// ClientConfig is the answer of GET configuration/{client}.
type ClientConfig struct {
	Name      string
	ConfigXML string `json:"ConfigXml"`
}

// PluginPolicy is the answer of GET pluginpolicy (version 6).
type PluginPolicy struct {
	ChromeExtension, PasswordUse, AutoFill, PasswordCapture, ChooseFolder bool
}

// UserAccess is the body of POST {entries|folders}/{id}/useraccess. Unused
// identifiers are "", and the expiry is a date alone.
type UserAccess struct {
	UserID          GUID `json:"UserId"`
	RoleID          GUID `json:"RoleId"`
	ZoneID          GUID `json:"ZoneId"`
	PermissionSetID GUID `json:"PermissionSetId"` // the access level
	AccessExpiry    Date
}

// AccessLevel is one element of GET accesslevels: the rights of the level and,
// for each, whether the holder may grant it to others.
type AccessLevel struct {
	ID     GUID `json:"Id"`
	Name   string
	Rights map[string]bool // by the names of AccessRights; also "Grant" + name
}

// AccessRights returns the names of the rights of an access level, in the order
// of the documentation ("User Access").
func AccessRights() []string {
	return []string{
		"AddEntries", "AddFolders", "DeleteEntries", "DeleteFolders", "ModifyEntries",
		"ModifyProxySettings", "ModifyFolderNames", "ModifyNotificationSettings",
		"ModifyCommentSettings", "ModifyPasswordAutoChangeSettings", "MoveEntries", "MoveFolders",
		"ViewEntryContents", "ViewEntryPassword", "ViewEntryNames", "ViewFolders",
		"ViewEntryHistory", "ViewSecurity", "SetBlockInheritance", "UseViaProxy",
		"ViewRecordedSessions", "GrantPermissions", "ViewOffline", "ArchiveEntries",
		"ArchiveFolders", "RequestAccess", "AccessApprovals",
	}
}

// MarshalJSON writes every right and its Grant twin as a flat boolean.
func (l AccessLevel) MarshalJSON() ([]byte, error) {
	out := append([]byte(`{"Id":"`), vault.ID(l.ID).String()...)
	out = AppendString(append(out, `","Name":`...), l.Name)
	for _, prefix := range [...]string{"", "Grant"} {
		for _, right := range AccessRights() {
			if prefix != "" && right == "GrantPermissions" {
				continue // it is the permission to grant: it has no twin
			}
			out = AppendString(append(out, ','), prefix+right)
			if l.Rights[prefix+right] {
				out = append(out, ":true"...)
			} else {
				out = append(out, ":false"...)
			}
		}
	}
	return append(out, '}'), nil
}

// UnmarshalJSON keeps every boolean member that is true.
func (l *AccessLevel) UnmarshalJSON(b []byte) error {
	var named struct {
		ID   GUID `json:"Id"`
		Name string
	}
	if err := json.Unmarshal(b, &named); err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return err
	}
	*l = AccessLevel{ID: named.ID, Name: named.Name, Rights: map[string]bool{}}
	for name, value := range members {
		if bytes.Equal(value, []byte("true")) {
			l.Rights[name] = true
		}
	}
	return nil
}
