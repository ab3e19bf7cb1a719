package identity

import (
	"cmp"
	"slices"
)

// Judgement is what a model says of a session.
type Judgement struct {
	Candidates []Candidate // the best first, at most maxCandidates
	Accepted   bool        // the first is taken for what the device is; else it is unknown to the model
	Fit        float64     // how the session compares with what that model usually shows, 0 to 1
	Margin     float64     // least fit that is accepted
	// Copies is the model whose names and DHCP habits the device has, though what is hard to forge is not that model's; "" for none.
	Copies     string
	match      [families]float64 // what agrees, for the evidence in words
	soft, hard float64
}

const maxCandidates = 5

// Least evidence that must agree before a device is taken for a model: more than one family's worth, and not only what devices of
// one maker have in common.
const (
	leastSupport = 1.5
	leastHard    = .45 // fit of what is hard to forge, where there is any
	someHard     = .8  // from how much of it on
	copiesSoft   = .62
)

// Judge says who a device with such a session is, as far as the model knows.
func (m *Model) Judge(s Session) Judgement {
	if len(m.leaves) == 0 || len(s.Tokens) == 0 {
		return Judgement{}
	}
	scores := m.scores(s)
	p := posterior(scores, m.tuned.Sharpen)
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	best := &m.leaves[order[0]]
	x := m.fit(best, s)
	j := Judgement{Fit: x.all, Margin: best.margin, match: x.matched, soft: x.soft, hard: x.hard}
	member := logistic(m.tuned.Slope * (x.all - m.tuned.Center))
	for _, i := range order[:min(maxCandidates, len(order))] {
		l := m.leaves[i].label
		j.Candidates = append(j.Candidates, Candidate{l.Model, l.Vendor, classOf(l.Class), p[i] * member})
	}
	hard := x.doubt < someHard || x.hard >= leastHard
	j.Accepted = x.all >= best.margin && x.support >= leastSupport && hard
	if !j.Accepted {
		m.copies(s, &j)
	}
	return j
}

// saysWeights are those of what a device says of itself.
var saysWeights = [families]float64{famCalls: 1, famDHCP: .5, famAnnounces: .5}

// copies looks for the model that a device says it is, and whether the rest contradicts it.
func (m *Model) copies(s Session, j *Judgement) {
	f := &m.leaves[argmax(m.scoresOf(s, 1))]
	x := m.fit(f, s)
	if x.soft >= copiesSoft && x.matched[famCalls] >= .5 && x.doubt >= someHard && x.hard < leastHard {
		j.Copies, j.soft, j.hard = f.label.Model, x.soft, x.hard
	}
}
