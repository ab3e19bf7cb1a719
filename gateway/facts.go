package gateway

import (
	"golang.org/x/net/publicsuffix"
)

// registrable is the registrable domain of a name (Public Suffix List), "" where the name is itself a public suffix.
func registrable(name string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return d
}
