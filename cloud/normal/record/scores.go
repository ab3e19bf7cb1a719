package record

import (
	"encoding/binary"
	"math"
	"slices"
)

// Bounds of what is kept of a device's days.
const (
	MaxDays  = 90
	MaxStats = 8 // of a day
)

// Score is how unusual a day was, by each detector.
type Score struct {
	Day   uint16 // since 1970
	Known bool   // it was judged by a profile, not by the device's own history alone
	Max   [MaxStats]float32
}

// Scores are a device's, by day.
type Scores []Score

// Unscored stands for what could not be scored on a day (calibrate.Unscored).
const Unscored float32 = -1

// Add keeps a day. What was told of one day twice is its highest, and what is older than MaxDays than the newest goes. Of a number
// the first 8 bits are kept: that is finer than the calibration is.
func (s Scores) Add(day uint32, known bool, maxima []float32) Scores {
	if day > math.MaxUint16 {
		return s
	}
	i, found := slices.BinarySearchFunc(s, uint16(day), func(a Score, d uint16) int { return int(a.Day) - int(d) })
	if !found {
		s = slices.Insert(s, i, Score{Day: uint16(day), Known: known})
	}
	s[i].Known = s[i].Known && known
	for n, x := range maxima[:min(len(maxima), MaxStats)] {
		if x == Unscored && !found {
			s[i].Max[n] = Unscored
		}
		if x > 0 && x <= math.MaxFloat32 { // not what is no number
			s[i].Max[n] = max(s[i].Max[n], short(x))
		}
	}
	newest := s[len(s)-1].Day
	return slices.DeleteFunc(s, func(a Score) bool { return newest-a.Day >= MaxDays })
}

func short(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ 0xffff) }

// known marks, beside the number of maxima, a day that was judged by a profile.
const known = 0x80

// Append writes them: 1, then of each day its number, how many of the maxima there are, and these in two bytes each.
func (s Scores) Append(out []byte) []byte {
	out = append(out, form)
	for i := range s {
		n := MaxStats
		for n > 0 && s[i].Max[n-1] == 0 {
			n--
		}
		head := byte(n)
		if s[i].Known {
			head |= known
		}
		out = append(binary.LittleEndian.AppendUint16(out, s[i].Day), head)
		for _, x := range s[i].Max[:n] {
			out = binary.LittleEndian.AppendUint16(out, uint16(math.Float32bits(x)>>16))
		}
	}
	return out
}

// ParseScores reads them; it uses the room of into.
func ParseScores(b []byte, into Scores) (Scores, error) {
	into = into[:0]
	if len(b) == 0 {
		return into, nil
	}
	r := &reader{b: b}
	if r.byte() != form {
		return nil, errForm
	}
	for len(r.b) > 0 {
		one := Score{Day: binary.LittleEndian.Uint16(r.bytes(2))}
		head := r.byte()
		n := int(head &^ known)
		one.Known = head&known != 0
		if n > MaxStats || len(into) > 0 && (into[len(into)-1].Day >= one.Day || one.Day-into[0].Day >= MaxDays) {
			return nil, errForm
		}
		for i := range n {
			x := math.Float32frombits(uint32(binary.LittleEndian.Uint16(r.bytes(2))) << 16)
			if x != Unscored && (!(x >= 0) || x > math.MaxFloat32 || math.Signbit(float64(x))) || i == n-1 && x == 0 {
				return nil, errForm
			}
			one.Max[i] = x
		}
		if r.bad {
			return nil, errForm
		}
		into = append(into, one)
	}
	return into, nil
}
