package names

import (
	"math"
	"strings"
)

// alpha is the probability that a healthy device's look-ups cross the threshold by chance.
const alpha = 1e-5

var threshold = math.Log(1 / alpha) // 11.5 nats

// Steps: ln of Pr[seen|generates names]/Pr[seen|healthy], for one zone that was not counted lately. Of a healthy device's zones
// about one in fifty does not exist and one in two hundred looks made up and does not exist; of a generator's nearly all. A name
// below the registered one is how advertisers' and makers' hosts are named, which some resolvers say do not exist.
var (
	made   = math.Log(.85 / .02) // does not exist and looks made up: 4 are enough
	plain  = math.Log(.9 / .2)   // does not exist; generators also join words: 8 are enough
	below  = math.Log(.5 / .3)   // does not exist, below the registered name
	exists = math.Log(.1 / .6)
)

// public says whether a name's absence tells anything: not reverse look-ups, names of one label (search lists, browsers' random
// probes), names of the home, services, block lists and look-ups of proxies, which are often asked for in vain.
func public(name, site string) bool {
	dot := strings.LastIndexByte(name, '.')
	if site == "" || dot < 0 {
		return false
	}
	switch name[dot+1:] {
	case "arpa", "local", "lan", "home", "internal", "localdomain", "localhost", "corp", "intranet", "private", "box", "domain", "dhcp",
		"invalid", "test", "example", "onion", "workgroup", "router", "belkin", "dlink", "gateway", "station", "wlan", "host1", "alt", "i2p":
		return false
	}
	if name[0] == '_' || name[0] >= '0' && name[0] <= '9' && numbered(name) || strings.HasPrefix(name, "wpad.") || strings.HasPrefix(name, "isatap.") {
		return false
	}
	return !blockList(site)
}

// numbered: a name that begins with an address or a part of one, as look-ups in block lists do (RFC 5782).
func numbered(name string) bool {
	first, rest, _ := strings.Cut(name, ".")
	second, _, _ := strings.Cut(rest, ".")
	return digits(first) && digits(second)
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// blockList: zones that answer "does not exist" for all that is well.
func blockList(site string) bool {
	switch site {
	case "spamhaus.org", "spamcop.net", "sorbs.net", "barracudacentral.org", "surbl.org", "uribl.com", "dnswl.org", "mailspike.net",
		"abuseat.org", "cymru.com", "sophosxl.net", "mcafee.com", "e5.sk", "trendmicro.com", "senderbase.org", "support-intelligence.net":
		return true
	}
	return false
}

// label is the registered label of a site: its first.
func label(site string) string {
	s, _, _ := strings.Cut(site, ".")
	return s
}

// random says whether a label looks made up by a program: long without vowels where words have them, or letters and digits mixed.
// Measured on nothing but its own examples in the tests: it only makes detection faster, a generator of words is found without it.
func random(s string) bool {
	if len(s) < 7 || strings.HasPrefix(s, "xn--") {
		return false
	}
	vowels, letters, changes, run, longest, rare := 0, 0, 0, 0, 0, 0
	digit := false
	for i := range len(s) {
		c := s[i]
		isDigit := c >= '0' && c <= '9'
		if i > 0 && isDigit != digit {
			changes++
		}
		switch digit = isDigit; {
		case isDigit:
			continue
		case strings.IndexByte("aeiouy", c) >= 0:
			vowels++
			run = 0
		case c == '-':
			run = 0
			continue
		default:
			run++
			longest = max(longest, run)
		}
		letters++
		if strings.IndexByte("jqxzwvk", c) >= 0 {
			rare++
		}
	}
	return changes >= 4 || longest >= 5 || letters >= 7 && (vowels*5 < letters || rare*4 >= letters && vowels*10 < letters*4)
}

// hash is FNV-1a, mixed once more for its high bits (draft-eastlake-fnv).
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	return h ^ h>>29
}
