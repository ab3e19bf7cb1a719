package intel

import (
	"context"

	"cardea/home"
	"cardea/intel"
)

// ReasonExcepted is why an entry is left out that somebody made an exception of.
const ReasonExcepted intel.Reason = "an exception was made of it"

// Check judges lists that somebody publishes by hand as those of sources are judged. It is of one moment and only read.
type Check struct {
	guard   *guard
	allowed *exceptions
}

// Check makes one of now.
func (n *Intel) Check(ctx context.Context) (*Check, error) {
	b, err := n.builder(ctx, n.o.Now())
	if err != nil {
		return nil, err
	}
	return &Check{guard: b.guard, allowed: b.allowed}, nil
}

// Refuse says why an entry of a list of a class is left out, "" when it is not.
func (c *Check) Refuse(e intel.Entry, class home.Class) intel.Reason {
	if c.allowed.holds(e) {
		return ReasonExcepted
	}
	why, _ := c.guard.refuse(e, class)
	return why
}

// Exceptions are what every text of lists says beside them: they free also a part of what is listed.
func (c *Check) Exceptions() []intel.Entry { return c.allowed.list }

// Doubtful says whether so many entries are unlike as many as there were.
func (*Check) Doubtful(was, is int) bool { return doubtful(was, is) }
