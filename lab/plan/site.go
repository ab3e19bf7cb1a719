package plan

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// Names that some device counts on.
const (
	NTPName   = "time.isp.example"
	VideoName = "cdn-7.streamvideo.example"
	CheckName = "connectivity-check.pocket.example" // plain HTTP, as phones ask for when they join a network
	Updates   = "updates.isp.example"
)

// Browsed is how many sites there are for people to browse.
const Browsed = 40

// sites makes the fixed names and those that people browse. Each has an address of its own in 198.18.0.0/16 (RFC 2544) and
// 2001:db8:18::/48; every fifth is an alias of a name at a shared hoster.
func (p *Plan) sites(r *rand.Rand) {
	for _, name := range []string{NTPName, VideoName, CheckName, Updates} {
		p.Sites = append(p.Sites, p.site(r, name))
	}
	p.Sites = append(p.Sites, Site{Name: p.WAN.DNSName, V4: p.WAN.DNS4, V6: p.WAN.DNS6})
	for i := range Browsed {
		name := p.fresh(func() string { return fmt.Sprintf("www.%s%s.example", word(r), word(r)) })
		if i%5 == 0 {
			target := p.site(r, fmt.Sprintf("edge-%d.contenthost.example", r.IntN(1000)+i*1000))
			p.Sites = append(p.Sites, target, Site{Name: name, Alias: target.Name})
			continue
		}
		p.Sites = append(p.Sites, p.site(r, name))
	}
}

// BrowsedNames are the names for people to browse, in the plan's order.
func (p *Plan) BrowsedNames() (names []string) {
	for _, s := range p.Sites {
		if len(s.Name) > 4 && s.Name[:4] == "www." {
			names = append(names, s.Name)
		}
	}
	return names
}

// fresh makes names until one is not taken.
func (p *Plan) fresh(make func() string) string {
	for {
		if name := make(); !p.named(name) {
			return name
		}
	}
}

func (p *Plan) named(name string) bool {
	return slices.ContainsFunc(p.Sites, func(s Site) bool { return s.Name == name })
}

// site gives a name fresh addresses.
func (p *Plan) site(r *rand.Rand, name string) Site {
	for {
		a, b := byte(r.IntN(256)), byte(r.IntN(254)+1)
		s := Site{Name: name,
			V4: netip.AddrFrom4([4]byte{198, 18, a, b}),
			V6: netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 0x18, 14: a, 15: b})}
		free := true
		for _, o := range p.Sites {
			free = free && o.V4 != s.V4
		}
		if free {
			return s
		}
	}
}

// Local are the prefixes in which the lab's internet answers for every address; all others stay silent.
func (p *Plan) Local() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("198.18.0.0/16"), netip.MustParsePrefix("2001:db8:18::/48"),
		netip.PrefixFrom(p.Attack.C2.Addr(), 32),
		netip.PrefixFrom(p.WAN.DNS4, 32), netip.PrefixFrom(p.WAN.DNS6, 128),
	}
}
