package convert

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"

	"github.com/tideover/tideover/vault"
)

// The parts of Bitwarden's unencrypted JSON export that hold something a
// person would miss (bitwarden.com/help/condition-bitwarden-import).
type bitwardenFile struct {
	Encrypted   bool            `json:"encrypted"`
	Folders     []bitwardenName `json:"folders"`
	Collections []bitwardenName `json:"collections"`
	Items       []bitwardenItem `json:"items"`
}

type bitwardenName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type bitwardenItem struct {
	Type          int              `json:"type"`
	Name          string           `json:"name"`
	Notes         string           `json:"notes"`
	FolderID      string           `json:"folderId"`
	CollectionIDs []string         `json:"collectionIds"`
	Favorite      bool             `json:"favorite"`
	Created       string           `json:"creationDate"`
	Revised       string           `json:"revisionDate"`
	Fields        []bitwardenField `json:"fields"`
	Login         *struct {
		Username string `json:"username"`
		Password string `json:"password"`
		TOTP     string `json:"totp"`
		URIs     []struct {
			URI string `json:"uri"`
		} `json:"uris"`
		Passkeys []json.RawMessage `json:"fido2Credentials"`
	} `json:"login"`
	Card     map[string]any `json:"card"`
	Identity map[string]any `json:"identity"`
	SSHKey   map[string]any `json:"sshKey"`
	History  []struct {
		Used     string `json:"lastUsedDate"`
		Password string `json:"password"`
	} `json:"passwordHistory"`
}

type bitwardenField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  int    `json:"type"`
}

// Types of fields that hide their value or point elsewhere.
const (
	bitwardenHidden = 1
	bitwardenLinked = 3
)

func readBitwarden(text []byte, report *Report) (*vault.Content, error) {
	var f bitwardenFile
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&f); err != nil {
		return nil, vault.Fail(vault.Damaged, "the file starts like JSON but cannot be read as Bitwarden's export")
	}
	if f.Encrypted {
		return nil, vault.Fail(vault.Unsupported, "encrypted Bitwarden exports; export as .json without encryption")
	}
	if f.Items == nil {
		return nil, vault.Fail(vault.Unsupported, "JSON that is no Bitwarden export: it has no items")
	}
	folder := map[string]string{}
	for _, n := range append(f.Folders, f.Collections...) {
		folder[n.ID] = n.Name
	}
	t := newTree()
	for i := range f.Items {
		item := &f.Items[i]
		path := folder[item.FolderID]
		if path == "" && len(item.CollectionIDs) > 0 {
			path = folder[item.CollectionIDs[0]]
			if len(item.CollectionIDs) > 1 {
				report.Notes = append(report.Notes, "“"+item.Name+"” is in several collections: kept in the first")
			}
		}
		g := t.at(path)
		g.Entries = append(g.Entries, item.entry(report))
	}
	return t.content(), nil
}

func (item *bitwardenItem) entry(report *Report) *vault.Entry {
	e := newEntry(item.Name, "", "", "", item.Notes)
	if l := item.Login; l != nil {
		e.Set(vault.FieldUsername, vault.SecretText(l.Username), false)
		e.Set(vault.FieldPassword, vault.SecretText(l.Password), true)
		for i, u := range l.URIs {
			if i == 0 {
				e.Set(vault.FieldURL, vault.SecretText(u.URI), false)
			} else {
				add(e, "KP2A_URL_"+itoa(i), u.URI, false) // KeePassXC reads further addresses under this name
			}
		}
		if l.TOTP != "" {
			add(e, vault.FieldOTP, l.TOTP, true)
		}
		if len(l.Passkeys) > 0 {
			report.Notes = append(report.Notes, "“"+item.Name+"” has a passkey, which cannot be carried over")
		}
	}
	for _, f := range item.Fields {
		if f.Type == bitwardenLinked {
			report.Notes = append(report.Notes, "“"+item.Name+"”: the linked field “"+f.Name+"” has no value of its own")
			continue
		}
		add(e, f.Name, f.Value, f.Type == bitwardenHidden)
	}
	addAll(e, item.Card, "number", "code")
	addAll(e, item.Identity, "ssn", "passportNumber", "licenseNumber")
	addAll(e, item.SSHKey, "privateKey")
	if item.Favorite {
		e.Tags = append(e.Tags, "Favorite")
	}
	e.Times.Created, e.Times.Modified = parseTime(item.Created), parseTime(item.Revised)
	for i := len(item.History) - 1; i >= 0; i-- { // newest first in the export
		old := newEntry(item.Name, e.Username(), item.History[i].Password, e.URL(), item.Notes)
		old.ID = e.ID
		old.Times.Created, old.Times.Modified = e.Times.Created, parseTime(item.History[i].Used)
		e.History = append(e.History, old)
	}
	return e
}

// addAll carries the parts of a card, an identity or an SSH key over as custom
// fields, the named ones protected.
func addAll(e *vault.Entry, parts map[string]any, protected ...string) {
	names := make([]string, 0, len(parts))
	for name := range parts {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if value, ok := parts[name].(string); ok && value != "" {
			add(e, name, value, strings.Contains("|"+strings.Join(protected, "|")+"|", "|"+name+"|"))
		}
	}
}
