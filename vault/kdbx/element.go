package kdbx

// element is a known element of the XML schema
// (https://keepass.info/help/download/KDBX_XML.xsd). The numbers mean nothing.
type element uint8

const (
	elUnknown element = iota
	elKeePassFile
	elMeta
	elRoot
	elGroup
	elEntry
	elDeletedObjects
	elDeletedObject
	elDeletionTime

	elGenerator
	elHeaderHash
	elSettingsChanged
	elDatabaseName
	elDatabaseNameChanged
	elDatabaseDescription
	elDatabaseDescriptionChanged
	elDefaultUserName
	elDefaultUserNameChanged
	elMaintenanceHistoryDays
	elColor
	elMasterKeyChanged
	elMasterKeyChangeRec
	elMasterKeyChangeForce
	elMasterKeyChangeForceOnce
	elMemoryProtection
	elCustomIcons
	elRecycleBinEnabled
	elRecycleBinUUID
	elRecycleBinChanged
	elEntryTemplatesGroup
	elEntryTemplatesGroupChanged
	elHistoryMaxItems
	elHistoryMaxSize
	elLastSelectedGroup
	elLastTopVisibleGroup
	elBinaries
	elCustomData

	elProtectTitle
	elProtectUserName
	elProtectPassword
	elProtectURL
	elProtectNotes
	elAutoEnableVisualHiding

	elIcon
	elData
	elItem

	elUUID
	elName
	elNotes
	elIconID
	elCustomIconUUID
	elTags
	elTimes
	elIsExpanded
	elDefaultAutoTypeSequence
	elEnableAutoType
	elEnableSearching
	elLastTopVisibleEntry
	elPreviousParentGroup

	elForegroundColor
	elBackgroundColor
	elOverrideURL
	elQualityCheck
	elString
	elKey
	elValue
	elBinary
	elAutoType
	elHistory

	elEnabled
	elDataTransferObfuscation
	elDefaultSequence
	elAssociation
	elWindow
	elKeystrokeSequence

	elCreationTime
	elLastModificationTime
	elLastAccessTime
	elExpiryTime
	elExpires
	elUsageCount
	elLocationChanged
	elements // how many
)

// elementOf returns the element with that name.
func elementOf(name []byte) element {
	switch string(name) {
	case "KeePassFile":
		return elKeePassFile
	case "Meta":
		return elMeta
	case "Root":
		return elRoot
	case "Group":
		return elGroup
	case "Entry":
		return elEntry
	case "DeletedObjects":
		return elDeletedObjects
	case "DeletedObject":
		return elDeletedObject
	case "DeletionTime":
		return elDeletionTime
	case "Generator":
		return elGenerator
	case "HeaderHash":
		return elHeaderHash
	case "SettingsChanged":
		return elSettingsChanged
	case "DatabaseName":
		return elDatabaseName
	case "DatabaseNameChanged":
		return elDatabaseNameChanged
	case "DatabaseDescription":
		return elDatabaseDescription
	case "DatabaseDescriptionChanged":
		return elDatabaseDescriptionChanged
	case "DefaultUserName":
		return elDefaultUserName
	case "DefaultUserNameChanged":
		return elDefaultUserNameChanged
	case "MaintenanceHistoryDays":
		return elMaintenanceHistoryDays
	case "Color":
		return elColor
	case "MasterKeyChanged":
		return elMasterKeyChanged
	case "MasterKeyChangeRec":
		return elMasterKeyChangeRec
	case "MasterKeyChangeForce":
		return elMasterKeyChangeForce
	case "MasterKeyChangeForceOnce":
		return elMasterKeyChangeForceOnce
	case "MemoryProtection":
		return elMemoryProtection
	case "CustomIcons":
		return elCustomIcons
	case "RecycleBinEnabled":
		return elRecycleBinEnabled
	case "RecycleBinUUID":
		return elRecycleBinUUID
	case "RecycleBinChanged":
		return elRecycleBinChanged
	case "EntryTemplatesGroup":
		return elEntryTemplatesGroup
	case "EntryTemplatesGroupChanged":
		return elEntryTemplatesGroupChanged
	case "HistoryMaxItems":
		return elHistoryMaxItems
	case "HistoryMaxSize":
		return elHistoryMaxSize
	case "LastSelectedGroup":
		return elLastSelectedGroup
	case "LastTopVisibleGroup":
		return elLastTopVisibleGroup
	case "Binaries":
		return elBinaries
	case "CustomData":
		return elCustomData
	case "ProtectTitle":
		return elProtectTitle
	case "ProtectUserName":
		return elProtectUserName
	case "ProtectPassword":
		return elProtectPassword
	case "ProtectURL":
		return elProtectURL
	case "ProtectNotes":
		return elProtectNotes
	case "AutoEnableVisualHiding":
		return elAutoEnableVisualHiding
	case "Icon":
		return elIcon
	case "Data":
		return elData
	case "Item":
		return elItem
	case "UUID":
		return elUUID
	case "Name":
		return elName
	case "Notes":
		return elNotes
	case "IconID":
		return elIconID
	case "CustomIconUUID":
		return elCustomIconUUID
	case "Tags":
		return elTags
	case "Times":
		return elTimes
	case "IsExpanded":
		return elIsExpanded
	case "DefaultAutoTypeSequence":
		return elDefaultAutoTypeSequence
	case "EnableAutoType":
		return elEnableAutoType
	case "EnableSearching":
		return elEnableSearching
	case "LastTopVisibleEntry":
		return elLastTopVisibleEntry
	case "PreviousParentGroup":
		return elPreviousParentGroup
	case "ForegroundColor":
		return elForegroundColor
	case "BackgroundColor":
		return elBackgroundColor
	case "OverrideURL":
		return elOverrideURL
	case "QualityCheck":
		return elQualityCheck
	case "String":
		return elString
	case "Key":
		return elKey
	case "Value":
		return elValue
	case "Binary":
		return elBinary
	case "AutoType":
		return elAutoType
	case "History":
		return elHistory
	case "Enabled":
		return elEnabled
	case "DataTransferObfuscation":
		return elDataTransferObfuscation
	case "DefaultSequence":
		return elDefaultSequence
	case "Association":
		return elAssociation
	case "Window":
		return elWindow
	case "KeystrokeSequence":
		return elKeystrokeSequence
	case "CreationTime":
		return elCreationTime
	case "LastModificationTime":
		return elLastModificationTime
	case "LastAccessTime":
		return elLastAccessTime
	case "ExpiryTime":
		return elExpiryTime
	case "Expires":
		return elExpires
	case "UsageCount":
		return elUsageCount
	case "LocationChanged":
		return elLocationChanged
	}
	return elUnknown
}

// repeats reports whether the element may stand more than once in its parent.
func (el element) repeats() bool {
	switch el {
	case elUnknown, elGroup, elEntry, elString, elBinary, elAssociation, elItem, elIcon, elDeletedObject:
		return true
	}
	return false
}

// seen is the set of elements that a parent has had.
type seen [(elements + 63) / 64]uint64

// add adds el and reports whether it was there already.
func (s *seen) add(el element) (before bool) {
	word, bit := &s[el/64], uint64(1)<<(el%64)
	before = *word&bit != 0
	*word |= bit
	return before
}
