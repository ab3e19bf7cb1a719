// Package ring decides which homes get a new version first, and whether the next may have it. It is pure and imports the standard
// library only: who a home is, what homes told and how late it is are passed in.
package ring

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Ring is a stage of a rollout. Each holds all homes of those before it.
type Ring uint8

// Rings, in their order. None is before the first: no home has the version in force.
const (
	None Ring = iota
	Lab       // homes that staff put there by a pin; no home is drawn into it
	One
	Five
	Quarter
	All
)

var names = [...]string{"none", "lab", "1", "5", "25", "all"}

// String is the ring's name, as commands and the API write it.
func (r Ring) String() string {
	if int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("ring %d", uint8(r))
}

// Parse reads a ring's name.
func Parse(s string) (Ring, error) {
	for i, n := range names {
		if n == s {
			return Ring(i), nil
		}
	}
	return None, fmt.Errorf("ring %.20q: want one of lab, 1, 5, 25, all", s)
}

// share is which part of all homes a ring reaches, those of the rings before it included.
var share = [...]float64{None: 0, Lab: 0, One: 0.01, Five: 0.05, Quarter: 0.25, All: 1}

// Share is which part of all homes a ring reaches by the draw.
func (r Ring) Share() float64 { return share[min(r, All)] }

// Next is the ring after r; All stays All.
func (r Ring) Next() Ring { return min(r+1, All) }

// Of draws a home's ring for one rollout. x, a number from 0 to 1, is made of the first 8 bytes of SHA-256(seed, 0, tenant, 0, home),
// read as a big-endian integer and divided by 2^64; the ring is the first whose share is above x. The same home and seed always
// give the same ring; another seed draws anew, so that no home is always among the first.
func Of(tenant, home, seed string) Ring {
	sum := sha256.Sum256([]byte(seed + "\x00" + tenant + "\x00" + home))
	x := float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
	for r := One; r < All; r++ {
		if x < share[r] {
			return r
		}
	}
	return All
}

// Pin is what staff decided for one home, against the draw. The zero Pin decides nothing.
type Pin struct {
	Ring    Ring   // in which ring it is; None: as drawn
	Version uint64 // it gets this version and no other; 0: as its ring says
}

// Place is the ring that counts for a home.
func (p Pin) Place(tenant, home, seed string) Ring {
	if p.Ring != None {
		return p.Ring
	}
	return Of(tenant, home, seed)
}
