package fleet

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"cardea/home"
	"cardea/wire/pb"
)

// Devices are grouped by their tokens, whatever they are said to be: each is compared with the first of every group (its leader) that
// resembles it, and begins a group of its own when there is none. Whom to compare with is found by minimal hashes (Broder
// 1997): groups that share a band of two of them. What is found so is the same whatever else there is, so a device that was
// grouped stays where it is.
const (
	alike  = 0.5 // weighted Jaccard from which on two are alike
	bands  = 16  // of 2 hashes: of those that are just alike, 99 of 100 share a band
	perOne = 2
	inBand = 256 // groups of one band that are looked at: a flood of groups must not make each search slow
)

type bandKey struct {
	band int
	hash uint64
}

// groups is all clusters in memory, while they are worked on.
type groups struct {
	weight func(clue uint32) float64
	leader map[string][]*pb.Token
	band   map[bandKey][]string
	led    map[home.Place]int // how many a home has begun
}

func newGroups(weight func(uint32) float64) *groups {
	return &groups{weight: weight, leader: map[string][]*pb.Token{}, band: map[bandKey][]string{}, led: map[home.Place]int{}}
}

func (g *groups) add(id string, of home.Place, tokens []*pb.Token) {
	tokens = sorted(tokens)
	g.led[of]++
	g.leader[id] = tokens
	for i, h := range signature(tokens) {
		k := bandKey{i, h}
		g.band[k] = append(g.band[k], id)
	}
}

// find gives the group that a device resembles most; "" when there is none. Of equals the one with the smallest id.
func (g *groups) find(tokens []*pb.Token) (best string) {
	tokens = sorted(tokens)
	most, seen := alike, map[string]bool{}
	for i, h := range signature(tokens) {
		ids := g.band[bandKey{i, h}]
		for _, id := range ids[:min(len(ids), inBand)] {
			if seen[id] {
				continue
			}
			seen[id] = true
			if s := g.similar(tokens, g.leader[id]); s > most || s == most && (best == "" || id < best) {
				best, most = id, s
			}
		}
	}
	return best
}

// similar is the weighted Jaccard similarity of two sorted lists of tokens.
func (g *groups) similar(a, b []*pb.Token) float64 {
	var both, all float64
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case j == len(b) || i < len(a) && a[i].GetHash() < b[j].GetHash():
			all += g.weight(a[i].GetClue())
			i++
		case i == len(a) || b[j].GetHash() < a[i].GetHash():
			all += g.weight(b[j].GetClue())
			j++
		default:
			w := g.weight(a[i].GetClue())
			both, all = both+w, all+w
			i, j = i+1, j+1
		}
	}
	if all == 0 {
		return 0
	}
	return both / all
}

// signature is the bands' hashes.
func signature(tokens []*pb.Token) (out [bands]uint64) {
	for b := range bands {
		var h uint64
		for r := range perOne {
			least := uint64(math.MaxUint64)
			for _, t := range tokens {
				least = min(least, mix(t.GetHash()+uint64(b*perOne+r+1)*0x9e3779b97f4a7c15))
			}
			h = mix(h ^ least)
		}
		out[b] = h
	}
	return out
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// clusterID names a group by the device that began it.
func clusterID(p home.Place, device string, tokens []*pb.Token) string {
	var h uint64
	for _, t := range sorted(tokens) {
		h = mix(h ^ t.GetHash())
	}
	for _, c := range []byte(p.Tenant + "\x00" + p.Home + "\x00" + device) {
		h = mix(h ^ uint64(c))
	}
	return fmt.Sprintf("%016x", h)
}

func sorted(tokens []*pb.Token) []*pb.Token {
	return slices.SortedFunc(slices.Values(tokens), func(a, b *pb.Token) int { return cmp.Compare(a.GetHash(), b.GetHash()) })
}

func byHome(a, b home.Place) int {
	return cmp.Or(strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.Home, b.Home))
}
