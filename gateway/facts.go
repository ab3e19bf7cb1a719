package gateway

import (
	"iter"
	"net/http"
	"net/netip"

	"golang.org/x/net/publicsuffix"

	"cardea/home"
	"cardea/identity/oui"
	"cardea/intel"
)

// registrable is the registrable domain of a name (Public Suffix List), "" where the name is itself a public suffix.
func registrable(name string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return d
}

// vendor is the maker by address range; the registry is looked at once a device.
func vendor(m home.MAC) string { return oui.Vendor(m) }

// services adapts the table of known services to the judge.
type services struct{}

// Service knows the service behind an endpoint by its name.
func (services) Service(e *home.Endpoint) (home.Service, bool) { return intel.Service(e.Name) }

// confident is how sure a list must be for the kernel to refuse an address to every device.
const confident = 50

// blocked are the addresses that the kernel itself refuses to every device: malware, confident, on all ports. Names and
// everything else are judged by the resolver and by the first packets.
func blocked(set *intel.Set) iter.Seq[netip.Prefix] {
	return func(yield func(netip.Prefix) bool) {
		set.Prefixes(func(p netip.Prefix, port uint16, c *intel.Class) bool {
			if port != 0 || c.Class != home.ClassMalware || c.Confidence < confident {
				return true
			}
			return yield(p)
		})
	}
}

func clientAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}
