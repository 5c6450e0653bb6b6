package screen

import (
	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/theme"
)

// standardIcons are the pictures of KeePass by its numbers (PwIcon in KeePass
// 2's source, 0 to 68), as near as the family has them. What is not here is
// the key.
var standardIcons = map[uint32]fyne.ThemeIconName{
	1: theme.IconGlobe, 2: theme.IconWarning, 3: theme.IconServer, 5: theme.IconUser, 7: theme.IconNote, 8: theme.IconGlobe,
	9: theme.IconUser, 10: theme.IconContents, 15: theme.IconContents, 16: theme.IconStar, 17: theme.IconCache, 18: theme.IconServer,
	20: theme.IconSettings, 21: theme.IconContents, 22: theme.IconContents, 23: theme.IconServer, 26: theme.IconSave, 27: theme.IconCache,
	28: theme.IconHelp, 29: theme.IconChip, 30: theme.IconChip, 32: theme.IconList, 34: theme.IconSettings, 35: theme.IconGlobe,
	36: theme.IconCache, 39: theme.IconClock, 41: theme.IconTag, 42: theme.IconChip, 43: theme.IconDelete, 44: theme.IconNote,
	45: theme.IconClock, 46: theme.IconInfo, 47: theme.IconCache, 48: theme.IconFolder, 49: theme.IconFolderOpen, 50: theme.IconFolder,
	51: theme.IconUnlock, 52: theme.IconLock, 53: theme.IconCheck, 54: theme.IconEdit, 56: theme.IconNote, 57: theme.IconList,
	58: theme.IconUser, 59: theme.IconSettings, 61: theme.IconStar, 67: theme.IconShield,
}

// iconOf returns the picture of an entry.
func iconOf(number uint32) fyne.ThemeIconName {
	if name, ok := standardIcons[number]; ok {
		return name
	}
	return theme.IconKey
}
