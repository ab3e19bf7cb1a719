package detect

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cardea/home"
	"cardea/lab/eval/units"
)

// Attack is a capture of one. Labels is a file that says which of its flows are malicious; "" where the capture says so itself or
// all of it counts. Family is "" where the labels or the folder name it.
type Attack struct {
	File, Labels, Family string
}

// ParseAttack reads FILE, FILE=LABELS or FILE=family. A file's own name may hold '='.
func ParseAttack(s string) (Attack, error) {
	if s == "" {
		return Attack{}, fmt.Errorf("want a file")
	}
	if _, err := os.Stat(s); err == nil {
		return Attack{File: s}, nil
	}
	for i := len(s) - 1; i > 0; i-- {
		if s[i] != '=' {
			continue
		}
		file, rest := s[:i], s[i+1:]
		if _, err := os.Stat(file); err != nil {
			continue
		}
		if st, err := os.Stat(rest); err == nil && !st.IsDir() {
			return Attack{File: file, Labels: rest}, nil
		}
		if rest == "" || strings.ContainsAny(rest, "/\\") || filepath.Ext(rest) != "" {
			return Attack{}, fmt.Errorf("%s: no such file of labels", rest)
		}
		return Attack{File: file, Family: rest}, nil
	}
	return Attack{}, fmt.Errorf("%s: no such file", s)
}

// captured is an attack's capture, read.
type captured struct {
	unit   *units.Unit
	file   string
	family string
	labels *labels // nil: nobody said which flows are malicious

	infected home.DeviceID // who sent the most of it; found out when it is played
}

// attacks plays each attack as it is and, where asked for, into benign units.
func (r *run) attacks(ctx context.Context) error {
	for i := range r.report.Methods {
		r.report.Methods[i].Families, r.report.Methods[i].Captures = []Family{}, []Capture{}
	}
	list, err := r.captures(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		r.o.Say("attack %s", c.file)
		p, err := play(ctx, c.unit, r, r.limits, c.attacked(nil, nil))
		if err != nil {
			return err
		}
		if !p.began {
			r.note("%s: nothing in it is malicious: not counted as an attack", c.file)
			continue
		}
		c.infected = p.most()
		if err := r.lookAtAttack(ctx, c, c.unit, nil, func(d home.DeviceID) bool { return p.attackers[d] }); err != nil {
			return err
		}
		for i, m := range r.report.Methods {
			m.Captures = append(m.Captures, c.result(p, i))
		}
	}
	if r.o.Splice {
		if err := r.splices(ctx, list); err != nil {
			return err
		}
	}
	for _, m := range r.report.Methods {
		m.Families = families(m.Captures)
		if r.o.Splice {
			m.Spliced = families(m.Splices)
		}
	}
	return nil
}

// captures reads the attacks, each file as a unit of its own.
func (r *run) captures(ctx context.Context) (list []*captured, err error) {
	for _, a := range r.o.Attack {
		found, problems, err := units.Read(ctx, []string{a.File}, units.Options{ByFolder: r.o.ByFolder, Each: true})
		if err != nil {
			return nil, err
		}
		r.problems(problems)
		r.unread("--attack", []string{a.File}, problems)
		if len(found) == 0 && len(problems) == 0 {
			r.fail("--attack %s: no captures in it", a.File)
		}
		for _, u := range found {
			c := &captured{unit: u, family: a.Family, file: a.File}
			if len(u.Files) > 0 {
				c.file = u.Files[0]
			}
			if c.labels, err = readLabels(ctx, u, c.file, a.Labels); err != nil {
				return nil, err
			}
			if c.labels != nil && c.labels.unknown.Any() {
				r.note("%s: %s: they are not counted as the attack", c.file, &c.labels.unknown)
			}
			c.name()
			list = append(list, c)
		}
	}
	return list, nil
}

// name finds the family: what most malicious flows are labelled as, else the folder.
func (c *captured) name() {
	if c.family == "" && c.labels != nil {
		c.family = c.labels.most()
	}
	if c.family == "" {
		c.family = filepath.Base(filepath.Dir(c.file))
	}
}

// attacked says what of the capture is the attack, by itself or in another unit's time.
func (c *captured) attacked(splice *units.Attack, host *pass) *attacked {
	return &attacked{labels: c.labels, splice: splice, host: host, active: map[uint64]bool{}, is: map[home.DeviceID]bool{}}
}

// result is one method's.
func (c *captured) result(p *pass, method int) Capture {
	of := p.methods[method]
	out := Capture{
		File: c.file, Family: c.family, Labelled: c.labels != nil, Malicious: uint64(len(p.flows)), Packets: p.total,
		Early: len(of.early), Others: []string{}, Kinds: map[string]int{},
	}
	if c.labels != nil {
		out.Kinds = c.labels.kinds
	}
	onset := p.onset.UTC()
	out.Onset = &onset
	for _, a := range of.early {
		if s := a.text(); len(out.Others) < 5 && !slices.Contains(out.Others, s) {
			out.Others = append(out.Others, s)
		}
	}
	out.Detection, out.Quarter = p.detection(method, atBudget), p.detection(method, atQuarter)
	return out
}

func (p *pass) detection(method int, l level) Detection {
	seconds, packets := p.outcome(method, l)
	d := Detection{Seconds: finite(seconds), Packets: finite(packets), Detected: !math.IsInf(seconds, 1)}
	if h := p.methods[method].first[l]; h != nil && h.f != nil {
		d.Detector, d.Strength, d.Sentence = string(h.f.Detector), h.f.Strength.String(), h.f.Sentence
		d.Contained = contains(h.f)
	}
	return d
}

// Detectors are all that --off may name.
func Detectors() []string {
	var out []string
	for _, d := range [...]home.Detector{
		home.DetectScanWAN, home.DetectScanLAN, home.DetectScanPorts, home.DetectFlood, home.DetectBruteForce, home.DetectARPSpoof,
		home.DetectNDSpoof, home.DetectRogueDHCP, home.DetectRogueRouter, home.DetectInbound, home.DetectDuplicate, home.DetectDNSSpoof,
		home.DetectNovelty, home.DetectBeacon, home.DetectNames, home.DetectVolume, home.DetectHours, home.DetectMapping, home.DetectPort,
		home.DetectUsual,
	} {
		out = append(out, string(d))
	}
	return out
}

// IsDetector says whether a detector can be switched off.
func IsDetector(d home.Detector) bool { return slices.Contains(Detectors(), string(d)) }
