package profile

import (
	"math"
	"math/bits"

	"cardea/behavior/endpoint"
)

// Folds is into how many parts homes are split, so that what one part does can be foretold from the others.
const Folds = 4

// Bounds of what is counted. What goes beyond is left out and counted in Shed.
const (
	MaxLevels = 20_000
	MaxRows   = 200_000 // endpoints of a level at one grain
	MaxWeeks  = 64      // of a level and of an endpoint
	MaxCells  = 8 << 20 // endpoints and their weeks, of all levels: half a gigabyte
)

// Counts are whole numbers only: votes for each endpoint at each grain, by level and week. Counts of different homes add up, in
// any order and however they were split, to the same bytes; that holds as long as no bound was met. The zero value is not
// usable; NewCounts makes one. It is not safe for several goroutines at once.
type Counts struct {
	levels map[Level]*tally
	shed   uint64

	cells   int      // endpoints and their weeks, of all levels
	most    int      // of these: MaxCells
	full    bool     // too much is used by many homes: no further endpoints are counted
	crowded bool     // too many levels are of many homes: no further ones are counted
	scratch []ballot // of the home that is being counted
}

// tally is what is counted at a level.
type tally struct {
	weeks []week // ascending
	rows  [endpoint.Grains]map[uint64]*row
	full  [endpoint.Grains]bool // nothing more can be forgotten there
}

// week is what a level's homes did in a week.
type week struct {
	week  uint32
	homes [Folds]uint32 // that taught
	ill   uint32        // that did not, for a finding
	flows uint64
	days  uint64 // active device-days that could have shown an endpoint to be new
	used  uint64 // endpoints used on such days, summed over the days
	fresh uint64 // endpoints new to their device on such days
	hours [24]uint32
	up    [upBins]uint32
}

// taught is how many homes taught.
func (w *week) taught() uint32 {
	n := uint32(0)
	for _, h := range w.homes {
		n = add32(n, h)
	}
	return n
}

// row is an endpoint at one grain.
type row struct {
	flags endpoint.Flags // of all homes that told of it, met
	cells []cell         // by week, ascending
}

// cell is who used it in a week.
type cell struct {
	week  uint32
	homes uint32 // that taught
	ill   uint32 // that did not, for a finding
	votes [Folds]uint32
	nets  uint64 // a bit for each access network, by hash: never more bits than networks
	flows uint64
}

// NewCounts has counted nothing.
func NewCounts() *Counts { return &Counts{levels: map[Level]*tally{}, most: MaxCells} }

// Shed is how much was left out because a bound was met.
func (c *Counts) Shed() uint64 { return c.shed }

func add32(a, b uint32) uint32 {
	s, carry := bits.Add32(a, b, 0)
	if carry != 0 {
		return math.MaxUint32
	}
	return s
}

func add64(a, b uint64) uint64 {
	s, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return math.MaxUint64
	}
	return s
}
