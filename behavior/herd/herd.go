// Package herd makes, of what hard findings in several homes agree on, an expiring indicator for all homes. It is pure: no I/O,
// no clock; the reports are their owner's, who keeps and forgets them. It imports nothing of ours.
//
// A hard finding is proven by a gateway's own kernel, but only to that gateway: to the cloud everything a home tells is a claim.
// Four hundred homes in league are five homes on three networks many times over, so that votes alone prove nothing. What is
// promised, whatever a league claims and however large it is:
//
//   - an endpoint that the cloud knows to be normal in a profile, allowed, a platform's or shared by many customers never becomes
//     an indicator, nor does an address or name that is not one host's in the internet;
//   - an endpoint that honest homes used before anybody reported it never does, from 3 such homes on two access networks on, or
//     one for 20 votes where these are more: 400 liars can frame only what fewer than 20 honest homes of the whole fleet ever used;
//   - a home has one vote for an endpoint, at most 8 new endpoints a day, and none before it is 14 days old;
//   - nothing is in force before it was in shadow for five minutes, and not while homes that do not vote are seen to use it;
//   - everything expires a week after the last vote. What is listed blocks; by itself it is no hard evidence, and contains nobody.
//
// What is not promised: endpoints that (nearly) nobody uses can be listed by a league, which harms (nearly) nobody. A league can
// keep its own endpoint from being listed by claiming to have used it before, or that it was attacked; its homes are then found as without herd protection.
// C2 on shared hosting is not listed. What phones alone use is not told to the cloud beforehand: the flags and the shadow protect it.
package herd

import (
	"net/netip"
	"strings"
	"time"
)

// Endpoint is what findings agree on: a host by its full name, or an address; always with port and protocol, since behind one
// address of a cloud there are many hosts in turn.
type Endpoint struct {
	Name  string     // full host name, lower case; "": by address
	Addr  netip.Addr // where there is no name
	Port  uint16
	Proto string
}

// Report is one thing that a home told of an endpoint.
type Report struct {
	Endpoint Endpoint
	Kind     Kind
	Home     uint64
	Network  uint32    // the access network (ASN) that the cloud saw the home come from; 0: not known, counts for none
	Since    time.Time // the home is known to the cloud
	At       time.Time // when the cloud received it, as a home's own clock is a claim; of Healthy: when it was used
	Flags    Flags     // what the cloud knows of the endpoint, never what a home claims; one report with it is enough
}

// Kind is what a report says.
type Kind uint8

// Kinds of report.
const (
	Vote    Kind = iota + 1 // a hard finding's device dealt with it, as a peer of its own choice
	Target                  // a hard finding's device attacked it: a victim, and no evidence against it
	Healthy                 // a device used it: a first time told long ago, or found in the gateway's ledger when asked
	Watched                 // a device without a finding dealt with it while it was in shadow
)

// Flags are what the cloud knows of an endpoint. Each keeps it from ever becoming an indicator.
type Flags uint8

// Flags of an endpoint.
const (
	Allowed Flags = 1 << iota // on an allow-list
	Normal                    // normal in some profile
	Shared                    // a domain or address that serves many customers: hosting, content networks
	Wide                      // of a platform that devices of all kinds use
)

// Options are the rule's numbers; zero fields are as below.
type Options struct {
	Homes    int           // that must agree; 5
	Networks int           // access networks that they must be on; 3
	Age      time.Duration // that a home needs to count; 14 days
	Shadow   time.Duration // before it is in force; 5 minutes, so that with a judgement and a push a minute it is everywhere in 10
	Keep     time.Duration // after the last vote; 7 days
	Most     int           // indicators; 512, those with the most votes
}

func (o Options) filled() Options {
	set(&o.Homes, 5)
	set(&o.Networks, 3)
	set(&o.Age, 14*24*time.Hour)
	set(&o.Shadow, 5*time.Minute)
	set(&o.Keep, 7*24*time.Hour)
	set(&o.Most, 512)
	return o
}

func set[T int | time.Duration](v *T, to T) {
	if *v <= 0 {
		*v = to
	}
}

const (
	voteWindow = 30 * 24 * time.Hour // older votes do not count
	perDay     = 8                   // endpoints that a home may vote on in a day
	before     = 24 * time.Hour      // a use counts as healthy if it was so long before the first vote
	fewHealthy = 3                   // healthy homes that veto,
	perVotes   = 20                  // and one for so many votes
	twoNets    = 2                   // on so many networks
)

// Indicator is what homes agree on.
type Indicator struct {
	Endpoint Endpoint
	Homes    int       // that voted
	Networks int       // that they are on
	Since    time.Time // they agree
	Force    time.Time // it may be in force from then on; before it is in shadow
	Expires  time.Time
	Shadow   bool   // watched only, now
	Refused  bool   // never to be in force as things are: told to the operator only, who may see a league at work
	Why      string // in words
}

// proper says whether it can be one host in the internet.
func (e *Endpoint) proper() bool {
	if e.Port == 0 || e.Proto != "tcp" && e.Proto != "udp" {
		return false
	}
	if e.Name != "" {
		i := strings.LastIndexByte(e.Name, '.')
		switch e.Name[i+1:] { // RFC 6761, 6762, 8375, 9476: never in the internet
		case "", "local", "lan", "home", "internal", "arpa", "localhost", "test", "invalid", "onion", "alt":
			return false
		}
		return i > 0 && len(e.Name) <= 253 && !e.Addr.IsValid()
	}
	a := e.Addr
	return a.IsValid() && a.IsGlobalUnicast() && !a.IsPrivate() && !a.Is4In6() && a.Zone() == "" && !special(a)
}

// special are addresses that are nobody's host: RFC 6598 (behind a provider's NAT), 6890, 3849, 5737.
func special(a netip.Addr) bool {
	for _, p := range reserved {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("2002::/16"),
}
