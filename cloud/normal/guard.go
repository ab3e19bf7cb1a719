package normal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cardea/behavior/breaker"
	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/herd"
	"cardea/behavior/herd/bundle"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
)

// Guarded says what Guard found and made.
type Guarded struct {
	Busy       bool     // another process guards now: nothing was done
	Findings   int      // that were looked at
	Indicators int      // in shadow or in force
	Trips      int      // of the fleet breaker
	New        []uint64 // endpoints that became indicators: worth to be looked for in what homes told before
	Changed    bool     // a new bundle was published
}

const (
	guardDays = 30      // of findings: a model's own rate is of these
	guardMost = 100_000 // findings, the latest
)

// event is a finding as the guard sees it.
type event struct {
	place    home.Place
	device   string
	detector string
	hard     bool
	got      time.Time
	since    time.Time // of the home
	ends     []target
	level    profile.Level
	known    bool // its level is
	network  uint64
}

// Guard judges what was found in all homes together: it makes expiring indicators of what hard findings of several homes agree on,
// and incidents of what many homes of a model show at once, and has both published for gateways. It is for once a minute.
func (n *Normal) Guard(ctx context.Context) (g Guarded, err error) {
	n.guarding.Lock()
	defer n.guarding.Unlock()
	ctx = db.Patient(ctx)
	ok, err := n.turn(ctx, turnGuard, false)
	if err != nil || !ok {
		return Guarded{Busy: !ok}, err
	}
	defer func() { err = errors.Join(err, n.release(context.WithoutCancel(ctx), turnGuard)) }()
	now := n.o.Now()
	events, err := n.events(ctx, now)
	if err != nil {
		return g, err
	}
	g.Findings = len(events)
	b := &bundle.Bundle{}
	if b.Indicators, g.New, err = n.herd(ctx, events, now); err != nil {
		return g, err
	}
	g.Indicators = len(b.Indicators)
	if g.Trips, err = n.trips(ctx, events, now); err != nil {
		return g, err
	}
	if b.Pauses, err = n.pauses(ctx, now); err != nil {
		return g, err
	}
	data := b.Bytes()
	if n.o.Publish == nil {
		return g, nil
	}
	last, err := n.publishedBy(ctx, turnGuard)
	if err != nil {
		return g, err
	}
	if empty := (&bundle.Bundle{}).Bytes(); last.sum == "" && bytes.Equal(data, empty) || last.sum == sumOf(data) {
		return g, nil // nobody has to be told that there is nothing
	}
	version, changed, err := n.o.Publish.PublishData(ctx, "herd", data)
	if err != nil {
		return g, fmt.Errorf("publish what homes agree on: %w", err)
	}
	g.Changed = changed
	return g, n.publish(ctx, turnGuard, publishing{version, sumOf(data), now})
}

// events are the latest findings, with who the devices are and how the homes come in.
func (n *Normal) events(ctx context.Context, now time.Time) (list []event, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		list = nil
		rows, err := tx.Query("SELECT f.tenant, f.home, f.device, f.detector, f.hard, f.got, f.ends, COALESCE(h.since, f.got) FROM"+
			" (SELECT * FROM normal_finding WHERE got >= ? AND dismissed = 0 ORDER BY got DESC LIMIT ?) AS f LEFT JOIN normal_home h"+
			" ON h.tenant = f.tenant AND h.home = f.home ORDER BY f.tenant, f.home, f.device, f.got, f.id", now.Add(-guardDays*day).UnixMilli(), guardMost)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var e event
			var hard, got, since int64
			var ends []byte
			if err := rows.Scan(&e.place.Tenant, &e.place.Home, &e.device, &e.detector, &hard, &got, &ends, &since); err != nil {
				return err
			}
			e.hard, e.got, e.since, e.ends = hard == 1, time.UnixMilli(got), time.UnixMilli(since), parseTargets(ends)
			list = append(list, e)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("findings of all homes: %w", err)
	}
	return list, n.who(ctx, list)
}

// who fills in levels and networks. What was asked not long ago is not asked again: most findings are there for weeks.
func (n *Normal) who(ctx context.Context, list []event) error {
	now := n.o.Now()
	if n.whos == nil || now.Sub(n.asked) > whoLife {
		n.whos, n.asked = map[home.Place]aHome{}, now
	}
	var unknown []aHome
	for i := range list {
		p := list[i].place
		if _, ok := n.whos[p]; !ok {
			n.whos[p] = aHome{}
			unknown = append(unknown, aHome{place: p})
		}
	}
	for some := range slices.Chunk(unknown, chunk) {
		if err := n.fill(ctx, some, scanOf{levels: true, networks: true}); err != nil {
			n.whos = nil
			return err
		}
		for _, h := range some {
			n.whos[h.place] = h
		}
	}
	for i := range list {
		h := n.whos[list[i].place]
		list[i].level, list[i].known = h.levels[list[i].device]
		list[i].network = h.network
	}
	return nil
}

// whoLife is how long it is remembered who devices with findings are.
const whoLife = 10 * time.Minute

// attacks are hard detectors whose endpoints are victims. What a device that attacks calls of its own choice, others tell.
var attacks = map[home.Detector]bool{home.DetectScanWAN: true, home.DetectScanLAN: true, home.DetectScanPorts: true, home.DetectFlood: true,
	home.DetectBruteForce: true}

// calls are the detectors that tell of whom a device calls of its own choice. A contact with what is listed is not among them: what
// herd protection listed would keep itself listed.
var calls = map[home.Detector]bool{home.DetectNovelty: true, home.DetectBeacon: true, home.DetectUsual: true, home.DetectVolume: true, home.DetectHours: true}

// confirmed is how near the proof must be for what else was found of it to count as hard.
const confirmed = day

// reports are what findings say of endpoints. events are in the order of devices.
func (n *Normal) reports(events []event, usual map[uint64]bool, listed map[string]bool) (out []herd.Report) {
	for from := 0; from < len(events); {
		to := from + 1
		for to < len(events) && events[to].place == events[from].place && events[to].device == events[from].device {
			to++
		}
		out = append(out, n.ofDevice(events[from:to], usual, listed)...)
		from = to
	}
	return out
}

func (n *Normal) ofDevice(events []event, usual map[uint64]bool, listed map[string]bool) (out []herd.Report) {
	for i := range events {
		e := &events[i]
		kind := herd.Kind(0)
		switch d := home.Detector(e.detector); {
		case d == home.DetectInbound || attacks[d]:
			kind = herd.Target
		case calls[d] && (e.hard || near(events, e.got, listed)):
			kind = herd.Vote
		default:
			continue
		}
		for _, t := range e.ends {
			out = append(out, herd.Report{Endpoint: t.Endpoint, Kind: kind, Home: number(e.place), Network: network(e.network), Since: e.since, At: e.got,
				Flags: n.flags(&t, usual)})
		}
	}
	return out
}

// near says whether it was proven at about that time that the device is infected: it attacked somebody, or dealt with what a feed
// lists. What herd protection itself lists proves nothing.
func near(events []event, at time.Time, listed map[string]bool) bool {
	return slices.ContainsFunc(events, func(e event) bool {
		if !e.hard || e.got.Sub(at).Abs() > confirmed {
			return false
		}
		return attacks[home.Detector(e.detector)] || e.detector == string(home.DetectIndicator) && len(e.ends) > 0 &&
			!slices.ContainsFunc(e.ends, func(t target) bool { return listed[t.String()] })
	})
}

// network is an access network in 32 bits; 0 stays unknown.
func network(n uint64) uint32 {
	if n == 0 {
		return 0
	}
	return max(uint32(n)^uint32(n>>32), 1)
}

// families are what kind of evidence a detector gives.
var families = map[home.Detector]calibrate.Family{
	home.DetectNovelty: calibrate.FamilyNovelty, home.DetectUsual: calibrate.FamilyNovelty, home.DetectBeacon: calibrate.FamilyBeacon,
	home.DetectNames: calibrate.FamilyNames, home.DetectVolume: calibrate.FamilyVolume, home.DetectHours: calibrate.FamilyHours,
	home.DetectMapping: calibrate.FamilyAccess, home.DetectPort: calibrate.FamilyAccess, home.DetectBruteForce: calibrate.FamilyAccess, home.DetectScanWAN: calibrate.FamilyScan,
	home.DetectScanLAN: calibrate.FamilyScan, home.DetectScanPorts: calibrate.FamilyScan, home.DetectFlood: calibrate.FamilyFlood,
	home.DetectARPSpoof: calibrate.FamilySpoof, home.DetectNDSpoof: calibrate.FamilySpoof, home.DetectRogueDHCP: calibrate.FamilySpoof,
	home.DetectRogueRouter: calibrate.FamilySpoof, home.DetectDNSSpoof: calibrate.FamilySpoof, home.DetectInbound: calibrate.FamilyInbound,
	home.DetectIndicator: calibrate.FamilyListed, home.DetectIdentity: calibrate.FamilyIdentity,
}

// causes are what the breaker counts: one a finding and endpoint, or one without.
func causes(events []event) (out []breaker.Event) {
	for i := range events {
		e := &events[i]
		if !e.known {
			continue
		}
		one := breaker.Event{Cause: breaker.Cause{Model: e.level.String(), Reason: e.detector},
			Family: families[home.Detector(e.detector)], Home: number(e.place), Network: network(e.network), Since: e.since, At: e.got,
			Hard: e.hard}
		if attacks[home.Detector(e.detector)] || len(e.ends) == 0 { // victims differ
			out = append(out, one)
			continue
		}
		for _, t := range e.ends {
			c := t.chain()
			one.Endpoint, one.Flags = c.Keys[endpoint.Host], c.Flags
			out = append(out, one)
		}
	}
	return out
}
