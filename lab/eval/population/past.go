package population

import (
	"slices"
	"time"

	"cardea/behavior/profile"
	"cardea/behavior/usual"
	"cardea/home"
)

// past is what a gateway's ledger has of a device, and what was told of it.
type past struct {
	uses   []pastUse
	causes []uint64 // told once
	homes  uint32   // of its model when it was judged
}

type pastUse struct {
	end   *end
	day   uint16 // of its latest use
	ill   bool
	flows uint16
}

const (
	pastDays = 30
	pastMost = 32 // endpoints of a device
)

// keep notes a contact in the ledger.
func (p *past) keep(a *act, day int) {
	if i := slices.IndexFunc(p.uses, func(u pastUse) bool { return u.end == a.end }); i >= 0 {
		p.uses[i].day = uint16(day)
		return
	}
	u := pastUse{a.end, uint16(day), a.ill, a.flows}
	if len(p.uses) < pastMost {
		p.uses = append(p.uses, u)
		return
	}
	oldest := 0
	for i := range p.uses {
		if p.uses[i].day < p.uses[oldest].day {
			oldest = i
		}
	}
	p.uses[oldest] = u
}

// lookBack judges a device's past when its model was learned, or is known from twice as many homes, as a gateway does (gateway/retro.go).
func (g *gateway) lookBack(d *device, index int) {
	p := &d.watched.past
	if d.unknown || d.level.Class.Personal() || len(p.uses) == 0 {
		return
	}
	of := g.profiles().For(d.level)
	if of.Level() != d.level || of.Homes() < profile.MinHomes || of.Homes() < 2*p.homes {
		return
	}
	p.homes = of.Homes()
	now, who := dayTime(g.day, 0), &d.model.identity
	again := g.detector.NewPast()
	g.detector.Add(again, &d.watched.usual, who, now.UnixNano(), func(home.DeviceID, profile.Level, uint32) bool { return true })
	for _, u := range p.uses {
		if g.day-int(u.day) > pastDays {
			continue
		}
		at := dayTime(int(u.day), 0)
		f := again.Contact(&home.Contact{Device: who.ID, Endpoint: u.end.Endpoint, Flows: uint64(u.flows), First: at, Last: at.Add(time.Hour)})
		if f == nil || !p.first(&u.end.Endpoint) {
			continue
		}
		g.detector.Doubt(&d.watched.usual, &u.end.Endpoint)
		g.now, g.index, g.act = d, index, &act{end: u.end, ill: u.ill}
		f.Time = now
		g.Find(f)
		g.sh.tally.past(u.ill)
	}
}

// first says whether nothing of this was told yet.
func (p *past) first(e *home.Endpoint) bool {
	c := usual.CauseOf(e)
	if slices.Contains(p.causes, c) {
		return false
	}
	p.causes = append(p.causes, c)
	return true
}
