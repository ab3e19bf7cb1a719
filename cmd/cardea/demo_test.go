package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"cardea/lab/plan"
)

// told is what a headless demo printed.
type told struct {
	events  []event
	summary map[string]any
}

type event struct {
	T      *int64  `json:"t_ms"`
	Event  string  `json:"event"`
	Device *string `json:"device"`
	Detail *string `json:"detail"`
}

// story reads the NDJSON of a demo: events, then one summary.
func story(t *testing.T, out string) (s told) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	for i, line := range lines {
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		if i == len(lines)-1 {
			var last struct{ Summary map[string]any }
			if err := dec.Decode(&last); err != nil || last.Summary == nil {
				t.Fatalf("the last line is no summary: %v\n%s", err, line)
			}
			s.summary = last.Summary
			break
		}
		var e event
		if err := dec.Decode(&e); err != nil || e.T == nil || e.Event == "" || e.Device == nil || e.Detail == nil {
			t.Fatalf("line %d is no event: %v\n%s", i+1, err, line)
		}
		s.events = append(s.events, e)
	}
	return s
}

// kinds are the events' names, equal neighbours once.
func (s told) kinds() (list []string) {
	for _, e := range s.events {
		list = append(list, e.Event)
	}
	return slices.Compact(list)
}

func (s told) number(t *testing.T, key string) float64 {
	t.Helper()
	n, ok := s.summary[key].(float64)
	if !ok {
		t.Errorf("summary: %s is %v, want a number", key, s.summary[key])
	}
	return n
}

// The camera's story, as ourselves and, with other seeds, as an ordinary user, with the cloud and without one.
func TestDemoCamera(t *testing.T) {
	for _, c := range []struct {
		seed  uint64
		as    user
		cloud bool
	}{{1, me, true}, {2, nobody, true}, {3, nobody, false}} {
		t.Run(fmt.Sprintf("seed %d cloud %v", c.seed, c.cloud), func(t *testing.T) {
			t.Parallel()
			args := []string{"demo", "--headless", "--scenario", "camera", "--json", fmt.Sprintf("--seed=%d", c.seed)}
			if !c.cloud {
				args = append(args, "--no-cloud")
			}
			out, stderr, status := cardea(t, c.as, args...)
			if status != 0 || stderr != "" {
				t.Fatalf("exit status %d\n%s%s", status, stderr, out)
			}
			s := story(t, out)
			checkCamera(t, s, c.seed)
			if s.summary["cloud"] != c.cloud {
				t.Errorf("cloud is %v", s.summary["cloud"])
			}
			if push, has := s.summary["push_ms"]; has != c.cloud {
				t.Errorf("push_ms is %v", push)
			} else if has && s.number(t, "push_ms") <= 0 {
				t.Errorf("released in the app %v ms before", push)
			}
		})
	}
}

func checkCamera(t *testing.T, s told, seed uint64) {
	p, err := plan.New(plan.Options{Seed: seed, Scenario: "camera"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"note", "attack_started", "finding", "contained", "notified", "check", "cleaning", "check", "probation", "released"}
	if got := s.kinds(); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	checks := 0
	for i, e := range s.events {
		if i > 0 && *e.T < *s.events[i-1].T {
			t.Errorf("%s at %d ms, after %s at %d ms", e.Event, *e.T, s.events[i-1].Event, *s.events[i-1].T)
		}
		switch e.Event {
		case "note":
			if !strings.Contains(*e.Detail, "shortened") {
				t.Errorf("the note does not say that waiting times are shortened: %s", *e.Detail)
			}
			continue
		case "notified":
			if !strings.Contains(*e.Detail, p.LAN.V4.Addr().String()) {
				t.Errorf("the page's address %q is not the gateway's, %s", *e.Detail, p.LAN.V4.Addr())
			}
		case "check":
			if first := checks == 0; strings.HasPrefix(*e.Detail, "Not clean") != first {
				t.Errorf("check %d: %s", checks+1, *e.Detail)
			}
			checks++
		}
		if *e.Device != p.Scenario.Device {
			t.Errorf("%s is about %q, want %s", e.Event, *e.Device, p.Scenario.Device)
		}
	}
	if ms := s.number(t, "scan_to_contained_ms"); ms <= 0 {
		t.Errorf("contained %v ms after the scan began", ms)
	}
	if sent, out := s.number(t, "packets_sent"), s.number(t, "packets_escaped_wan")+s.number(t, "packets_escaped_lan"); out >= sent {
		t.Errorf("%v packets escaped of %v", out, sent)
	}
	if s.summary["released"] != true || s.summary["not_clean_while_running"] != true || s.summary["grade"] != "port" {
		t.Errorf("summary: %v", s.summary)
	}
	if got := fmt.Sprint(s.summary["contained"]); got != "["+p.Scenario.Device+"]" {
		t.Errorf("contained: %s", got)
	}
}

// Another seed is another home.
func TestDemoSeeds(t *testing.T) {
	one, err1 := plan.New(plan.Options{Seed: 1, Scenario: "camera"})
	two, err2 := plan.New(plan.Options{Seed: 2, Scenario: "camera"})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	same := 0
	for i, d := range one.Devices {
		if i < len(two.Devices) && d.IPv4 == two.Devices[i].IPv4 && d.MAC == two.Devices[i].MAC {
			same++
		}
	}
	if one.Attack.C2 == two.Attack.C2 || same > 0 {
		t.Errorf("C2 %s and %s, %d equal devices", one.Attack.C2, two.Attack.C2, same)
	}
}

func TestDemoBenign(t *testing.T) {
	t.Parallel()
	out, stderr, status := cardea(t, nobody, "demo", "--headless", "--benign", "--json")
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d\n%s%s", status, stderr, out)
	}
	s := story(t, out)
	if n := s.number(t, "findings"); n != 0 || len(s.summary["contained"].([]any)) != 0 || s.number(t, "packets_sent") != 0 {
		t.Errorf("summary: %v", s.summary)
	}
	if got := s.kinds(); !slices.Equal(got, []string{"note"}) {
		t.Errorf("events: %v", got)
	}
}

func TestDemoWithoutAgent(t *testing.T) {
	t.Parallel()
	out, _, status := cardea(t, nobody, "demo", "--headless", "--no-agent", "--json", "--seed=3")
	if status != 1 {
		t.Errorf("exit status %d, want 1", status)
	}
	s := story(t, out)
	if n := s.number(t, "packets_escaped_wan"); n <= 1000 {
		t.Errorf("%v packets reached the internet, want over 1,000", n)
	}
	if s.summary["agent"] != false || s.summary["cloud"] != false || s.summary["released"] != false || s.summary["scan_to_contained_ms"] != nil {
		t.Errorf("summary: %v", s.summary)
	}
}

// For people, without a terminal: the same story as lines.
func TestDemoForPeople(t *testing.T) {
	t.Parallel()
	out, stderr, status := cardea(t, nobody, "demo", "--headless", "--scenario", "blocklisted", "--no-cloud")
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d\n%s%s", status, stderr, out)
	}
	noControls(t, "the story", out)
	for _, s := range []string{"shortened", "attack_started", "blocked"} {
		if !strings.Contains(out, s) {
			t.Errorf("the story does not say %q:\n%s", s, out)
		}
	}
}

// Ctrl-C in the middle leaves nothing behind. A terminal sends SIGINT to the whole group.
func TestDemoInterrupted(t *testing.T) {
	for as, c := range map[user]struct {
		args      []string
		processes int
	}{me: {[]string{"--no-cloud"}, 3}, nobody: {nil, 4}} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
			cmd, mark := command(t, as, append([]string{"demo", "--headless", "--json"}, c.args...)...)
			pipe, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines, last := bufio.NewScanner(pipe), ""
			for lines.Scan() {
				if last = lines.Text(); strings.Contains(last, "attack_started") {
					break
				}
			}
			if n := len(marked(t, mark)); n < c.processes {
				t.Errorf("%d processes carry the mark, want the command, the home, the agent and its cloud: the check does not check", n)
			}
			pid := cmd.Process.Pid
			if sig == syscall.SIGINT {
				pid = -pid
			}
			if err := syscall.Kill(pid, sig); err != nil {
				t.Fatal(err)
			}
			for lines.Scan() {
				last = lines.Text()
			}
			if err := cmd.Wait(); err == nil {
				t.Errorf("%v: exit status 0 without the end of the story", sig)
			}
			if sig != syscall.SIGKILL && !strings.Contains(last, `"summary"`) {
				t.Errorf("%v: the last line is no summary: %s", sig, last)
			}
			gone(t, mark)
		}
	}
}
