package intel

import (
	"net/netip"
	"strconv"
	"strings"
)

// plain reads a line that is one thing: see FormatPlain. Behind it a comment may follow, or a count.
func (p *parser) plain(s string) error {
	s = strings.TrimLeft(s, " \t")
	if s == "" || s[0] == '#' || s[0] == ';' || s[0] == '!' {
		return nil
	}
	if s[0] == '/' {
		return errSkip // a path on any host
	}
	if name, ok := clean(s); ok { // nearly every line of nearly every list
		p.emit(Entry{Name: name, Exact: p.list.Exact})
		return nil
	}
	s, rest := field(s)
	s = armed(s)
	var confidence uint8
	if rest != "" && !comment(rest) {
		n, err := strconv.ParseUint(rest, 10, 16)
		if err != nil {
			return errSyntax
		}
		confidence = countConfidence(n)
	}
	return p.thing(s, confidence)
}

// armed undoes what people write so that nobody follows a link by mistake: hxxp://evil[.]example.
func armed(s string) string {
	if rest, ok := strings.CutPrefix(s, "hxxp"); ok {
		s = "http" + rest
	}
	if strings.Contains(s, "[.]") || strings.Contains(s, "(.)") || strings.Contains(s, "[:]") {
		s = strings.NewReplacer("[.]", ".", "(.)", ".", "[:]", ":").Replace(s)
	}
	return s
}

// thing emits a name, address, block, address:port or URL.
func (p *parser) thing(s string, confidence uint8) error {
	port := uint16(0)
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		host, path, _ := strings.Cut(rest, "/")
		if path != "" {
			return errSkip
		}
		switch s = host; scheme {
		case "http":
			port = 80
		case "https":
			port = 443
		}
	}
	s = strings.TrimPrefix(s, "*")
	if s = strings.TrimPrefix(s, "."); s == "" {
		return errNoTarget
	}
	if e, ok := address(s, port); ok {
		e.Confidence = confidence
		p.emit(e)
		return nil
	}
	if i := strings.IndexByte(s, '/'); i >= 0 {
		if _, ok := clean(s[:i]); ok {
			return errSkip // a path on one host
		}
		return errName
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 { // name:port: a bad name is bad on all of them
		if _, err := strconv.ParseUint(s[i+1:], 10, 16); err != nil {
			return errName
		}
		s = s[:i]
	}
	name, ok := clean(s)
	if !ok {
		return errName
	}
	p.emit(Entry{Name: name, Exact: p.list.Exact, Confidence: confidence})
	return nil
}

// address reads an address, a block, address:port or [address]:port.
func address(s string, port uint16) (Entry, bool) {
	if c := s[0]; c != '[' && c != ':' && (c < '0' || c > '9') && strings.IndexByte(s, ':') < 0 {
		return Entry{}, false // the common case, a name: no error value is made
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return Entry{Prefix: single(a), Port: port}, true
	}
	if strings.IndexByte(s, '/') >= 0 {
		if b, err := netip.ParsePrefix(s); err == nil {
			if a := b.Addr(); a.Is4In6() && b.Bits() >= 96 {
				b = netip.PrefixFrom(a.Unmap(), b.Bits()-96)
			}
			return Entry{Prefix: b.Masked()}, true
		}
		return Entry{}, false
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return Entry{Prefix: single(ap.Addr()), Port: ap.Port()}, true
	}
	return Entry{}, false
}

func single(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen())
}

// countConfidence is how far to trust an address that n independent lists name.
func countConfidence(n uint64) uint8 {
	steps := [...]uint8{1, 25, 45, 60, 70, 80, 85, 90}
	if n < uint64(len(steps)) {
		return steps[n]
	}
	return 95
}

// field cuts the first word off.
func field(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}

func comment(s string) bool { return s[0] == '#' || s[0] == ';' || strings.HasPrefix(s, "//") }
