package whole

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cardea/cloud/incident"
	"cardea/home"
)

// compare waits until the cloud has what the gateway has, and fails with what differs.
func (c *chaos) compare() {
	c.w.t.Helper()
	var err error
	for end := time.Now().Add(2 * patient); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if err = errors.Join(c.sameCases(), c.ordersDone(), c.allTold()); err == nil {
			break
		}
	}
	if err != nil {
		c.w.t.Errorf("the cloud differs from the gateway:\n%v", err)
	}
	c.doneOnce()
}

// sameCases compares each case with the gateway's own, step by step.
func (c *chaos) sameCases() error {
	ours, err := c.w.client.Incidents(c.w.ctx)
	if err != nil {
		return err
	}
	theirs, err := c.s.rooms.Incidents.List(c.w.ctx, c.s.place, incident.All, "", 100)
	if err != nil {
		return err
	}
	var errs []error
	if len(ours) != len(theirs) {
		errs = append(errs, fmt.Errorf("%d cases at home, %d in the cloud", len(ours), len(theirs)))
	}
	for _, i := range ours {
		full, err := c.s.rooms.Incidents.Get(c.w.ctx, c.s.place, i.ID)
		if err == nil {
			err = same(&i, full)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("case %s: %w", i.Code, err))
		}
	}
	return errors.Join(errs...)
}

// allTold compares what the agent told on its control socket, in all of its lives, with what the cloud has.
func (c *chaos) allTold() error {
	have := map[string]bool{}
	list, err := c.s.rooms.Incidents.List(c.w.ctx, c.s.place, incident.All, "", 100)
	if err != nil {
		return err
	}
	for _, k := range list {
		full, err := c.s.rooms.Incidents.Get(c.w.ctx, c.s.place, k.GetId())
		if err != nil {
			return err
		}
		for _, s := range full.Steps {
			have[step(k.GetId(), s.GetTo(), s.GetMode(), s.GetTime())] = true
		}
		for _, f := range full.Evidence {
			have[f.GetId()] = true
		}
	}
	var errs []error
	c.tale.mu.Lock()
	defer c.tale.mu.Unlock()
	for what, told := range map[string]map[string]time.Time{"finding": c.tale.findings, "step": c.tale.steps} {
		for id, at := range told {
			if !have[id] && !c.tale.excused(at) {
				errs = append(errs, fmt.Errorf("%s %s was told at home at %v, and is not in the cloud", what, id, at))
			}
		}
	}
	for id := range c.tale.answered {
		if !have[id] {
			errs = append(errs, fmt.Errorf("step %s was answered at home, and is not in the cloud", id))
		}
	}
	return errors.Join(errs...)
}

func same(i *home.Incident, full incident.Full) error {
	var ours, theirs []string
	for _, s := range i.History {
		ours = append(ours, fmt.Sprintf("%d %s>%s %s %s: %s", s.Time.UnixMilli(), s.From, s.To, s.Mode, s.By, s.Why))
	}
	for _, s := range full.Steps {
		theirs = append(theirs, fmt.Sprintf("%d %s>%s %s %s: %s", s.GetTime(), s.GetFrom(), s.GetTo(), s.GetMode(), s.GetBy(), s.GetWhy()))
	}
	if !slices.Equal(ours, theirs) {
		return fmt.Errorf("its steps at home:\n  %s\nin the cloud:\n  %s", strings.Join(ours, "\n  "), strings.Join(theirs, "\n  "))
	}
	if full.GetCode() != i.Code || full.GetDevice() != string(i.Device) || full.GetState() != string(i.State) || full.GetMode() != string(i.Mode) ||
		full.GetFindings() > i.Count || full.GetFindings() < min(i.Count, uint64(len(i.Findings))) {
		return fmt.Errorf("at home %s %s %s with %d findings, in the cloud %s %s %s with %d", i.Device, i.State, i.Mode, i.Count,
			full.GetDevice(), full.GetState(), full.GetMode(), full.GetFindings())
	}
	count := map[string]int{}
	for _, f := range full.Evidence {
		count[f.GetId()]++
	}
	for _, f := range i.Findings {
		if count[f.ID] != 1 {
			return fmt.Errorf("finding %s of %v (%s) is in the cloud %d times", f.ID, f.Time, f.Detector, count[f.ID])
		}
	}
	return nil
}

// ordersDone says which orders have not ended, and whether the gateway's rules and the cloud's are those that were asked for.
func (c *chaos) ordersDone() error {
	var errs []error
	want := map[string]bool{}
	for n, o := range c.tale.orders {
		got, err := c.s.rooms.Desired.Get(c.w.ctx, c.s.place, o.ID)
		if err != nil || got.Status == "asked" {
			errs = append(errs, fmt.Errorf("order %s %s (%s): %s %w", o.Verb, o.ID, o.Why, got.Status, err))
			continue
		}
		c.tale.orders[n].Status, c.tale.orders[n].Reason = string(got.Status), got.Reason
		if got.Status == "in_force" && (o.Verb == "block" || o.Verb == "unblock") {
			want[o.Device+" "+o.Endpoint] = o.Verb == "block"
		}
	}
	maps.DeleteFunc(want, func(_ string, b bool) bool { return !b })
	have, err := c.rulesInTheCloud()
	if !maps.Equal(want, have) {
		errs = append(errs, fmt.Errorf("asked to be blocked: %v; blocked as the cloud knows: %v; %w", want, have, err))
	}
	return errors.Join(errs...)
}

func (c *chaos) rulesInTheCloud() (map[string]bool, error) {
	have := map[string]bool{}
	h, err := c.s.rooms.History.Home(c.w.ctx, c.s.place)
	if err != nil {
		return nil, err
	}
	for _, e := range h.Blocked {
		have[" "+e] = true
	}
	list, err := c.s.rooms.History.DeviceList(c.w.ctx, c.s.place)
	for _, d := range list {
		for _, e := range d.GetBlocked() {
			have[d.GetId()+" "+e] = true
		}
	}
	return have, err
}

// doneOnce counts each order's steps at home, by its reason: an order that was done made one step, unless there was nothing
// to change.
func (c *chaos) doneOnce() {
	c.w.t.Helper()
	var steps []string
	for _, i := range c.w.incidents() {
		for _, s := range i.History {
			steps = append(steps, s.Why)
		}
	}
	for _, o := range c.tale.orders {
		n := 0
		for _, why := range steps {
			if strings.HasSuffix(why, o.Why) { // a release says more before it
				n++
			}
		}
		switch {
		case n > 1:
			c.w.t.Errorf("order %s (%s) was done %d times", o.Verb, o.Why, n)
		case n == 0 && o.Status == "in_force" && o.Verb == "dismiss": // a device that is let out already is let out without a step
			c.w.t.Errorf("order %s (%s) is said to be in force, and made no step", o.Verb, o.Why)
		case n == 1 && o.Status == "expired":
			c.w.t.Errorf("order %s (%s) has expired, and was done", o.Verb, o.Why)
		}
		c.w.t.Logf("%-10s %s: %s %s", o.Verb, o.Why, o.Status, o.Reason)
	}
}
