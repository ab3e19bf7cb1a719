package intel

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// zone is where in a zone file the reader is.
type zone struct {
	origin string // lower case, without the trailing dot; "" when not known
	owner  string // of the last record
	parens int    // open parentheses: a record goes on
}

// rpz reads a response policy zone in master file format (RFC 1035 section 5.1). Triggers are names (with and without
// *.) and rpz-ip; actions are NXDOMAIN (CNAME .), NODATA (CNAME *.), rpz-drop, null addresses and rpz-passthru.
// Redirections and the other triggers are skipped.
func (p *parser) rpz(s string) error {
	if i := strings.IndexByte(s, ';'); i >= 0 {
		s = s[:i]
	}
	z := &p.zone
	inside := z.parens > 0
	z.parens = max(0, z.parens+strings.Count(s, "(")-strings.Count(s, ")"))
	if inside || strings.TrimSpace(s) == "" {
		return nil
	}
	f := strings.Fields(s)
	switch f[0] {
	case "$ORIGIN":
		if len(f) > 1 {
			z.origin = strings.ToLower(strings.Trim(f[1], "."))
		}
		return nil
	case "$TTL", "$INCLUDE", "$GENERATE":
		return nil
	}
	if s[0] != ' ' && s[0] != '\t' {
		z.owner, f = f[0], f[1:]
	}
	for len(f) > 0 && (strings.EqualFold(f[0], "IN") || ttl(f[0])) {
		f = f[1:]
	}
	if len(f) < 2 {
		return errSyntax
	}
	switch f[0] = strings.ToUpper(f[0]); f[0] {
	case "SOA":
		if z.origin == "" && strings.HasSuffix(z.owner, ".") {
			z.origin = strings.ToLower(strings.Trim(z.owner, "."))
		}
		return nil
	case "NS":
		return nil
	}
	return p.policy(f[0], strings.ToLower(f[1]))
}

// ttl says whether a word is a time to live: digits with units.
func ttl(s string) bool {
	return s[0] >= '0' && s[0] <= '9' && strings.Trim(strings.ToLower(s), "0123456789smhdw") == ""
}

func (p *parser) policy(kind, to string) error {
	allow := false
	switch kind {
	case "CNAME":
		switch strings.TrimSuffix(to, ".") {
		case "", "*", "rpz-drop":
		case "rpz-passthru":
			allow = true
		default:
			return errSkip
		}
	case "A", "AAAA":
		if a, err := netip.ParseAddr(to); err != nil || !nowhere(a) {
			return errSkip
		}
	default:
		return errSkip
	}
	name := strings.ToLower(p.zone.owner)
	if abs, ok := strings.CutSuffix(name, "."); ok {
		name = abs
		if p.zone.origin != "" {
			if name, ok = strings.CutSuffix(abs, "."+p.zone.origin); !ok {
				return errSyntax // outside the zone
			}
		}
	}
	if ip, ok := strings.CutSuffix(name, ".rpz-ip"); ok {
		e, ok := rpzPrefix(ip)
		if !ok {
			return errSyntax
		}
		e.Allow = allow
		p.emit(e)
		return nil
	}
	if strings.HasSuffix(name, ".rpz-client-ip") || strings.HasSuffix(name, ".rpz-nsip") ||
		strings.HasSuffix(name, ".rpz-nsdname") || name == "@" {
		return errSkip
	}
	below, wild := strings.CutPrefix(name, "*.")
	return p.name(below, !wild, allow)
}

// rpzPrefix reads 24.0.2.0.192 (192.0.2.0/24) and 48.zz.1.db8.2001 (2001:db8:1::/48).
func rpzPrefix(s string) (Entry, bool) {
	parts := strings.Split(s, ".")
	bits, err := strconv.ParseUint(parts[0], 10, 8)
	if err != nil || len(parts) < 3 || len(parts) > 9 {
		return Entry{}, false
	}
	parts = parts[1:]
	slices.Reverse(parts)
	text := strings.Join(parts, ".")
	if v4, err := netip.ParseAddr(text); err != nil || !v4.Is4() {
		text = strings.Join(parts, ":")
		switch {
		case parts[0] == "zz" && len(parts) == 1:
			text = "::"
		case parts[0] == "zz":
			text = "::" + text[3:]
		case parts[len(parts)-1] == "zz":
			text = text[:len(text)-3] + "::"
		default:
			text = strings.Replace(text, ":zz:", "::", 1)
		}
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" || a.Is4In6() || int(bits) > a.BitLen() {
		return Entry{}, false
	}
	pre := netip.PrefixFrom(a, int(bits))
	return Entry{Prefix: pre.Masked()}, pre == pre.Masked()
}
