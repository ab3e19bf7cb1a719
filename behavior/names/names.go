// Package names finds devices that ask DNS for many names that do not exist, as malware does that makes up the names of its
// servers and tries them until one answers. It learns nothing and needs no profile. It is pure and may import home and
// behavior/evidence only. The state belongs to the Detectors value of behavior that made it, has a fixed size for each device,
// and is used by its one goroutine.
//
// Source: Krishnan, Taylor, Monrose, McHugh, "Crossing the Threshold: Detecting Network Malfeasance via Sequential Hypothesis
// Testing", DSN 2013: a threshold random walk over a client's answers from DNS, one step for each distinct zone, down for one
// that exists and up for one that does not. As with scans, the walk never falls below 0 and leaks with time.
package names

import (
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
)

// Detector finds generated names. Use New.
type Detector struct{ tell *evidence.Teller }

// New makes a detector of generated names.
func New(tell *evidence.Teller) *Detector { return &Detector{tell} }

// Device is what is remembered of one device. The walk is allocated with the first name that does not exist.
type Device struct {
	*evidence.Device
	walk *walk
}

// walk is a device's random walk over the zones that it asked for.
type walk struct {
	score   float64
	at      int64         // when score was last brought up to date
	first   int64         // begin of the excursion above 0
	missing uint32        // names of it that do not exist
	exist   uint32        // zones of it that do
	random  uint32        // of the missing those that look made up
	seen    evidence.Seen // zones that were counted
	latest  [kept]name
	next    uint8
}

// kept names are told as examples.
const kept = 8

// name is a copy of a name, cut where it is too long to be told.
type name struct {
	text [48]byte
	size uint8
}

// Lookup takes a DNS message of a device; only answers count.
func (d *Detector) Lookup(dev *Device, o *home.Observation, now int64) {
	l := o.Lookup
	missing := l.Rcode == nxDomain
	if !l.Answer || l.Blocked || dev.Gateway || !missing && (dev.walk == nil || l.Rcode != 0) {
		return
	}
	site := o.Far.Domain
	if site == "" || evidence.Dynamic(l.Question) {
		site = evidence.Site(l.Question)
	}
	if !public(l.Question, site) {
		return
	}
	if dev.walk == nil {
		dev.walk = &walk{at: now, first: now}
	}
	w := dev.walk
	if !w.seen.Add(hash(site)) {
		return
	}
	w.leak(now)
	if w.score == 0 {
		w.first, w.missing, w.exist, w.random, w.next, w.latest = now, 0, 0, 0, 0, [kept]name{}
	}
	if !missing {
		w.exist++
		w.score = max(0, w.score+exists)
		return
	}
	w.note(l.Question)
	w.missing++
	step := plain
	switch {
	case len(l.Question) > len(site)+len("www."):
		step = below
	case random(label(site)):
		step = made
		w.random++
	}
	if w.score += step; w.score >= threshold {
		d.found(dev, o, now)
	}
}

// nxDomain: the name does not exist (RFC 1035 section 4.1.1, RFC 2308).
const nxDomain = 3

func (w *walk) leak(now int64) {
	if now > w.at {
		w.score = max(0, w.score-threshold*float64(now-w.at)/float64(fades))
		w.at = now
	}
}

// fades: a whole threshold is forgotten in this time.
const fades = time.Hour

func (w *walk) note(s string) {
	n := &w.latest[w.next%kept]
	w.next++
	if len(s) > len(n.text) {
		s = s[len(s)-len(n.text):]
	}
	n.size = uint8(copy(n.text[:], s))
}
