package audit

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"time"
)

// What can be wrong with a chain.
const (
	Changed   = "changed"   // an entry is not what was hashed
	Removed   = "removed"   // an entry is gone, or its link
	Inserted  = "inserted"  // an entry is in no chain
	Reordered = "reordered" // entries have changed places
	Cut       = "cut"       // the end is gone that a checkpoint knows
	Rewritten = "rewritten" // the chain has another hash than a checkpoint says
	Forged    = "forged"    // a checkpoint that none of the keys has signed
	Unsealed  = "unsealed"  // old entries for which no checkpoint vouches
	Lost      = "lost"      // the file of copies is gone, or empty, though there are checkpoints
)

// unsealedAt is how old an entry without a checkpoint may be.
const unsealedAt = 24 * time.Hour

// Problem is one thing that is wrong.
type Problem struct {
	Kind   string `json:"kind"`
	Number int64  `json:"number"` // in the chain; 0 for none
	ID     string `json:"id"`     // of the entry
	What   string `json:"what"`
}

// Report is what was found of a tenant.
type Report struct {
	Tenant      string    `json:"tenant"`
	Good        bool      `json:"good"`
	Entries     int64     `json:"entries"`
	Checkpoints int       `json:"checkpoints"` // that are good
	Copies      int       `json:"copies"`      // of checkpoints, from outside of the database
	Sealed      int64     `json:"sealed"`      // the highest number of one
	Found       int       `json:"found"`       // problems, those beyond the list too
	Problems    []Problem `json:"problems"`
}

const (
	maxProblems = 100
	maxOdd      = 1000 // links that do not fit, of which it is looked whether they changed places
)

// check reads a chain from its beginning to its end.
type check struct {
	report Report
	now    time.Time
	sealed map[int64][][]byte // hashes by number, of good checkpoints; more than one where they differ
	number int64
	hash   []byte
	oldest time.Time // of the links without a checkpoint after the last one
	odd    []odd
}

// odd is a link whose entry is not what was hashed there.
type odd struct {
	link     Link
	previous []byte
}

// newCheck takes the checkpoints first: of the database and of the copies.
func newCheck(tenant string, now time.Time, keys []ed25519.PublicKey, points []Checkpoint) *check {
	c := &check{report: Report{Tenant: tenant, Problems: []Problem{}}, now: now, sealed: map[int64][][]byte{}}
	for _, p := range points {
		if p.Tenant != tenant {
			continue
		}
		if !p.good(keys) {
			c.found(Forged, p.Number, "", "No key of this audit has signed this checkpoint.")
			continue
		}
		c.report.Sealed = max(c.report.Sealed, p.Number)
		known := false
		for _, h := range c.sealed[p.Number] {
			known = known || bytes.Equal(h, p.Hash)
		}
		if !known {
			c.sealed[p.Number] = append(c.sealed[p.Number], p.Hash)
			c.report.Checkpoints++
		}
	}
	return c
}

func (c *check) found(kind string, number int64, id, what string) {
	c.report.Found++
	if len(c.report.Problems) < maxProblems {
		c.report.Problems = append(c.report.Problems, Problem{kind, number, id, what})
	}
}

// link takes the next one. there is false when its entry is gone.
func (c *check) link(l Link, there bool) {
	c.report.Entries++
	if l.Number != c.number+1 {
		c.found(Removed, c.number+1, "", fmt.Sprintf("The chain goes on with number %d.", l.Number))
		if l.Number <= c.number {
			return
		}
	}
	gap := l.Number != c.number+1
	switch {
	case !there:
		c.found(Removed, l.Number, l.ID, "The entry is gone.")
	case l.Tenant != c.report.Tenant:
		c.found(Inserted, l.Number, l.ID, "The entry is another tenant's.")
	case !gap && !bytes.Equal(Sum(l.Number, c.hash, l.Entry), l.Hash):
		if len(c.odd) < maxOdd {
			c.odd = append(c.odd, odd{l, c.hash})
		} else {
			c.found(Changed, l.Number, l.ID, "The entry is not what was written.")
		}
	}
	for _, h := range c.sealed[l.Number] {
		if !bytes.Equal(h, l.Hash) {
			c.found(Rewritten, l.Number, l.ID, "A signed checkpoint has another hash at this number.")
		}
	}
	if l.Number > c.report.Sealed && there && (c.oldest.IsZero() || l.At.Before(c.oldest)) {
		c.oldest = l.At
	}
	c.number, c.hash = l.Number, l.Hash
}

// loose takes an entry that is in no chain.
func (c *check) loose(e Entry) {
	c.report.Entries++
	c.found(Inserted, 0, e.ID, "The entry is in no chain.")
}

// unsealed tells once that no checkpoint vouches for the end.
func (c *check) unsealed(what string) {
	c.found(Unsealed, c.report.Sealed+1, "", what)
	c.oldest = time.Time{}
}

// end says what was found.
func (c *check) end() Report {
	c.places()
	if c.number < c.report.Sealed {
		c.found(Cut, c.number+1, "", fmt.Sprintf("The chain ends at %d; a signed checkpoint knows %d.", c.number, c.report.Sealed))
	}
	if !c.oldest.IsZero() && c.now.Sub(c.oldest) > unsealedAt {
		c.unsealed("No checkpoint vouches for entries that are older than a day.")
	}
	c.report.Good = c.report.Found == 0
	return c.report
}

// places tells entries that have changed places from those that were changed.
func (c *check) places() {
	for i, x := range c.odd {
		kind, what := Changed, "The entry is not what was written."
		for k, y := range c.odd {
			if i != k && bytes.Equal(Sum(x.link.Number, x.previous, y.link.Entry), x.link.Hash) {
				kind, what = Reordered, fmt.Sprintf("What was written here stands at number %d.", y.link.Number)
				break
			}
		}
		c.found(kind, x.link.Number, x.link.ID, what)
	}
}
