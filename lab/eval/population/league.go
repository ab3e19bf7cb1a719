package population

import (
	"cardea/behavior/breaker"
	"cardea/behavior/herd"
	"cardea/home"
)

// framedEnd is the healthy endpoint that homes in league want blocked for everybody.
func (w *world) framedEnd() *end { return &w.models[framedModel].ends[0] }

// lie is what homes in league tell: that devices attacked by way of a healthy endpoint, day after day; and just before their C2 is
// used on others, that it is new in many homes at once, so that the breaker takes it for an update.
func (c *cloud) lie(day int) {
	framed := c.w.framedEnd()
	if day == 10 { // honest homes' devices use it all the time
		n := 0
		for _, h := range c.honest {
			if n++; n > 60 {
				break
			}
			c.reports = append(c.reports, herd.Report{Endpoint: herdEndpoint(framed), Kind: herd.Healthy, Home: h.id, Network: h.network, Since: dayTime(h.joined, 0), At: dayTime(day, 0)})
		}
	}
	first := c.o.days(0.8)
	for i, h := range c.liars {
		at := dayTime(day, int32(3600+i*7%60000))
		if day >= 20 && day%5 == 0 {
			c.voted(herd.Report{Endpoint: herdEndpoint(framed), Kind: herd.Vote, Home: h.id, Network: h.network, Since: dayTime(h.joined, 0), At: at,
				Flags: c.flags(&device{model: c.w.models[framedModel]}, framed)})
		}
		if day == first-1 || day == first {
			c.breaker.Add(breaker.Event{Cause: breaker.Cause{Model: c.w.models[leagueModel].level.Model, Reason: string(home.DetectNovelty), Endpoint: c.w.league.Endpoint.Hash()},
				Home: h.id, Network: h.network, Since: dayTime(h.joined, 0), At: dayTime(day, int32(i%3600))})
		}
	}
}
