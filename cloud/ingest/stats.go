package ingest

import (
	"sync/atomic"
	"time"
)

// Stats are counts since the worker was made.
type Stats struct {
	Reports    uint64        // messages taken out of partitions
	Stored     uint64        // items stored
	Skipped    uint64        // items that had been stored before
	Refused    uint64        // messages and items that went to the dead letters
	Erased     uint64        // items that were under way when their home had them erased
	Unknown    uint64        // items of a kind that only newer clouds know
	Missing    uint64        // sequence numbers that never came
	Batches    uint64        // transactions
	Failed     uint64        // transactions that failed and were to come again
	Beats      uint64        // heartbeats written
	BeatsLost  uint64        // heartbeats that could not be kept, or not read
	Nudges     uint64        // commands to fetch the desired state
	Partitions int           // held now
	Behind     time.Duration // how long before it was stored the newest batch's oldest report had been sent, by its sender's clock
	Busy       time.Duration // time spent in transactions
}

type counters struct {
	reports, stored, skipped, refused, erased, unknown, missing, batches, failed atomic.Uint64
	beats, beatsLost, nudges                                                     atomic.Uint64
	behind, busy, held                                                           atomic.Int64
}

// Stats tells what the worker has done.
func (w *Worker) Stats() Stats {
	c := &w.stats
	return Stats{Reports: c.reports.Load(), Stored: c.stored.Load(), Skipped: c.skipped.Load(), Refused: c.refused.Load(), Erased: c.erased.Load(),
		Unknown: c.unknown.Load(), Missing: c.missing.Load(), Batches: c.batches.Load(), Failed: c.failed.Load(),
		Beats: c.beats.Load(), BeatsLost: c.beatsLost.Load(), Nudges: c.nudges.Load(), Partitions: int(c.held.Load()),
		Behind: time.Duration(c.behind.Load()), Busy: time.Duration(c.busy.Load())}
}

// tally is what one transaction did; it counts once it is committed.
type tally struct{ stored, skipped, refused, erased, unknown, missing uint64 }

func (c *counters) add(t tally) {
	c.stored.Add(t.stored)
	c.skipped.Add(t.skipped)
	c.refused.Add(t.refused)
	c.erased.Add(t.erased)
	c.unknown.Add(t.unknown)
	c.missing.Add(t.missing)
}
