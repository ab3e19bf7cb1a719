package spoof

import (
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// One MAC on two ports: somebody forges it, or two ports are cabled into a loop. A station that moves (roaming, replugging)
// changes port once; only forged frames make the MAC jump back and forth. It is told, never contained: which of the two
// is the device cannot be known. Until it is quiet, no other finding about this MAC is hard.
const (
	jumpsNeeded = 3
	jumpSpan    = 10 * time.Second
	doubtLasts  = 10 * time.Minute
)

type twoPorts struct {
	mac   home.MAC
	now   string // port of the latest frame
	other string // the one before
	jumps int
	since int64
}

// Ports takes any observation for the port it came in by.
func (d *Detector) Ports(dev *Device, o *home.Observation, now int64) {
	t := &dev.twoPorts
	if d.dns.lie.mac == dev.MAC {
		d.tellLie(dev)
	}
	if o.Port == "" || o.Source.IsZero() || o.Source != dev.MAC || dev.Gateway || o.Kind == home.EventFlow && o.Flow.State != home.FlowNew {
		return
	}
	if t.mac != o.Source || t.now == "" {
		*t = twoPorts{mac: o.Source, now: o.Port}
		return
	}
	if t.now == o.Port {
		return
	}
	if o.Port != t.other || now-t.since > int64(jumpSpan) {
		t.jumps, t.since = 0, now
	}
	t.other, t.now = t.now, o.Port
	if t.jumps++; t.jumps < jumpsNeeded {
		return
	}
	m := evidence.MomentOf(o)
	if dev.Doubtful = now + int64(doubtLasts); !d.tell.May(dev.Device, home.DetectDuplicate, 0, false, now) {
		return
	}
	d.tell.Find(dev.Device, m, home.Finding{
		Detector: home.DetectDuplicate, Strength: home.Soft, Score: float64(t.jumps),
		Said:  say.New("its MAC {0} sends on the ports {1} and {2} in turn: one of them forges it", say.Text(o.Source.String()), say.Text(t.other), say.Text(t.now)),
		Facts: map[string]any{"ports": []string{t.other, t.now}, "jumps": t.jumps, "unit": "changes of port"},
	})
}
