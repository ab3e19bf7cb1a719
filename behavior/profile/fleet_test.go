package profile

import (
	"fmt"
	"math/rand/v2"

	"cardea/behavior/endpoint"
	"cardea/home"
)

// fleet draws homes of a bulb, which uses little and meets nothing new, of a camera, and of a computer, which meets new endpoints
// every day.
type fleet struct {
	homes int
	weeks uint32
	seed  uint64
}

var (
	camera   = Level{Class: home.ClassCamera, Vendor: "Optic", Model: "Optic C1"}
	computer = Level{Class: home.ClassComputer, Vendor: "Maker", Model: "Maker Book"}
)

func host(vendor string, i int) endpoint.Chain {
	domain := fmt.Sprintf("%s%c.example", vendor, 'a'+i/4)
	return endpoint.Of(&home.Endpoint{Name: fmt.Sprintf("%c.%s", 'a'+i%26, domain), Domain: domain, Port: []uint16{443, 8883, 123}[i%3], Proto: "tcp", ASN: uint32(64500 + i/8)}, false, false)
}

// of counts the homes; add may change what each tells.
func (f fleet) of(change func(*Use)) *Counts {
	c := NewCounts()
	rnd := rand.New(rand.NewPCG(f.seed, 1))
	for w := range f.weeks {
		for h := range f.homes {
			for _, u := range week1(rnd, uint64(h+1), 100+w) {
				if change != nil {
					change(u)
				}
				c.Add(u)
			}
		}
	}
	return c
}

// week1 is one home's week.
func week1(rnd *rand.Rand, h uint64, w uint32) []*Use {
	one := func(l Level, vendor string, ends int, share float64) *Use {
		u := &Use{Level: l, Week: w, Home: h, Network: uint32(h%7) + 1, Active: 7}
		for i := range ends {
			if i < ends/2 || rnd.Float64() < share {
				u.Ends = append(u.Ends, End{Chain: host(vendor, i), Days: uint8(1 + rnd.IntN(7)), Flows: 10})
			}
		}
		u.Hours[8], u.Hours[20] = 30, 10
		for range 7 {
			u.Up = append(u.Up, uint64(1e6*(1+rnd.Float64())))
		}
		return u
	}
	bulbs, cams, pcs := one(bulb, "lumen", 6, .5), one(camera, "optic", 24, .5), one(computer, "maker", 10, .5)
	pcs.Fresh = uint16(40 + rnd.IntN(40))
	for range pcs.Fresh {
		pcs.Ends = append(pcs.Ends, End{Chain: host("web", rnd.IntN(100_000)), Days: 1, Flows: 5})
	}
	if rnd.IntN(20) == 0 {
		cams.Fresh = 1
		cams.Ends = append(cams.Ends, End{Chain: host("optic", 24+rnd.IntN(400)), Flows: 1})
	}
	return []*Use{bulbs, cams, pcs}
}
