package exposure

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"cardea/home"
	"cardea/say"
)

const (
	maxEvidence = 4
	maxFlaws    = 6 // newest first; a device with more is no worse off for a longer list
)

// List is how a device is exposed at now: the urgent first. who is its identity, as far as it is known.
func (b *Book) List(id home.DeviceID, who home.Identity, now time.Time) []home.Exposure {
	l := &lister{id: id, who: who, now: now, facts: b.facts}
	if d := b.devices[id]; d != nil {
		l.d = *d
	}
	l.internet()
	l.ports()
	l.client()
	l.exploited()
	l.ended()
	slices.SortStableFunc(l.out, func(x, y home.Exposure) int {
		return cmp.Or(cmp.Compare(rank[x.Kind], rank[y.Kind]), cmp.Compare(x.Port, y.Port), cmp.Compare(x.Proto, y.Proto), cmp.Compare(x.External, y.External))
	})
	return l.out
}

// All is List for each device that was seen, by the device's id.
func (b *Book) All(who func(home.DeviceID) home.Identity, now time.Time) []home.Exposure {
	ids := make([]home.DeviceID, 0, len(b.devices))
	for id := range b.devices {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var out []home.Exposure
	for _, id := range ids {
		out = append(out, b.List(id, who(id), now)...)
	}
	return out
}

var rank = map[home.ExposureKind]int{
	home.ExposedInternet: 1, home.ExposedExploited: 2, home.ExposedEndOfLife: 3, home.ExposedTelnet: 4, home.ExposedLogin: 5, home.ExposedFTP: 6,
	home.ExposedOldTLS: 7, home.ExposedPort: 8,
}

// lister makes one device's list.
type lister struct {
	id    home.DeviceID
	who   home.Identity
	now   time.Time
	facts *Facts
	d     device
	out   []home.Exposure
}

// add completes an exposure. what, beside its kind, tells it from others of the device; the words that it is told in may
// change without making it another one.
func (l *lister) add(x home.Exposure, what string) {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%d\x00%s", l.id, x.Kind, x.Proto, x.Port, what)
	x.ID, x.Device = fmt.Sprintf("%016x", h.Sum64()), l.id
	x.Shown = slices.DeleteFunc(x.Shown, func(w home.Words) bool { return w.Pattern == "" })
	x.Shown = x.Shown[:min(len(x.Shown), maxEvidence)]
	x.Sentence, x.Advice, x.Evidence = say.English(x.Said), say.English(x.Advised), []string{}
	for _, w := range x.Shown {
		x.Evidence = append(x.Evidence, say.English(w))
	}
	if x.Protect == nil {
		x.Protect = []home.Protection{}
	}
	l.out = append(l.out, x)
}

// open is a port of the device that the internet reaches, with all that is known of how.
type open struct {
	proto        string
	number       uint16
	external     uint16
	reached      uint16
	first, last  uint32
	sure, direct bool
	asked        uint32
	by           uint8
	unchosen     bool
	byV6         bool
}

// internet: what mappings lead to it, and what the internet reached.
func (l *lister) internet() {
	for i := range l.d.mappings {
		m := &l.d.mappings[i]
		if m.over(l.now) {
			continue
		}
		o := open{proto: home.ProtoName(m.proto()), number: m.internal, external: m.external, first: m.first, last: m.last,
			sure: m.flags&(given|inUse) != 0, by: m.by, unchosen: m.external == 0}
		if m.by != 0 {
			o.asked = m.first
		}
		if p := l.find(m.proto(), m.internal); p != nil && m.flags&inUse != 0 && p.external == m.external {
			o.reached = p.reached
		}
		l.tellOpen(o)
	}
	for i := range l.d.ports {
		p := &l.d.ports[i]
		if p.reached == 0 || p.external != 0 && p.flags&byV6 == 0 || old(uint32(p.reached)*86400, l.now, portFor+24*time.Hour) {
			continue
		}
		o := open{proto: home.ProtoName(p.proto), number: p.number, first: p.first, last: p.last, sure: true, direct: true, reached: p.reached}
		if p.flags&byV6 != 0 {
			o.byV6 = true
		}
		l.tellOpen(o)
	}
}

func (l *lister) find(proto uint8, number uint16) *port {
	for i := range l.d.ports {
		if p := &l.d.ports[i]; p.proto == proto && p.number == number {
			return p
		}
	}
	return nil
}

func (l *lister) tellOpen(o open) {
	x := home.Exposure{Kind: home.ExposedInternet, Proto: o.proto, Port: o.number, External: o.external, Certain: o.sure,
		First: clock(o.first), Last: clock(o.last), Protect: []home.Protection{home.ProtectClose},
		Advised: say.New("Close the port, unless you use it from outside your home.")}
	shown := cmp.Or(o.external, o.number)
	switch {
	case o.unchosen && !o.sure:
		x.Said = say.New("{0} asked the router to open a port to the internet.", l.subject())
	case !o.sure:
		x.Said = say.New("{0} asked the router to open port {1} to the internet.", l.subject(), say.Port(shown))
	case o.byV6:
		x.Said = say.New("{0} can be reached from the internet on port {1}, over IPv6.", l.subject(), say.Port(shown))
	default:
		x.Said = say.New("{0} can be reached from the internet on port {1}.", l.subject(), say.Port(shown))
	}
	if o.reached != 0 {
		x.Shown = append(x.Shown, say.New("Somebody on the internet reached it on {0:date}.", say.Time(clock(uint32(o.reached)*86400))))
	}
	if o.by != 0 {
		x.Shown = append(x.Shown, say.New("The router was asked by {0} to open it on {1:date}.", say.Text(byNames[o.by]), say.Time(clock(o.asked))))
		if o.sure {
			x.Shown = append(x.Shown, say.New("The router did so."))
		}
	}
	if o.external != 0 && o.external != o.number {
		x.Shown = append(x.Shown, say.New("The router leads port {0} to its own port {1}.", say.Port(o.external), say.Port(o.number)))
	}
	if s := serviceOf(o.proto, o.number); s != "" {
		x.Shown = append(x.Shown, say.New("Port {0} is used for {1}.", say.Port(o.number), say.Word(s)))
	}
	what := ""
	if !o.direct {
		what = fmt.Sprint("mapping ", o.external)
	}
	l.add(x, what)
}

// ports: what others in the home reach, and what it speaks there.
func (l *lister) ports() {
	for i := range l.d.ports {
		p := &l.d.ports[i]
		if old(p.last, l.now, portFor) {
			continue
		}
		x := home.Exposure{Proto: home.ProtoName(p.proto), Port: p.number, First: clock(p.first), Last: clock(p.last), Certain: true}
		told := l.telnet(x, p)
		told = l.ftp(x, p) || told
		l.login(x, p)
		l.oldTLS(x, p)
		if !told && p.flags&byHome != 0 {
			l.plain(x, p)
		}
	}
}

// near is what keeps a device's own weakness from spreading: away from the others, and from the internet where it is open.
func near(p *port) []home.Protection {
	if p.reached != 0 {
		return []home.Protection{home.ProtectClose, home.ProtectNoLAN}
	}
	return []home.Protection{home.ProtectNoLAN}
}

func (l *lister) telnet(x home.Exposure, p *port) bool {
	said := p.flags&isTelnet != 0
	if !said && (p.proto != home.ProtoTCP || p.number != 23 && p.number != 2323) {
		return false
	}
	x.Kind, x.Protect = home.ExposedTelnet, near(p)
	x.Said = say.New("It offers telnet, which sends passwords without encryption.")
	x.Shown = []home.Words{say.New("It spoke telnet on port {0}, last seen on {1:date}.", say.Port(p.number), say.Time(x.Last))}
	if !said {
		x.Certain = false
		x.Said = say.New("It seems to offer telnet, which sends passwords without encryption.")
		x.Shown = []home.Words{say.New("It answered on port {0}, which is for telnet, last seen on {1:date}.", say.Port(p.number), say.Time(x.Last))}
	}
	x.Advised = say.New("Switch telnet off in its settings. If it has no such setting, keep it away from your other devices.")
	l.add(x, "")
	return true
}

func (l *lister) ftp(x home.Exposure, p *port) bool {
	said := p.flags&isFTP != 0
	if !said && (p.proto != home.ProtoTCP || p.number != 21) {
		return false
	}
	x.Kind, x.Protect = home.ExposedFTP, near(p)
	x.Said = say.New("It offers FTP, which sends files and passwords without encryption.")
	x.Shown = []home.Words{say.New("It spoke FTP on port {0}, last seen on {1:date}.", say.Port(p.number), say.Time(x.Last))}
	if !said {
		x.Certain = false
		x.Said = say.New("It seems to offer FTP, which sends files and passwords without encryption.")
		x.Shown = []home.Words{say.New("It answered on port {0}, which is for FTP, last seen on {1:date}.", say.Port(p.number), say.Time(x.Last))}
	}
	x.Advised = say.New("Switch FTP off in its settings if you do not use it.")
	l.add(x, "")
	return true
}

func (l *lister) login(x home.Exposure, p *port) {
	if p.flags&isLogin == 0 {
		return
	}
	x.Kind, x.Protect = home.ExposedLogin, near(p)
	x.Said = say.New("It took a login without encryption.")
	x.Shown = []home.Words{say.New("A user name or a password was sent to its port {0}, last seen on {1:date}. What it was is not kept.", say.Port(p.number), say.Time(x.Last))}
	x.Advised = say.New("Change that password if you use it elsewhere, and use its encrypted login (https) if it has one.")
	l.add(x, "took")
}

func (l *lister) oldTLS(x home.Exposure, p *port) {
	if p.flags&isOldTLS == 0 {
		return
	}
	name := "TLS 1.0"
	if p.flags&isTLS11 != 0 {
		name = "TLS 1.1"
	}
	x.Kind, x.Certain, x.Protect = home.ExposedOldTLS, p.flags&isSure != 0, near(p)
	x.Said = say.New("It answers with encryption that is out of date ({0}).", say.Text(name))
	x.Shown = []home.Words{say.New("It chose {0} on port {1}, last seen on {2:date}.", say.Text(name), say.Port(p.number), say.Time(x.Last))}
	if x.Certain {
		x.Shown = append(x.Shown, say.New("It was offered something newer."))
	} else {
		x.Said = say.New("It seems to answer with encryption that is out of date ({0}).", say.Text(name))
	}
	x.Advised = say.New("Install its newest software.")
	l.add(x, "served")
}

// plain: a port is a fact. Advice only where it hands out control over the device.
func (l *lister) plain(x home.Exposure, p *port) {
	x.Kind = home.ExposedPort
	s := serviceOf(x.Proto, x.Port)
	x.Said = say.New("It answers other devices in your home on port {0}.", say.Port(p.number))
	if s != "" {
		x.Said = say.New("It answers other devices in your home on port {0} ({1}).", say.Port(p.number), say.Word(s))
	}
	x.Shown = []home.Words{say.New("First seen on {0:date}, last on {1:date}.", say.Time(x.First), say.Time(x.Last))}
	if p.proto == home.ProtoTCP && p.number == 5555 && l.who.Class != home.ClassPrinter {
		x.Advised, x.Protect = say.New("Switch debugging over the network off in its settings, unless you use it."), []home.Protection{home.ProtectNoLAN}
	}
	l.add(x, "")
}

// client: what it does itself, wherever it goes.
func (l *lister) client() {
	if u := l.d.uses[usesOldTLS]; u.last != 0 && !old(u.last, l.now, portFor) {
		name := tlsName(u.what)
		said := say.New("It knows only encryption that is out of date ({0}).", say.Text(name))
		if l.d.modern != 0 && !old(uint32(l.d.modern)*86400, l.now, portFor) {
			said = say.New("A program on it uses encryption that is out of date ({0}).", say.Text(name))
		}
		l.add(home.Exposure{Kind: home.ExposedOldTLS, Certain: true, First: clock(u.first), Last: clock(u.last),
			Said:    said,
			Shown:   []home.Words{say.New("It offered nothing newer than {0}, last seen on {1:date}.", say.Text(name), say.Time(clock(u.last)))},
			Advised: say.New("Install its newest software. If there is none, keep it vendor-only, so that it reaches its maker's services and nothing else."),
			Protect: []home.Protection{home.ProtectVendorOnly}}, "client")
	}
	if u := l.d.uses[usesLogin]; u.last != 0 && !old(u.last, l.now, portFor) {
		last := say.Time(clock(u.last))
		shown := say.New("A user name or a password was sent, last seen on {0:date}. What it was is not kept.", last)
		if int(u.what) < len(logins) && u.what != 0 {
			shown = say.New("A user name or a password was sent by {0}, last seen on {1:date}. What it was is not kept.", say.Text(logins[u.what]), last)
		}
		l.add(home.Exposure{Kind: home.ExposedLogin, Certain: true, First: clock(u.first), Last: clock(u.last),
			Said:    say.New("It sent a login without encryption."),
			Shown:   []home.Words{shown},
			Advised: say.New("Change that password, and let it use encryption if its settings offer that.")}, "sent")
	}
}
