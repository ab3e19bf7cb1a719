package identity

import "math"

// typical says how much each family counts when a device is compared with what its model usually shows: names count
// most, since they survive another unit and another firmware build; bytes of the stack hardly count.
var typical = [families]float64{
	famAddress: .5, famCalls: 3, famDHCP: 1, famAsks: 2, famAnnounces: 2, famAgent: .7, famPorts: .7, famStack: .3,
}

// forgeable families are what a device says of itself: trivially made up. The others cost effort.
var forgeable = [families]bool{famCalls: true, famDHCP: true, famAnnounces: true}

// naming clues are those by which a model is told from its sisters: where a device shows another value than the model always
// shows, it is a sister.
var naming = [...]Clue{ClueHostName, ClueModelText, ClueProduct, ClueSSDPServer, ClueAlias, ClueDescribed, ClueService}

// fitness is how a session compares with what a model usually shows, 0 to 1 each.
type fitness struct {
	all     float64 // everything, less for a contradiction in a name
	soft    float64 // of what a device can make up
	hard    float64 // of the rest
	support float64 // how much evidence agrees, in the weights of typical
	doubt   float64 // how much hard evidence there is at all
	matched [families]float64
}

// balance is what agrees, what the model does not show, and what it should have shown.
type balance struct{ match, strange, missing float64 }

// fit compares a session with a leaf.
func (m *Model) fit(f *leaf, s Session) fitness {
	var fams [families]balance
	var clues [clueEnd]balance
	have := make(map[uint64]bool, len(s.Tokens))
	for _, t := range s.Tokens {
		have[t.Hash] = true
		u := m.mean[t.Clue]
		if l := m.tokens[t.Hash]; l != nil {
			u = l.steady
		}
		q := min(1, 3*f.shows(t.Hash)) // what it shows now and then is no surprise
		b, c := &fams[t.Clue.info().fam], &clues[t.Clue]
		b.match, b.strange = b.match+u*q, b.strange+u*(1-q)
		c.match, c.strange = c.match+u*q, c.strange+u*(1-q)
	}
	for _, t := range f.tokens {
		if p := float64(t.by[min(s.Age, ages-1)]); !have[t.hash] {
			fams[t.clue.info().fam].missing += p * p
			clues[t.clue].missing += p * p
		}
	}
	return judge(&fams, 1-contradiction(&clues)/2)
}

// shows is the share of a model's sessions that show a token.
func (f *leaf) shows(hash uint64) float64 {
	lo, hi := 0, len(f.tokens)
	for lo < hi {
		if mid := (lo + hi) / 2; f.tokens[mid].hash < hash {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(f.tokens) && f.tokens[lo].hash == hash {
		return float64(f.tokens[lo].by[ages-1])
	}
	return 0
}

// contradiction is 1 where a device shows another name than its model always does, or asks for nothing but names that the model
// never asks for at half of that; 0 where nothing contradicts.
func contradiction(clues *[clueEnd]balance) float64 {
	worst := 0.
	for _, c := range naming {
		if k := min(clues[c].strange, clues[c].missing); k > 0 {
			worst = max(worst, k/(k+clues[c].match))
		}
	}
	if d := clues[ClueDomain]; d.match == 0 && d.strange > 0 {
		worst = max(worst, min(1, d.strange)/2)
	}
	return worst
}

// judge weighs the families. A family in which a device has shown nothing yet says little against it.
func judge(fams *[families]balance, factor float64) fitness {
	const silent = .3
	var x fitness
	var sum, of [2]float64
	for i := range fams {
		b := &fams[i]
		n := b.match + b.strange + b.missing
		if n == 0 {
			continue
		}
		c := typical[i]
		if b.match+b.strange == 0 {
			c *= silent * min(1, b.missing)
		} else {
			c *= min(1, n)
		}
		k := 0
		if !forgeable[i] {
			k = 1
		}
		sum[k] += c * b.match / n
		of[k] += c
		x.support += typical[i] * min(1, b.match)
		x.matched[i] = b.match
	}
	x.soft, x.hard, x.doubt = ratio(sum[0], of[0]), ratio(sum[1], of[1]), of[1]
	x.all = ratio(sum[0]+sum[1], of[0]+of[1]) * factor
	x.soft *= factor
	return x
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
