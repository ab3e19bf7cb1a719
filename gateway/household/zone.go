package household

import (
	"math"

	"cardea/home"
)

// zone is home.Zone in seconds. Local times are seconds too: those that a clock on the wall has shown since 1970, as if it stood in UTC.
type zone []segment

// segment is a stretch of time with one offset.
type segment struct{ from, until, offset int64 }

func zoneOf(z home.Zone) zone {
	if len(z.Offsets) == 0 {
		return zone{{from: math.MinInt64, until: math.MaxInt64}}
	}
	var out zone
	for i, o := range z.Offsets {
		s := segment{from: o.From.Unix(), until: math.MaxInt64, offset: int64(o.Seconds)}
		if i == 0 {
			s.from = math.MinInt64
		} else {
			out[i-1].until = s.from
		}
		out = append(out, s)
	}
	return out
}

// local is what the clock shows at a time.
func (z zone) local(t int64) int64 {
	for _, s := range z {
		if t < s.until {
			return t + s.offset
		}
	}
	return t
}

// first is when the clock shows a local time, or a later one, for the first time. So an hour that clocks skip is over as it begins,
// and one that comes twice counts when it first comes.
func (z zone) first(local int64) int64 {
	for _, s := range z {
		if t := max(s.from, local-s.offset); t < s.until {
			return t
		}
	}
	return local
}

// day numbers local days since 1970-01-01; weekday is 0 on Mondays.
func day(local int64) int64 {
	d := local / 86400
	if local%86400 < 0 {
		d--
	}
	return d
}

func weekday(day int64) int { return int(((day+3)%7 + 7) % 7) }

// span is a stretch of time in which a schedule holds, in seconds since 1970.
type span struct{ from, until int64 }

// span is when a schedule holds that begins on a day; false when it does not begin then, or not at all because its time is skipped.
func (z zone) span(s *home.Schedule, day int64) (span, bool) {
	if s.Days&(1<<weekday(day)) == 0 {
		return span{}, false
	}
	to := int64(s.To)
	if s.To <= s.From {
		to += 24 * 60
	}
	out := span{z.first(day*86400 + int64(s.From)*60), z.first(day*86400 + to*60)}
	return out, out.from < out.until
}

// The days around today on which a schedule may begin that matters: clocks of hostile zones jump by less than two days.
const (
	daysBefore = 4
	daysAfter  = 10
)
