package judge

import (
	"net/netip"
	"strings"

	"cardea/home"
)

// Policy is what the home's owner and the operator decided. Allow always wins over Block, and both over any list; a
// device's own lists come before the home's.
type Policy struct {
	Rules                           // for every device
	Devices map[home.DeviceID]Rules // for one device
	Guard   []string                // names no list may block: time and update hosts; nil means DefaultGuard
}

// Rules are names (each with all names below it) and address blocks.
type Rules struct {
	Allow      []string
	Block      []string
	AllowAddrs []netip.Prefix
	BlockAddrs []netip.Prefix
	Classes    map[home.Class]home.Action // overrides DefaultActions, e.g. tracking → Allow
}

// DefaultGuard are the hosts that set the clock and bring security updates: a wrong list entry there would break
// certificates, or keep a hole open, in every device at once.
var DefaultGuard = []string{
	"pool.ntp.org", "time.apple.com", "time-ios.apple.com", "time.windows.com", "time.google.com", "time.android.com",
	"time.cloudflare.com", "time.nist.gov", "windowsupdate.com", "update.microsoft.com", "swcdn.apple.com",
	"swscan.apple.com", "mesu.apple.com", "ota.googlezip.net", "security.debian.org", "security.ubuntu.com",
	"downloads.openwrt.org",
}

// DefaultActions is what is done about a listed name by its class. Bypass is watched: it is how privacy-minded people
// resolve names, too.
var DefaultActions = map[home.Class]home.Action{
	home.ClassMalware: home.Block, home.ClassPhishing: home.Block, home.ClassTracking: home.Block, home.ClassBypass: home.Watch,
	home.ClassAdult: home.Allow,
}

type names map[string]struct{}

func nameSet(list []string) names {
	n := make(names, len(list))
	for _, s := range list {
		if c, ok := home.CleanName(s); ok {
			n[c] = struct{}{}
		}
	}
	return n
}

// has walks from the whole name to its last label: at most 127 look-ups (RFC 1035: 253 bytes, two a label).
func (n names) has(name string) (string, bool) {
	if len(n) == 0 {
		return "", false
	}
	for s := name; s != ""; {
		if _, ok := n[s]; ok {
			return s, true
		}
		_, rest, ok := strings.Cut(s, ".")
		if !ok {
			break
		}
		s = rest
	}
	return "", false
}

type rules struct {
	allow, block           names
	allowAddrs, blockAddrs []netip.Prefix
	classes                map[home.Class]home.Action
}

type policy struct {
	all     rules
	devices map[home.DeviceID]*rules
	guard   names
}

func (r Rules) compile() rules {
	return rules{nameSet(r.Allow), nameSet(r.Block), r.AllowAddrs, r.BlockAddrs, r.Classes}
}

func (p Policy) compile() *policy {
	guard := p.Guard
	if guard == nil {
		guard = DefaultGuard
	}
	c := &policy{all: p.Rules.compile(), guard: nameSet(guard), devices: make(map[home.DeviceID]*rules, len(p.Devices))}
	for id, r := range p.Devices {
		d := r.compile()
		c.devices[id] = &d
	}
	return c
}

// decision of the policy alone; Action 0 when it says nothing.
type decision struct {
	action home.Action
	rule   string // the entry that decided
	own    bool   // the device's own rule, not the home's
}

func (p *policy) name(id home.DeviceID, name string) decision {
	if name == "" {
		return decision{}
	}
	dev := p.devices[id]
	for _, r := range []struct {
		*rules
		own bool
	}{{dev, true}, {&p.all, false}} {
		if r.rules == nil {
			continue
		}
		if s, ok := r.allow.has(name); ok {
			return decision{home.Allow, s, r.own}
		}
		if s, ok := r.block.has(name); ok {
			if a, ok := p.all.allow.has(name); ok {
				return decision{home.Allow, a, false}
			}
			return decision{home.Block, s, r.own}
		}
	}
	return decision{}
}

func (p *policy) addr(id home.DeviceID, a netip.Addr) decision {
	if !a.IsValid() {
		return decision{}
	}
	a = a.Unmap()
	block := decision{}
	for _, r := range []struct {
		*rules
		own bool
	}{{p.devices[id], true}, {&p.all, false}} {
		if r.rules == nil {
			continue
		}
		for _, pre := range r.allowAddrs {
			if pre.Contains(a) {
				return decision{home.Allow, pre.String(), r.own}
			}
		}
		for _, pre := range r.blockAddrs {
			if block.action == 0 && pre.Contains(a) {
				block = decision{home.Block, pre.String(), r.own}
			}
		}
	}
	return block
}

func (p *policy) class(id home.DeviceID, c home.Class) home.Action {
	if d := p.devices[id]; d != nil {
		if a, ok := d.classes[c]; ok {
			return a
		}
	}
	if a, ok := p.all.classes[c]; ok {
		return a
	}
	if a, ok := DefaultActions[c]; ok {
		return a
	}
	return home.Watch
}
