package mud

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
)

// Product is what a file is written for.
type Product struct {
	URL     string // where the file will be; https
	Maker   string
	Model   string
	Updated time.Time
	Hours   int // for which it may be kept; 1 to 168
}

// Candidate is an endpoint that the caller knows by its name: profiles hold none.
type Candidate struct {
	Endpoint home.Endpoint
	Local    bool
	Inbound  bool
}

// Learned are rules for those of the endpoints that are normal for the profile's homes.
func Learned(p *profile.Profile, all []Candidate) []Rule {
	var rules []Rule
	for i := range all {
		c := &all[i]
		chain := endpoint.Of(&c.Endpoint, c.Local, c.Inbound)
		if st, ok := p.Known(&chain); !ok || st.Standing != profile.Normal {
			continue
		}
		r := Rule{Name: c.Endpoint.Name, Proto: number(c.Endpoint.Proto), Port: c.Endpoint.Port, Last: c.Endpoint.Port, Inbound: c.Inbound}
		switch ip := c.Endpoint.IP.Unmap(); {
		case c.Local:
			r.Scope, r.Name = Local, ""
		case r.Name == "" && ip.IsValid():
			r.Net = netip.PrefixFrom(ip, ip.BitLen())
		}
		rules = append(rules, r)
	}
	return rules
}

func number(proto string) uint8 {
	for p := range 256 {
		if home.ProtoName(uint8(p)) == proto {
			return uint8(p)
		}
	}
	return 0
}

// Export writes a file. Rules that the format cannot tell (names that stand for several, as cam#.example.com) are left out and
// counted. Names go into lists for both versions of IP, addresses into that of their own.
func Export(p Product, rules []Rule) (file []byte, left int, err error) {
	if !strings.HasPrefix(p.URL, "https://") || len(p.URL) > 253 {
		return nil, 0, errors.New("MUD file: its address must be https and at most 253 bytes")
	}
	if p.Hours < 1 || p.Hours > 168 {
		return nil, 0, fmt.Errorf("MUD file: it may be kept for 1 to 168 hours, not %d", p.Hours)
	}
	d := document{MUD: &description{
		Version: 1, URL: p.URL, Updated: p.Updated.UTC().Format(time.RFC3339), Validity: p.Hours, Supported: true,
		Info: cut(p.Maker+" "+p.Model, 60), Maker: cut(p.Maker, 60), Model: cut(p.Model, 60),
	}}
	var writers []*writer
	for _, w := range []writer{{4, true}, {4, false}, {6, true}, {6, false}} {
		writers = append(writers, &w)
	}
	out := make([]list, len(writers))
	for i, w := range writers {
		out[i].Name, out[i].Type = w.name(), fmt.Sprintf("ipv%d-acl-type", w.version)
	}
	for _, r := range rules {
		if !r.tellable() {
			left++
			continue
		}
		for i, w := range writers {
			if m, ok := w.matches(r); ok {
				e := entry{Name: fmt.Sprintf("%s-%d", out[i].Name, len(out[i].Entries.ACE)), Matches: m}
				e.Actions.Forwarding = "accept"
				out[i].Entries.ACE = append(out[i].Entries.ACE, e)
			}
		}
	}
	for i, w := range writers {
		if len(out[i].Entries.ACE) == 0 {
			continue
		}
		d.Lists.ACL = append(d.Lists.ACL, out[i])
		policy := &d.MUD.To
		if w.outward {
			policy = &d.MUD.From
		}
		policy.Lists.List = append(policy.Lists.List, named{out[i].Name})
	}
	file, err = json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, 0, fmt.Errorf("writing a MUD file: %w", err)
	}
	return append(file, '\n'), left, nil
}

func (r *Rule) tellable() bool {
	if r.Name != "" {
		clean, ok := home.CleanName(r.Name)
		return ok && clean == r.Name && !strings.Contains(r.Name, "#") && r.Scope == Internet
	}
	return r.Scope != Internet || r.Net.IsValid() || r.Port != 0
}

// cut keeps a text to so many bytes, without half a letter at its end.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xc0 == 0x80 {
		most--
	}
	return s[:most]
}
