package intel

import (
	"bytes"
	"net/netip"
	"strings"
)

// Detect finds a feed's format out from its first bytes. Every line that looks like one format votes for it; Plain is
// what is left when nothing speaks for another.
func Detect(head []byte) Format {
	var votes [FormatRPZ + 1]int
	for n := 0; len(head) > 0 && n < 400; n++ {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte{'\n'})
		if len(line) > MaxLine {
			continue
		}
		votes[detectLine(strings.TrimSpace(string(line)))]++
	}
	best := FormatPlain
	for f := FormatHosts; f <= FormatRPZ; f++ {
		if votes[f] > votes[best] || best == FormatPlain && votes[f] > 0 && votes[f]*2 > votes[best] {
			best = f
		}
	}
	return best
}

// detectLine is the format that a line is of; 0 when it says nothing.
func detectLine(s string) Format {
	if s == "" {
		return 0
	}
	if strings.HasPrefix(s, "||") || strings.HasPrefix(s, "@@") || strings.HasPrefix(s, "[Ad") {
		return FormatAdBlock
	}
	if strings.HasPrefix(s, "$TTL") || strings.HasPrefix(s, "$ORIGIN") {
		return FormatRPZ
	}
	if strings.ContainsAny(s[:1], "#!;") {
		return 0
	}
	for _, k := range []string{"address=/", "server=/", "local=/"} {
		if strings.HasPrefix(s, k) {
			return FormatDnsmasq
		}
	}
	if strings.HasPrefix(s, "local-zone:") || strings.HasPrefix(s, "local-data:") || s == "server:" {
		return FormatUnbound
	}
	f := strings.Fields(s)
	if len(f) >= 2 {
		if a, err := netip.ParseAddr(f[0]); err == nil && nowhere(a) {
			return FormatHosts
		}
	}
	for _, w := range f[1:min(len(f), 5)] {
		if w == "CNAME" || w == "SOA" || w == "NS" {
			return FormatRPZ
		}
	}
	return FormatPlain
}
