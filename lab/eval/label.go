package eval

import (
	"strings"

	"cardea/identity"
	"cardea/identity/facts"
	"cardea/identity/oui"
)

// labelOf says what a folder's name means: the model is the folder's name itself; vendor and class are what public facts know of
// such a name, the vendor else the company of the device's address range, both "" when nobody knows.
func labelOf(f folder) identity.Label {
	_, vendor, class := facts.Default().Label(f.name)
	if vendor == "" {
		for _, m := range f.macs {
			if vendor = vendorOf(oui.Vendor(m)); vendor != "" {
				break
			}
		}
	}
	return identity.Label{Model: f.name, Vendor: vendor, Class: class}
}

// vendorOf is the vendor whose address range a company's is; the company itself where facts do not know it.
func vendorOf(company string) string {
	vendor := company
	facts.Default().Match(facts.Maker, company, func(f identity.Fact) {
		if f.Vendor != "" {
			vendor = f.Vendor
		}
	})
	return vendor
}

// sameVendor compares names of vendors without case and punctuation.
func sameVendor(a, b string) bool {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, strings.ToLower(s))
	}
	return plain(a) == plain(b)
}
