package present

import "strings"

// CommandID names a verb of the window. Settings may keep it: never change one.
type CommandID string

// Shortcut is a key with its modifiers. Key is a letter, or one of "Return",
// "Delete", "Escape", "F1" … "F12". The zero Shortcut is none.
type Shortcut struct {
	Key              string
	Ctrl, Shift, Alt bool
}

// String returns the shortcut as menus write it: "Ctrl+Shift+U".
func (s Shortcut) String() string {
	var b strings.Builder
	for _, m := range []struct {
		held bool
		name string
	}{{s.Ctrl, "Ctrl+"}, {s.Shift, "Shift+"}, {s.Alt, "Alt+"}} {
		if m.held {
			b.WriteString(m.name)
		}
	}
	return b.String() + s.Key
}

// IsZero reports whether there is no shortcut.
func (s Shortcut) IsZero() bool { return s.Key == "" }

// Choices says what a command is chosen for, where it needs an object: the
// window makes a submenu of them.
type Choices string

// What commands are chosen for.
const (
	ChooseField      Choices = "field"      // of the selected entry, by name
	ChooseAttachment Choices = "attachment" // of the selected entry, by name
	ChooseGroup      Choices = "group"      // every group, by id
	ChooseColumn     Choices = "column"     // Columns, shown or not
	ChooseLanguage   Choices = "language"   // Languages
)

// Command is one verb of the window: menus, toolbar, context menu, tray and
// shortcuts are made of these and of nothing else.
type Command struct {
	ID       CommandID
	Menu     string // key of the menu that it stands in; empty: in none
	Submenu  string // key of the submenu there; empty: in the menu itself
	Section  int    // commands of different sections are parted by a line
	Label    string // key of the label
	Icon     string // name of a picture in assets/icons; empty: none
	Shortcut Shortcut
	Choices  Choices

	enabled func(s *State) string // key of the reason against it
	visible func(s *State) bool   // nil: always
	checked func(s *State) bool   // nil: it is no switch
}

// Enabled reports whether the command can be given now; if not, the key says
// why, for State.Why.
func (c *Command) Enabled(s State) (ok bool, reasonKey string) {
	if s.DialogOpen && c.ID != CmdExit {
		return false, "reason.dialog"
	}
	if c.enabled != nil {
		if reason := c.enabled(&s); reason != "" {
			return false, reason
		}
	}
	return true, ""
}

// Visible reports whether the command is shown at all.
func (c *Command) Visible(s State) bool { return c.visible == nil || c.visible(&s) }

// Switch reports whether the command switches something, and whether that is on.
func (c *Command) Switch(s State) (isSwitch, on bool) {
	return c.checked != nil, c.checked != nil && c.checked(&s)
}

// FindCommand returns the command with that ID, or nil.
func FindCommand(commands []Command, id CommandID) *Command {
	for i := range commands {
		if commands[i].ID == id {
			return &commands[i]
		}
	}
	return nil
}

// ByShortcut returns the command that the keys mean, or nil.
func ByShortcut(commands []Command, keys Shortcut) *Command {
	for i := range commands {
		if !keys.IsZero() && commands[i].Shortcut == keys {
			return &commands[i]
		}
	}
	return nil
}

// Reasons that more than one place gives, as keys.
const (
	ReasonEditsOff = "reason.edits_off" // the policy allows no edits offline
	ReasonNoAccess = "reason.no_access" // the access level does not allow it

	reasonBusy         = "reason.busy"
	reasonLocked       = "reason.locked"
	reasonNotSignedIn  = "reason.not_signed_in"
	reasonOnline       = "reason.online"
	reasonOffline      = "reason.offline"
	reasonSomeone      = "reason.someone_offline"
	reasonNoAccount    = "reason.no_account"
	reasonNoCache      = "reason.no_cache"
	reasonUnusable     = "reason.cache_unusable"
	reasonDraftsFirst  = "reason.drafts_first"
	reasonNothingOpen  = "reason.nothing_open"
	reasonSelectOne    = "reason.select_one"
	reasonSelectSome   = "reason.select_some"
	reasonSelectGroup  = "reason.select_group"
	reasonNoUser       = "reason.no_user"
	reasonNoPassword   = "reason.no_password"
	reasonNoURL        = "reason.no_url"
	reasonNoOTP        = "reason.no_otp"
	reasonNoField      = "reason.no_field"
	reasonNoAttachment = "reason.no_attachment"
	reasonNoReveal     = "reason.no_reveal"
	reasonNoCopy       = "reason.no_copy"
	reasonNoSearch     = "reason.no_search"
	reasonNoDrafts     = "reason.no_drafts"
	reasonOnlineOnly   = "reason.online_only"
)
