package detect

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cardea/lab/eval/detect/baseline"
	"cardea/lab/eval/units"
)

// fail notes what was asked for and could not be done: the report is given all the same, and the command fails.
func (r *run) fail(format string, a ...any) {
	r.report.Failed = append(r.report.Failed, fmt.Sprintf(format, a...))
}

// unread fails for files that were named themselves and could not be read; what a folder holds besides is a note.
func (r *run) unread(what string, named []string, problems []units.Problem) {
	for _, p := range problems {
		if !p.Part && slices.Contains(named, p.File) {
			r.fail("%s %s: %v", what, p.File, p.Err)
		}
	}
}

// empty is the error for captures that gave nothing at all to go by.
func empty(what string, paths []string, problems []units.Problem) error {
	why := []string{}
	for _, p := range problems {
		why = append(why, fmt.Sprintf("%s: %v", p.File, p.Err))
	}
	if len(why) == 0 {
		why = paths
	}
	return fmt.Errorf("%s: no captures in what was given (%s)", what, several(why))
}

// several lists a few.
func several(list []string) string {
	const most = 3
	if len(list) > most {
		return fmt.Sprintf("%s; and %d more", strings.Join(list[:most], "; "), len(list)-most)
	}
	return strings.Join(list, "; ")
}

// done says what was asked for and came to nothing. The error is for a run that measured nothing at all.
func (r *run) done() error {
	own := r.report.Methods[0]
	if len(r.tested) == 0 && len(own.Captures) == 0 {
		why := slices.Concat(r.report.Failed, r.report.Split.Why, r.report.Notes)
		if len(why) == 0 {
			return errors.New("nothing was measured")
		}
		return fmt.Errorf("nothing was measured: %s", several(why))
	}
	if len(r.o.Benign) > 0 && len(r.tested) == 0 {
		r.fail("--benign: no unit is left to calibrate or test on (%s)", several(r.report.Split.Why))
	}
	if len(r.o.Attack) > 0 && len(own.Captures) == 0 {
		r.fail("--attack: no attack was measured")
	}
	if r.o.Splice && len(own.Splices) == 0 && (len(r.o.Attack) > 0 || own.Sham.Played == 0) {
		r.fail("--splice: nothing was spliced")
	}
	return nil
}

// HowNotRun is the blocklist's threshold where it was not run.
const HowNotRun = "not run: no --intel, and without a list nothing is on it"

// absent puts baselines that were not run among the methods, so that nobody takes them for forgotten.
func (r *run) absent() {
	if r.o.Intel != nil {
		return
	}
	m := &Method{Name: baseline.Blocklist{}.Name(), How: HowNotRun, False: Benign{Detectors: map[string]int{}, Examples: []string{}}, Families: []Family{}, Captures: []Capture{}}
	r.report.Methods = slices.Insert(r.report.Methods, ownMethods, m)
}
