package homes

import (
	"cardea/cloud/api/view"
	"cardea/cloud/incident"
	"cardea/home"
	saying "cardea/say"
)

// needs says whether a case waits for the resident.
func needs(state string) bool {
	return home.State(state) == home.StateOpen || home.State(state) == home.StateContained
}

// told is what we say ourselves, in a language; in English where it has none.
func told(lang string, w home.Words) string {
	s, _ := saying.Tell(lang, w, saying.English(w))
	return s
}

// reads tells in a language what a gateway says of itself in English only, as far as it is known here.
func reads(lang string, sentences []string) []string {
	out := make([]string, len(sentences))
	for i, s := range sentences {
		out[i], _ = saying.Tell(lang, saying.Read(s, saying.Shortages()...), s)
	}
	return out
}

var caseTitles = map[home.State]saying.Pattern{
	home.StateContained: "{0} is shut in", home.StateCleaning: "{0} is being cleaned", home.StateProbation: "{0} is watched closely", home.StateClosed: "{0} is fine again",
}

func caseTitle(lang string, c incident.Case, device string) string {
	if p, ok := caseTitles[home.State(c.GetState())]; ok {
		return told(lang, saying.New(p, saying.Text(device)))
	}
	return told(lang, saying.New("{0} needs a look", saying.Text(device)))
}

// steps are what a resident can do. An order can be pressed while the gateway is there to do it.
func steps(w incident.Words, online bool) []view.Step {
	out := make([]view.Step, len(w.WhatToDo))
	for i, s := range w.WhatToDo {
		out[i] = view.Step{Verb: s.Verb, Title: s.Title, Text: s.Text, Enabled: s.Enabled && (online || s.Verb == "")}
	}
	return out
}
