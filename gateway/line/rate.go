package line

import (
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// How what the line carries is reckoned: of a day the rate that it reached or passed in six rounds of some ten seconds, a minute of a
// day, so that no single burst counts; of the days the second highest, so that no single day does. What is older than two weeks is
// forgotten: lines become slower, too.
const (
	rateRounds = 6
	rateDays   = 14
	needDays   = 3 // of fewer the highest counts
	shortRound = 5 * time.Second
	longRound  = 30 * time.Second // a round that took longer says too little
)

// carried is what one day moved at its busiest.
type carried struct {
	Day  int64              `json:"day"` // since 1970
	Down [rateRounds]uint64 `json:"down"`
	Up   [rateRounds]uint64 `json:"up"` // bytes a second, the highest first
}

// rates keeps it.
type rates struct {
	days     []carried // the oldest first
	at       time.Time // of the round whose bytes come in
	before   time.Time // of the round before it; zero: none
	down, up uint64
}

func (r *rates) moved(at time.Time, down, up uint64) {
	if !at.Equal(r.at) {
		r.close()
		r.before, r.at, r.down, r.up = r.at, at, 0, 0
	}
	r.down, r.up = r.down+down, r.up+up
}

// close takes the round that is over.
func (r *rates) close() {
	took := r.at.Sub(r.before)
	if r.before.IsZero() || took < shortRound || took > longRound {
		return
	}
	day := r.at.Unix() / 86400
	if n := len(r.days); n == 0 || r.days[n-1].Day < day {
		r.days = append(r.days, carried{Day: day})
	}
	c := &r.days[len(r.days)-1] // a clock that went back stays in the latest day
	sec := uint64(took / time.Millisecond)
	insert(&c.Down, r.down*1000/sec)
	insert(&c.Up, r.up*1000/sec)
	r.days = slices.DeleteFunc(r.days, func(c carried) bool { return c.Day <= r.days[len(r.days)-1].Day-rateDays })
}

func insert(top *[rateRounds]uint64, rate uint64) {
	for i := range top {
		if rate > top[i] {
			copy(top[i+1:], top[i:])
			top[i] = rate
			return
		}
	}
}

// carries is what the line carries in a direction, in bytes a second; 0: not known.
func (r *rates) carries(of func(*carried) *[rateRounds]uint64) uint64 {
	var days []uint64
	for i := range r.days {
		if n := of(&r.days[i])[rateRounds-1]; n > 0 {
			days = append(days, n)
		}
	}
	slices.Sort(days)
	switch n := len(days); {
	case n == 0:
		return 0
	case n < needDays:
		return days[n-1]
	default:
		return days[n-2]
	}
}

// Carries is what the line is known to carry in each direction, in bytes a second; 0: that is not known.
func (b *Book) Carries() (down, up uint64) {
	return b.rates.carries(func(c *carried) *[rateRounds]uint64 { return &c.Down }), b.rates.carries(func(c *carried) *[rateRounds]uint64 { return &c.Up })
}

// kept is what a book remembers across a restart: of no device, and of no time but the day.
type kept struct {
	Scheme int                `json:"scheme"`
	Usual  [3][]time.Duration `json:"usual"` // first, beyond, dns: ns
	Days   []carried          `json:"days"`
}

const keptScheme = 1

var errKept = errors.New("not what is kept of a line")

// Save gives what is to be remembered across a restart: some 5 KB.
func (b *Book) Save() ([]byte, error) {
	k := kept{Scheme: keptScheme, Days: b.rates.days}
	for i := range b.usual {
		k.Usual[i] = b.usual[i].hours
	}
	return json.Marshal(k)
}

// Load remembers what was saved, in a new book. What cannot have been saved is not believed.
func (b *Book) Load(data []byte) error {
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		return err
	}
	if k.Scheme != keptScheme || len(k.Days) > rateDays || !slices.IsSortedFunc(k.Days, func(x, y carried) int { return int(x.Day - y.Day) }) {
		return errKept
	}
	for i := range k.Days {
		c := &k.Days[i]
		if c.Day < 0 || c.Day > 1<<20 || !falls(&c.Down) || !falls(&c.Up) {
			return errKept
		}
	}
	for i := range k.Usual {
		if len(k.Usual[i]) > keepHours || slices.ContainsFunc(k.Usual[i], func(d time.Duration) bool { return d <= 0 || d > time.Minute }) {
			return errKept
		}
	}
	for i := range k.Usual {
		b.usual[i].hours = k.Usual[i]
	}
	b.rates.days = k.Days
	return nil
}

func falls(top *[rateRounds]uint64) bool {
	return top[0] <= 1<<40 && slices.IsSortedFunc(top[:], func(x, y uint64) int {
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
}
