package whole

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"cardea/cloud/rollout"
	"cardea/cloud/rollout/ring"
	"cardea/gateway/update"
	"cardea/home"
	"cardea/lab"
	"cardea/lab/plan"
)

// fleet is a real cloud and a real agent that is brought newer programs.
type fleet struct {
	*world
	s *sky
}

func (f *fleet) publish(program []byte) uint64 {
	f.t.Helper()
	v, changed, err := f.s.rooms.Rollout.PublishAgent(f.ctx, map[string][]byte{runtime.GOOS + "-" + runtime.GOARCH: program})
	if err != nil || !changed {
		f.t.Fatalf("version %d, changed %v, %v", v, changed, err)
	}
	return v
}

func (f *fleet) rollOut() rollout.Plan {
	f.t.Helper()
	p, err := f.s.rooms.Rollout.Start(f.ctx, rollout.Start{Name: rollout.Agent, Pace: time.Second, By: "test", Why: "test"})
	f.must(err)
	return p
}

// state is what the gateway has on its disk; none is the zero one.
func (f *fleet) state() (s update.State) {
	f.t.Helper()
	b, err := os.ReadFile(filepath.Join(lab.State, "versions", "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return s
	}
	f.must(err)
	f.must(json.Unmarshal(b, &s))
	return s
}

func (f *fleet) plan(p rollout.Plan) rollout.Plan {
	f.t.Helper()
	now, _, err := f.s.rooms.Rollout.Plan(f.ctx, p.ID)
	f.must(err)
	return now
}

// running waits until an agent answers that is ready.
func (f *fleet) running() {
	f.t.Helper()
	f.eventually("an agent is ready", func() bool { s, err := f.client.Status(f.ctx); return err == nil && s.Ready })
}

// New programs of the agent reach a real gateway in a ring: one that works stays; those that end at once, hang or do not protect are given
// up by the gateway, and the rollout is halted and undone, all by itself. A device that is shut in stays so through it all, and the
// internet of the others works.
func TestRolloutOfTheAgent(t *testing.T) {
	s := &sky{}
	w := begin(t, options{Options: plan.Options{Seed: 33}, first: func(w *world) error {
		c, err := os.ReadFile(w.config)
		if err == nil {
			err = os.WriteFile(w.config, append(c, "update:\n  prove: 4s\n  steady: 200ms\n"...), 0o600)
		}
		if err != nil {
			return err
		}
		return above(s)(w)
	}})
	f := &fleet{world: w, s: s}
	installed, err := os.ReadFile(agentProgram())
	w.must(err)
	w.quarantine(camera)
	c := w.chatter(camera, laptop)
	since := c.mark()
	w.must(s.rooms.Rollout.Pin(w.ctx, rollout.Pinned{Place: s.place, Name: rollout.Agent, Pin: ring.Pin{Ring: ring.One}, By: "test"}))
	f.publish(installed)
	good := f.publish(append(installed[:len(installed):len(installed)], "another build"...))
	p := f.rollOut()
	f.eventually("the new program has proven itself", func() bool { g := f.state().Good; return g != nil && g.Bundle == good })
	f.eventually("it is good everywhere", func() bool { return f.plan(p).State == rollout.Done })
	f.running()
	w.inForce(camera, home.ModeQuarantine)

	scripts := map[string]string{"ends": "exit 1", "hangs": "exec sleep 1000"}
	if os.Getenv("CARDEA_SOAK") != "" {
		scripts["does not protect"] = "trap '' TERM; while :; do sleep 1; done"
	}
	for name, script := range scripts {
		bad := f.publish([]byte("#!/bin/sh\n# " + name + "\n" + script + "\n"))
		p := f.rollOut()
		if name == "hangs" { // and power is lost while it is tried
			f.eventually("it is tried", func() bool { return f.state().Tries > 0 })
			w.agent.end(syscall.SIGKILL)
			w.must(w.launch())
		}
		f.eventually(name+": the rollout is undone", func() bool { return f.plan(p).State == rollout.Undone })
		now := f.plan(p)
		if now.Ring != ring.One || now.Verdict.Do != ring.Halt {
			t.Errorf("%s: %+v", name, now)
		}
		st := f.state()
		if tried, why := st.Tried(); tried != bad || why == "" {
			t.Errorf("%s: tried %d because of %q, want %d", name, tried, why, bad)
		}
		f.eventually(name+": what is good is in force again", func() bool { return f.state().Has() == now.Back })
		f.running()
		w.inForce(camera, home.ModeQuarantine)
		w.alive()
	}
	w.online(laptop, phone)
	w.offline(camera)
	c.silent(w, since, "through all versions")
}
