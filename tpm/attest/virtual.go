package attest

import (
	"encoding/hex"
	"slices"
	"strings"
)

// virtual reports whether any sign says that the chip is software, or nothing
// but its own word says that it is not. (FORMAT.md, section 5.)
func virtual(e Enrolment, c Certificate, why Why) bool {
	if e.Virtual || softMaker(e.Manufacturer) {
		return true
	}
	if why == WhyNoCertificate || why == WhyUnreadable {
		return true
	}
	return c.Maker == "" || softMaker(c.Maker) || strings.EqualFold(c.Model, "swtpm")
}

// softMaker reports whether software chips come from this maker: swtpm (IBM; in
// its certificates IBM's number in the register of TPM 1.2), Hyper-V (MSFT),
// VMware, Google and Amazon. (TCG Vendor ID Registry.)
func softMaker(m string) bool {
	return slices.Contains([]string{"IBM", "00001014", "MSFT", "VMW", "GOOG", "AMZN"}, m)
}

// makerText turns "id:494E5443" into "INTC"; what is not four printable
// characters stays as digits. (EK profile, chapter 3.)
func makerText(value string) string {
	digits, ok := strings.CutPrefix(value, "id:")
	if !ok || len(digits) != 8 {
		return ""
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return ""
	}
	text := strings.TrimRight(string(b), "\x00 ")
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' {
			return strings.ToUpper(digits)
		}
	}
	return text
}
