// Package stix reads what threat-intelligence platforms hand out: STIX 2.1 objects, in a bundle or in the envelope of a TAXII 2.1
// server. It takes indicators whose pattern is one endpoint, or any of several, and refuses every other pattern, counted and with its
// place: what is only half understood would block the wrong thing.
//
// It is pure: readers are passed in. It imports home and intel and holds no state.
//
// What is understood of a pattern:
//
//	[domain-name:value = 'c2.example']                        that name alone
//	[ipv4-addr:value = '198.51.100.7'], also '198.51.100.0/24' an address, a block
//	[ipv6-addr:value ISSUBSET '2001:db8::/32']                a block
//	[url:value = 'https://c2.example/']                       its host, and of an address its port; not with a path behind it
//	[network-traffic:dst_ref.value = '198.51.100.7']          a name or an address; with AND network-traffic:dst_port = 443, dst_ref.type = '…'
//	… IN ('a', 'b'), … OR …, […] OR […], brackets             any of them
package stix

import (
	"time"

	"cardea/home"
	"cardea/intel"
)

// Bounds of what one document, and one pattern, may hold.
const (
	MaxObject  = 1 << 20 // bytes of one object; larger ones are refused
	MaxObjects = 1 << 20
	MaxPattern = 16 << 10 // bytes
	MaxTerms   = 1024     // comparisons of a pattern, values of a set included
	MaxDepth   = 16       // brackets in brackets
)

// Indicator is one that can be looked up.
type Indicator struct {
	ID         string // as its maker has it
	Entries    []intel.Entry
	Modified   time.Time // of two with one id the later holds
	From       time.Time // zero: always
	Until      time.Time // zero: it says no end
	Confidence uint8     // 0: not said
	Class      home.Class
	Family     string // "" unknown
	Revoked    bool   // it is taken back; nothing else is set but its id and when
}

// Refusal is an object that was not taken.
type Refusal struct {
	Object int    `json:"object"` // its place in the list, from 1
	ID     string `json:"id,omitempty"`
	At     int    `json:"at,omitempty"` // place in the pattern in bytes, from 1; 0: it is not about the pattern
	Why    string `json:"why"`
}

// Report says what was found.
type Report struct {
	Objects    int            `json:"objects"`
	Indicators int            `json:"indicators"`         // taken, those taken back not included
	Revoked    int            `json:"revoked,omitempty"`  // taken back
	Skipped    int            `json:"skipped,omitempty"`  // objects of other types
	Refused    map[string]int `json:"refused,omitempty"`  // by reason
	Named      []Refusal      `json:"named,omitempty"`    // the first few
	More       bool           `json:"more,omitempty"`     // of an envelope: ask for the next one
	Next       string         `json:"next,omitempty"`     // by this
	Envelope   bool           `json:"envelope,omitempty"` // not a bundle
}

// maxNamed is how many refusals a report names.
const maxNamed = 20

func (r *Report) refuse(f Refusal) {
	if r.Refused == nil {
		r.Refused = map[string]int{}
	}
	r.Refused[f.Why]++
	if len(r.Named) < maxNamed {
		r.Named = append(r.Named, f)
	}
}
