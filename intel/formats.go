package intel

import (
	"net/netip"
	"strings"
)

// hosts reads "address name…". Only null and loopback addresses block; the rest is a mapping.
func (p *parser) hosts(s string) error {
	if i := strings.IndexByte(s, '#'); i >= 0 {
		s = s[:i]
	}
	to, rest := field(strings.TrimLeft(s, " \t"))
	if to == "" {
		return nil
	}
	if rest == "" {
		return p.plain(to) // a bare name among hosts lines
	}
	a, err := netip.ParseAddr(to)
	if err != nil {
		return errSyntax
	}
	if !nowhere(a) {
		return errSkip
	}
	var name string
	for rest != "" {
		name, rest = field(rest)
		if ownName(name) {
			p.report.Skipped++
			continue
		}
		if err := p.name(name, p.list.Exact, false); err != nil {
			return err
		}
	}
	return nil
}

// ownName is what a hosts file says about the computer it is on.
func ownName(s string) bool {
	switch s {
	case "localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0":
		return true
	}
	return strings.HasPrefix(s, "ip6-")
}

// nowhere says whether an answer with this address means that the name is blocked.
func nowhere(a netip.Addr) bool { return a.IsUnspecified() || a.IsLoopback() }

// adblock reads the rules that hold for a whole host. What holds for some pages, clients or kinds of request, page
// cosmetics and patterns are skipped.
func (p *parser) adblock(s string) error {
	switch s = strings.TrimLeft(s, " \t"); {
	case s == "" || s[0] == '!' || s[0] == '[':
		return nil
	case s[0] == '#' && !strings.HasPrefix(s, "##") && !strings.HasPrefix(s, "#@") && !strings.HasPrefix(s, "#?"):
		return nil
	case strings.Contains(s, "##") || strings.Contains(s, "#@#") || strings.Contains(s, "#?#") ||
		strings.Contains(s, "#$#") || strings.Contains(s, "#%#"):
		return errSkip
	}
	rule, allow := strings.CutPrefix(s, "@@")
	rule, options, _ := strings.Cut(rule, "$")
	if options != "" && !wholeNetwork(options) {
		return errSkip
	}
	if host, ok := strings.CutPrefix(rule, "||"); ok {
		host = strings.TrimSuffix(host, "|")
		if host, ok = strings.CutSuffix(host, "^"); !ok {
			return errSkip // also matches longer names
		}
		return p.rule(strings.TrimPrefix(host, "*."), false, allow)
	}
	if host, ok := strings.CutPrefix(rule, "|"); ok {
		if host, ok = strings.CutSuffix(strings.TrimSuffix(host, "|"), "^"); !ok {
			return errSkip
		}
		return p.rule(host, true, allow)
	}
	if strings.ContainsAny(rule, "/^*|=?&@") {
		return errSkip // a pattern
	}
	if strings.ContainsAny(rule, " \t") {
		return p.hosts(rule)
	}
	return p.rule(rule, p.list.Exact, allow)
}

func (p *parser) rule(host string, exact, allow bool) error {
	if host == "" || strings.ContainsAny(host, "*/?=&^|") {
		return errSkip
	}
	if e, ok := address(host, 0); ok {
		e.Allow = allow
		p.emit(e)
		return nil
	}
	return p.name(host, exact, allow)
}

// wholeNetwork says whether a rule with these options still means the host as a whole.
func wholeNetwork(options string) bool {
	for o := range strings.SplitSeq(options, ",") {
		switch o {
		case "important", "all", "document", "doc":
		default:
			return false
		}
	}
	return true
}

// dnsmasq reads address=, server= and local= lines.
func (p *parser) dnsmasq(s string) error {
	s = strings.TrimLeft(s, " \t")
	if s == "" || s[0] == '#' {
		return nil
	}
	key, value, ok := strings.Cut(s, "=")
	if !ok {
		return errSyntax
	}
	key = strings.TrimSpace(key)
	value, _, _ = strings.Cut(strings.TrimSpace(value), " ") // a comment may follow
	if key != "address" && key != "server" && key != "local" || !strings.HasPrefix(value, "/") {
		return errSkip
	}
	parts := strings.Split(value[1:], "/")
	if len(parts) < 2 {
		return errSyntax
	}
	names, to := parts[:len(parts)-1], parts[len(parts)-1]
	allow := false
	switch a, err := netip.ParseAddr(to); {
	case to == "" || key == "address" && (to == "#" || err == nil && nowhere(a)):
	case key != "address" && to == "#": // ask the usual servers
		allow = true
	case key == "address" && err != nil:
		return errSyntax
	default:
		return errSkip // a redirection or a server for the name
	}
	for _, name := range names {
		if err := p.name(strings.TrimPrefix(strings.TrimPrefix(name, "*"), "."), false, allow); err != nil {
			return err
		}
	}
	return nil
}

// unbound reads local-zone: and local-data: lines.
func (p *parser) unbound(s string) error {
	s = strings.TrimLeft(s, " \t")
	if s == "" || s[0] == '#' {
		return nil
	}
	key, rest, ok := strings.Cut(s, ":")
	if !ok {
		return errSyntax
	}
	switch rest = strings.TrimLeft(rest, " \t"); key {
	case "local-zone":
		name, kind := field(rest)
		kind, _ = field(kind)
		switch strings.Trim(kind, `"`) {
		case "always_nxdomain", "always_null", "always_refuse", "always_deny", "always_nodata", "refuse", "deny", "static",
			"redirect", "inform_deny", "inform_redirect":
			return p.name(strings.Trim(name, `"`), false, false)
		case "always_transparent":
			return p.name(strings.Trim(name, `"`), false, true)
		case "":
			return errSyntax
		}
		return errSkip
	case "local-data":
		f := strings.Fields(strings.Trim(rest, `"'`))
		if len(f) < 3 {
			return errSyntax
		}
		a, err := netip.ParseAddr(f[len(f)-1])
		if t := f[len(f)-2]; err != nil || !nowhere(a) || t != "A" && t != "AAAA" {
			return errSkip
		}
		return p.name(f[0], true, false)
	case "server":
		return nil
	}
	return errSkip
}
