package behavior

import (
	"fmt"
	"time"

	"cardea/home"
)

// told remembers that a cause was told, so that it is not told again within Config.Again.
type told struct {
	cause uint64
	at    int64
	hard  bool
}

const tellings = 16 // causes remembered of a device; the one told longest ago goes first

// may says whether a cause may be told now: not within Config.Again, unless it became hard. It notes that it was.
func (d *Detectors) may(dev *device, det home.Detector, cause uint64, hard bool, now int64) bool {
	if d.cfg.Off[det] {
		return false
	}
	key := cause
	for i := 0; i < len(det); i++ {
		key = (key ^ uint64(det[i])) * 1099511628211
	}
	slot := 0
	for i := range dev.told {
		t := &dev.told[i]
		if t.at != 0 && t.cause == key {
			again := d.cfg.Again
			if det == home.DetectInbound {
				again = max(again, 24*time.Hour) // what is exposed to the internet is tried all day
			}
			if now-t.at < int64(again) && (t.hard || !hard) {
				d.stats.Suppressed++
				return false
			}
			slot = i
			break
		}
		if t.at < dev.told[slot].at {
			slot = i
		}
	}
	dev.told[slot] = told{key, now, hard}
	return true
}

// strength: only what the frame itself proves is hard; a device seen on two ports at once proves nothing.
func (d *Detectors) strength(dev *device, m moment, hard bool) home.Strength {
	if hard && m.proven && m.time.UnixNano() >= dev.doubtful {
		return home.Hard
	}
	return home.Soft
}

// find completes a finding and hands it over.
func (d *Detectors) find(dev *device, m moment, f home.Finding) {
	d.stats.Findings++
	f.Device, f.MAC, f.Time, f.Frame = dev.id, dev.mac, m.time, m.frame
	f.ID = string(home.DeviceIDOf(fmt.Sprintf("finding %s %s %d %d %d", f.Device, f.Detector, m.time.UnixNano(), m.frame, d.stats.Findings)))
	f.Symptom.Detector = f.Detector
	if f.Facts == nil {
		f.Facts = map[string]any{}
	}
	f.Facts["proven"] = m.proven
	if m.proven {
		f.Port = dev.port
	} else {
		f.Sentence += "; the sender is known by its address only, which can be forged"
	}
	if m.time.UnixNano() < dev.doubtful {
		f.Sentence += "; its MAC is in use on two ports, so it may have been somebody else"
	}
	d.sink.Find(&f)
}

// span is a duration as a person would say it.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return "less than a second"
	case d < 2*time.Minute:
		return plural(int64((d+time.Second/2)/time.Second), "second")
	case d < 2*time.Hour:
		return plural(int64((d+time.Minute/2)/time.Minute), "minute")
	}
	return plural(int64((d+time.Hour/2)/time.Hour), "hour")
}

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
