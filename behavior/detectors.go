package behavior

import (
	"time"

	"cardea/home"
)

// Detectors judges observations. Use New.
type Detectors struct {
	cfg   Config
	sink  Sink
	stats Stats
}

// New makes detectors that tell their findings to sink.
func New(c Config, sink Sink) *Detectors { return &Detectors{cfg: c, sink: sink} }

// Observe takes one observation; its time is the clock.
func (d *Detectors) Observe(o *home.Observation) { d.stats.Observations++ }

// Internet tells the result of the gateway's own probe.
func (d *Detectors) Internet(up bool, now time.Time) {}

// Stats returns the counters.
func (d *Detectors) Stats() Stats { return d.stats }
