package usual

import (
	"math"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/evidence"
	"cardea/home"
)

// Norm is what is normal for a device's model, as *profile.Profile answers.
type Norm interface {
	// Bits are −log₂ of the chance that a home's device contacts the endpoint on a day on which it is active; domains that
	// devices of all kinds use are discounted there already.
	Bits(*endpoint.Chain) float64
}

// strangers is the chance that is assumed of any endpoint where nothing is known of a device but its own days.
const strangers = 1. / 64

// Met is what a contact was worth.
type Met struct {
	Bits   float64 // its score, 0 when it was counted today or nothing can be said
	Days   uint8   // active days before today on which the device used it, as far as remembered
	New    bool    // the device never used it before
	Again  bool    // it was counted today
	Scored bool    // the sums moved
}

// Own is the key by which a device's own memory knows an endpoint. By name first: the registrable domain, of one that many
// customers share the collapsed name. Time servers are one, as pools hand out another each time. What is in the home and what
// comes in is known by its service.
func Own(c *endpoint.Chain) uint64 {
	switch {
	case c.Flags&(endpoint.LAN|endpoint.Inbound) != 0, c.Keys[endpoint.Service] == timeService:
		return c.Keys[endpoint.Service]
	case c.Flags&endpoint.Named != 0 && c.Flags&endpoint.Shared == 0 && c.Keys[endpoint.Domain] != 0:
		return c.Keys[endpoint.Domain]
	}
	return c.Keys[endpoint.Host]
}

// timeService is the key of time servers.
var timeService = endpoint.Of(&home.Endpoint{Port: 123, Proto: "udp"}, false, false).Keys[endpoint.Service]

// Address names an endpoint by its address alone, in its upper half, and with port and protocol, in its lower half; 0 without an
// address. It is this device's own, as its salt is.
func (s *State) Address(e *home.Endpoint) uint64 {
	if !e.IP.IsValid() {
		return 0
	}
	host := mix(evidence.Hash(e.IP) ^ s.salt)
	place := host ^ uint64(e.Port)<<1
	if e.Proto == "udp" {
		place ^= 1
	}
	return (host|1)<<32 | mix(place)>>32 | 1
}

// key is that of an endpoint in the memory: Own, or of one without a name its address.
func (s *State) key(c *endpoint.Chain, address uint64) uint32 {
	const named = endpoint.Named | endpoint.LAN | endpoint.Inbound
	if address != 0 && c.Flags&named == 0 && c.Keys[endpoint.Service] != timeService {
		return uint32(address) | 1
	}
	return s.fold(Own(c))
}

// Meet takes a contact into the device's memory and into the sums: all that a gateway, an evaluation and a simulation do with a
// contact. address is Address of the far end, 0 where it tells nothing; hour the local hour of the day. norm nil:
// nothing is known of its model or its class. It allocates nothing.
func (s *State) Meet(c *endpoint.Chain, address uint64, norm Norm, hour int, now int64) Met {
	s.Turn(now)
	s.begin(now)
	if h := &s.today.Hours[uint(hour)%24]; *h < 255 {
		*h++
	}
	learnt := s.Learnt(now)
	m := s.recall(c, address, learnt)
	if m.Again {
		return m
	}
	if s.today.Endpoints < 1<<16-1 {
		s.today.Endpoints++
	}
	if m.New && learnt && s.today.Fresh < 1<<16-1 {
		s.today.Fresh++
		s.fresh = min(s.fresh, 1<<16-2) + 1
	}
	if norm == nil && !learnt {
		return m // neither its model nor itself is known
	}
	model := strangers
	if norm != nil {
		model = math.Exp2(-norm.Bits(c))
	}
	m.Bits = Bits(Pi(float64(m.Days), float64(max(s.active, 1)-1), model))
	m.Scored = true
	s.add(m.Bits, now)
	return m
}

func (s *State) add(bits float64, now int64) {
	seconds := float64(now-s.at) / float64(time.Second)
	for i, horizon := range Horizons {
		sum := Cusum(float64(s.sums[i]), bits, seconds, horizon)
		s.sums[i] = float32(sum)
		if bits >= telling { // the day's maximum is of what is looked at: see weigh
			s.raise(calibrate.Minutes+calibrate.Stat(i), sum)
		}
	}
	s.at = max(s.at, now)
}

// recall finds an endpoint in the memory and takes it up.
func (s *State) recall(c *endpoint.Chain, address uint64, learnt bool) Met {
	key := s.key(c, address)
	if e := s.find(key); e != nil {
		m := Met{Days: e.days, Again: e.last == s.day}
		if m.Again {
			m.Days--
		} else {
			e.last, e.days = s.day, min(e.days, 254)+1
		}
		if e.marks&reported != 0 {
			m.Days = 0
		}
		s.alias(c, address)
		return m
	}
	if s.remembers(key) {
		s.remember(key)                  // again in use: not to be forgotten with the old generation
		return Met{Days: 1, Again: true} // the days are not known: it is worth nothing rather than too much
	}
	known, kin := s.alias(c, address)
	e := s.learn(key)
	if e != nil && (known || kin || !learnt) {
		e.marks |= taught
	}
	m := Met{New: !known && !kin}
	if known {
		m.Days = 1
	}
	return m
}

// kin says whether an endpoint is another that the device used: same, an address of a host that it reached under a name, on whatever
// port, or the name of a place that it reached by its address; kin, another host of a domain that many customers share, which says
// nothing of who is behind it.
func (s *State) kin(c *endpoint.Chain, address uint64) (same, kin bool) {
	if address != 0 && c.Flags&(endpoint.LAN|endpoint.Inbound) == 0 {
		same = s.find(uint32(address)|1) != nil || c.Flags&endpoint.Named == 0 && s.remembers(uint32(address>>32)|1)
	}
	return same, c.Flags&endpoint.Shared != 0 && s.remembers(s.fold(c.Keys[endpoint.Domain]))
}

// alias remembers by which address a name was reached, since devices go on to use it long after they asked; and the domain of a
// name that is known by its host. It returns what kin said before.
func (s *State) alias(c *endpoint.Chain, address uint64) (same, kin bool) {
	same, kin = s.kin(c, address)
	if c.Flags&endpoint.Named == 0 || c.Flags&(endpoint.LAN|endpoint.Inbound) != 0 {
		return same, kin
	}
	if address != 0 {
		s.remember(uint32(address>>32) | 1)
	}
	if c.Flags&endpoint.Shared != 0 && c.Keys[endpoint.Domain] != 0 {
		s.remember(s.fold(c.Keys[endpoint.Domain]))
	}
	return same, kin
}
