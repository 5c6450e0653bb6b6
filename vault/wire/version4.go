package wire

// ToVersion4 takes out of c what version 4 of the API does not have: the rights
// on passwords and one-time codes, and the one-time code itself. Its attachments
// have neither identifier nor size; a client knows them by their names, and
// gets their bytes with the entry.
func (c *Credential) ToVersion4() {
	c.Version4 = true
	c.HasViewEntryPasswordAccess, c.HasViewTOTPAccess, c.HasModifyTOTPAccess = nil, nil, nil
	for i := range c.Attachments {
		c.Attachments[i].AttachmentID, c.Attachments[i].FileSize = GUID{}, 0
	}
}

// ToVersion4 does so for all credentials below g.
func (g *CredentialGroup) ToVersion4() {
	for i := range g.Credentials {
		g.Credentials[i].ToVersion4()
	}
	for i := range g.Children {
		g.Children[i].ToVersion4()
	}
}
