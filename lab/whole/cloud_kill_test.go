package whole

import (
	"context"
	"errors"
	"fmt"
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
	answered map[string]bool      // steps of which the gateway told its owner in an answer: they are on its disk, whatever happens then
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
	w := begin(t, options{Options: plan.Options{Seed: 71, Scenario: "camera"}, first: above(s), life: time.Duration(8+2*rounds) * time.Minute})
	c := &chaos{w: w, s: s, rnd: rand.New(rand.NewPCG(seed, 0)), tale: &tale{findings: map[string]time.Time{}, steps: map[string]time.Time{}, answered: map[string]bool{}}, blocked: map[string]bool{}}
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
	t.Logf("%d rounds: %d findings and %d steps told at home, %d of %d orders taken by the API, %d acts at home, %d steps in their answers; %v",
		rounds, len(c.tale.findings), len(c.tale.steps), len(c.tale.orders), c.tale.asked, c.tale.local, len(c.tale.answered), c.faults)
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
	var its home.Incident // a release has none
	if control.Dial(c.w.facts.Socket).Ask(c.w.ctx, control.Action{Verb: verb, Target: p.MAC.String(), Why: why}, &its) != nil {
		return
	}
	c.tale.local++
	for _, t := range its.History {
		c.tale.answered[step(its.ID, string(t.To), string(t.Mode), t.Time.UnixMilli())] = true
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
