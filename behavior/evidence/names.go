package evidence

import "strings"

// dynamic are suffixes under which anybody gets a name for whatever address he has: such a name says no more of who is behind an
// address than the address does. Facts of the operators' own lists of domains.
var dynamic = func() map[string]bool {
	m := map[string]bool{}
	for s := range strings.FieldsSeq(`
		duckdns.org no-ip.org no-ip.com no-ip.biz no-ip.info ddns.net ddns.me hopto.org hopto.me zapto.org sytes.net redirectme.net bounceme.net
		myftp.org myftp.biz myvnc.com servebeer.com serveblog.net servecounterstrike.com serveftp.com servegame.com servehalflife.com servehttp.com
		serveirc.com serveminecraft.net servemp3.com servepics.com servequake.com viewdns.net webhop.me gotdns.ch
		dyndns.org dyndns.info dyndns-ip.com dynu.net dynu.com ddnsfree.com dynv6.net afraid.org mooo.com chickenkiller.com us.to strangled.net
		publicvm.com linkpc.net 3utilities.com ddnsking.com freedynamicdns.net freedynamicdns.org changeip.com 3322.org f3322.net f3322.org
	`) {
		m[s] = true
	}
	return m
}()

// Dynamic says whether a name is below a suffix of dynamic DNS.
func Dynamic(name string) bool {
	for {
		dot := strings.IndexByte(name, '.')
		if dot < 0 {
			return false
		}
		name = name[dot+1:]
		if dynamic[name] {
			return true
		}
	}
}

// Site is the part of a name that somebody registered: two labels, three below a country's second level (co.uk, com.br) or a
// suffix of dynamic DNS. It stands in where the public suffix list is not at hand; "" for a single label.
func Site(name string) string {
	last := strings.LastIndexByte(name, '.')
	if last <= 0 {
		return ""
	}
	second := strings.LastIndexByte(name[:last], '.')
	if second < 0 {
		return name
	}
	switch label := name[second+1 : last]; label {
	case "co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "go", "gob", "mil":
		if len(name)-last-1 == 2 {
			return name[strings.LastIndexByte(name[:second], '.')+1:]
		}
	}
	if dynamic[name[second+1:]] {
		return name[strings.LastIndexByte(name[:second], '.')+1:]
	}
	return name[second+1:]
}
