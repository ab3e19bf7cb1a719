package homes

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

// steps are what a resident can do. An order can be pressed while the gateway is there to do it.
func steps(w incident.Words, online bool) []view.Step {
	out := make([]view.Step, len(w.WhatToDo))
	for i, s := range w.WhatToDo {
		out[i] = view.Step{Verb: s.Verb, Title: s.Title, Text: s.Text, Enabled: s.Enabled && (online || s.Verb == "")}
	}
	return out
}
