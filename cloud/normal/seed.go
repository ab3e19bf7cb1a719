package normal

import (
	"time"

	"cardea/cloud/normal/record"
	"cardea/home"
	"cardea/internal/platform/db"
)

// BeginSeed is Begin for made-up homes: what they say of the weeks before is believed, as if they had told it then, and since is when each
// of them began to tell. Real homes are not asked since when they tell.
func (n *Normal) BeginSeed(tx *db.Tx, since map[home.Place]time.Time) *Batch {
	b := n.Begin(tx)
	b.since, b.back = since, record.Weeks-1
	return b
}

// At gives the same store by another clock, with another publisher: what would have been learned then.
func (n *Normal) At(now func() time.Time, publish Publisher) *Normal {
	o := n.o
	o.Now, o.Publish = now, publish
	return New(n.db, o)
}
