package normal

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/herd"
	"cardea/home"
)

// What speaks for an endpoint before it becomes an indicator. A gateway refuses a name whatever the port, as a look-up names none: so it
// speaks for a name that it is used on any port by which devices use services. Else a league could have a maker's cloud blocked by
// telling of a port of it that nobody uses.

const (
	maxAsked   = 200 // endpoints that are asked for at once
	maxHealthy = 500 // homes that answer for one of them: far more than it takes
)

// servicePorts are those by which devices use services (IANA service names and port numbers), each by TCP and UDP.
var servicePorts = []uint16{21, 22, 23, 25, 53, 80, 110, 123, 143, 389, 443, 465, 554, 563, 587, 636, 853, 989, 990, 993, 995, 1194, 1400, 1443, 1883, 1900,
	1935, 2195, 2197, 3074, 3478, 3479, 3480, 3481, 4070, 4244, 4433, 4443, 4460, 4500, 5000, 5001, 5004, 5060, 5061, 5222, 5223, 5228, 5229, 5230, 5242, 5349,
	5540, 5671, 5672, 5683, 5684, 6667, 6697, 7000, 7100, 8000, 8001, 8008, 8009, 8080, 8081, 8086, 8088, 8443, 8801, 8883, 8884, 8886, 8888, 9000, 9001, 9100,
	9243, 9443, 10001, 10241, 19302, 32100, 51820}

// ways are the endpoints whose use speaks for one: itself and, of a name, it on other ports.
func ways(t target) []target {
	out := []target{t}
	if t.Name == "" {
		return out
	}
	for _, port := range servicePorts {
		for _, proto := range []string{"tcp", "udp"} {
			one := t
			if one.Port, one.Proto = port, proto; one != t {
				out = append(out, one)
			}
		}
	}
	return out
}

// usualAtAll are reports of names that are normal in some profile, or whose domains are, on whatever port.
func usualAtAll(asked map[target]bool, usual map[uint64]bool) (out []herd.Report) {
	for t := range asked {
		for _, w := range ways(t) {
			c := w.chain()
			if usual[c.Keys[endpoint.Host]] || w.Name != "" && c.Keys[endpoint.Domain] != 0 && usual[c.Keys[endpoint.Domain]] {
				out = append(out, herd.Report{Endpoint: t.Endpoint, Flags: herd.Normal})
				break
			}
		}
	}
	return out
}

// healthy are homes that used an endpoint, each with the week in which it did so first. Of each endpoint the earliest are kept: a league
// that says late that it used one, too, hides nobody who did before. Those who vote on it and young homes are
// left out, as they do not count.
func (n *Normal) healthy(ctx context.Context, asked map[target]bool, reports []herd.Report, now time.Time) (out []herd.Report, err error) {
	type ballot struct {
		t    target
		home uint64
	}
	voted := map[ballot]bool{}
	for i := range reports {
		if t := (target{reports[i].Endpoint}); reports[i].Kind == herd.Vote && asked[t] {
			voted[ballot{t, reports[i].Home}] = true
		}
	}
	ends := map[uint64][]target{}
	for t := range asked {
		for _, w := range ways(t) {
			ends[w.hash()] = append(ends[w.hash()], t)
		}
	}
	hits := map[target]*answers{}
	err = n.hunt(ctx, slices.Collect(maps.Keys(ends)), now.Add(-KeepDevices), true, func(h Hit) error {
		for _, t := range ends[h.Endpoint] {
			if !h.First.IsZero() && now.Sub(h.since) >= MinAge && !voted[ballot{t, number(h.Place)}] {
				if hits[t] == nil {
					hits[t] = &answers{}
				}
				hits[t].add(h)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("who else uses it: %w", err)
	}
	for t, a := range hits {
		for some := range slices.Chunk(a.earliest(), chunk) {
			places := make([]home.Place, len(some))
			for i, h := range some {
				places[i] = h.Place
			}
			networks, err := n.o.Networks(ctx, places)
			if err != nil {
				return nil, fmt.Errorf("access networks: %w", err)
			}
			for _, h := range some {
				out = append(out, herd.Report{Endpoint: t.Endpoint, Kind: herd.Healthy, Home: number(h.Place), Network: network(networks[h.Place]), Since: h.since, At: h.First})
			}
		}
	}
	return out, nil
}

// answers are homes that used one endpoint, one hit each.
type answers struct{ hits []Hit }

func (a *answers) add(h Hit) {
	if n := len(a.hits); n > 0 && a.hits[n-1].Place == h.Place { // a home's hits come one after the other
		if h.First.Before(a.hits[n-1].First) {
			a.hits[n-1] = h
		}
		return
	}
	if len(a.hits) >= 2*maxHealthy {
		a.hits = slices.Clone(a.earliest())
	}
	a.hits = append(a.hits, h)
}

func (a *answers) earliest() []Hit {
	slices.SortFunc(a.hits, func(x, y Hit) int { return cmp.Or(x.First.Compare(y.First), byHome(x.Place, y.Place)) })
	return a.hits[:min(len(a.hits), maxHealthy)]
}
