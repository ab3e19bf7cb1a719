package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"cardea/gateway/control"
	"cardea/home"
)

// view is the demo on a terminal. Its loop (run) owns the model; everything else reaches it through channels.
type view struct {
	*demo
	model     model
	screen    *screen
	snapshots chan *snapshot     // owner: watch; capacity 1; it waits when full
	events    chan control.Event // owner: follow; capacity 256; it waits when full: the agent drops then and says so
	said      chan result        // owner: act; capacity 1: one thing is done at a time
	names     map[home.DeviceID]string
	gone      bool // the agent has ended, and the log says so
}

// result is what came of something that was done.
type result struct {
	mood mood
	text string
	sel  string // select this device; "" leaves the selection
}

// redraw is the shortest time between two frames.
const redraw = 250 * time.Millisecond

func (d *demo) view(ctx context.Context) (err error) {
	v := &view{demo: d, snapshots: make(chan *snapshot, 1), events: make(chan control.Event, 256), said: make(chan result, 1),
		names: map[home.DeviceID]string{}}
	v.model = model{scenario: d.home.Plan.Scenario.Name, seed: d.cmd.Seed, agent: "asking the agent"}
	v.model.say(time.Now(), plain, "%d devices joined the home and got their addresses.", len(d.home.Devices()))
	if d.cloud != nil {
		v.model.say(time.Now(), good, "In a browser, %s/ opens the apps and cuts the cloud off.", d.cloud.panelURL)
	}
	if d.cmd.NoAgent {
		v.model.say(time.Now(), careful, "There is no agent in this home: nobody looks.")
	}
	if v.screen, err = openScreen(os.Stdin, os.Stdout); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer func() { // also while a panic unwinds
		stop()
		if cerr := v.screen.close(); err == nil {
			err = cerr
		}
		v.goodbye()
	}()
	keys := make(chan key, 16) // owner: readKeys; it waits when full
	go v.screen.readKeys(ctx, keys)
	go v.watch(ctx)
	if v.client != nil {
		go v.follow(ctx)
	}
	return v.run(ctx, keys)
}

// run is the loop: it takes what comes and draws at most four times a second.
func (v *view) run(ctx context.Context, keys <-chan key) error {
	sizes, stop := resized()
	defer stop()
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-v.home.Done():
			return fmt.Errorf("demo: the home has ended: %w", v.home.Err())
		case k := <-keys:
			if k == keyEnd {
				return nil
			}
			v.press(ctx, k)
		case s := <-v.snapshots:
			v.take(s)
		case e := <-v.events:
			v.tell(e)
		case r := <-v.said:
			v.model.busy = ""
			v.model.say(time.Now(), r.mood, "%s", r.text)
			if r.sel != "" {
				v.model.selected = r.sel
			}
		case <-sizes:
		case <-ticker.C:
			w, h := v.screen.size()
			if err := v.screen.show(draw(&v.model, w, h, time.Now()), w); err != nil {
				return fmt.Errorf("demo: the terminal: %w", err)
			}
		}
	}
}

func (v *view) take(s *snapshot) {
	for _, d := range s.devices {
		v.names[d.ID] = d.Name
	}
	v.model.take(s)
	if v.agent == nil || v.gone {
		return
	}
	select {
	case <-v.agent.done:
		v.gone = true
		v.model.say(time.Now(), bad, "The agent has ended. The internet goes on working, and who was shut in stays shut in.")
	default:
	}
}

// watch asks lab and agent twice a second how things are.
func (v *view) watch(ctx context.Context) {
	ticker := time.NewTicker(2 * redraw)
	defer ticker.Stop()
	for {
		s := v.look(ctx)
		select {
		case <-ctx.Done():
			return
		case v.snapshots <- s:
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look makes a snapshot. An agent that does not answer is shown, not an error.
func (v *view) look(ctx context.Context) *snapshot {
	s := &snapshot{infos: v.home.Devices(), count: v.home.Malicious(), agent: "no agent: nobody looks", alarm: true}
	if v.client == nil {
		return s
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	st, err := v.client.Status(ctx)
	if err != nil {
		s.agent = "the agent does not answer"
		return s
	}
	s.watched, s.alarm = true, !st.Armed || len(st.Degraded) > 0
	switch {
	case !st.Armed:
		s.agent = "agent disarmed until " + st.Until.Local().Format(time.TimeOnly)
	case len(st.Degraded) > 0:
		s.agent = "agent: " + st.Degraded[0]
	default:
		s.agent = fmt.Sprintf("agent armed, %d shut in", st.Contained)
	}
	var contacts []home.Contact
	s.devices, err = v.client.Devices(ctx)
	incidents, err2 := v.client.Incidents(ctx)
	err3 := v.client.Contacts(ctx, control.ContactQuery{From: time.Now().Add(-2 * time.Minute), Limit: 10000}, func(c home.Contact) bool {
		contacts = append(contacts, c)
		return true
	})
	if errors.Join(err, err2, err3) != nil {
		s.agent, s.alarm = "the agent answers only in part", true
	}
	s.incidents, s.contacts = incidents, talks(contacts, v.facts.Gateway4, v.facts.Gateway6)
	return s
}

// follow hands on the agent's events; it ends with the agent or the view.
func (v *view) follow(ctx context.Context) {
	_ = v.client.Events(ctx, func(e control.Event) bool { // that the agent is gone is told by take
		select {
		case v.events <- e:
			return true
		case <-ctx.Done():
			return false
		}
	})
}

// goodbye is what stays in the terminal.
func (v *view) goodbye() {
	if c := v.home.Malicious(); c.Sent > 0 {
		fmt.Printf("%d malicious packets were sent; %d reached the internet, %d another device.\n", c.Sent, c.WAN, c.LAN)
	}
	fmt.Println("The home is taken down; nothing of it stays.")
}
