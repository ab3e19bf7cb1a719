package population

import (
	"fmt"
	"net/netip"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
)

// end is an endpoint as homes have it: with its chain, and how many homes use it how often.
type end struct {
	home.Endpoint
	chain    endpoint.Chain
	share    float64 // of the model's devices that ever use it by themselves
	daily    float64 // on which share of their days
	resolved bool    // DNS gave the address, or it answered before under a name
}

// maxEnds is how many endpoints of a model's own a device may have: a bit each.
const maxEnds = 40

// model is one product.
type model struct {
	index    int
	level    profile.Level
	ends     []end // its own
	kin      []end // hosts that turn up below the vendor's domain
	churn    []end // addresses behind its own names, seen once the look-up is forgotten: the same port, the same network
	other    []end // hosts of others that turn up: content networks, other companies
	busy     [24]float64
	up       float64 // bytes on a usual day of a usual one
	taste    temper  // what differs between products by chance
	rare     bool    // fewer homes than anything can be learned from
	role     role
	news     []end       // what comes to use in the course of the scenario
	identity home.Device // who its devices are
}

// role is what happens to all devices of a model: at most one thing to each, so that effects can be told apart.
type role uint8

const (
	ordinary   role = iota
	infected01      // 0.1 % of its devices are ill from the first day, and some fall ill alone late
	infected1       // 1 %
	infected5       // 5 %
	updated         // a firmware update brings new hosts of the vendor in one day
	adopting        // a new endpoint comes to use home by home, in weeks
	sick            // an outbreak: soft evidence only
	wormed          // a worm that scans: hard evidence, herd protection
	framed          // homes in league want its healthy endpoint blocked
	leagued         // homes in league pretend to have it, teach their C2 as normal and trip the breaker for it
)

func (r role) String() string {
	return [...]string{"nothing happened to it", "some are ill", "some are ill", "some are ill", "update", "an endpoint is slowly adopted", "outbreak", "worm", "framed by homes in league", "homes in league"}[r]
}

// roles are the models' by index.
var roles = map[int]role{1: infected01, 2: infected01, 3: updated, 4: infected1, sickModel: sick, sickWebModel: sick, 6: infected5, wormModel: wormed, 8: adopting, 9: infected5, framedModel: framed, 11: infected1, leagueModel: leagued, 13: infected01, 15: infected5}

const (
	sickModel    = 5  // C2 on a port that nobody registered
	sickWebModel = 16 // C2 on 443
	wormModel    = 7
	framedModel  = 10
	leagueModel  = 12
)

// temper is by how much a product's or a device's habits are more or less than its units'.
type temper struct{ fresh float64 }

// world is everything that homes have in common.
type world struct {
	seed    uint64
	days    int      // how long it lasts
	models  []*model // things, the most common first, then personal ones
	things  int
	times   []end // the world's time servers
	visitor *model
	sickC2  [2]*end // of the outbreaks
	league  *end    // the C2 that homes in league want to be normal
}

const (
	thingModels    = 84
	personalModels = 8
	churnOf        = 128
	timeServers    = 1500
)

var thingClasses = []home.DeviceClass{
	home.ClassPlug, home.ClassTV, home.ClassCamera, home.ClassSpeaker, home.ClassLight, home.ClassHub, home.ClassPrinter, home.ClassSensor,
	home.ClassThermostat, home.ClassAppliance, home.ClassDoorbell, home.ClassLock, home.ClassGadget, home.ClassScale,
}

var personalClasses = []home.DeviceClass{
	home.ClassPhone, home.ClassPhone, home.ClassComputer, home.ClassPhone, home.ClassTablet, home.ClassComputer, home.ClassWatch, home.ClassConsole,
}

func newWorld(seed uint64, days int) *world {
	w := &world{seed: seed, days: days, things: thingModels}
	r := seeded(seed, 'w')
	for range timeServers {
		w.times = append(w.times, bare(&r, 123, "udp"))
	}
	for i := range thingModels + personalModels {
		m := &model{index: i, taste: temper{fresh: 0.25 + 0.75*r.gamma(0.7)}}
		class, vendor := home.DeviceClass(""), fmt.Sprintf("vendor%c%c", 'a'+i%26%13, 'a'+i/26+'k'-'a')
		if i < thingModels {
			class = thingClasses[i%len(thingClasses)]
			m.rare = i >= thingModels-12
		} else {
			class = personalClasses[i-thingModels]
		}
		m.level = profile.Level{Class: class, Vendor: vendor, Model: fmt.Sprintf("%s %s %d", vendor, class, i)}
		m.busy = dayOfClass(class)
		m.identity = home.Device{ID: home.DeviceIDOf(m.level.Model)}
		m.identity.Class, m.identity.Vendor, m.identity.Model = class, vendor, m.level.Model
		w.endpoints(m, vendor+".example", &r)
		w.models = append(w.models, m)
	}
	w.visitor = visitor()
	for i, ro := range roles {
		w.models[i].role = ro
	}
	w.changes(&r)
	return w
}

// endpoints gives a model its endpoints: a number and a share of bare ones as the units have them, hosts of the vendor before others.
func (w *world) endpoints(m *model, domain string, r *random) {
	u := &units[r.under(len(units))]
	m.up = units[r.under(len(units))].Up
	n := min(maxEnds, max(2, int(float64(u.Known)*(0.7+0.6*r.float())+0.5)))
	if m.level.Class.Personal() {
		n = maxEnds
	}
	for i := range n {
		e := end{share: 0.98, daily: 0.97}
		switch {
		case i >= 2 && i%3 == 2: // not in every home, not every day
			e.share, e.daily = 0.05+0.9*r.float(), 0.05+0.95*r.float()*r.float()
		case i >= 2:
			e.share, e.daily = 0.5+0.5*r.float(), 0.2+0.8*r.float()
		}
		switch bareOnes := min(u.Bare, 0.5); {
		case i == 0:
			e.Endpoint = named(w.word(r)+"."+domain, domain, 443, 64496+uint32(m.index%8))
		case i == 1:
			e.Endpoint = named("pool.ntp.org", "ntp.org", 123, 0)
		case r.chance(bareOnes):
			b := bare(r, [...]uint16{443, 443, 8883, 32100}[r.under(4)], "tcp")
			e.Endpoint = b.Endpoint
		case r.chance(0.25):
			e.Endpoint = named(w.word(r)+".cloudfront.net", "cloudfront.net", 443, 64505)
		case r.chance(0.2):
			e.Endpoint = named("connectivitycheck.gstatic.com", "gstatic.com", 443, 64506)
		default:
			e.Endpoint = named(w.word(r)+"."+domain, domain, [...]uint16{443, 443, 443, 8883}[r.under(4)], 64496+uint32(m.index%8))
		}
		m.ends = append(m.ends, e.chained())
	}
	for range churnOf {
		own := m.ends[r.zipf(len(m.ends))]
		a := bare(r, own.Port, own.Proto)
		a.ASN, a.resolved = own.ASN, true
		m.churn = append(m.churn, a.chained())
		k := end{Endpoint: named(w.word(r)+"."+domain, domain, 443, 64496+uint32(m.index%8))}
		m.kin = append(m.kin, k.chained())
		var c end
		if r.chance(0.5) {
			c.Endpoint = named(w.word(r)+".cloudfront.net", "cloudfront.net", 443, 64505)
		} else {
			other := w.word(r) + ".example"
			c.Endpoint = named("api."+other, other, 443, 64507)
		}
		m.other = append(m.other, c.chained())
	}
}

// word is letters that Collapse leaves alone.
func (w *world) word(r *random) string {
	var b [8]byte
	for i := range b {
		b[i] = "ghijklmnopqrstuvwxyz"[r.under(20)]
	}
	return string(b[:])
}

func named(name, domain string, port uint16, asn uint32) home.Endpoint {
	proto := "tcp"
	if port == 123 {
		proto = "udp"
	}
	r := random(home.HashPort(name, 0, ""))
	return home.Endpoint{Name: name, Domain: domain, IP: lone(&r, port, proto).IP, Port: port, Proto: proto, ASN: asn}
}

// bare is an address of the range for benchmarks (RFC 2544), so that it is nobody's.
func bare(r *random, port uint16, proto string) end {
	x := r.next()
	e := end{Endpoint: home.Endpoint{IP: netip.AddrFrom4([4]byte{198, 18 | byte(x>>16&1), byte(x >> 8), byte(x)}), Port: port, Proto: proto, ASN: 64508 + uint32(x>>20&3)}}
	return e.chained()
}

// lone is an address that hardly any two devices share (documentation range of IPv6, RFC 3849).
func lone(r *random, port uint16, proto string) end {
	b := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	x, y := r.next(), r.next()
	for i := range 6 {
		b[4+i], b[10+i] = byte(x>>(8*i)), byte(y>>(8*i))
	}
	e := end{Endpoint: home.Endpoint{IP: netip.AddrFrom16(b), Port: port, Proto: proto}}
	return e.chained()
}

func (e end) chained() end {
	e.resolved = e.resolved || e.Name != ""
	e.chain = endpoint.Of(&e.Endpoint, false, false)
	return e
}

// dayOfClass is when a class is busy: what people switch on, in the evening; the rest, all day.
func dayOfClass(c home.DeviceClass) (busy [24]float64) {
	sum := 0.0
	for h := range busy {
		busy[h] = 1
		switch c {
		case home.ClassTV, home.ClassSpeaker, home.ClassAppliance, home.ClassPrinter, home.ClassConsole, home.ClassPhone, home.ClassComputer, home.ClassTablet, home.ClassWatch:
			switch {
			case h < 6:
				busy[h] = 0.05
			case h >= 17 && h < 23:
				busy[h] = 3
			}
		}
		sum += busy[h]
	}
	acc := 0.0
	for h := range busy { // cumulative
		acc += busy[h] / sum
		busy[h] = acc
	}
	busy[23] = 1
	return busy
}
