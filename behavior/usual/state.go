package usual

import (
	"math"
	"time"

	"cardea/behavior/calibrate"
)

// State is what is learnt of one device: of fixed size, without pointers, at most 512 bytes. It survives a restart
// (MarshalBinary) and the arrival of new profiles. The zero State knows nothing. Its owner is who owns the device.
type State struct {
	at      int64  // Unix nanoseconds of the latest contact that was weighed
	began   int64  // Unix seconds at which it was first seen; 0: never
	day     uint16 // the day that is open, since 1970-01-01 UTC
	active  uint16 // days on which it was active, the open one included
	sums    [3]float32
	entries [slots]entry
	young   filter
	old     filter
	today   Day
	done    Day // the day before that it was active on; Of is 0 when it was fetched
	hours   [24]uint8
	mean    float32 // of the volumes of its days, in doublings
	spread  float32 // their variance
	volumes uint16  // days in them
	fresh   uint16  // endpoints that were new after its learning
	bare    uint16  // web contacts with addresses without a name, of the days before and today
	named   uint16  // with a name
	salt    uint64  // of the keys; 0: none
	open    uint32  // places in ports: it answered there
	shut    uint32  // it refused there
	odd     uint16  // contacts with addresses without a name on TCP ports that no service has, other than those that were told
}

// Day is how unusual a device's day was: the block maxima by which thresholds are calibrated, and its figures.
type Day struct {
	Profile   uint64 // version of the profiles that it was scored with last; 0: none
	Up        uint64 // bytes to the internet
	Of        uint32 // days since 1970-01-01 UTC; 0: no day
	Max       [calibrate.Stats]float32
	Endpoints uint16    // that it used
	Fresh     uint16    // of these, never before; those of its learning left out
	Hours     [24]uint8 // contacts begun in each hour, local time, at most 255
}

// Learning is how long a device is only watched: what it does in that time is its own normal, and new to nobody.
const Learning = 24 * time.Hour

const dayNanos = int64(24 * time.Hour)

// Seen says since when the device is watched, in Unix seconds (0: never), on how many days it was active, and how many endpoints
// it is remembered to use.
func (s *State) Seen() (began int64, active, endpoints int) {
	for i := range s.entries {
		if s.entries[i].key != 0 && s.entries[i].marks&reported == 0 {
			endpoints++
		}
	}
	return s.began, int(s.active), endpoints
}

// Learnt says whether the time of learning is over.
func (s *State) Learnt(now int64) bool {
	return s.began != 0 && now/int64(time.Second)-s.began >= int64(Learning/time.Second)
}

// Sums are the sums of bits at the three horizons, as of the latest contact.
func (s *State) Sums() [3]float32 { return s.sums }

// Day is the day that is over, once; false while there is none. Until it is fetched it survives restarts; a later day replaces it.
func (s *State) Day() (Day, bool) {
	d := s.done
	s.done = Day{}
	if d.Of != 0 && s.Restless() {
		for i := calibrate.Minutes; i <= calibrate.Days; i++ {
			d.Max[i] = calibrate.Unscored
		}
	}
	return d, d.Of != 0
}

// Today is the day that is open, as far as it went.
func (s *State) Today() Day { return s.today }

// disorder is by how much what is told may lie back, as a contact whose hour closed; the clock was not set back by that.
const disorder = int64(2 * time.Hour)

// Turn moves the clock: it closes the day when another begins, also without a contact. A clock that was set back keeps the open
// day open and what was learnt learnt.
func (s *State) Turn(now int64) {
	if now < 0 {
		return
	}
	day := uint16(min(now/dayNanos, 1<<16-1))
	switch {
	case s.today.Of != 0 && day > s.day:
		s.close()
		s.day = day
	case s.today.Of != 0 && day < s.day:
		if s.at-now > disorder {
			s.back(day, now)
		}
	case s.today.Of == 0:
		s.day = day
	}
}

// begin opens an active day, on its first contact.
func (s *State) begin(now int64) {
	if s.today.Of != 0 {
		return
	}
	if s.began == 0 {
		s.began = max(now/int64(time.Second), 1)
		s.at = now
	}
	if s.active < 1<<16-1 {
		s.active++
	}
	s.today.Of = uint32(s.day)
}

// close learns the open day's figures and puts it aside.
func (s *State) close() {
	s.volume(Log(float64(s.today.Up)))
	s.habits()
	s.done, s.today = s.today, Day{}
}

// back: the clock was set back. What lies in the future happened just now.
func (s *State) back(day uint16, now int64) {
	for i := range s.entries {
		s.entries[i].last = min(s.entries[i].last, day)
	}
	s.day, s.today.Of = day, uint32(day)
	s.began = min(s.began, max(now/int64(time.Second), 1))
	s.at = min(s.at, now)
}

// volume takes a day's volume into the mean and the variance; the last 30 days count most (West, Communications of the ACM 22,
// 1979, with a weight that stops falling).
func (s *State) volume(x float64) {
	s.volumes = min(s.volumes+1, 30)
	w := 1 / float64(s.volumes)
	d := x - float64(s.mean)
	s.mean = float32(float64(s.mean) + w*d)
	s.spread = float32((1 - w) * (float64(s.spread) + w*d*d))
}

// habits adds the day's hours to the device's own. When a count would overflow all are halved: the past fades.
func (s *State) habits() {
	top := 0
	for h, n := range s.today.Hours {
		top = max(top, int(s.hours[h])+min(int(n), 8))
	}
	for h, n := range s.today.Hours {
		v := int(s.hours[h]) + min(int(n), 8) // a busy hour counts as eight contacts: hours are a habit, not a volume
		if top > 255 {
			v /= 2
		}
		s.hours[h] = uint8(v)
	}
}

// Raise notes another detector's score among the open day's maxima.
func (s *State) Raise(stat calibrate.Stat, x float64) {
	if s.today.Of != 0 && stat < calibrate.Stats && x >= 0 {
		s.raise(stat, min(x, math.MaxFloat32))
	}
}

// raise notes a score among the open day's maxima.
func (s *State) raise(stat calibrate.Stat, x float64) {
	if f := float32(x); f > s.today.Max[stat] {
		s.today.Max[stat] = f
	}
}

// Last is when the device was active last, in Unix nanoseconds.
func (s *State) Last() int64 { return s.at }
