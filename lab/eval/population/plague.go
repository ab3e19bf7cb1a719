package population

import "cardea/home"

// kind is what an infection does.
type kind uint8

const (
	kindWorm  kind = iota // calls a bare address on an odd port, and scans: hard evidence
	kindNamed             // calls a domain of its own
	kindCloud             // calls a name in a cloud on 443, and nothing else
	kinds
)

func (k kind) String() string {
	return [...]string{"scans, C2 by bare address", "C2 by a domain of its own", "C2 in a cloud on 443"}[k]
}

// plague is what one device is ill with.
type plague struct {
	scenario scenario
	kind     kind
	campaign int   // which C2
	from     int   // day
	second   int32 // of that day
	c2       *end
	calls    int // hours of a day in which it calls

	onset, first, found, told int64 // Unix nanoseconds: it began; the cloud heard of a first contact; a finding was about it; its residents were told. 0: not
	hard                      bool  // there is hard evidence
	by                        home.Detector
}

// scenario says why a device is ill.
type scenario uint8

const (
	start01    scenario = iota // 0.1 % of a model's devices, from the first day
	start1                     // 1 %
	start5                     // 5 %
	startAlone                 // from the first day, too, but with C2s that no other home knows: what is found without their being poisoned
	late                       // the same models later, with C2s that no other home knows
	outbreak                   // many of one model in a day, soft evidence only
	worming                    // many of one model in three days, hard evidence
	inLeague                   // devices whose C2 homes in league taught as normal, and for whom they trip the breaker
	scenarios
)

func (s scenario) String() string {
	return [...]string{"0.1% from the start", "1% from the start", "5% from the start", "from the start, alone", "later, alone", "outbreak, soft", "worm, hard", "C2 that homes in league teach"}[s]
}

// sickOn is which of the two outbreaks a model has.
func sickOn(model int) int {
	if model == sickModel {
		return 0
	}
	return 1
}

func (w *world) c2(k kind, campaign uint64) *end {
	r := seeded(w.seed, 'c', uint64(k), campaign)
	var e end
	switch k {
	case kindWorm:
		e = lone(&r, uint16(2000+r.under(20000)), "tcp")
	case kindNamed:
		domain := w.word(&r) + w.word(&r) + ".example"
		e = end{Endpoint: named("gate."+domain, domain, [...]uint16{443, uint16(2000 + r.under(20000))}[r.under(2)], 64510)}
	default:
		e = end{Endpoint: named(w.word(&r)+w.word(&r)+".cloudfront.net", "cloudfront.net", 443, 64505)}
	}
	e = e.chained()
	return &e
}

// day adds what the infection does.
func (p *plague) day(_ *world, _ *house, _ *device, day int, r *random, out []act) []act {
	if day < p.from {
		return out
	}
	for i := range p.calls {
		at := int32((i*24/p.calls)*3600 + r.under(3600))
		if day == p.from {
			if at = p.second + int32(i)*3600; at >= 86400 {
				break
			}
		}
		out = append(out, act{at: at, own: -1, ill: true, flows: 12, up: 2400, end: p.c2})
	}
	return out
}

// Shares of a model's devices that fall ill.
var fromStart = map[role]float64{infected01: 0.001, infected1: 0.01, infected5: 0.05}

const (
	lateShare   = 0.01
	aloneShare  = 0.03
	aliveShare  = 2. / 3 // of servers that answer when they are called
	sickShare   = 0.3
	wormShare   = 0.4
	leagueShare = 0.03
)

// infect decides what a device is ill with, if anything.
func (w *world) infect(h *house, d *device, r *random, o *Options) {
	x, y := r.float(), r.float()
	p := &plague{kind: kind(r.under(int(kinds))), calls: 6 + r.under(18), second: int32(r.under(86400)), campaign: d.index + 1}
	switch d.role {
	case infected01, infected1, infected5:
		switch share := fromStart[d.role]; {
		case x < share:
			p.scenario = start01 + scenario(d.role-infected01)
			p.from = h.joined
		case x < share+lateShare:
			p.scenario, p.from, p.campaign = late, o.days(0.75)+r.under(max(1, o.days(0.15))), int(h.id)<<8|d.index
		case x < share+lateShare+aloneShare:
			p.scenario, p.from, p.campaign = startAlone, h.joined, int(h.id)<<8|d.index
		default:
			return
		}
	case sick:
		if x >= sickShare {
			return
		}
		p.scenario, p.kind, p.from, p.second, p.calls = outbreak, kindNamed, o.days(0.8), 36000+int32(y*6*3600), 24
		p.c2 = w.sickC2[sickOn(d.index)]
	case wormed:
		if x >= wormShare {
			return
		}
		p.scenario, p.kind = worming, kindWorm
		at := o.days(0.75)*86400 + int(3*86400*y) // even over three days
		p.from, p.second = at/86400, int32(at%86400)
	case leagued:
		if h.league || x >= leagueShare {
			return
		}
		p.scenario, p.kind, p.from = inLeague, kindNamed, o.days(0.8)
		p.c2 = w.league
	default:
		if o.Plant == 0 || x >= o.Plant || d.level.Class.Personal() {
			return
		}
		p.kind = kind(1 + r.under(2)) // soft evidence only
		p.scenario, p.from, p.campaign = late, o.days(0.75)+r.under(max(1, o.days(0.15))), int(h.id)<<8|d.index
	}
	if p.c2 == nil {
		p.c2 = w.c2(p.kind, uint64(p.campaign))
	}
	d.plague = p
}
