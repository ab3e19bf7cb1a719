package cloud

import (
	"cardea/cloud/api/view"
	"cardea/cloud/incident"
	"cardea/home"
)

// needs says whether a case waits for the resident.
func needs(state string) bool {
	return home.State(state) == home.StateOpen || home.State(state) == home.StateContained
}

func caseTitle(c incident.Case, device string) string {
	switch home.State(c.GetState()) {
	case home.StateContained:
		return device + " is shut in"
	case home.StateCleaning:
		return device + " is being cleaned"
	case home.StateProbation:
		return device + " is watched closely"
	case home.StateClosed:
		return device + " is fine again"
	}
	return device + " needs a look"
}

func caseSentence(c incident.Case, device string) string {
	switch home.State(c.GetState()) {
	case home.StateContained:
		return device + " behaved as infected devices do. We shut it in; everything else works as before."
	case home.StateCleaning:
		return device + " is being cleaned. The gateway watches whether it falls silent."
	case home.StateProbation:
		return device + " is back on the network. We watch it closely for a while."
	case home.StateClosed:
		return device + " has been quiet. The case is closed."
	}
	return device + " did something unusual. Nothing was cut off."
}

// happened is the strongest evidence in its own words, the first of it.
func happened(f incident.Full, device string) string {
	out := ""
	for _, e := range f.Evidence {
		if e.GetStrength() == "hard" {
			return e.GetSentence()
		}
		if out == "" {
			out = e.GetSentence()
		}
	}
	if out == "" {
		return device + " did something unusual."
	}
	return out
}

// modes tell what a containment cuts off.
var modes = map[home.Mode]string{
	home.ModeNoLAN:       "may use the internet, but cannot reach your other devices",
	home.ModeProfileOnly: "may reach only what such devices usually reach",
	home.ModeVendorOnly:  "may reach only its maker",
	home.ModeUpdateOnly:  "may reach only its maker's updates",
	home.ModeQuarantine:  "is cut off from the internet and from your other devices",
}

// grades tell what of it is proven.
var grades = map[home.Grade]string{
	home.GradePort:    "It is cut off at the port that only this device uses.",
	home.GradeStation: "It is cut off at its wireless connection.",
	home.GradeMAC:     "It shares its port with other devices: what it sends to those beside it, we cannot stop.",
	home.GradeNone:    "This is not in force at the moment.",
}

func did(c incident.Case, device string) string {
	words, ok := modes[home.Mode(c.GetMode())]
	if !ok {
		if home.State(c.GetState()) == home.StateOpen {
			return "We watch it. Nothing was cut off."
		}
		return device + " is not cut off any more."
	}
	out := device + " " + words + "."
	if g := grades[home.Grade(c.GetGrade())]; g != "" {
		out += " " + g
	}
	return out
}

// steps are what a resident can do in each state. They can be pressed while the gateway is there to do them.
func steps(c incident.Case, device string, online bool) []view.Step {
	check := view.Step{Verb: "check", Title: "Check again", Text: "The gateway says whether " + device + " has been quiet for long enough."}
	release := view.Step{Verb: "release", Title: "Release", Text: "Let it back on to the network. We watch it closely for a while."}
	me := view.Step{Verb: "dismiss", Title: "This was me", Text: "It was no infection. Release it and close the case."}
	shut := view.Step{Verb: "quarantine", Title: "Shut it in", Text: "Cut it off from the internet and from your other devices until you release it."}
	var out []view.Step
	switch home.State(c.GetState()) {
	case home.StateOpen:
		out = []view.Step{shut, me}
	case home.StateContained, home.StateCleaning:
		out = []view.Step{check, release, me}
	case home.StateProbation:
		out = []view.Step{check, shut, me}
	}
	for i := range out {
		out[i].Enabled = online
	}
	return out
}
