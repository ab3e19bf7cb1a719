package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardea/lab/bench/track"
)

const (
	manyFlows   = 4096
	indicators  = 1_000_000
	slicePasses = 8192 // packets each way in one slice of established flows
	sliceFresh  = 8192 // new flows in one slice
)

// Gateway measures forwarding with protection beside plain NAT, on routers that stand side by side in network namespaces:
// small UDP packets, one and 4,096 established flows, and new flows; without indicators and with a million. Call it only
// inside lab.Enter.
func Gateway(ctx context.Context, o Options) (*Report, error) {
	o.defaults(75)
	r := newReport("gateway", o)
	agentTime := 0
	if o.Agent != "" {
		agentTime = o.Seconds / 3
	}
	end := time.Now().Add(time.Duration(o.Seconds-agentTime) * time.Second)
	r.Input = map[string]int{"frame_bytes": 60, "flows": manyFlows, "indicators": o.scaled(indicators)}
	// plain stands twice: what its two tracks differ by is what this measurement cannot tell
	lanes := []*lane{{indicators: -1}, {indicators: -1}, {indicators: 0}, {indicators: o.scaled(indicators)}}
	defer func() {
		for _, l := range lanes {
			l.close()
		}
	}()
	if o.Agent != "" {
		lanes = append(lanes, &lane{indicators: -1, program: o.Agent})
	}
	for i, name := range []string{"plain", "plain2", "rules", "listed", "agent"}[:len(lanes)] {
		if err := lanes[i].open(ctx, name); err != nil {
			return nil, err
		}
		o.Say("%s is up", name)
	}
	if err := forward(ctx, o, r, lanes, end); err != nil {
		return nil, err
	}
	r.add(measure(fmt.Sprintf("load %d addresses into the kernel", lanes[3].indicators), "CPU-s", []float64{lanes[3].load}))
	r.note("cost is the processor time of the sending thread: on veth the kernel forwards within the sender's system call. " +
		"Net of sending, the cost of sending alone (packets dropped at the first interface) is taken off both sides")
	r.note("protected: the rules of gateway/enforce, and nobody listens; the whole agent is in a lane of its own. The router's own firewall and NAT are in every lane")
	if o.Agent == "" {
		r.note("no agent program: the agent's own memory and time were not measured")
		return r.done(), nil
	}
	if err := agent(ctx, o, r, time.Duration(agentTime)*time.Second); err != nil {
		return nil, err
	}
	return r.done(), nil
}

// way is one kind of traffic.
type way struct {
	name string
	goal float64
	run  func(l *lane, size float64) (track.Cost, error)
}

var errLost = errors.New("packets were lost on the way")

// bothWays sends as much up as down.
func bothWays(flows int) func(*lane, float64) (track.Cost, error) {
	return func(l *lane, size float64) (track.Cost, error) {
		n := max(flows, int(slicePasses*size))
		up, err := l.Up(flows, n)
		if err != nil {
			return up, err
		}
		down, err := l.Down(flows, n)
		return up.Add(down), err
	}
}

func fresh(l *lane, size float64) (track.Cost, error) {
	c, err := l.Fresh(max(256, int(sliceFresh*size)))
	if err == nil {
		err = l.Forget()
	}
	time.Sleep(15 * time.Millisecond) // the kernel frees what was forgotten, at nobody's cost
	return c, err
}

func forward(ctx context.Context, o Options, r *Report, lanes []*lane, end time.Time) error {
	ways := []way{
		{"1 established flow", 0.97, bothWays(1)},
		{"4,096 established flows", 0.97, bothWays(manyFlows)},
		{"new flows", 0.85, fresh},
	}
	start := time.Now()
	for i, w := range ways {
		until := start.Add(end.Sub(start) * time.Duration(i+1) / time.Duration(len(ways)))
		last := lanes[len(lanes)-1]
		before, err := last.agentCPU()
		if err != nil {
			return err
		}
		sent := last.sent
		cost, floor, err := rounds(ctx, o, w, lanes, until)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		tell(r, w, cost, floor)
		after, err := last.agentCPU()
		if err != nil {
			return err
		}
		if last.agent != nil {
			r.add(measure(w.name+": the agent's own processor time a packet", "ns", []float64{max(1e-3, (after-before)*1e9/float64(last.sent-sent))}))
		}
		o.Say("%s: %d rounds", w.name, len(floor))
	}
	return nil
}

// rounds lets the lanes take turns; the first round is not counted. It gives nanoseconds a packet by lane, and of sending.
func rounds(ctx context.Context, o Options, w way, lanes []*lane, until time.Time) (cost [][]float64, floor []float64, err error) {
	cost = make([][]float64, len(lanes))
	for round := 0; len(floor) < 1 && round < 100 || round < 1000 && time.Now().Before(until); round++ {
		if err := ctx.Err(); err != nil {
			return cost, floor, err
		}
		ns := make([]float64, len(lanes))
		whole := true
		for i := range lanes {
			at := (i + round) % len(lanes)
			c, err := w.run(lanes[at], o.Size)
			if err != nil {
				return cost, floor, err
			}
			lanes[at].sent += c.Sent
			if c.Received*1000 < c.Sent*999 {
				return cost, floor, fmt.Errorf("%w: %d of %d arrived on %s", errLost, c.Received, c.Sent, lanes[at].Name)
			}
			ns[at] = 1e9 / c.PerSecond()
			whole = whole && c.Counted > 0
		}
		c, err := lanes[round%len(lanes)].Floor(max(256, int(slicePasses*o.Size)))
		if err != nil {
			return cost, floor, err
		}
		send := 1e9 / c.PerSecond()
		if round == 0 || !whole || c.Counted == 0 { // a warm-up, or a lane of which nothing could be counted
			continue
		}
		for i := range ns {
			cost[i] = append(cost[i], ns[i])
		}
		floor = append(floor, send)
	}
	return cost, floor, nil
}

// tell writes the ratios of each round, and the speeds behind them. Round by round, since neighbours in time share their
// troubles.
func tell(r *Report, w way, cost [][]float64, floor []float64) {
	sending, _, _ := spread(floor)
	ratio := func(of int, less float64) (out []float64) {
		for i, plain := range cost[0] {
			base := (plain + cost[1][i]) / 2
			if of == 1 {
				base = plain
			}
			out = append(out, (base-less)/(cost[of][i]-less))
		}
		return out
	}
	speed := func(of int) (out []float64) {
		for _, ns := range cost[of] {
			out = append(out, 1e9/ns)
		}
		return out
	}
	r.add(measure(w.name+": protected, 1 M indicators ÷ plain NAT", "ratio", ratio(3, 0)).atLeast(w.goal))
	r.add(measure(w.name+": the same, net of sending", "ratio", ratio(3, sending)).atLeast(w.goal))
	r.add(measure(w.name+": protected, no indicators ÷ plain NAT", "ratio", ratio(2, 0)))
	if len(cost) > 4 {
		r.add(measure(w.name+": with the whole agent listening, no lists ÷ plain NAT", "ratio", ratio(4, 0)).atLeast(w.goal))
	}
	r.add(measure(w.name+": control, plain NAT ÷ plain NAT", "ratio", ratio(1, 0)))
	r.add(measure(w.name+": packets, protected, 1 M indicators", "packets/CPU-s", speed(3)).
		beside("plain NAT", speed(0)).beside("protected, no indicators", speed(2)))
}
