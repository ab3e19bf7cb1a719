package whole

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cardea/cloud/rollout"
	"cardea/cloud/rollout/ring"
	"cardea/home"
	"cardea/wire/pb"

	"github.com/google/uuid"
)

// beside is how many made-up homes make three crashes certain enough: of each gate's test the worst home is left out.
const beside = 1000

// A new version of the agent proves itself in all homes of the 1 % ring and then crashes now and then. The homes of the ring are real, so are two
// of those that do not have it; the others of these are made up, since the gates do not believe what a handful of homes could do by chance. The
// rollout is halted by its gate and undone, and the ring's homes go back, all by itself; one of them loses power in the midst of the change to
// the bad version, and again in the midst of the change back if it has come so far.
func TestRolloutGoesBadInItsFirstRing(t *testing.T) {
	s := beginStreet(t, 5, provenSoon)
	first, control := s.homes[:3], s.homes[3:]
	s.pin(ring.Pin{Ring: ring.One}, first...)
	s.pin(ring.Pin{Ring: ring.All}, control...)
	s.publish(another("the good one"))
	bad := s.publish(crashing("the bad one"))
	s.each(func(h *house) error { h.agent.end(syscall.SIGKILL); return h.gone() }, first...)

	ctx, cancel := context.WithCancel(s.ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	var fallen atomic.Int32 // how often the first home has lost power
	cuts := []string{"old: start the installed one", "new: rename to state.json"}
	for _, h := range first {
		at := func() string { return "" }
		if h == first[0] {
			at = func() string {
				if steps := h.steps(); steps[len(steps)-1] == cuts[min(int(fallen.Load()), len(cuts)-1)] {
					fallen.Add(1)
				}
				if n := int(fallen.Load()); n < len(cuts) {
					return cuts[n]
				}
				return ""
			}
		}
		running.Go(func() {
			if err := h.supervise(ctx, at); err != nil {
				t.Error(err)
			}
		})
	}
	p, err := s.rooms.Rollout.Start(s.ctx, rollout.Start{Name: rollout.Agent, Pace: 2 * time.Minute, By: "test", Why: "test"})
	s.must(err)
	s.madeUp(p, beside)
	now := s.undone(p)
	if now.Version != bad || now.Ring != ring.One || now.Verdict.Do != ring.Halt || !strings.HasPrefix(now.Verdict.Why, "homes with crashes") || now.Control.Homes != beside+len(control) {
		t.Errorf("the rollout: %+v", now)
	}
	s.each(func(h *house) error { return h.settled(now.Back) }, first...)
	if fallen.Load() == 0 { // a second time only if the rollout was not halted before this home had the bad version
		t.Error("power was never lost")
	}
	for _, h := range control {
		if st, err := h.versions(); err != nil || st.Good != nil || st.Trial != nil || len(st.Bad) > 0 || h.agent.ended() {
			t.Errorf("home %d of the control group: %+v, %v", h.n, st, err)
		}
		s.must(h.works())
	}
}

// undone waits until a rollout is undone, and says whether people had to do with it.
func (s *street) undone(p rollout.Plan) (now rollout.Plan) {
	s.t.Helper()
	var history []rollout.Event
	defer func() {
		if now.State != rollout.Undone {
			s.tell(now, history)
		}
	}()
	s.eventually("the rollout is undone", func() bool {
		var err error
		now, history, err = s.rooms.Rollout.Plan(s.ctx, p.ID)
		s.must(err)
		return now.State == rollout.Undone
	})
	for _, e := range history {
		s.t.Logf("%s: %s in ring %s: %s", e.At.Sub(p.Began).Round(100*time.Millisecond), e.What, e.Ring, e.Why)
		if e.Who != "" && e.What != "started" {
			s.t.Errorf("it was not by itself: %+v", e)
		}
	}
	return now
}

// tell says how a rollout stands that has not come to its end, and its homes.
func (s *street) tell(now rollout.Plan, history []rollout.Event) {
	s.t.Helper()
	is, control, err := s.rooms.Rollout.Figures(s.ctx, now)
	s.t.Logf("the rollout: %+v\n%+v\nits homes: %+v\nthe control group: %+v (%v)", now, history, is, control, err)
	for _, h := range s.homes {
		v, err := h.versions()
		b, _ := json.Marshal(v)
		starts, _ := os.ReadFile(filepath.Join(h.dir, "starts"))
		s.t.Logf("home %d: %s (%v), %d lines of starts, steps %q", h.n, b, err, len(starts), h.steps())
	}
}

// madeUp adds homes that a rollout reaches last, and that are well.
func (s *street) madeUp(p rollout.Plan, homes int) {
	s.t.Helper()
	var beats []rollout.Beat
	for len(beats) < homes {
		place := home.Place{Tenant: s.tenant, Home: uuid.NewString()}
		if ring.Of(place.Tenant, place.Home, p.ID) != ring.All {
			continue
		}
		beats = append(beats, rollout.Beat{Place: place, At: time.Now(), Beat: &pb.Heartbeat{Version: "made up", Health: &pb.Health{Asked: 1000, Unanswered: 3}}})
	}
	s.must(s.rooms.Rollout.Beats(s.ctx, beats))
}
