package whole

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cardea/cloud/incident"
	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab/plan"
)

// tale is the test's own list of what went on: what the gateway told on its control socket, and what the API took.
type tale struct {
	mu       sync.Mutex
	findings map[string]time.Time // ids, and when they were told
	steps    map[string]time.Time // case, state and time, and when they were told
	kills    []time.Time          // of the agent
	orders   []order
	asked    int // orders, also those that the cloud said no to
	local    int // acts of the owner at home
}

// listen follows the control socket over all of the agent's lives, until ctx ends.
func (l *tale) listen(ctx context.Context, socket string) {
	for ctx.Err() == nil {
		_ = control.Dial(socket).Events(ctx, func(e control.Event) bool { // it ends with each of the agent's lives
			l.mu.Lock()
			defer l.mu.Unlock()
			if e.Finding != nil {
				l.findings[e.Finding.ID] = time.Now()
			}
			if e.Transition != nil && e.Incident != nil {
				l.steps[step(e.Incident.ID, string(e.Transition.To), string(e.Transition.Mode), e.Transition.Time.UnixMilli())] = time.Now()
			}
			return true
		})
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func step(incident, to, mode string, at int64) string {
	return fmt.Sprintf("%s %s %s %d", incident, to, mode, at)
}

// excused says whether the agent was killed right after it had told something: it may not have kept it.
func (l *tale) excused(told time.Time) bool {
	return slices.ContainsFunc(l.kills, func(k time.Time) bool { return k.Sub(told) > -time.Second && k.Sub(told) < 2*time.Second })
}

// The gateway and the cloud are killed, and the line between them is cut, at random points, while malware is found and
// residents ask for things, in the app and at home. In the end the cloud has each case as the gateway has it, and each order
// that it took was done once.
func TestCloudKilledAndCutOffKnowsEverythingOnce(t *testing.T) {
	rounds := 5
	if os.Getenv("CARDEA_SOAK") != "" {
		rounds = 50
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	s := &sky{}
	w := begin(t, options{Options: plan.Options{Seed: 71, Scenario: "camera"}, first: above(s), life: time.Duration(2+rounds) * time.Minute})
	c := &chaos{w: w, s: s, rnd: rand.New(rand.NewPCG(seed, 0)), tale: &tale{findings: map[string]time.Time{}, steps: map[string]time.Time{}}, blocked: map[string]bool{}}
	ctx, cancel := context.WithCancel(w.ctx)
	var listening sync.WaitGroup
	listening.Go(func() { c.tale.listen(ctx, w.facts.Socket) })
	defer listening.Wait()
	defer cancel()
	w.eventually("the cloud hears of the home", func() bool {
		list, err := s.rooms.History.DeviceList(w.ctx, s.place)
		return err == nil && len(list) >= 4
	})
	c.infect()
	w.eventually("the malware is found", func() bool {
		c.tale.mu.Lock()
		defer c.tale.mu.Unlock()
		return len(c.tale.findings) > 0
	})
	for n := range rounds {
		c.round(n)
	}
	c.healAll()
	c.compare()
	t.Logf("%d rounds: %d findings and %d steps told at home, %d of %d orders taken by the API, %d acts at home; %v",
		rounds, len(c.tale.findings), len(c.tale.steps), len(c.tale.orders), c.tale.asked, c.tale.local, c.faults)
	if len(c.tale.orders) == 0 {
		t.Error("nothing was asked for")
	}
}

// chaos does things and breaks things.
type chaos struct {
	w        *world
	s        *sky
	rnd      *rand.Rand
	tale     *tale
	infected []string
	blocked  map[string]bool // endpoints that the API took a block of, and no unblock
	faults   map[string]int
}

func (c *chaos) below(d time.Duration) time.Duration { return time.Duration(c.rnd.Int64N(int64(d))) }

// round does a few things while one thing breaks at a random point, and mends it.
func (c *chaos) round(n int) {
	c.w.t.Helper()
	fault := []string{"agent", "cloud", "cut", "both", "cut and agent"}[n%5]
	if c.faults == nil {
		c.faults = map[string]int{}
	}
	c.faults[fault]++
	at, away := c.below(1200*time.Millisecond), c.below(2*time.Second)
	acts := make([]func(), 5)
	for i := range acts {
		acts[i] = c.act(n, i)
	}
	var broken sync.WaitGroup
	var failed error
	broken.Go(func() {
		time.Sleep(at) // at a random point
		failed = c.breaks(fault, away)
	})
	if n%2 == 1 {
		c.infect()
	}
	for _, act := range acts {
		act()
		time.Sleep(c.below(300 * time.Millisecond))
	}
	broken.Wait()
	c.w.must(failed)
}

// breaks kills, waits and starts again. It runs beside the acts: it must not fail the test itself.
func (c *chaos) breaks(fault string, away time.Duration) (err error) {
	killsAgent := fault == "agent" || fault == "both" || fault == "cut and agent"
	killsCloud := fault == "cloud" || fault == "both"
	cuts := strings.HasPrefix(fault, "cut")
	if cuts {
		err = c.w.home.CutCloud(true)
	}
	if killsAgent {
		c.tale.mu.Lock()
		c.tale.kills = append(c.tale.kills, time.Now())
		c.tale.mu.Unlock()
		c.w.agent.end(syscall.SIGKILL)
	}
	if killsCloud {
		c.s.process.end(syscall.SIGKILL)
	}
	time.Sleep(away)
	if killsCloud {
		err = errors.Join(err, c.s.start())
	}
	if killsAgent {
		err = errors.Join(err, c.w.start())
	}
	if cuts {
		err = errors.Join(err, c.w.home.CutCloud(false))
	}
	return err
}

// act chooses what a resident does.
func (c *chaos) act(round, n int) func() {
	why := fmt.Sprintf("round %d act %d", round, n)
	device := []string{laptop, phone, alarm, camera}[c.rnd.IntN(4)]
	endpoint := fmt.Sprintf("r%dn%d.example.org", round, n)
	switch c.rnd.IntN(8) {
	case 0, 1:
		return func() { c.ask(order{Verb: "quarantine", Device: c.id(device), Why: why}) }
	case 2:
		return func() { c.onCase("release", why) }
	case 3:
		return func() { c.onCase("dismiss", why) }
	case 4:
		return func() { c.ask(order{Verb: "block", Endpoint: endpoint, Why: why}) }
	case 5:
		return func() {
			for e := range c.blocked {
				c.ask(order{Verb: "unblock", Endpoint: e, Why: why})
				return
			}
			c.ask(order{Verb: "block", Device: c.id(device), Endpoint: endpoint, Why: why})
		}
	case 6:
		return func() { c.atHome("quarantine", device, why) }
	}
	return func() { c.atHome("release", device, why) }
}

func (c *chaos) ask(o order) {
	c.w.t.Helper()
	c.tale.asked++
	taken, ok := c.s.ask(o)
	if !ok {
		return
	}
	c.tale.orders = append(c.tale.orders, taken)
	if o.Device == "" && o.Verb == "block" {
		c.blocked[o.Endpoint] = true
	}
	if o.Verb == "unblock" {
		delete(c.blocked, o.Endpoint)
	}
}

// onCase asks something about a case that the cloud knows.
func (c *chaos) onCase(verb, why string) {
	c.w.t.Helper()
	list, err := c.s.rooms.Incidents.List(c.w.ctx, c.s.place, incident.Open, "", 10)
	c.w.must(err)
	if len(list) > 0 {
		c.ask(order{Verb: verb, Incident: list[c.rnd.IntN(len(list))].GetId(), Why: why})
	}
}

// atHome is the resident at the gateway itself. While the agent is away there is nobody to ask.
func (c *chaos) atHome(verb, device, why string) {
	p, _ := c.w.home.Plan.Device(device)
	if control.Dial(c.w.facts.Socket).Ask(c.w.ctx, control.Action{Verb: verb, Target: p.MAC.String(), Why: why}, nil) == nil {
		c.tale.local++
	}
}

// id is the cloud's name of a device.
func (c *chaos) id(device string) string {
	c.w.t.Helper()
	p, _ := c.w.home.Plan.Device(device)
	list, err := c.s.rooms.History.DeviceList(c.w.ctx, c.s.place)
	c.w.must(err)
	for _, d := range list {
		if slices.Contains(d.GetMacs(), p.MAC.String()) {
			return d.GetId()
		}
	}
	c.w.t.Fatalf("the cloud does not know %s", device)
	return ""
}

func (c *chaos) infect() {
	c.w.t.Helper()
	for _, d := range c.infected {
		c.w.must(c.w.home.PowerCycle(c.w.ctx, d))
	}
	_, err := c.w.home.Infect(c.w.ctx, camera)
	c.w.must(err)
	c.infected = []string{camera}
}

// healAll ends the malware, so that nothing changes any more.
func (c *chaos) healAll() {
	c.w.t.Helper()
	for _, d := range c.infected {
		c.w.must(c.w.home.PowerOff(d))
	}
}

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
		case n == 0 && o.Status == "in_force" && (o.Verb == "dismiss" || o.Verb == "release"):
			c.w.t.Errorf("order %s (%s) is said to be in force, and made no step", o.Verb, o.Why)
		case n == 1 && o.Status == "expired":
			c.w.t.Errorf("order %s (%s) has expired, and was done", o.Verb, o.Why)
		}
		c.w.t.Logf("%-10s %s: %s %s", o.Verb, o.Why, o.Status, o.Reason)
	}
}
