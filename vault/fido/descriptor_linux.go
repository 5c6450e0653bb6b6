package fido

// fidoUsagePage and fidoUsage name a FIDO device among the HID ones: CTAP
// 11.2.8.1.
const (
	fidoUsagePage = 0xf1d0
	fidoUsage     = 0x01
)

// Items of a report descriptor: Device Class Definition for HID 1.11, 6.2.2. The
// low two bits are the size of the value.
const (
	itemUsagePage   = 0x04
	itemUsage       = 0x08
	itemReportSize  = 0x74
	itemReportID    = 0x84
	itemReportCount = 0x94
	itemInput       = 0x80
	itemOutput      = 0x90
	itemCollection  = 0xa0
	itemLong        = 0xfe
)

// isKey reports whether a report descriptor is that of a security key whose
// reports have 64 bytes each way and no numbers.
func isKey(descriptor []byte) bool {
	var page, usage, size, count, in, out uint32
	found := false
	for len(descriptor) > 0 {
		item := descriptor[0]
		n := []int{0, 1, 2, 4}[item&3]
		if item == itemLong || len(descriptor) < 1+n {
			return false
		}
		var value uint32
		for i := n; i > 0; i-- {
			value = value<<8 | uint32(descriptor[i])
		}
		descriptor = descriptor[1+n:]
		switch item &^ 3 {
		case itemUsagePage:
			page = value
		case itemUsage:
			usage = value
		case itemReportSize:
			size = value
		case itemReportCount:
			count = value
		case itemReportID:
			return false
		case itemCollection:
			found = found || page == fidoUsagePage && usage == fidoUsage
		case itemInput:
			in = size * count
		case itemOutput:
			out = size * count
		}
	}
	return found && in == 8*reportBytes && out == 8*reportBytes
}
