package profile

import (
	"math"

	"cardea/behavior/endpoint"
)

// Standing says whether an endpoint is normal for a level.
type Standing uint8

// Standings. Rare is never excused from the detectors of beacons and command servers.
const (
	Rare    Standing = iota
	Pending          // enough homes use it, but not for long enough, or what they have in common is not cleared yet
	Normal
)

func (s Standing) String() string {
	switch s {
	case Normal:
		return "normal"
	case Pending:
		return "pending"
	}
	return "rare"
}

// MarshalText makes a Standing a word in JSON.
func (s Standing) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Evidence is what is known of an endpoint at a level when its standing is judged.
type Evidence struct {
	Homes         uint32  // that used it in a week, the most of the last four
	Of            uint32  // homes that the level was seen in, in that week
	Weeks         uint32  // since it was first seen
	Held          uint32  // since as many homes used it as Qualify asks for (MinHomes); 0: fewer do
	League        uint32  // homes that may be in league and say whatever they like: they count neither among those that use it nor among all
	Networks      uint32  // access networks of the homes that used it: at least so many
	FindingsUpper float64 // upper 95 % bound of the ratio of findings in homes that use it to those that do not
	Flags         endpoint.Flags
	Vendor        bool // it is its vendor's own domain by signed facts
	Key           uint64
	Grain         endpoint.Grain // Host or Domain
}

// What an endpoint needs to become normal.
const (
	MinHomes    = 20
	minShare    = 0.05
	minWeeks    = 3 // more than 14 days have passed between any day of a week and any day of the third after it
	minNetworks = 3
	maxFindings = 2
	league      = 0.02 // of all homes of the fleet
)

// LeagueOf is how many homes of a fleet may be in league: a share of them, and two deviations of such a count by chance.
func LeagueOf(homes uint32) uint32 {
	n := league * float64(homes)
	return uint32(math.Ceil(n + 2*math.Sqrt(n)))
}

// DefaultQualify judges by a fleet's thresholds. Homes say themselves what devices they have, so that all homes in league may say
// that they have the same model. What they say together must never be enough: so many homes are taken from those that use an
// endpoint, and the rest must be enough. What only fails by that stays pending, as it does for a model that hardly more homes have
// than may be in league; its vendor's own domain by signed facts is normal all the same.
func DefaultQualify(_ Level, e Evidence) Standing {
	if e.Flags&endpoint.Shared != 0 || e.Homes < MinHomes {
		return Rare
	}
	if e.Vendor && e.Flags&endpoint.Usual != 0 {
		return Normal
	}
	if wilsonLower(e.Homes, e.Of) <= minShare {
		return Rare
	}
	if !shared(e.Homes, e.Of, e.League) {
		return Pending
	}
	if e.Held < minWeeks || e.Networks < minNetworks || e.FindingsUpper > maxFindings {
		return Pending
	}
	return Normal
}

// shared says whether enough of a level's homes use an endpoint, even if those in league are among them.
func shared(homes, of, league uint32) bool {
	honest := homes - min(league, homes)
	return honest >= MinHomes && wilsonLower(honest, of-min(league, of)) > minShare
}

// wilsonLower is the lower end of Wilson's 95 % interval for k of n (Wilson 1927).
func wilsonLower(k, n uint32) float64 {
	if n == 0 {
		return 0
	}
	const z = 1.959963984540054
	p, m := float64(min(k, n))/float64(n), float64(n)
	centre := p + z*z/(2*m)
	spread := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, (centre-spread)/(1+z*z/m))
}

// enrichment is the upper 95 % bound of the ratio of findings in homes that use an endpoint to those that do not: x of n, and of
// all homes illAll of all. Few homes say little, so the ratio is drawn to 1 as a gamma-Poisson shrinker does (DuMouchel 1999): the
// prior is worth four findings, which passes what has none and fails what has one where none was due.
func enrichment(x, n, illAll, all uint32) float64 {
	const prior, like = 4, 20
	rest, restIll := float64(all-min(n, all)), float64(illAll-min(x, illAll))
	usual := float64(illAll) / max(float64(all), 1)
	due := float64(n) * (restIll + like*usual) / (rest + like) // where nearly all use it, the others are too few to compare with
	return gammaUpper(prior+float64(x)) / (prior + due)
}

// gammaUpper is the 95th percentile of a gamma distribution of that shape and rate 1, by Wilson and Hilferty (1931).
func gammaUpper(shape float64) float64 {
	const z = 1.6448536269514722
	c := 1 - 1/(9*shape) + z/(3*math.Sqrt(shape))
	return shape * c * c * c
}
