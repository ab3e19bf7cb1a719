package whole

import (
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"

	"cardea/cloud/rollout/ring"
)

// updating are the steps of an update that there are at least.
var updating = []string{
	"old: create the program", "old: download create .part", "old: download rename to program.gz", // downloaded
	"old: sync the program", "old: rename to the program", "old: sync the folder after the program", // written
	"old: create state.json", "old: sync state.json", "old: rename to state.json", "old: sync the folder after state.json", // its trial is noted
	"old: start the installed one",                                                                                   // which chooses
	"installed: create state.json", "installed: rename to state.json", "installed: sync the folder after state.json", // its start is counted
	"new: start the program",                                                                                               // and it begins to prove itself
	"new: create state.json", "new: sync state.json", "new: rename to state.json", "new: sync the folder after state.json", // it has
	told,
}

const told = "new: tell that it has proven itself"

// Power is lost before each step that an update takes on the disk, and before each program that it starts, one after the other. Each time an
// agent works at once when power is back, the old one or the new one, and in the end the new one.
func TestRolloutWithPowerLostAtEachStep(t *testing.T) {
	s := beginStreet(t, 5, provenSoon)
	s.publish(another("the first"))
	s.each(func(h *house) error { h.agent.end(syscall.SIGKILL); return h.gone() })
	queue, lost := slices.Clone(updating), map[string]bool{}
	var mu sync.Mutex // of both
	for from, n := 0, 2; from < len(queue); n++ {
		v := s.publish(another(fmt.Sprint("version ", n)))
		s.pin(ring.Pin{Version: v}, s.homes...)
		steps := queue[from:min(from+len(s.homes), len(queue))]
		from += len(steps)
		s.each(func(h *house) error {
			at := steps[h.n]
			is, all, err := h.loses(at, v)
			if err != nil {
				return fmt.Errorf("power is lost before %q of version %d: %w", at, v, err)
			}
			mu.Lock()
			defer mu.Unlock()
			lost[at] = is
			for _, step := range all {
				if !slices.Contains(queue, step) { // one that not every update has
					queue = append(queue, step)
				}
			}
			return nil
		}, s.homes[:len(steps)]...)
	}
	t.Logf("%d steps: %q", len(queue), queue)
	for _, step := range updating {
		if !lost[step] {
			t.Errorf("power was never lost before %q", step)
		}
	}
}

// The new version is killed while it is tried, and the installed program that watches it is not. Before the new one has noted that it is good the
// old one runs again, and the new one is given up; afterwards the agent has ended, and the new one runs when it is started again.
func TestRolloutToAVersionThatIsKilledAlone(t *testing.T) {
	s := beginStreet(t, 3, provenSoon)
	s.publish(another("the first"))
	old, v := s.publish(another("the old one")), s.publish(another("the new one"))
	s.pin(ring.Pin{Version: old}, s.homes...)
	s.each(func(h *house) error {
		if err := h.settled(old); err != nil {
			return err
		}
		h.agent.end(syscall.SIGKILL)
		return h.gone()
	})
	s.pin(ring.Pin{Version: v}, s.homes...)
	s.each(func(h *house) error {
		at := []string{"new: create state.json", "new: rename to state.json", "new: sync the folder after state.json"}[h.n]
		a, err := h.run(alone + at)
		if err != nil {
			return err
		}
		defer func() { a.end(syscall.SIGKILL) }()
		if err := h.until("it is killed", func() bool { return slices.Contains(h.steps(), at) }); err != nil {
			return fmt.Errorf("%w: %q\n%s", err, h.steps(), a.tail())
		}
		is := old
		if h.n == 2 {
			is = v
			if err := h.until("the agent ends", a.ended); err != nil {
				return fmt.Errorf("%w\n%s", err, a.tail())
			}
			if a, err = h.run(""); err != nil {
				return err
			}
		}
		if err := h.settled(is); err != nil {
			return fmt.Errorf("killed before %q: %w\n%s", at, err, a.tail())
		}
		st, err := h.versions()
		if tried, _ := st.Tried(); err != nil || st.Returned != (is == old) || is == old && tried != v || a.ended() {
			return fmt.Errorf("killed before %q: %+v, %w", at, st, err)
		}
		a.end(syscall.SIGKILL)
		return h.gone()
	})
}

// loses brings a home a version; power is lost before a step, if the update has it. all are the steps until then.
func (h *house) loses(at string, version uint64) (lost bool, all []string, err error) {
	a, err := h.run(at)
	if err != nil {
		return false, nil, err
	}
	defer func() { a.end(syscall.SIGKILL) }()
	err = h.until("power is lost, or the new version has proven itself", func() bool {
		return a.ended() || at != told && slices.Contains(h.steps(), told)
	})
	all, lost = h.steps(), a.ended()
	if err == nil && lost && all[len(all)-1] != at {
		err = fmt.Errorf("it ended by itself: %w", a.err)
	}
	if err != nil {
		return lost, all, fmt.Errorf("%w: %q\n%s", err, all, a.tail())
	}
	a.end(syscall.SIGKILL)
	if err := h.gone(); err != nil {
		return lost, all, err
	}
	if a, err = h.run(""); err != nil {
		return lost, all, err
	}
	if err = h.works(); err == nil {
		err = h.settled(version)
	}
	if err != nil {
		return lost, all, fmt.Errorf("%w\n%s", err, a.tail())
	}
	a.end(syscall.SIGKILL)
	return lost, all, h.gone()
}
