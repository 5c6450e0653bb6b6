package theme

import (
	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/theme"
)

// The icons of the family: each is the file of its name in assets/icons.
const (
	IconKey          fyne.ThemeIconName = "key"
	IconFolder       fyne.ThemeIconName = "folder"
	IconFolderOpen   fyne.ThemeIconName = "folder-open"
	IconGlobe        fyne.ThemeIconName = "globe"
	IconServer       fyne.ThemeIconName = "server"
	IconUser         fyne.ThemeIconName = "user"
	IconCopy         fyne.ThemeIconName = "copy"
	IconCopyUser     fyne.ThemeIconName = "copy-user"
	IconCopyPassword fyne.ThemeIconName = "copy-password"
	IconEye          fyne.ThemeIconName = "eye"
	IconEyeOff       fyne.ThemeIconName = "eye-off"
	IconOpenURL      fyne.ThemeIconName = "open-url"
	IconSearch       fyne.ThemeIconName = "search"
	IconAdd          fyne.ThemeIconName = "add"
	IconEdit         fyne.ThemeIconName = "edit"
	IconDelete       fyne.ThemeIconName = "delete"
	IconDuplicate    fyne.ThemeIconName = "duplicate"
	IconLock         fyne.ThemeIconName = "lock"
	IconUnlock       fyne.ThemeIconName = "unlock"
	IconConnect      fyne.ThemeIconName = "connect"
	IconDisconnect   fyne.ThemeIconName = "disconnect"
	IconCache        fyne.ThemeIconName = "cache"
	IconClearCache   fyne.ThemeIconName = "clear-cache"
	IconImport       fyne.ThemeIconName = "import"
	IconContents     fyne.ThemeIconName = "contents"
	IconSettings     fyne.ThemeIconName = "settings"
	IconHelp         fyne.ThemeIconName = "help"
	IconClock        fyne.ThemeIconName = "clock"
	IconTOTP         fyne.ThemeIconName = "totp"
	IconAttachment   fyne.ThemeIconName = "attachment"
	IconNote         fyne.ThemeIconName = "note"
	IconTag          fyne.ThemeIconName = "tag"
	IconHistory      fyne.ThemeIconName = "history"
	IconDraft        fyne.ThemeIconName = "draft"
	IconWarning      fyne.ThemeIconName = "warning"
	IconError        fyne.ThemeIconName = "error"
	IconInfo         fyne.ThemeIconName = "info"
	IconCheck        fyne.ThemeIconName = "check"
	IconClose        fyne.ThemeIconName = "close"
	IconChevronRight fyne.ThemeIconName = "chevron-right"
	IconChevronLeft  fyne.ThemeIconName = "chevron-left"
	IconChevronDown  fyne.ThemeIconName = "chevron-down"
	IconChevronUp    fyne.ThemeIconName = "chevron-up"
	IconSortUp       fyne.ThemeIconName = "sort-up"
	IconSortDown     fyne.ThemeIconName = "sort-down"
	IconMoon         fyne.ThemeIconName = "moon"
	IconSun          fyne.ThemeIconName = "sun"
	IconMore         fyne.ThemeIconName = "more"
	IconSave         fyne.ThemeIconName = "save"
	IconStar         fyne.ThemeIconName = "star"
	IconShield       fyne.ThemeIconName = "shield"
	IconChip         fyne.ThemeIconName = "chip"
	IconRefresh      fyne.ThemeIconName = "refresh"
	IconFilter       fyne.ThemeIconName = "filter"
	IconGenerator    fyne.ThemeIconName = "generator"
	IconWave         fyne.ThemeIconName = "wave"
	IconList         fyne.ThemeIconName = "list"
	IconSignOut      fyne.ThemeIconName = "sign-out"
	IconExit         fyne.ThemeIconName = "exit"
	IconScreen       fyne.ThemeIconName = "screen"
)

// stands says which of ours stands for a name of the toolkit. It is never
// written to.
var stands = map[fyne.ThemeIconName]fyne.ThemeIconName{
	toolkit.IconNameCancel:         IconClose,
	toolkit.IconNameConfirm:        IconCheck,
	toolkit.IconNameDelete:         IconDelete,
	toolkit.IconNameSearch:         IconSearch,
	toolkit.IconNameMenu:           IconList,
	toolkit.IconNameMenuExpand:     IconChevronRight,
	toolkit.IconNameContentAdd:     IconAdd,
	toolkit.IconNameContentCopy:    IconCopy,
	toolkit.IconNameContentClear:   IconClose,
	toolkit.IconNameDocumentCreate: IconEdit,
	toolkit.IconNameDocumentSave:   IconSave,
	toolkit.IconNameInfo:           IconInfo,
	toolkit.IconNameQuestion:       IconHelp,
	toolkit.IconNameWarning:        IconWarning,
	toolkit.IconNameError:          IconError,
	toolkit.IconNameHelp:           IconHelp,
	toolkit.IconNameHistory:        IconHistory,
	toolkit.IconNameFolder:         IconFolder,
	toolkit.IconNameFolderOpen:     IconFolderOpen,
	toolkit.IconNameMoveDown:       IconChevronDown,
	toolkit.IconNameMoveUp:         IconChevronUp,
	toolkit.IconNameNavigateBack:   IconChevronLeft,
	toolkit.IconNameNavigateNext:   IconChevronRight,
	toolkit.IconNameArrowDropDown:  IconChevronDown,
	toolkit.IconNameArrowDropUp:    IconChevronUp,
	toolkit.IconNameSettings:       IconSettings,
	toolkit.IconNameViewRefresh:    IconRefresh,
	toolkit.IconNameVisibility:     IconEye,
	toolkit.IconNameVisibilityOff:  IconEyeOff,
	toolkit.IconNameLogin:          IconConnect,
	toolkit.IconNameLogout:         IconDisconnect,
	toolkit.IconNameMoreHorizontal: IconMore,
	toolkit.IconNameAccount:        IconUser,
	toolkit.IconNameDownload:       IconCache,
}
