package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"cardea/lab/eval/population"
)

// evalFleetCmd measures on a simulated fleet.
type evalFleetCmd struct {
	Homes     int     `help:"Homes to simulate." default:"20000"`
	Days      int     `help:"Days to simulate; the first thresholds exist after some 48 of them." default:"60"`
	Seed      uint64  `help:"Another seed, other homes." default:"1"`
	League    float64 `help:"Share of the homes that lie in league." default:"0.02"`
	Shards    int     `help:"Into how many parts homes are split; the report is the same for any number." default:"64"`
	Curve     bool    `help:"Also with 1, 10, 100 and 10,000 homes: does it get smarter?"`
	Attackers bool    `help:"Also slow and clever attackers: where detection ends."`
	Tails     bool    `help:"Also with tails three times as heavy, on 2,000 homes at most." default:"true" negatable:""`
	JSON      bool    `help:"Print one JSON object."`
}

// Help explains the numbers.
func (evalFleetCmd) Help() string {
	return `SIMULATED: the homes are generated; how often their devices contact what is drawn from figures of real units, the rest is assumed.
What judges them is the code of the gateway and of the cloud. Alerts are false ones, of homes whose units set no thresholds.
Calibration lags by 30 days and leaves out each device's first eight under a profile, so that thresholds exist from about day 48 on; in fleets
of some hundred homes they rest on enough days for the alert budget a week or more later. What several kinds of evidence mean together is
calibrated by days that were scored with thresholds: it is silent for 30 days more. The report says from which day on thresholds existed.
Goals are met, missed or not measured: a fleet in which nothing could go wrong meets nothing. docs/detection.md says what is assumed and what the numbers were.`
}

// tailHomes are enough to see what heavier tails do; all homes would take as long again.
const tailHomes = 2000

// Run is called by kong.
func (c evalFleetCmd) Run(ctx context.Context) error {
	o := population.Options{Homes: c.Homes, Days: c.Days, Seed: c.Seed, League: c.League, Shards: c.Shards, Attack: c.Attackers}
	o.Say = func(f string, a ...any) { fmt.Fprintf(os.Stderr, "  simulated: "+f+"\n", a...) }
	r, err := population.Run(ctx, o)
	if err != nil {
		return fmt.Errorf("eval fleet: %w", err)
	}
	if c.Tails {
		heavy := o
		heavy.Tail, heavy.Attack, heavy.Homes = 3, false, min(c.Homes, tailHomes)
		tails, err := population.Run(ctx, heavy)
		if err != nil {
			return fmt.Errorf("eval fleet: %w", err)
		}
		r.AddTails(tails)
	}
	if c.Curve {
		curve, err := population.Curve(ctx, o)
		if err != nil {
			return fmt.Errorf("eval fleet: %w", err)
		}
		r.AddCurve(curve)
	}
	out := bufio.NewWriter(os.Stdout)
	if !c.JSON {
		r.Print(out)
		return out.Flush()
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return err
	}
	return out.Flush()
}
