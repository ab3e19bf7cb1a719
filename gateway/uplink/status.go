package uplink

import "time"

// Status says how the link stands, for people.
type Status struct {
	Connected  bool      `json:"connected"`
	Since      time.Time `json:"since"` // of being connected or not
	Problem    string    `json:"problem,omitempty"`
	LastAck    time.Time `json:"last_ack"` // zero: none since the start
	Running    uint64    `json:"running"`  // version of the desired state
	Wanted     uint64    `json:"wanted"`
	Until      time.Time `json:"until"` // when the certificate ends
	SpoolItems int       `json:"spool_items"`
	SpoolBytes int64     `json:"spool_bytes"`
	Dropped    uint64    `json:"dropped"`
	Ignored    uint64    `json:"ignored"` // messages of the cloud that were not understood
	Questions  int       `json:"questions"`
}

// Status says how the link stands.
func (l *Link) Status() Status {
	q := l.queue.Stats()
	l.questions.mu.Lock()
	asked := len(l.questions.cancel)
	l.questions.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{
		Connected: l.up, Since: l.since, Problem: l.err, Running: l.running.Load(), Wanted: l.wanted.Load(), Until: l.identity.Until,
		SpoolItems: q.Items, SpoolBytes: q.Bytes, Dropped: q.Dropped, Ignored: l.ignored.Load(), Questions: asked,
	}
	if ms := l.lastAck.Load(); ms > 0 {
		s.LastAck = time.UnixMilli(ms).UTC()
	}
	return s
}
