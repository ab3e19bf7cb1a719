// Package update replaces the agent's own program, and returns to the one before when the new one does not prove itself. The program that
// the system installed is never touched: newer ones lie beside it, in a folder of this room, and a small state says which of them runs.
// Whatever happens at whatever moment, power loss included, there is a program that runs: the state is changed in one step and only
// after what it names is on the disk, and each start of an unproven program is counted on the disk before it is begun.
//
// It imports the standard library only and owns the folder "versions" of the agent's state. What is fetched and verified comes from a
// function that is passed in.
package update

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Bounds.
const (
	MaxTries  = 3 // starts of an unproven program: power may fail twice meanwhile
	MaxStarts = 6 // starts of a proven one in which it was not once healthy; then the installed one runs
	maxBad    = 8
	maxState  = 64 << 10
	MaxSize   = 64 << 20 // bytes of a program
)

// Version is a program beside the installed one.
type Version struct {
	Bundle uint64 `json:"bundle"`
	Hash   string `json:"hash"` // SHA-256, hexadecimal
	Size   int64  `json:"size"`
}

// Bad is a program that was given up.
type Bad struct {
	Bundle uint64 `json:"bundle"`
	Hash   string `json:"hash"`
	Why    string `json:"why"`
}

// State says which program runs. The zero State is the installed one.
type State struct {
	Installed string   `json:"installed"`        // what the installed program looks like; another one was installed since: it runs
	Bundle    uint64   `json:"bundle,omitempty"` // the bundle that is the same as the installed program
	Good      *Version `json:"good,omitempty"`   // has proven itself; nil: the installed one
	Starts    int      `json:"starts,omitempty"` // of Good since it was healthy last
	Trial     *Version `json:"trial,omitempty"`  // is being tried
	Tries     int      `json:"tries,omitempty"`  // how often it was started
	Reached   bool     `json:"reached,omitempty"`
	Bad       []Bad    `json:"bad,omitempty"` // the latest last
	Returned  bool     `json:"returned,omitempty"`
}

// Errors of Try.
var (
	ErrTried = errors.New("it was tried and given up")
	ErrBusy  = errors.New("another one is being tried")
)

// Try has a version tried at the next start. reached: the present program reaches the cloud, so the new one has to as well.
func (s State) Try(v Version, reached bool) (State, error) {
	if s.Trial != nil {
		return s, ErrBusy
	}
	if slices.ContainsFunc(s.Bad, func(b Bad) bool { return b.Hash == v.Hash }) {
		return s, ErrTried
	}
	s.Trial, s.Tries, s.Reached, s.Returned = &v, 0, reached, false
	return s, nil
}

// Start says which program is to run now (nil: the installed one), and the state that has to be on the disk before it is begun. installed is what
// the installed program looks like now.
func (s State) Start(installed string) (next State, run *Version, trial bool) {
	if s.Installed != installed {
		return State{Installed: installed, Bad: s.Bad}, nil, false
	}
	if s.Trial != nil && s.Tries >= MaxTries {
		s = s.GiveUp("it was started several times and did not prove itself")
	}
	if s.Trial != nil {
		s.Tries++
		return s, s.Trial, true
	}
	if s.Good != nil && s.Starts >= MaxStarts {
		s = s.GiveUp("it was started several times and was not healthy")
	}
	if s.Good != nil {
		s.Starts++
	}
	return s, s.Good, false
}

// GiveUp ends the trial, or the use of the good one when there is no trial.
func (s State) GiveUp(why string) State {
	v := s.Trial
	if v == nil {
		v, s.Good, s.Starts = s.Good, nil, 0
	}
	s.Trial, s.Tries = nil, 0
	if v == nil {
		return s
	}
	s.Returned = true
	s.Bad = append(slices.Clone(s.Bad), Bad{Bundle: v.Bundle, Hash: v.Hash, Why: why})
	s.Bad = s.Bad[max(0, len(s.Bad)-maxBad):]
	return s
}

// Healthy notes that the program that runs is: a trial becomes the good one.
func (s State) Healthy() State {
	if s.Trial != nil {
		s.Good, s.Trial, s.Tries, s.Returned = s.Trial, nil, 0, false
	}
	s.Starts = 0
	return s
}

// Adopt notes that a bundle is the same as the program that runs.
func (s State) Adopt(bundle uint64) State {
	if s.Good != nil {
		good := *s.Good
		good.Bundle = bundle
		s.Good = &good
	} else {
		s.Bundle = bundle
	}
	s.Returned = false
	return s
}

// Has is the bundle that the good program is of; 0: it came with the system.
func (s State) Has() uint64 {
	if s.Good != nil {
		return s.Good.Bundle
	}
	return s.Bundle
}

// Tried is the bundle that is being tried, or was given up last; 0: none.
func (s State) Tried() (bundle uint64, why string) {
	if s.Trial != nil {
		return s.Trial.Bundle, ""
	}
	if n := len(s.Bad); n > 0 {
		return s.Bad[n-1].Bundle, s.Bad[n-1].Why
	}
	return 0, ""
}

// Parse reads a state.
func Parse(b []byte) (s State, err error) {
	if len(b) > maxState {
		return State{}, fmt.Errorf("the state has %d bytes", len(b))
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return State{}, fmt.Errorf("state of versions: %w", err)
	}
	for _, v := range []*Version{s.Good, s.Trial} {
		if v != nil && (!isHash(v.Hash) || v.Size < 1 || v.Size > MaxSize || v.Bundle == 0) {
			return State{}, errors.New("state of versions: a version is not of this form")
		}
	}
	if s.Tries < 0 || s.Starts < 0 || len(s.Bad) > maxBad {
		return State{}, errors.New("state of versions: a number is out of its bounds")
	}
	return s, nil
}

func isHash(s string) bool {
	return len(s) == 64 && !slices.ContainsFunc([]byte(s), func(c byte) bool { return (c < '0' || c > '9') && (c < 'a' || c > 'f') })
}

// file is the name of a version's program.
func (v *Version) file() string { return "agent-" + v.Hash[:32] }
