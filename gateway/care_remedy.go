package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"cardea/gateway/enforce"
	homeline "cardea/gateway/line"
	"cardea/gateway/report"
	"cardea/home"
	"cardea/say"
	"cardea/wire/pb"

	"github.com/google/renameio/v2"
)

const (
	trialFile    = "remedy.json"    // a restart that is being measured: this program ends meanwhile
	restartAfter = 10 * time.Second // so that the cloud hears that it was begun
	restartWait  = time.Minute      // for the command to end
	trialOld     = time.Hour        // a restart that took longer is measured no more
	remedyOff    = "off"
)

// What a line may be shared out at: below it is not known what it carries.
const (
	minShareDown = 250_000 // bytes a second
	minShareUp   = 60_000
)

// Why a remedy is refused, as patterns: they are told in the reader's language.
const (
	errRemedy   = refusal(say.Pattern("The gateway knows no such remedy."))
	errTried    = refusal(say.Pattern("Another remedy is being tried now: it is measured for two minutes."))
	errMeasured = refusal(say.Pattern("Too little was measured in the last two minutes to see whether it helps."))
	errRate     = refusal(say.Pattern("It is not known yet how much your line carries."))
	errQueues   = refusal(say.Pattern("Something else on this gateway already shares the line out. It is left as it is."))
	errSharing  = refusal(say.Pattern("This gateway's system cannot share the line out."))
	errUpstream = refusal(say.Pattern("No other server for names is configured."))
	errRestart  = refusal(say.Pattern("This gateway cannot be restarted from afar: its configuration names no command for that."))
	errNoCare   = refusal(say.Pattern("This gateway does not measure its line: its configuration says so."))
)

// What became of a remedy.
var (
	remedyHelped  = say.Pattern("The line is quicker since then. It stays in force.")
	remedyEnded   = say.Pattern("It did not help. It was undone.")
	remedyCalm    = say.Pattern("Meanwhile your home used the line much less, so whether it helps cannot be told. It was undone.")
	remedyUseless = say.Pattern("It did not help.")
	remedyBetter  = say.Pattern("The line is quicker since then.")
	remedyStopped = say.Pattern("Somebody ended it before it was measured.")
)

// order does what people ask for about the line. That it helped is told two minutes later.
func (c *care) order(id, kind string, now time.Time) error {
	if c.g.cfg.Care.Off {
		return errNoCare
	}
	if kind == remedyOff {
		return c.end(now)
	}
	c.mu.Lock()
	if c.trial != nil {
		c.mu.Unlock()
		return errTried
	}
	c.book.Tick(now)
	trial, known := c.book.Begin(id, homeline.Remedy(kind), now)
	was := c.force
	c.mu.Unlock()
	if !slices.Contains([]homeline.Remedy{homeline.Fair, homeline.Upstream, homeline.Restart}, trial.Kind) {
		return errRemedy
	}
	if !known {
		return errMeasured
	}
	if was == trial.Kind {
		return nil // it is in force
	}
	if err := c.undo(was); err != nil {
		return err
	}
	if err := c.begin(trial, now); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trial, c.force = &trial, trial.Kind
	if trial.Kind == homeline.Restart {
		c.force = ""
	}
	return nil
}

func (c *care) begin(t homeline.Trial, now time.Time) error {
	switch t.Kind {
	case homeline.Fair:
		return c.beginSharing(now)
	case homeline.Upstream:
		if !c.turn(1) {
			return errUpstream
		}
		return nil
	}
	if c.restart == nil {
		return errRestart
	}
	b, err := json.Marshal(t)
	if err == nil {
		err = renameio.WriteFile(filepath.Join(c.g.cfg.State, trialFile), b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("note the restart: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.restartAt = now.Add(restartAfter)
	return nil
}

// beginSharing gives each device its share of nine tenths of what the line carries, as it did for a minute on the second best of the last 14
// days: then what waits does so here, and not
// in the provider's queue, where all wait for each other.
func (c *care) beginSharing(now time.Time) error {
	devices := c.sharers(now)
	c.mu.Lock()
	down, up := c.book.Carries()
	c.mu.Unlock()
	s := enforce.Share{Devices: devices}
	if down >= minShareDown {
		s.Down = down / 10 * 9
	}
	if up >= minShareUp {
		s.Up = up / 10 * 9
	}
	if s.Down == 0 && s.Up == 0 {
		return errRate
	}
	switch err := c.share(s); {
	case errors.Is(err, enforce.ErrQueues):
		return errQueues
	case err != nil:
		c.g.log.Warn("the line cannot be shared out", "err", err)
		return errSharing
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sharing = s
	return nil
}

// sharers are the devices that were here in the last day, those known longest first.
func (c *care) sharers(now time.Time) (out [][]home.MAC) {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	for _, d := range c.g.observer.Devices() {
		if !d.Gateway && len(d.MACs) > 0 && now.Sub(d.Last) < day {
			out = append(out, d.MACs)
		}
	}
	return out
}

// undo ends what a remedy did; "" did nothing.
func (c *care) undo(kind homeline.Remedy) error {
	switch kind {
	case homeline.Fair:
		if err := c.unshare(); err != nil {
			return fmt.Errorf("end sharing: %w", err)
		}
	case homeline.Upstream:
		c.turn(0)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.force, c.sharing = "", enforce.Share{}
	return nil
}

// end ends what is in force because people say so.
func (c *care) end(now time.Time) error {
	c.mu.Lock()
	kind, trial := c.force, c.trial
	if trial != nil && trial.Kind == homeline.Restart { // it cannot be taken back
		c.mu.Unlock()
		return errTried
	}
	c.trial = nil
	c.mu.Unlock()
	if err := c.undo(kind); err != nil {
		return err
	}
	if trial != nil {
		c.tellResult(trial, homeline.Figures{}, false, remedyStopped, now)
	}
	return nil
}

// proceed looks at the trial, at who shares the line, and at a restart that is due.
func (c *care) proceed(ctx context.Context, now time.Time) {
	c.mu.Lock()
	restart := !c.restartAt.IsZero() && !now.Before(c.restartAt)
	if restart {
		c.restartAt = time.Time{}
	}
	trial, sharing, kind := c.trial, c.sharing, c.force
	over := trial != nil && trial.Over(now)
	c.mu.Unlock()
	if restart {
		if err := c.restart(ctx); err != nil && ctx.Err() == nil {
			c.g.log.Error("the gateway does not restart", "err", err)
		}
	}
	if over {
		c.judge(trial, now)
		return
	}
	if kind == homeline.Fair {
		if devices := c.sharers(now); !slices.EqualFunc(devices, sharing.Devices, slices.Equal) {
			sharing.Devices = devices
			if err := c.share(sharing); err != nil {
				c.g.log.Error("the line is no longer shared out", "err", err)
				_ = c.undo(kind) // ShareLine has ended it already
				return
			}
			c.mu.Lock()
			c.sharing = sharing
			c.mu.Unlock()
		}
	}
}

// judge ends a trial: what did not help is undone.
func (c *care) judge(t *homeline.Trial, now time.Time) {
	c.mu.Lock()
	after, helped := c.book.End(t)
	c.trial = nil
	c.mu.Unlock()
	why := map[bool]say.Pattern{true: remedyHelped, false: remedyEnded}[helped]
	switch {
	case t.Kind == homeline.Restart:
		why = map[bool]say.Pattern{true: remedyBetter, false: remedyUseless}[helped]
		if err := os.Remove(filepath.Join(c.g.cfg.State, trialFile)); err != nil && !os.IsNotExist(err) {
			c.g.log.Error("state", "err", err)
		}
	case !helped:
		if t.Calm(after) {
			why = remedyCalm
		}
		if err := c.undo(t.Kind); err != nil {
			c.g.log.Error("a remedy for the line that did not help is still in force", "err", err)
		}
	}
	c.tellResult(t, after, helped, why, now)
}

func (c *care) tellResult(t *homeline.Trial, after homeline.Figures, kept bool, why say.Pattern, now time.Time) {
	c.g.log.Info("remedy for the line", "kind", t.Kind, "kept", kept)
	c.g.cloud.queue(&pb.Item{Body: &pb.Item_RemedyResult{RemedyResult: &pb.RemedyResult{
		Id: report.Text(t.ID, maxID), Kind: string(t.Kind), Before: lineFigures(t.Before, t.Begun), After: lineFigures(after, now), Kept: kept, Why: say.English(say.New(why)),
	}}})
}

// resume goes on with a restart that ended this program.
func (c *care) resume(now time.Time) {
	path := filepath.Join(c.g.cfg.State, trialFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return
	}
	var t homeline.Trial
	if err := json.Unmarshal(b, &t); err != nil || t.Kind != homeline.Restart || now.Sub(t.Begun) > trialOld || t.Begun.After(now) {
		_ = os.Remove(path) // what it says cannot be used
		return
	}
	t.Begun = now
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trial = &t
}

func runRestart(ctx context.Context, cmd []string) error {
	ctx, cancel := context.WithTimeout(ctx, restartWait)
	defer cancel()
	if out, err := exec.CommandContext(ctx, cmd[0], cmd[1:]...).CombinedOutput(); err != nil { //nolint:gosec // the administrator's own command
		return fmt.Errorf("%s: %w: %s", cmd[0], err, report.Text(string(out), maxWhy))
	}
	return nil
}
