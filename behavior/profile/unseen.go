package profile

import "cardea/behavior/endpoint"

// How many of its parent's votes, days and endpoints a level is given to begin with.
const (
	priorUses    = 20 // endpoints in use on a day, of which some are new
	priorDays    = 7  // device-days, on which new endpoints were met
	priorSingles = 5  // endpoints that one home alone uses
	priorSplit   = 0.25
	maxUnseen    = 0.5       // of all devices: where one home alone was seen, Good and Turing would say 1
	minNewly     = 1. / 1024 // no device is sure to meet nothing new: its maker changes its mind one day
	minSplit     = 1. / 16
	firstFresh   = 0.5 // new endpoints of a first device-day: nobody has looked yet
)

// goodTuring is the share of what will be met that was never met before: n1 of n were met once (Good 1953, after Turing). It is
// never none: half of one is met once where nothing is.
func goodTuring(n1, n float64) float64 { return max(n1, 0.5) / max(n, 0.5) }

// singles counts the endpoints of a grain that one home alone uses, and all uses by homes.
func (r *reading) singles(g endpoint.Grain) (one, all float64) {
	for i := range r.rows[g] {
		n := r.rows[g][i].homes
		if n == 1 {
			one++
		}
		all += float64(n)
	}
	return one, all
}

// learn works out what is new to the level and how often, and when and how much it sends.
func (r *reading) learn(few uint32) {
	r.unseen()
	r.split()
	r.habits(few)
}

// unseen is how many of the endpoints in use are new. For all devices Good and Turing say so; what each level's own devices met
// for the first time draws it up (a laptop) or down (a bulb).
func (r *reading) unseen() {
	newly, fresh := min(goodTuring(r.singles(endpoint.Host)), maxUnseen), firstFresh
	if r.parent != nil {
		newly, fresh = r.parent.newly, r.parent.fresh
	}
	r.newly = clamp((r.week.fresh+priorUses*newly)/(r.week.used+priorUses), minNewly)
	r.fresh = (r.week.fresh + priorDays*fresh) / (r.week.days + priorDays)
}

// split is how many of the endpoints of which the finer name is new have a new coarser name as well: as many as of those that one
// home alone uses. reach[g] is that for g given the grain before it; of Domain it is newly itself. Parents are not asked: what is
// new to computers is new in every way, what is new to a bulb is mostly another host of its maker.
func (r *reading) split() {
	r.reach = [endpoint.Grains]float64{1, r.newly, 1, 1}
	finer, _ := r.singles(endpoint.Host)
	for g := endpoint.Domain; g < endpoint.Service; g++ {
		if len(r.rows[g]) == 0 {
			continue // such names are not known here
		}
		one, _ := r.singles(g)
		if r.homes < 2 {
			one, finer = 0, 0 // of one home all are single
		}
		r.reach[g+1] = clamp((one+priorSingles*priorSplit)/(finer+priorSingles), minSplit) // the name that is left when g's is new
		finer = one
	}
}

func clamp(x, least float64) float64 { return min(max(x, least), 1) }
