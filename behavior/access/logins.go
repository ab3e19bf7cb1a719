package access

import (
	"net/netip"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// Password guessing on telnet and SSH: many short connections that are answered and go nowhere. A person retries three
// times; a session in which somebody works is long or large and is taken out of the count, and so are the attempts on
// its host before it: that was somebody who mistyped.
const (
	// loginTries answered connections within loginSpan. Guessers need hundreds; programs that reconnect (git, rsync) to
	// one host make a few a minute and move data.
	loginTries  = 12
	telnetTries = 8
	loginSpan   = 3 * time.Minute
	// Within the home a live gateway sees no counters: twelve connections may be a script's. It is hard when shortSure of
	// them were seen to end small, when it is telnet, or when there are loginSure.
	shortSure = 6
	loginSure = 24
	// A failed SSH attempt is 2–4 KB each way (key exchange, up to six guesses); telnet is less.
	sessionBytes = 12 << 10
	sessionSpan  = 90 * time.Second
)

// login says whether a port is where telnet or SSH listen, on their own or on a customary other port.
func login(port uint16) (ok, telnet bool) {
	switch port {
	case 23, 26, 2323, 8023, 2332, 60023, 23231:
		return true, true
	case 22, 222, 2022, 2222, 8022, 10022, 22222:
		return true, false
	}
	return false, false
}

type logins struct {
	tries [32]loginTry
	next  int
}

type loginTry struct {
	flow   uint64
	host   uint64
	at     int64
	port   uint16
	telnet bool
	short  bool // ended without having moved more than a failed log-in does
}

// Login takes an event of a flow that a device began.
func (d *Detector) Login(dev *Device, o *home.Observation, now int64) {
	fl := o.Flow
	if fl.Proto != home.ProtoTCP {
		return
	}
	ok, telnet := login(fl.Dst.Port())
	if !ok && dev.logins == nil {
		return
	}
	if dev.logins == nil {
		dev.logins = new(logins)
	}
	l, host := dev.logins, evidence.Hash(fl.Dst.Addr())
	if !ok && !l.port(host, fl.Dst.Port()) {
		return
	}
	if fl.UpBytes+fl.DownBytes > sessionBytes || now-fl.Start.UnixNano() > int64(sessionSpan) && fl.Answered {
		l.forgive(host)
		return
	}
	if fl.State == home.FlowEnd && fl.DownBytes > 0 {
		if t := l.find(fl.ID); t != nil {
			t.short = true
			d.guessed(dev, o, fl, now)
		}
	}
	if ok && fl.State == home.FlowAnswered {
		l.add(loginTry{flow: fl.ID, host: host, at: now, port: fl.Dst.Port(), telnet: telnet})
		d.guessed(dev, o, fl, now)
	}
}

// Banner takes flows that their first payload shows to be telnet or SSH on another port.
func (d *Detector) Banner(dev *Device, o *home.Observation, now int64) {
	fl := &o.Name.Flow
	if o.Name.Login == "" || o.Direction == home.Inbound {
		return
	}
	if ok, _ := login(fl.Dst.Port()); ok {
		return // counted when it was answered
	}
	if dev.logins == nil {
		dev.logins = new(logins)
	}
	if t := dev.logins.find(fl.ID); t != nil && now-t.at < int64(time.Second) {
		return // both ends say so
	}
	dev.logins.add(loginTry{flow: fl.ID, host: evidence.Hash(fl.Dst.Addr()), at: now, port: fl.Dst.Port(), telnet: o.Name.Login == "telnet"})
	d.guessed(dev, o, fl, now)
}

func (l *logins) add(t loginTry) {
	l.tries[l.next] = t
	l.next = (l.next + 1) % len(l.tries)
}

// find returns the latest try on a flow.
func (l *logins) find(flow uint64) *loginTry {
	for i := range l.tries {
		if t := &l.tries[(l.next-1-i+2*len(l.tries))%len(l.tries)]; t.at != 0 && t.flow == flow {
			return t
		}
	}
	return nil
}

// port says whether tries on that port of a host were counted.
func (l *logins) port(host uint64, port uint16) bool {
	for i := range l.tries {
		if t := &l.tries[i]; t.at != 0 && t.host == host && t.port == port {
			return true
		}
	}
	return false
}

func (l *logins) forgive(host uint64) {
	for i := range l.tries {
		if l.tries[i].host == host {
			l.tries[i] = loginTry{}
		}
	}
}

func (d *Detector) guessed(dev *Device, o *home.Observation, fl *home.Flow, now int64) {
	l := dev.logins
	tries, guesses, short, hosts, first := 0, 0, 0, 0, now
	for i := range l.tries {
		t := &l.tries[i]
		if t.at == 0 || now-t.at > int64(loginSpan) {
			continue
		}
		tries++
		if t.telnet {
			guesses++
		}
		if t.short {
			short++
		}
		first = min(first, t.at)
		fresh := true
		for j := range i {
			fresh = fresh && !(l.tries[j].host == t.host && now-l.tries[j].at <= int64(loginSpan))
		}
		if fresh {
			hosts++
		}
	}
	// One attempt at each of many hosts is a scan and told as such.
	if (tries < loginTries || tries < 2*hosts) && guesses < telnetTries {
		return
	}
	m := evidence.MomentOf(o)
	sure := guesses >= telnetTries || short >= shortSure || tries >= loginSure
	strength := dev.Strength(m, sure && !dev.Gateway)
	port := fl.Dst.Port()
	if !d.tell.May(dev.Device, home.DetectBruteForce, 0, strength == home.Hard, now) {
		return
	}
	f := home.Finding{
		Detector: home.DetectBruteForce, Strength: strength, Score: float64(tries),
		Facts: map[string]any{
			"attempts": tries, "telnet": guesses, "short": short, "hosts": hosts, "port": port,
			"seconds": time.Duration(now - first).Seconds(), "unit": "attempts",
		},
		Symptom: home.Symptom{Proto: home.ProtoTCP, Ports: []uint16{port}},
	}
	where := say.Said(say.New("{0} hosts", say.Count(hosts)))
	if hosts == 1 {
		address := evidence.AddrText(fl.Dst.Addr())
		where = say.Text(address)
		f.Symptom.Addrs = []netip.Addr{fl.Dst.Addr().Unmap()}
		f.Facts["address"] = address
	}
	f.Said = say.New("tried to log in to {0} {1} times on port {2} in {3}", where, say.Count(tries), say.Port(port), say.Span(time.Duration(now-first)))
	d.tell.Find(dev.Device, m, f)
}
