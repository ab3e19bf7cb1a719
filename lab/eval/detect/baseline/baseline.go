// Package baseline is what the detectors are measured against: a blocklist, a device's own quantiles, a static allow-list and an
// isolation forest. Each learns from training units and then scores devices as they go; the thresholds are set outside, for all
// alike. It may import home and lab/eval/detect/forest. A Method is used by one goroutine.
package baseline

import (
	"net/netip"
	"time"

	"cardea/home"
	"cardea/lab/eval/detect/forest"
)

// Score is how suspicious a device is at a moment: the higher, the more.
type Score struct {
	Device home.DeviceID
	Time   time.Time
	Value  float64
}

// Watcher looks at one unit. Close hands over what the last window held.
type Watcher interface {
	Observe(*home.Observation)
	Close()
}

// Method is a way of telling unusual devices.
type Method interface {
	Name() string
	// Calibrated says whether its scores are compared with a calibrated threshold; else any score above 0 is an alert.
	Calibrated() bool
	// Learn gives a watcher of one training unit; level tells what model a device is.
	Learn(level Level) Watcher
	// Ready ends the learning.
	Ready() error
	// Judge gives a watcher that scores one unit.
	Judge(level Level, emit func(Score)) Watcher
}

// Level names what a device is compared with: its model, as far as that is known.
type Level func(*home.Device) string

// nobody watches nothing: a method that learns nothing.
type nobody struct{}

func (nobody) Observe(*home.Observation) {}
func (nobody) Close()                    {}

// Intel says whether a name or an address is listed.
type Intel interface {
	Name(name string) (home.Indicator, bool)
	Addr(addr netip.Addr) (home.Indicator, bool)
}

// Blocklist alerts at contact with a listed address or name, and at nothing else.
type Blocklist struct{ Intel Intel }

// Name implements Method.
func (Blocklist) Name() string { return "blocklist" }

// Calibrated implements Method: a list has no threshold.
func (Blocklist) Calibrated() bool { return false }

// Learn implements Method.
func (Blocklist) Learn(Level) Watcher { return nobody{} }

// Ready implements Method.
func (Blocklist) Ready() error { return nil }

// Judge implements Method.
func (b Blocklist) Judge(_ Level, emit func(Score)) Watcher {
	if b.Intel == nil {
		return nobody{}
	}
	return &listWatcher{b.Intel, emit}
}

type listWatcher struct {
	intel Intel
	emit  func(Score)
}

func (w *listWatcher) Observe(o *home.Observation) {
	if o.Device == nil || o.Direction == home.Local {
		return
	}
	listed := false
	switch o.Kind {
	case home.EventFlow:
		if o.Flow.State == home.FlowNew {
			_, addr := w.intel.Addr(o.Far.IP)
			_, name := w.intel.Name(o.Far.Name)
			listed = addr || name && o.Far.Name != ""
		}
	case home.EventName:
		if o.Name.Host != "" {
			_, listed = w.intel.Name(o.Name.Host)
		}
	case home.EventLookup:
		_, listed = w.intel.Name(o.Lookup.Question)
	}
	if listed {
		w.emit(Score{o.Device.ID, o.Time, 1})
	}
}

func (*listWatcher) Close() {}

// Forest scores windows by how few random cuts set them apart from the training units' windows.
type Forest struct {
	Seed   uint64
	points [][]float64
	forest *forest.Forest
}

// maxPoints bounds what is kept of the training units; a tree is grown from 256 points anyway.
const maxPoints = 200_000

// Name implements Method.
func (*Forest) Name() string { return "isolation-forest" }

// Calibrated implements Method.
func (*Forest) Calibrated() bool { return true }

// Learn implements Method.
func (f *Forest) Learn(Level) Watcher {
	return newWindows(func(w *window) {
		if len(f.points) < maxPoints {
			f.points = append(f.points, w.features())
		}
	})
}

// Ready implements Method.
func (f *Forest) Ready() (err error) {
	if len(f.points) > 0 {
		f.forest, err = forest.Train(f.points, forest.Options{Seed: f.Seed})
		f.points = nil
	}
	return err
}

// Judge implements Method.
func (f *Forest) Judge(_ Level, emit func(Score)) Watcher {
	if f.forest == nil {
		return nobody{}
	}
	return newWindows(func(w *window) { emit(Score{w.id, w.end, f.forest.Score(w.features())}) })
}
