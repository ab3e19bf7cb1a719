package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"cardea/gateway/lists"
	"cardea/home"
	"cardea/internal/show"
	"cardea/lab/eval/detect"

	"github.com/alecthomas/kong"
)

type evalDetectCmd struct {
	Train    paths  `help:"Captures to learn from, or folders of them; several may follow." placeholder:"PATH…"`
	Benign   paths  `help:"Captures without an attack: the earlier half calibrates, the rest is the test." placeholder:"PATH…"`
	Attack   paths  `help:"Captures of attacks, with what is malicious in them where that is told in another file; or a family's name." placeholder:"FILE[=LABELS]…"`
	Splice   bool   `help:"Also play each attack into benign test units, and benign ones into each other, which must find nothing."`
	Intel    string `help:"Folder (or file) of indicator lists for the blocklist to compare with, and for who may not teach; the detectors get none." type:"path" placeholder:"DIR"`
	ByFolder bool   `help:"Call devices whose model is not known by the folder of their captures: where each folder is one model."`
	Despite  bool   `name:"despite-findings" help:"Learn from captures of --train, too, in which a device surely misbehaves."`
	JSON     bool   `help:"Print one JSON object."`

	NoFleet           bool     `help:"Without profiles: the device's own history only."`
	NoHierarchy       bool     `help:"Each level of the profiles by itself."`
	FlowVotes         bool     `help:"Profiles in which flows vote instead of homes."`
	MinuteCalibration bool     `help:"Thresholds from each minute instead of each device's worst moment of the day."`
	Off               []string `help:"Switch a detector off; repeat." placeholder:"DETECTOR"`
}

// paths takes all that follows the flag until the next one.
type paths []string

// Decode is called by kong.
func (p *paths) Decode(c *kong.DecodeContext) error {
	n := 0
	for c.Scan.Len() > 0 {
		t := c.Scan.Peek()
		v, ok := t.Value.(string)
		if !ok || !t.IsValue() {
			break
		}
		c.Scan.Pop()
		*p = append(*p, v)
		n++
	}
	if n == 0 {
		return errors.New("want at least one file or folder")
	}
	return nil
}

// Help explains the numbers.
func (evalDetectCmd) Help() string { return detect.Help }

// Run is called by kong.
func (c evalDetectCmd) Run(ctx context.Context) error {
	o := detect.Options{
		Train: c.Train, Benign: c.Benign, Splice: c.Splice, ByFolder: c.ByFolder, Despite: c.Despite,
		Ablation: detect.Ablation{NoFleet: c.NoFleet, NoHierarchy: c.NoHierarchy, FlowVotes: c.FlowVotes, MinuteCalibration: c.MinuteCalibration},
		Say:      func(f string, a ...any) { fmt.Fprintln(os.Stderr, "  "+show.Lines(fmt.Sprintf(f, a...))) },
	}
	for _, d := range c.Off {
		if !detect.IsDetector(home.Detector(d)) {
			return fmt.Errorf("eval detect: --off %s: no such detector; one of %s", d, strings.Join(detect.Detectors(), ", "))
		}
		o.Ablation.Off = append(o.Ablation.Off, home.Detector(d))
	}
	for _, s := range c.Attack {
		a, err := detect.ParseAttack(s)
		if err != nil {
			return fmt.Errorf("eval detect: --attack: %w", err)
		}
		o.Attack = append(o.Attack, a)
	}
	if c.Intel != "" {
		set, _, err := lists.Load(c.Intel)
		if err != nil {
			return fmt.Errorf("eval detect: --intel: %w", err)
		}
		o.Intel = set
	}
	r, err := detect.Run(ctx, o)
	if err != nil {
		return fmt.Errorf("eval detect: %w", err)
	}
	if err := c.print(os.Stdout, r); err != nil {
		return err
	}
	for _, u := range r.Split.Refused {
		for i := range u.Evidence {
			fmt.Fprintf(os.Stderr, "cardea: eval detect: not learned from %s: %s\n", show.Text(u.Name), show.Text(u.Evidence[i].String()))
		}
	}
	for _, f := range r.Failed {
		fmt.Fprintf(os.Stderr, "cardea: eval detect: %s\n", show.Text(f))
	}
	if len(r.Failed) > 0 {
		return errSilent
	}
	return nil
}

func (c evalDetectCmd) print(to io.Writer, r *detect.Report) error {
	out := bufio.NewWriter(to)
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
