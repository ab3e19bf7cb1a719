package stix

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"cardea/home"
	"cardea/intel"
)

// Error is what is wrong with a pattern, and where: bytes from 1.
type Error struct {
	At  int
	Why string
}

func (e *Error) Error() string { return fmt.Sprintf("pattern, at %d: %s", e.At, e.Why) }

// Reasons for which a pattern is refused.
const (
	whySyntax   = "the pattern cannot be read"
	whyOperator = "an operator that no list can hold"
	whyPath     = "a property that no list can hold"
	whyBoth     = "two things that must both hold"
	whyOrder    = "things that must follow one another"
	whyQualify  = "times or repetitions that no list can hold"
	whyValue    = "not an endpoint"
	whyPage     = "one page of a host"
	whyLong     = "the pattern is too long"
	whyDeep     = "the pattern is nested too deeply"
	whyMany     = "the pattern names too many things"
)

// Pattern reads a pattern as the endpoints any of which it means. The error is an *Error.
func Pattern(s string) ([]intel.Entry, error) {
	if len(s) > MaxPattern {
		return nil, &Error{MaxPattern + 1, whyLong}
	}
	p := &parser{lex: lexer{text: s}}
	p.next()
	out, err := p.observations(0)
	if err == nil && p.tok.kind != tokEnd {
		err = p.trailing()
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

type parser struct {
	lex   lexer
	tok   token
	terms int
}

func (p *parser) next() { p.tok = p.lex.next() }

func (p *parser) fail(why string) error { return &Error{p.tok.at + 1, why} }

func (p *parser) word(w string) bool {
	return p.tok.kind == tokWord && strings.EqualFold(p.tok.text, w)
}

// trailing says what stands where the pattern should have ended.
func (p *parser) trailing() error {
	switch {
	case p.word("FOLLOWEDBY"):
		return p.fail(whyOrder)
	case p.word("AND"):
		return p.fail(whyBoth)
	case p.word("WITHIN"), p.word("REPEATS"), p.word("START"):
		return p.fail(whyQualify)
	}
	return p.fail(whySyntax)
}

// observations are […] OR […], also in brackets.
func (p *parser) observations(depth int) (out []intel.Entry, err error) {
	for {
		some, err := p.observation(depth)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
		if !p.word("OR") {
			return out, nil
		}
		p.next()
	}
}

func (p *parser) observation(depth int) (out []intel.Entry, err error) {
	if depth > MaxDepth {
		return nil, p.fail(whyDeep)
	}
	var end byte
	switch p.tok.kind {
	case '(':
		end = ')'
		p.next()
		out, err = p.observations(depth + 1)
	case '[':
		end = ']'
		p.next()
		out, err = p.comparisons(depth + 1)
	default:
		return nil, p.fail(whySyntax)
	}
	if err != nil {
		return nil, err
	}
	if p.tok.kind != end {
		return nil, p.trailing()
	}
	p.next()
	return out, nil
}

// comparisons are a AND b OR c: AND binds tighter.
func (p *parser) comparisons(depth int) (out []intel.Entry, err error) {
	for {
		some, err := p.all(depth)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
		if !p.word("OR") {
			return out, nil
		}
		p.next()
	}
}

// all is one endpoint, or any of several, narrowed by what may stand beside it.
func (p *parser) all(depth int) ([]intel.Entry, error) {
	var ends []term // that name endpoints; at most one may
	var port uint16
	var kind string
	begun := p.tok.at
	for {
		at := p.tok.at
		t, err := p.term(depth)
		if err != nil {
			return nil, err
		}
		switch {
		case t.port != 0 && (port == 0 || port == t.port):
			port = t.port
		case t.kind != "" && (kind == "" || kind == t.kind):
			kind = t.kind
		case t.entries != nil && len(ends) == 0:
			ends = append(ends, t)
		default:
			return nil, &Error{at + 1, whyBoth}
		}
		if !p.word("AND") {
			break
		}
		p.next()
	}
	if len(ends) == 0 {
		return nil, &Error{begun + 1, whyPath} // a port alone is no endpoint
	}
	return narrow(ends[0], port, kind, begun)
}

// narrow takes what stands beside an endpoint into account.
func narrow(t term, port uint16, kind string, at int) ([]intel.Entry, error) {
	if (port != 0 || kind != "") && !t.traffic {
		return nil, &Error{at + 1, whyBoth}
	}
	for i := range t.entries {
		e := &t.entries[i]
		if kind != "" && kind != kindOf(e) {
			return nil, &Error{at + 1, whyValue}
		}
		if port == 0 {
			continue
		}
		if e.Name != "" || !e.Prefix.IsSingleIP() { // a list knows ports of single addresses only: it would block more than was meant
			return nil, &Error{at + 1, whyBoth}
		}
		e.Port = port
	}
	return t.entries, nil
}

func kindOf(e *intel.Entry) string {
	switch {
	case e.Name != "":
		return "domain-name"
	case e.Prefix.Addr().Is4():
		return "ipv4-addr"
	}
	return "ipv6-addr"
}

// term is one comparison: endpoints, a port, or the kind of a reference.
type term struct {
	entries []intel.Entry
	port    uint16
	kind    string
	traffic bool
}

func (p *parser) term(depth int) (t term, err error) {
	if p.tok.kind == '(' {
		if depth > MaxDepth {
			return t, p.fail(whyDeep)
		}
		p.next()
		if t.entries, err = p.comparisons(depth + 1); err != nil {
			return t, err
		}
		if p.tok.kind != ')' {
			return t, p.fail(whySyntax)
		}
		p.next()
		return t, nil
	}
	if p.tok.kind != tokWord {
		return t, p.fail(whySyntax)
	}
	if p.word("NOT") || p.word("EXISTS") {
		return t, p.fail(whyOperator)
	}
	path, at := p.tok.text, p.tok.at
	p.next()
	values, err := p.values(path == "ipv4-addr:value" || path == "ipv6-addr:value" || path == "network-traffic:dst_ref.value")
	if err != nil {
		return t, err
	}
	return meaning(path, at, values)
}

// values are what a path is compared with: any of them.
func (p *parser) values(subset bool) ([]token, error) {
	switch {
	case p.tok.kind == tokSign && (p.tok.text == "=" || p.tok.text == "=="), subset && p.word("ISSUBSET"):
		p.next()
		v := p.tok
		if v.kind != tokText && v.kind != tokNumber {
			return nil, p.fail(whySyntax)
		}
		if p.terms++; p.terms > MaxTerms {
			return nil, p.fail(whyMany)
		}
		p.next()
		return []token{v}, nil
	case p.word("IN"):
		p.next()
		return p.set()
	case p.tok.kind == tokWord || p.tok.kind == tokSign:
		return nil, p.fail(whyOperator)
	}
	return nil, p.fail(whySyntax)
}

func (p *parser) set() (out []token, err error) {
	if p.tok.kind != '(' {
		return nil, p.fail(whySyntax)
	}
	for {
		p.next()
		if p.tok.kind != tokText && p.tok.kind != tokNumber {
			return nil, p.fail(whySyntax)
		}
		if p.terms++; p.terms > MaxTerms {
			return nil, p.fail(whyMany)
		}
		out = append(out, p.tok)
		if p.next(); p.tok.kind == ')' {
			p.next()
			return out, nil
		}
		if p.tok.kind != ',' {
			return nil, p.fail(whySyntax)
		}
	}
}

// meaning is what a comparison says.
func meaning(path string, at int, values []token) (t term, err error) {
	switch path {
	case "network-traffic:dst_port", "network-traffic:dst_ref.type":
		if len(values) != 1 {
			return t, &Error{at + 1, whyBoth}
		}
		t.traffic = true
		if path == "network-traffic:dst_ref.type" {
			t.kind = values[0].text
			return t, nil
		}
		n, err := strconv.ParseUint(values[0].text, 10, 16)
		if err != nil || n == 0 || values[0].kind != tokNumber {
			return t, &Error{values[0].at + 1, whyValue}
		}
		t.port = uint16(n)
		return t, nil
	}
	read := readers[path]
	if read == nil {
		return t, &Error{at + 1, whyPath}
	}
	t.traffic = path == "network-traffic:dst_ref.value"
	for _, v := range values {
		e, why := intel.Entry{}, whyValue
		if v.kind == tokText {
			e, why = read(v.text)
		}
		if why != "" {
			return t, &Error{v.at + 1, why}
		}
		t.entries = append(t.entries, e)
	}
	return t, nil
}

// readers are the properties that name endpoints.
var readers = map[string]func(string) (intel.Entry, string){
	"domain-name:value":             domain,
	"ipv4-addr:value":               func(s string) (intel.Entry, string) { return address(s, true, false) },
	"ipv6-addr:value":               func(s string) (intel.Entry, string) { return address(s, false, true) },
	"url:value":                     link,
	"network-traffic:dst_ref.value": either,
}

// domain is that name alone: so a pattern means it.
func domain(s string) (intel.Entry, string) {
	if _, err := netip.ParseAddr(s); err == nil {
		return intel.Entry{}, whyValue
	}
	name, ok := home.CleanName(s)
	if !ok {
		return intel.Entry{}, whyValue
	}
	return intel.Entry{Name: name, Exact: true}, ""
}

func address(s string, v4, v6 bool) (e intel.Entry, why string) {
	b, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return e, whyValue
		}
		b = netip.PrefixFrom(a, a.BitLen())
	}
	if b.Addr().Is4In6() || b.Addr().Is4() && !v4 || b.Addr().Is6() && !v6 {
		return e, whyValue
	}
	return intel.Entry{Prefix: b.Masked()}, ""
}

func either(s string) (intel.Entry, string) {
	if e, why := address(s, true, true); why == "" {
		return e, ""
	}
	return domain(s)
}

// link is the host of a URL. A page on it says nothing of the host's others: much malware lies on hosts that are not to blame.
func link(s string) (intel.Entry, string) {
	scheme, rest, ok := strings.Cut(s, "://")
	port, known := map[string]uint16{"http": 80, "https": 443}[strings.ToLower(scheme)]
	if !ok || !known {
		return intel.Entry{}, whyValue
	}
	i := strings.IndexAny(rest, "/?#")
	if i >= 0 && rest[i:] != "/" {
		return intel.Entry{}, whyPage
	}
	if i >= 0 {
		rest = rest[:i]
	}
	if strings.ContainsRune(rest, '@') {
		return intel.Entry{}, whyValue
	}
	if ap, err := netip.ParseAddrPort(rest); err == nil && ap.Port() != 0 {
		return at(ap.Addr(), ap.Port())
	}
	if a, err := netip.ParseAddr(strings.Trim(rest, "[]")); err == nil {
		return at(a, port)
	}
	if host, digits, ok := strings.Cut(rest, ":"); ok {
		if _, err := strconv.ParseUint(digits, 10, 16); err != nil {
			return intel.Entry{}, whyValue
		}
		rest = host // a name is listed on all ports: there is no page that would be somebody else's
	}
	return domain(rest)
}

func at(a netip.Addr, port uint16) (intel.Entry, string) {
	if a.Is4In6() || a.Zone() != "" {
		return intel.Entry{}, whyValue
	}
	return intel.Entry{Prefix: netip.PrefixFrom(a, a.BitLen()), Port: port}, ""
}
