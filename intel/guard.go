package intel

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"cardea/home"

	"golang.org/x/net/publicsuffix"
)

// Reasons of a Guard.
const (
	ReasonProtected Reason = "a time, update or the provider's own host"
	ReasonOwn       Reason = "the home's own range"
)

// protectedNames are hosts that a home's devices tell the time by, get updates from, or find out by whether they are
// online. To block one of them for a whole country by one wrong line would be worse than what a list could gain.
const protectedNames = `
pool.ntp.org time.google.com time.android.com time.cloudflare.com time.apple.com time.windows.com time.nist.gov
time.euro.apple.com ntp.ubuntu.com time.facebook.com ntp.se ptbtime1.ptb.de ptbtime2.ptb.de ptbtime3.ptb.de
time1.google.com time2.google.com time3.google.com time4.google.com

windowsupdate.com update.microsoft.com delivery.mp.microsoft.com dl.delivery.mp.microsoft.com
swscan.apple.com swcdn.apple.com swdist.apple.com mesu.apple.com gdmf.apple.com updates.cdn-apple.com appldnld.apple.com
android.clients.google.com dl.google.com ota.googlezip.net update.googleapis.com
deb.debian.org security.debian.org archive.ubuntu.com security.ubuntu.com ports.ubuntu.com downloads.openwrt.org
downloads.raspberrypi.org downloads.raspberrypi.com fw-update.ubnt.com fw-download.ubnt.com
aus5.mozilla.org updates.signal.org fwupd.org cdn.fwupd.org

connectivitycheck.gstatic.com captive.apple.com www.msftconnecttest.com detectportal.firefox.com
nmcheck.gnome.org network-test.debian.org connectivity-check.ubuntu.com
`

// protectedBlocks are the addresses of public time servers that have had the same for years.
const protectedBlocks = `162.159.200.1/32 162.159.200.123/32 2606:4700:f1::1/128 2606:4700:f1::123/128
216.239.35.0/32 216.239.35.4/32 216.239.35.8/32 216.239.35.12/32 129.6.15.28/31`

// Guard refuses what no list from outside may name, whoever signed it. It is immutable.
type Guard struct {
	names  map[string]bool // protected with all below them
	above  map[string]bool // parents of those: not with what is below them
	blocks []netip.Prefix  // time servers
	own    []netip.Prefix  // the home's
	id     string
}

// NewGuard makes a guard of the built-in table, the home's own ranges and more names, as the provider's.
func NewGuard(own []netip.Prefix, names []string) *Guard {
	g := &Guard{names: map[string]bool{}, above: map[string]bool{}}
	own, names = slices.Clone(own), slices.Clone(names) // in whatever order they come, it is the same guard
	slices.SortFunc(own, netip.Prefix.Compare)
	slices.Sort(names)
	g.own = own
	sum := sha256.Sum256(fmt.Append(nil, protectedNames, protectedBlocks, publicsuffix.List, own, names))
	g.id = hex.EncodeToString(sum[:8])
	for _, s := range append(strings.Fields(protectedNames), names...) {
		name, ok := home.CleanName(s)
		if !ok {
			continue // not a host name: no list can name it either
		}
		g.names[name] = true
		for up := parent(name); up != ""; up = parent(up) {
			g.above[up] = true
		}
	}
	for s := range strings.FieldsSeq(protectedBlocks) {
		g.blocks = append(g.blocks, netip.MustParsePrefix(s))
	}
	return g
}

// ID is another one for a guard that refuses other things.
func (g *Guard) ID() string { return g.id }

// Refuse says why an entry is refused: by package intel's Refuse, or because it would block a protected host or the home
// itself. Exceptions free and block nothing: only their form is judged.
func (g *Guard) Refuse(e Entry) Reason {
	if e.Allow {
		return malformed(e)
	}
	if why := Refuse(e); why != "" {
		return why
	}
	if e.Name == "" {
		return g.refusePrefix(e.Prefix)
	}
	if !e.Exact && g.above[e.Name] {
		return ReasonProtected
	}
	for name := e.Name; name != ""; name = parent(name) {
		if g.names[name] {
			return ReasonProtected
		}
	}
	return ""
}

func (g *Guard) refusePrefix(p netip.Prefix) Reason {
	for _, b := range g.own {
		if b.Overlaps(p) {
			return ReasonOwn
		}
	}
	for _, b := range g.blocks {
		if b.Overlaps(p) {
			return ReasonProtected
		}
	}
	return ""
}

func parent(name string) string {
	_, up, _ := strings.Cut(name, ".")
	return up
}
