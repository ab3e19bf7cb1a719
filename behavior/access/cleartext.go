package access

import (
	"net/netip"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// Password guessing where the password is sent in the clear: web pages' own log-in (HTTP Basic), FTP, mail, cameras' streams. Each
// connection that sends one is an attempt. Programs send their password with each connection, too: mail is fetched each minute, a
// plug's state is asked for each second; guessers make many a second.
const (
	// clearTries attempts on one host within clearSpan; by protocols in which programs log in anew for each request within clearFast.
	clearTries = 16
	clearSpan  = 2 * time.Minute
	clearFast  = 8 * time.Second
	clearHosts = 2 // hosts followed at once
)

type clearLogins struct {
	hosts [clearHosts]clearHost
}

// clearHost is a ring of the latest attempts on one host.
type clearHost struct {
	host uint64
	last int64
	flow uint64
	at   [clearTries]int64
	next uint8
}

// Sent takes a flow in which a password was sent in the clear.
func (d *Detector) Sent(dev *Device, o *home.Observation, now int64) {
	protocol := o.Name.Cleartext
	if protocol == "" || protocol == "telnet" || o.Direction == home.Inbound { // telnet's connections count as such
		return
	}
	span := clearFast
	switch protocol {
	case "ftp", "pop3", "imap", "smtp":
		span = clearSpan
	}
	if dev.clear == nil {
		dev.clear = new(clearLogins)
	}
	fl := &o.Name.Flow
	h := dev.clear.host(evidence.Hash(fl.Dst.Addr())^uint64(fl.Dst.Port()), now)
	if h.flow == fl.ID {
		return
	}
	h.flow, h.last = fl.ID, now
	h.at[h.next] = now
	h.next = (h.next + 1) % clearTries
	first := h.at[h.next]
	if first == 0 || now-first > int64(span) {
		return
	}
	strength := dev.Strength(evidence.MomentOf(o), false)
	if !d.tell.May(dev.Device, home.DetectBruteForce, h.host, strength == home.Hard, now) {
		return
	}
	where, port := evidence.AddrText(fl.Dst.Addr()), fl.Dst.Port()
	d.tell.Find(dev.Device, evidence.MomentOf(o), home.Finding{
		Detector: home.DetectBruteForce, Strength: strength, Score: clearTries,
		Said: say.New("sent a password to {0} {1} times by {2} on port {3} in {4}",
			say.Text(where), say.Count(clearTries), say.Text(protocol), say.Port(port), say.Span(time.Duration(now-first))),
		Facts: map[string]any{
			"attempts": clearTries, "address": where, "port": port, "protocol": protocol, "hosts": 1,
			"seconds": time.Duration(now - first).Seconds(), "unit": "attempts",
		},
		Symptom: home.Symptom{Proto: home.ProtoTCP, Ports: []uint16{port}, Addrs: []netip.Addr{fl.Dst.Addr().Unmap()}},
		Card: &home.Card{
			Numbers: []home.Number{{Name: "log-ins", Value: clearTries, Unit: "attempts"}, {Name: "time", Value: time.Duration(now - first).Seconds(), Unit: "seconds"}},
			Blocks:  []string{where},
		},
	})
}

func (c *clearLogins) host(key uint64, now int64) *clearHost {
	at := &c.hosts[0]
	for i := range c.hosts {
		h := &c.hosts[i]
		if h.host == key && h.last != 0 {
			return h
		}
		if h.last < at.last {
			at = h
		}
	}
	*at = clearHost{host: key, last: now}
	return at
}
