package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"cardea/identity"
	"cardea/lab/eval"
)

// evalCmd measures on labelled captures.
type evalCmd struct {
	Identify evalIdentifyCmd `cmd:"" help:"How well devices are identified."`
	Fleet    evalFleetCmd    `cmd:"" help:"How a simulated fleet of homes fares: alerts, detection, poisoning."`
	Detect   evalDetectCmd   `cmd:"" help:"How well attacks are detected, and how often nothing is there."`
}

type evalIdentifyCmd struct {
	Train    string        `required:"" help:"Folder to learn from: one folder for each type, with its captures and _iotdevice-mac.txt." type:"path" placeholder:"DIR"`
	Test     string        `help:"Folder to judge, of the same form." type:"path" placeholder:"DIR"`
	Scramble bool          `help:"Replace the lower half of MACs and serial numbers before anything is read, so that a table of units is worth nothing."`
	First    time.Duration `help:"Judge each device by this much of its life, as 30s." placeholder:"TIME"`
	Cross    bool          `help:"Instead of --test: leave days, tenths and types of the training folder out in turn."`
	Out      string        `help:"Write what was learned to this file, for replay --models." type:"path" placeholder:"FILE"`
	JSON     bool          `help:"Print one JSON object."`
}

// Help explains the numbers.
func (evalIdentifyCmd) Help() string {
	return `Learns from the labelled captures in one folder and judges those in another. Shares are between 0 and 1. top1 is the forced
choice; accepted says how often a device is not called unknown; units gives bounds with one vote for each physical device.
docs/identification.md says how it works and what the numbers were.`
}

// Run is called by kong.
func (c evalIdentifyCmd) Run(ctx context.Context) error {
	if c.Cross == (c.Test != "") {
		return errors.New("eval identify: give either --test or --cross")
	}
	if c.First < 0 {
		return errors.New("eval identify: --first must not be negative")
	}
	o := eval.Options{Scramble: c.Scramble, First: c.First}
	if c.Out != "" {
		if c.Cross {
			return errors.New("eval identify: --out goes with --test")
		}
		o.Learned = func(m *identity.Model) error {
			b, err := m.MarshalBinary()
			if err == nil {
				err = os.WriteFile(c.Out, b, 0o600)
			}
			if err != nil {
				return fmt.Errorf("--out: %w", err)
			}
			return nil
		}
	}
	if !c.JSON {
		o.Say = func(f string, a ...any) { fmt.Fprintf(os.Stderr, "  "+f+"\n", a...) }
	}
	var report interface{ Print(*bufio.Writer) }
	if c.Cross {
		r, err := eval.Cross(ctx, c.Train, o)
		if err != nil {
			return fmt.Errorf("eval identify: %w", err)
		}
		report = r
	} else {
		r, err := eval.Identify(ctx, c.Train, c.Test, o)
		if err != nil {
			return fmt.Errorf("eval identify: %w", err)
		}
		report = r
	}
	out := bufio.NewWriter(os.Stdout)
	if !c.JSON {
		report.Print(out)
		return out.Flush()
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(report); err != nil {
		return err
	}
	return out.Flush()
}
