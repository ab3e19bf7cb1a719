// Package infected says which units show hard evidence that a device of theirs is infected, by the gateway's own judge: in the fleet such
// homes teach nobody what is normal. Soft findings do not count, nor what no rule finds: a capture of an infection that only calls
// home looks like any other. It may import the gateway's judge, behavior and lab/eval/units; it writes no file.
package infected

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cardea/behavior"
	"cardea/behavior/evidence"
	"cardea/behavior/profile"
	"cardea/behavior/usual"
	"cardea/gateway/judge"
	"cardea/home"
	"cardea/lab/eval/units"
)

// Evidence is one device's first hard finding of a detector.
type Evidence struct {
	Files    []string      `json:"files"`  // of the unit, that show it
	Device   home.DeviceID `json:"device"` // "" of Labels
	Who      string        `json:"who"`    // address and model, as far as they are known
	Time     time.Time     `json:"time"`
	Detector home.Detector `json:"detector"`
	Sentence string        `json:"sentence"`
}

// Labels stands for a detector where no detector but a log's own labels tell of an attack that another capture shows as well.
const Labels home.Detector = "labels"

// String tells it in a line.
func (e *Evidence) String() string {
	who := e.Who
	if who != "" {
		who += ": "
	}
	return fmt.Sprintf("%s: %s%s: %s", strings.Join(e.Files, ", "), who, e.Detector, e.Sentence)
}

// Most bounds what is told of one unit.
const Most = 16

// Look plays a unit and returns the hard evidence in it, each detector once for each device; none: the unit may teach. What listed
// endpoints say is heard where intel is not nil.
func Look(ctx context.Context, u *units.Unit, intel judge.Intel) ([]Evidence, error) {
	l := &look{unit: u, told: map[key]bool{}}
	if n, logs := u.Beside(); n > 0 {
		l.list = append(l.list, Evidence{Files: logs, Time: u.First.UTC(), Detector: Labels,
			Sentence: fmt.Sprintf("rows that it labels as part of an attack: %d; another capture of the same home shows them without a label", n)})
	}
	j := judge.New(judge.Config{
		Behavior: behavior.Config{Usual: usual.Config{Profiles: func() *profile.Set { return nil }}},
		Intel:    intel,
		Headless: func(id home.DeviceID) bool {
			d, ok := u.Device(id)
			return ok && evidence.Headless(d.Class)
		},
	}, l)
	if err := u.Play(ctx, j.Observe, j.Closed); err != nil {
		return nil, err
	}
	return l.list, nil
}

// look gathers what is found in one unit.
type look struct {
	unit *units.Unit
	told map[key]bool
	list []Evidence
}

type key struct {
	device   home.DeviceID
	detector home.Detector
}

// Find takes a finding.
func (l *look) Find(f *home.Finding) {
	k := key{f.Device, f.Detector}
	if f.Strength != home.Hard || l.told[k] || len(l.list) >= Most {
		return
	}
	l.told[k] = true
	l.list = append(l.list, Evidence{l.unit.FilesAt(f.Time), f.Device, l.unit.Who(f.Device, f.MAC), f.Time.UTC(), f.Detector, f.Sentence})
}
