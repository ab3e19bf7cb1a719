package respond

import "time"

// Read notes once that a person at home has read of a case; why is kept as the reason.
func (r *Responder) Read(id, by, why string, now time.Time) (err error) {
	r.act(func() {
		var c *Case
		if c, err = r.find(id); err != nil {
			return
		}
		for _, t := range c.Incident.History {
			if t.By == by && t.Why == why {
				return
			}
		}
		r.move(c, now, c.Incident.State, c.Incident.Mode, by, theirs(why))
	})
	return err
}
