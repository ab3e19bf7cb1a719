package evidence

import (
	"fmt"
	"time"

	"cardea/home"
	"cardea/say"
)

// Sink takes findings. The finding is the receiver's to keep.
type Sink interface {
	Find(*home.Finding)
}

// Teller hands findings on, each cause once in a while. Use NewTeller.
type Teller struct {
	sink       Sink
	again      time.Duration
	off        map[home.Detector]bool
	Findings   uint64 // told
	Suppressed uint64 // not told again because the same was told within again
}

// NewTeller tells sink; the same cause on the same device again after a time; nothing of the detectors that are off.
func NewTeller(sink Sink, again time.Duration, off map[home.Detector]bool) *Teller {
	return &Teller{sink: sink, again: again, off: off}
}

// told remembers that a cause was told, so that it is not told again within the Teller's time.
type told struct {
	cause uint64
	at    int64
	hard  bool
}

const tellings = 16 // causes remembered of a device; the one told longest ago goes first

// May says whether a cause may be told now: not within the Teller's time, unless it became hard. It notes that it was.
func (t *Teller) May(dev *Device, det home.Detector, cause uint64, hard bool, now int64) bool {
	if t.off[det] {
		return false
	}
	key := cause
	for i := 0; i < len(det); i++ {
		key = (key ^ uint64(det[i])) * 1099511628211
	}
	slot := 0
	for i := range dev.told {
		x := &dev.told[i]
		if x.at != 0 && x.cause == key {
			again := t.again
			if det == home.DetectInbound {
				again = max(again, 24*time.Hour) // what is exposed to the internet is tried all day
			}
			if now-x.at < int64(again) && (x.hard || !hard) {
				t.Suppressed++
				return false
			}
			slot = i
			break
		}
		if x.at < dev.told[slot].at {
			slot = i
		}
	}
	dev.told[slot] = told{key, now, hard}
	return true
}

// Find completes a finding, whose sentence is what it Said in English, and hands it over.
func (t *Teller) Find(dev *Device, m Moment, f home.Finding) {
	t.Findings++
	f.Device, f.MAC, f.Time, f.Frame = dev.ID, dev.MAC, m.Time, m.Frame
	f.ID = string(home.DeviceIDOf(fmt.Sprintf("finding %s %s %d %d %d", f.Device, f.Detector, m.Time.UnixNano(), m.Frame, t.Findings)))
	f.Symptom.Detector = f.Detector
	if f.Facts == nil {
		f.Facts = map[string]any{}
	}
	f.Facts["proven"] = m.Proven
	if m.Proven {
		f.Port = dev.Port
	} else {
		f.Said = say.New("{0}; the sender is known by its address only, which can be forged", say.Said(f.Said))
	}
	if m.Time.UnixNano() < dev.Doubtful {
		f.Said = say.New("{0}; its MAC is in use on two ports, so it may have been somebody else", say.Said(f.Said))
	}
	f.Sentence = say.English(f.Said)
	t.sink.Find(&f)
}
