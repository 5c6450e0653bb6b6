package vault

// Content is what one user may see of a server, or has in a cache: the tree
// below the root group, and the icons that it refers to.
type Content struct {
	Root  *Group
	Icons []CustomIcon
}

// Wipe clears the secrets of every entry.
func (c *Content) Wipe() {
	if c != nil && c.Root != nil {
		c.Root.Wipe()
	}
}
