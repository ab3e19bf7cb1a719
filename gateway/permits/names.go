package permits

import (
	"net/netip"
	"strings"

	"cardea/behavior/endpoint"
	"cardea/home"
	"cardea/identity"
	"cardea/identity/facts"
	"cardea/intel"
)

// Permits says whether a mode lets a subject have the address of a name. What a stricter list permits, a milder one permits, too.
func (b *Book) Permits(s Subject, mode home.Mode, name string) bool {
	switch mode {
	case home.ModeProfileOnly:
		return b.everybody(name) || scans(s, name) || Makers(s.Vendor, name) || b.usual(s, name)
	case home.ModeVendorOnly:
		return b.everybody(name) || scans(s, name) || Makers(s.Vendor, name)
	case home.ModeUpdateOnly:
		return b.everybody(name) || scans(s, name) || Makers(s.Vendor, name) && brings(name)
	case home.ModeQuarantine:
		return false
	}
	return true
}

// Strictest is the strictest list that has a name, so that a change between lists needs no new answer; false: none has it.
func (b *Book) Strictest(s Subject, name string) (home.Mode, bool) {
	for _, m := range [...]home.Mode{home.ModeUpdateOnly, home.ModeVendorOnly, home.ModeProfileOnly} {
		if b.Permits(s, m, name) {
			return m, true
		}
	}
	return "", false
}

// PermitsAddr says whether a mode lets a subject reach a bare address. Whose it is nobody can tell: only the model's profile knows any.
func (b *Book) PermitsAddr(s Subject, mode home.Mode, addr netip.Addr, port uint16, proto string) bool {
	switch mode {
	case home.ModeProfileOnly:
		return b.uses(s, &home.Endpoint{IP: addr.Unmap(), Port: port, Proto: proto})
	case home.ModeVendorOnly, home.ModeUpdateOnly, home.ModeQuarantine:
		return false
	}
	return true
}

// The purposes of names that any device may use, and of those that one with a virus scanner may, as the table of services words them.
var clocks, updates, protection = purpose("pool.ntp.org"), purpose("windowsupdate.com"), purpose("kaspersky.com")

func purpose(name string) string {
	s, _ := intel.Service(name)
	return s.Purpose
}

// everybody says whether a name sets clocks or brings updates to devices of any maker: by the tables of ours and what is guarded.
func (b *Book) everybody(name string) bool {
	for rest := name; rest != ""; {
		if b.guard[rest] {
			return true
		}
		_, after, more := strings.Cut(rest, ".")
		if !more {
			break
		}
		rest = after
	}
	s, ok := intel.Service(name)
	return ok && (s.Purpose == clocks || s.Purpose == updates)
}

// Scanned says whether people can have a virus scanner look through a device of a class. For all others a way to its maker helps nobody
// but what hides in them.
func Scanned(c home.DeviceClass) bool {
	return c == home.ClassComputer || c == home.ClassPhone || c == home.ClassTablet
}

// open are labels below a maker of virus scanners where anybody can leave a message or get a way out: what hides in a device could be told there
// what to do next.
var open = map[string]bool{
	"forum": true, "forums": true, "community": true, "communities": true, "blog": true, "blogs": true, "chat": true, "mail": true, "vpn": true, "securevpn": true,
}

// scans says whether a name belongs to a maker of virus scanners, and the device can be scanned: so that people get it clean while it is held.
func scans(s Subject, name string) bool {
	if !Scanned(s.Class) {
		return false
	}
	if at, ok := intel.Service(name); !ok || at.Purpose != protection {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if open[label] {
			return false
		}
	}
	return true
}

// Makers says whether a name belongs to a maker: by the tables of ours, never by what the name looks like.
func Makers(vendor, name string) bool {
	if vendor == "" || name == "" {
		return false
	}
	also, _ := brand(vendor)
	own := false
	of := func(company string) {
		own = own || company != "" && (strings.EqualFold(company, vendor) || strings.EqualFold(company, also))
	}
	if s, ok := intel.Service(name); ok {
		of(s.Company)
	}
	facts.Default().Match(facts.Name, name, func(f identity.Fact) { of(f.Vendor) })
	return own
}

// Makes says whether a vendor may have services of its own.
func Makes(vendor string) bool {
	name, _ := brand(vendor)
	return name != ""
}

// brand is a maker as the tables of names call it. known: it has address ranges; of a chip's maker brand is "" then, since what it
// is built into is others'.
func brand(vendor string) (name string, known bool) {
	name = vendor
	facts.Default().Match(facts.Maker, vendor, func(f identity.Fact) {
		if !known {
			name, known = "", true
		}
		if name == "" {
			name = f.Vendor
		}
	})
	return name, known
}

// words in a maker's own names that say what brings firmware. They count only below a domain that is the maker's by a table.
var words = map[string]bool{
	"update": true, "updates": true, "updater": true, "upgrade": true, "upgrades": true, "firmware": true, "fw": true, "fwupdate": true,
	"fota": true, "ota": true, "otau": true, "fus": true, "swupdate": true, "softwareupdate": true, "download": true, "downloads": true, "dl": true,
}

// brings says whether a maker's name brings firmware: a service of that purpose, or a label of it says so.
func brings(name string) bool {
	if s, ok := intel.Service(name); ok && s.Purpose == updates {
		return true
	}
	start := 0
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '.' && name[i] != '-' && name[i] != '_' && (name[i] < '0' || name[i] > '9') {
			continue
		}
		if words[name[start:i]] {
			return true
		}
		start = i + 1
	}
	return false
}

// reach is by which port and protocol a profile may know a name: the resolver hears only the name. In the order of how many use it.
var reach = []struct {
	proto string
	ports []uint16
}{
	{"tcp", []uint16{443, 80, 8883, 1883, 8443, 5223, 5222, 5228, 8080, 8886, 5671, 993, 853, 4070, 1935, 9443, 4433, 8000, 8008, 8081, 8801, 10443}},
	{"udp", []uint16{443, 123, 3478, 3479, 19302, 32100, 5684, 5683, 4500, 8801, 10001}},
}

// usual says whether the model's profile knows a name, by any port.
func (b *Book) usual(s Subject, name string) bool {
	e := home.Endpoint{Name: name, Domain: name}
	if b.cfg.Domain != nil {
		e.Domain = b.cfg.Domain(name)
	}
	for _, r := range reach {
		for _, p := range r.ports {
			e.Proto, e.Port = r.proto, p
			if b.uses(s, &e) {
				return true
			}
		}
	}
	return false
}

func (b *Book) uses(s Subject, e *home.Endpoint) bool {
	if b.cfg.Profiles == nil || s.Model == "" && s.Vendor == "" && s.Class == "" {
		return false
	}
	c := endpoint.Of(e, false, false)
	return b.cfg.Profiles.Uses(s, &c)
}
