// Package mud reads and writes Manufacturer Usage Descriptions (RFC 8520): what a maker says that its product does on a network.
// A file that was read is a prior, worth a few homes' votes and never more: it says what may be used, not what is. What was learned
// of a model is written as such a file, for routers that know no other language. It is pure and may import home,
// behavior/endpoint and behavior/profile.
package mud

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
)

// Bounds of a file that is read.
const (
	MaxFile  = 1 << 20
	MaxRules = 4096
)

// PriorHomes is how many homes' votes a file is worth.
const PriorHomes = 2

// Scope says whom a rule is about.
type Scope uint8

// Scopes.
const (
	Internet   Scope = iota // a name or an address
	Local                   // anything in the home, multicast and broadcast too
	Controller              // a service of the home: its DNS, its gateway, or a controller that its resident chose
)

// Rule is one thing that the device may do.
type Rule struct {
	Scope   Scope
	Name    string       // of the far end; "" when it is an address or any
	Net     netip.Prefix // of the far end; the zero value when it is a name or any
	Class   string       // of a controller: a URI, or "" for the device's own
	Proto   uint8
	Port    uint16 // of whom is contacted, to Last; 0 and 0: any
	Last    uint16
	Inbound bool // the far end begins it
}

// File is what a maker says of a product.
type File struct {
	URL       string
	Info      string // what it is, in its maker's words: never shown without escaping
	Updated   string
	Supported bool
	Rules     []Rule
	Left      int // entries that cannot be understood or followed; the rest holds without them
}

// Parse reads a file. What it does not understand is left out and counted; a file that is none is an error.
func Parse(b []byte) (*File, error) {
	if len(b) > MaxFile {
		return nil, fmt.Errorf("MUD file: %d bytes, more than %d", len(b), MaxFile)
	}
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("MUD file: %w", err)
	}
	switch {
	case d.MUD == nil:
		return nil, errors.New("MUD file: it has no ietf-mud:mud")
	case d.MUD.Version != 1:
		return nil, fmt.Errorf("MUD file: version %d is not known", d.MUD.Version)
	}
	f := &File{URL: d.MUD.URL, Info: d.MUD.Info, Updated: d.MUD.Updated, Supported: d.MUD.Supported}
	from, to := d.MUD.From.names(), d.MUD.To.names()
	for _, l := range d.Lists.ACL {
		outward, inward := slices.Contains(from, l.Name), slices.Contains(to, l.Name)
		if !outward && !inward {
			continue
		}
		for i := range l.Entries.ACE {
			if err := f.entry(&l.Entries.ACE[i], outward); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// entry adds a rule. Entries of the other direction that only let answers pass are none.
func (f *File) entry(e *entry, outward bool) error {
	if e.Actions.Forwarding != "accept" {
		return nil
	}
	r, kind := e.Matches.rule(outward)
	switch {
	case kind == unclear:
		f.Left++
	case kind == answer || slices.Contains(f.Rules, r):
	case len(f.Rules) >= MaxRules:
		return fmt.Errorf("MUD file: more than %d rules", MaxRules)
	default:
		f.Rules = append(f.Rules, r)
	}
	return nil
}

// Ends are the endpoints that the rules name, as they would be counted; how often each is used a file does not say. domain gives
// the registrable domain of a name. Rules without one port of one endpoint have no name here and are left out.
func (f *File) Ends(domain func(name string) string) []profile.End {
	var ends []profile.End
	for _, r := range f.Rules {
		e := home.Endpoint{Name: r.Name, Port: r.Port, Proto: home.ProtoName(r.Proto)}
		local := r.Scope != Internet
		switch {
		case r.Port != r.Last || r.Port == 0 && (r.Proto == tcp || r.Proto == udp):
			continue
		case local:
			e.Name = ""
		case r.Name != "":
			e.Domain = domain(r.Name)
		case r.Net.IsSingleIP():
			e.IP = r.Net.Addr()
		case !r.Inbound:
			continue
		}
		c := endpoint.Of(&e, local, r.Inbound)
		if !slices.ContainsFunc(ends, func(e profile.End) bool { return e.Chain == c }) {
			ends = append(ends, profile.End{Chain: c})
		}
	}
	return ends
}

// Prior is what the file is worth for a level before homes have spoken.
func (f *File) Prior(l profile.Level, domain func(name string) string) profile.Prior {
	return profile.Prior{Level: l, Homes: PriorHomes, Ends: f.Ends(domain)}
}
