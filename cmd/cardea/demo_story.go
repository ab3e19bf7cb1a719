package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab/plan"
)

const (
	resident    = "anna-phone" // who looks at the gateway's page
	benignTime  = 20 * time.Second
	noAgentTime = 12 * time.Second
	catchTime   = 30 * time.Second
	cleanTime   = 60 * time.Second
)

// story is a headless demo.
type story struct {
	*demo
	events chan control.Event // owner: follow; capacity 1,024; it blocks when full: the agent drops then and says so
	names  map[home.DeviceID]string
	sum    storySummary

	incident string // the case in the cloud
}

func (d *demo) story(ctx context.Context) error {
	s := &story{demo: d, events: make(chan control.Event, 1024), names: map[home.DeviceID]string{}}
	s.sum = storySummary{Scenario: d.home.Plan.Scenario.Name, Seed: d.cmd.Seed, Agent: !d.cmd.NoAgent, Cloud: d.cloud != nil, Contained: []string{},
		ReadyMS: time.Since(d.started).Milliseconds()}
	if s.sum.Agent {
		d.out.event(time.Now(), "note", "", shortened)
		following, stop := context.WithCancel(ctx)
		defer stop()
		go func() { // ends with stop or the agent
			defer close(s.events)
			_ = d.client.Events(following, func(e control.Event) bool {
				select {
				case s.events <- e:
					return true
				case <-following.Done():
					return false
				}
			})
		}()
	}
	err := s.play(ctx)
	c := d.home.Malicious()
	s.sum.EscapedWAN, s.sum.EscapedLAN, s.sum.Sent = c.WAN, c.LAN, c.Sent
	if !c.First.IsZero() && c.Last.After(c.First) {
		ms := float64(c.Last.Sub(c.First).Microseconds()) / 1000
		s.sum.LastEscaped = &ms
	}
	d.out.summary(s.sum)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cardea:", err)
		if d.agent != nil && !errors.Is(err, context.Canceled) {
			fmt.Fprintf(os.Stderr, "the agent's log ends:\n%s", d.agent.tail())
		}
		return errSilent
	}
	return nil
}

func (s *story) play(ctx context.Context) error {
	switch {
	case s.cmd.Benign || s.home.Plan.Scenario.Name == "benign":
		return s.benign(ctx)
	case s.cmd.NoAgent:
		return s.unprotected(ctx)
	}
	if err := pause(ctx, s.warmUp()); err != nil {
		return err
	}
	name, err := s.home.Infect(ctx, "")
	if err != nil {
		return err
	}
	s.out.event(time.Now(), "attack_started", name, s.home.Plan.Scenario.Sentence)
	if slices.Contains(s.home.Plan.Scenario.Moves, plan.CallListed) {
		return s.blocked(ctx, name)
	}
	for _, step := range []func(context.Context, string) error{s.catch, s.notify, s.checkWhileItRuns, s.clean, s.release} {
		if err := step(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// warmUp is how long the home lives before the attack; it varies with the seed.
func (s *story) warmUp() time.Duration {
	return time.Second + time.Duration(s.cmd.Seed%7)*100*time.Millisecond
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// name is what a device calls itself, by the agent's id.
func (s *story) name(ctx context.Context, id home.DeviceID) string {
	if n := s.names[id]; n != "" {
		return n
	}
	list, err := s.client.Devices(ctx)
	if err != nil {
		return string(id)
	}
	for _, d := range list {
		s.names[d.ID] = d.Name
	}
	return s.names[id]
}

// catch waits until the infected device is shut in, and nobody else is.
func (s *story) catch(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, catchTime)
	defer cancel()
	return s.follow(ctx, name+" was not shut in", func(e control.Event) (bool, error) {
		who := s.name(ctx, e.Device)
		switch {
		case e.Finding != nil:
			s.sum.Findings++
			s.out.event(e.Finding.Time, "finding", who, fmt.Sprintf("%s (%s, %s)", e.Finding.Sentence, e.Finding.Detector, e.Finding.Strength))
		case e.Event == "enforced" && strings.HasPrefix(e.Detail, string(home.ModeQuarantine)):
			if !slices.Contains(s.sum.Contained, who) {
				s.sum.Contained = append(s.sum.Contained, who)
			}
			_, s.sum.Grade, _ = strings.Cut(e.Detail, ", ")
			s.out.event(e.Time, "contained", who, e.Detail)
			if who != name {
				return false, fmt.Errorf("%s was shut in; the malware is on %s", who, name)
			}
			ms := float64(e.Time.Sub(s.scanBegan()).Microseconds()) / 1000
			s.sum.ScanMS, s.sum.scanned = &ms, !s.home.Malicious().Scan.IsZero()
			return true, nil
		}
		return false, nil
	})
}

// scanBegan is when the first packet of the attack on the internet left the device; where a story has none, the first
// malicious packet.
func (s *story) scanBegan() time.Time {
	if c := s.home.Malicious(); c.Scan.IsZero() {
		return c.First
	} else {
		return c.Scan
	}
}

func (s *story) follow(ctx context.Context, missing string, f func(control.Event) (bool, error)) error {
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", missing, ctx.Err())
		case e, ok := <-s.events:
			if !ok {
				return errors.New("the agent is gone")
			}
			if done, err := f(e); done || err != nil {
				return err
			}
		}
	}
}

// notify looks at the gateway's page as the resident does.
func (s *story) notify(ctx context.Context, name string) error {
	page, err := s.home.Browse(ctx, resident, s.portal("/"), nil)
	for i := 0; err != nil && i < 3; i++ { // a neighbour that believed a liar needs a moment to find the gateway again
		page, err = s.home.Browse(ctx, resident, s.portal("/"), nil)
	}
	if err != nil {
		return fmt.Errorf("the gateway's page: %w", err)
	}
	if !strings.Contains(page.Body, name) {
		return fmt.Errorf("the gateway's page does not name %s", name)
	}
	if s.cloud != nil {
		if s.incident, err = s.cloud.incident(ctx, name, string(home.StateContained)); err != nil {
			return err
		}
	}
	s.out.event(time.Now(), "notified", name, "The gateway's page tells the resident: "+s.portal("/"))
	return nil
}

func (s *story) portal(path string) string {
	return fmt.Sprintf("http://%s:8480%s", s.facts.Gateway4, path)
}

var (
	inputRE   = regexp.MustCompile(`name="(incident|token)" value="([^"]*)"`)
	messageRE = regexp.MustCompile(`role="status">([^<]*)<`)
)

// post fills in the form of a device's case and returns what the page says then.
func (s *story) post(ctx context.Context, name, path string) (string, error) {
	page, err := s.home.Browse(ctx, resident, s.portal("/"), nil)
	if err != nil {
		return "", fmt.Errorf("the gateway's page: %w", err)
	}
	_, rest, _ := strings.Cut(page.Body, "<h2>"+name+"</h2>")
	form := url.Values{}
	for _, m := range inputRE.FindAllStringSubmatch(rest, 2) {
		form.Set(m[1], m[2])
	}
	if page, err = s.home.Browse(ctx, resident, s.portal(path), form); err != nil {
		return "", fmt.Errorf("the gateway's page: %w", err)
	}
	m := messageRE.FindStringSubmatch(page.Body)
	if m == nil {
		return "", fmt.Errorf("the gateway's page says nothing after %s (status %d)", path, page.Status)
	}
	return m[1], nil
}

func (s *story) checkWhileItRuns(ctx context.Context, name string) error {
	if err := pause(ctx, time.Second); err != nil {
		return err
	}
	says, err := s.check(ctx, name)
	if err != nil {
		return err
	}
	if strings.HasPrefix(says, "Clean") {
		return fmt.Errorf("check again while the malware runs says %q", says)
	}
	s.sum.NotClean = true
	s.out.event(time.Now(), "check", name, says)
	return nil
}

func (s *story) clean(ctx context.Context, name string) error {
	s.out.event(time.Now(), "cleaning", name, "The resident takes it off the mains for a moment.")
	if err := s.home.PowerCycle(ctx, name); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, cleanTime)
	defer cancel()
	for {
		says, err := s.check(ctx, name)
		if err != nil {
			return err
		}
		if strings.HasPrefix(says, "Clean") {
			s.out.event(time.Now(), "check", name, says)
			return nil
		}
		if err := pause(ctx, time.Second); err != nil {
			return fmt.Errorf("%s does not become clean: %s", name, says)
		}
	}
}

// check asks whether the device is clean: in the app, or on the gateway's page where there is no cloud.
func (s *story) check(ctx context.Context, name string) (string, error) {
	if s.cloud == nil {
		return s.post(ctx, name, "/check")
	}
	o, err := s.cloud.ask(ctx, "check", s.incident)
	if err != nil {
		return "", err
	}
	if o.Check == nil {
		return "", errors.New("a check without an answer")
	}
	return o.Check.Sentence, nil
}

// letOut presses release there, and returns what is said then.
func (s *story) letOut(ctx context.Context, name string) (string, error) {
	if s.cloud == nil {
		return s.post(ctx, name, "/release")
	}
	pressed := time.Now()
	flows := s.flows(ctx, name)
	if _, err := s.cloud.ask(ctx, "release", s.incident); err != nil {
		return "", err
	}
	at, ok := <-flows
	if !ok {
		return "", fmt.Errorf("%s was released, but reaches nothing", name)
	}
	ms := float64(at.Sub(pressed).Microseconds()) / 1000
	s.sum.PushMS = &ms
	return "It is back on the internet. We keep an eye on it.", nil
}

// flows tells when the device first reaches its maker's cloud: it tries anew each 10 ms, since a connection that began
// before would wait a second for its next packet.
func (s *story) flows(ctx context.Context, name string) <-chan time.Time {
	first := make(chan time.Time, 1) // owner: the goroutine below; one value at most
	go func() {                      // ends within catchTime
		defer close(first)
		ctx, cancel := context.WithTimeout(ctx, catchTime)
		defer cancel()
		var tries sync.WaitGroup
		defer tries.Wait()
		reached := make(chan time.Time, 1) // owner: the tries; those after the first find it full and leave it
		for {
			tries.Go(func() {
				one, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				if s.home.Reachable(one, name) == nil {
					select {
					case reached <- time.Now():
					default:
					}
				}
			})
			select {
			case at := <-reached:
				first <- at
				cancel()
				return
			case <-ctx.Done():
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return first
}

func (s *story) release(ctx context.Context, name string) error {
	says, err := s.letOut(ctx, name)
	if err != nil {
		return err
	}
	s.out.event(time.Now(), "probation", name, says)
	ctx, cancel := context.WithTimeout(ctx, catchTime)
	defer cancel()
	err = s.follow(ctx, name+" was not let out", func(e control.Event) (bool, error) {
		return e.Event == "enforced" && e.Detail == string(home.ModeOff) && s.name(ctx, e.Device) == name, nil
	})
	if err != nil {
		return err
	}
	if err := s.home.Reachable(ctx, name); err != nil {
		return fmt.Errorf("released, but: %w", err)
	}
	s.sum.Released = true
	s.out.event(time.Now(), "released", name, "It reaches its maker's cloud and the other devices again.")
	return nil
}

// benign watches an ordinary home: nothing may be found.
func (s *story) benign(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, benignTime)
	defer cancel()
	err := s.follow(ctx, "", func(e control.Event) (bool, error) {
		if e.Finding != nil {
			s.sum.Findings++
			s.out.event(e.Finding.Time, "finding", s.name(ctx, e.Device), e.Finding.Sentence)
		}
		return false, nil
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if s.sum.Findings > 0 {
		return fmt.Errorf("%d findings in a home where nothing happened", s.sum.Findings)
	}
	return nil
}

// unprotected lets the attack run without an agent.
func (s *story) unprotected(ctx context.Context) error {
	name, err := s.home.Infect(ctx, "")
	if err != nil {
		return err
	}
	s.out.event(time.Now(), "attack_started", name, s.home.Plan.Scenario.Sentence)
	if err := pause(ctx, noAgentTime); err != nil {
		return err
	}
	return fmt.Errorf("nobody stopped %s", name)
}

// blocked waits until the device has asked for a listed name, and looks that nothing reached what is behind it: a mere
// look-up blocks, it does not contain.
func (s *story) blocked(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, catchTime)
	defer cancel()
	for {
		found := false
		err := s.client.Contacts(ctx, control.ContactQuery{Limit: 10000}, func(c home.Contact) bool {
			if c.Action == home.Block && s.name(ctx, c.Device) == name {
				s.out.event(c.Last, "blocked", name, c.Reason)
				found = true
			}
			return !found
		})
		if err != nil {
			return err
		}
		if found {
			break
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("nothing of %s was blocked: %w", name, err)
		}
	}
	if err := pause(ctx, 3*time.Second); err != nil {
		return err
	}
	if c := s.home.Malicious(); c.WAN > 0 {
		return fmt.Errorf("%d packets reached what is on the list", c.WAN)
	}
	return nil
}
