package incident

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"cardea/home"
	"cardea/wire/pb"
)

// Words are what a resident reads of a case: what happened, what we did, what they can do. They are plain text. The name in
// them is what somebody called the device: it is untrusted, and never markup.
type Words struct {
	Sentence     string // all in one
	WhatHappened string
	WhatWeDid    string
	WhatToDo     []Step
}

// Step is one thing that can be done; Verb is that of an order, "" when it is done by hand.
type Step struct {
	Verb    string
	Title   string
	Text    string
	Enabled bool
}

// story tells of a detector what the device did, and what that is.
type story struct{ did, means string }

var stories = map[home.Detector]story{
	home.DetectScanWAN:     {"called many computers on the internet that did not answer", "Infected devices do this to find others to infect."},
	home.DetectScanLAN:     {"called many addresses in your home that did not answer", "Infected devices do this to find others to infect."},
	home.DetectScanPorts:   {"tried many doors of one other device", "Infected devices do this to find a way in."},
	home.DetectFlood:       {"sent far more than any use of it needs", "Infected devices do this to put somebody else out of service."},
	home.DetectBruteForce:  {"tried one password after another on other devices", "Infected devices do this to get in."},
	home.DetectARPSpoof:    {"claimed to be another device of your home", "That lets it read what others send."},
	home.DetectNDSpoof:     {"claimed to be another device of your home", "That lets it read what others send."},
	home.DetectRogueDHCP:   {"told other devices to use it as their way to the internet", "Only your gateway does that, unless you set it up so."},
	home.DetectRogueRouter: {"told other devices to use it as their way to the internet", "Only your gateway does that, unless you set it up so."},
	home.DetectInbound:     {"was reached from the internet", "Somebody outside may be able to use it."},
	home.DetectIndicator:   {"contacted an address that is known to be bad", "Infected devices call there for orders."},
	home.DetectDuplicate:   {"showed up in two places at once", "One of the two may only pretend to be it."},
	home.DetectForgedMAC:   {"used the hardware address of another device", "Devices do this to be taken for it."},
	home.DetectDNSSpoof:    {"answered names in another's place", "That leads others where they did not want to go."},
	home.DetectNovelty:     {"contacted something that it and devices like it do not use", "It may be new and harmless, or the first sign of an infection."},
	home.DetectBeacon:      {"calls one address again and again, as if it waited for something", "Infected devices wait for orders like that."},
	home.DetectNames:       {"asks for many names that do not exist", "Infected devices look for their master like that."},
	home.DetectVolume:      {"sent far more than it ever does", "It may be a backup, or somebody may take something."},
	home.DetectHours:       {"is busy at a time when it never is", "It may be in use, or do something of its own."},
	home.DetectMapping:     {"had your gateway let the internet in", "Somebody outside may be able to use it."},
	home.DetectUsual:       {"did several unusual things at once", "Together they look like an infection."},
	home.DetectPort:        {"answers on a port where it never did", "It may have a new function, or somebody may have opened a way in."},
	home.DetectIdentity:    {"does not look like the device that it says it is", "It may have been replaced, have a new system, or only pretend."},
}

var odd = story{"did something that it should not do", "It may have been taken over."}

// story finds the one of a case: of what has to fall silent, else of its newest finding.
func (f Full) story() story {
	detector := home.Detector(f.GetSymptom().GetDetector())
	if detector == "" && len(f.Evidence) > 0 {
		detector = home.Detector(f.Evidence[len(f.Evidence)-1].GetDetector())
	}
	if s, ok := stories[detector]; ok {
		return s
	}
	return odd
}

const nameless = "A device"

const maxName = 60 // characters of a device's name in a sentence

// name is what a device is called in a sentence: visible characters only, in one line.
func name(device string) string {
	device = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsGraphic(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, device)
	device = strings.Join(strings.Fields(device), " ")
	if r := []rune(device); len(r) > maxName {
		device = string(r[:maxName-1]) + "…"
	}
	if device == "" {
		return nameless
	}
	return device
}

// Words tells a case in English. device is what its owner calls the device, "" when nothing is known.
func (f Full) Words(device string) Words { return f.WordsIn("en", device) }

// WordsIn tells a case in a language; in English where the language is none of ours.
func (f Full) WordsIn(lang, device string) Words {
	l := tongues[lang]
	who, s := name(device), f.story()
	if who == nameless {
		who = l.say(who)
	}
	w := Words{WhatHappened: who + " " + l.say(s.did) + ". " + l.say(s.means), WhatWeDid: l.all(f.did()), WhatToDo: f.steps()}
	if n := f.GetFindings(); n > 1 {
		w.WhatHappened += " " + fmt.Sprintf(l.say("We saw it %d times."), n)
	}
	w.Sentence = who + " " + l.say(s.did) + ". " + l.say(f.short())
	for i, step := range w.WhatToDo {
		w.WhatToDo[i].Title, w.WhatToDo[i].Text = l.say(step.Title), l.say(step.Text)
		if step.Verb == "release" && f.GetReleases() >= easyReleases && !f.GetCheck().GetClean() {
			w.WhatToDo[i].Text = fmt.Sprintf(l.say(step.Text), f.GetCode())
		}
	}
	return w
}

// SentenceIn tells a case in a list, without its findings, in a language.
func (c Case) SentenceIn(lang, device string) string {
	return Full{Case: c}.WordsIn(lang, device).Sentence
}

// contained says whether the device itself is held to something, and not single endpoints cut off for it.
func (f Full) contained() bool { return home.Mode(f.GetMode()).Rank() > home.ModeEndpointBlock.Rank() }

// short is what was done, in a few words.
func (f Full) short() string {
	state := home.State(f.GetState())
	if (state == home.StateContained || state == home.StateCleaning) && home.Grade(f.GetGrade()) == home.GradeNone {
		return "We tried to shut it in, but it is not in force yet."
	}
	switch state {
	case home.StateContained:
		if home.Mode(f.GetMode()) == home.ModeQuarantine {
			return "We shut it in."
		}
		return "We limited what it can reach."
	case home.StateCleaning:
		return "We shut it in and watch whether it is clean."
	case home.StateProbation:
		return "It is back, and we watch it closely."
	case home.StateClosed:
		return "This is settled."
	}
	if home.Mode(f.GetMode()) == home.ModeEndpointBlock {
		return "We stopped what this is about; it is not shut in."
	}
	return "We watch it; it is not shut in."
}

// did is what was done, sentence by sentence.
func (f Full) did() []string {
	switch home.State(f.GetState()) {
	case home.StateOpen, "":
		if home.Mode(f.GetMode()) == home.ModeEndpointBlock {
			return []string{"We stopped only what this is about.", "Everything else that it does goes on, and we watch it."}
		}
		return []string{"We watch it.", "It is not shut in: what we saw is not enough to cut it off by ourselves."}
	case home.StateClosed:
		return []string{because(f.Steps)}
	case home.StateProbation:
		if home.Mode(f.GetMode()) == home.ModeNoLAN {
			return []string{"We let it out.", "It reaches the internet, but for now not your other devices."}
		}
		return []string{"We let it out and watch it more closely than usual."}
	}
	text := []string{"We limited what it can reach."}
	switch home.Mode(f.GetMode()) {
	case home.ModeQuarantine:
		text[0] = "We shut it in: it reaches neither the internet nor your other devices."
	case home.ModeNoLAN:
		text[0] = "We cut it off from your other devices."
	}
	switch home.Grade(f.GetGrade()) {
	case home.GradeMAC:
		text = append(text, "It shares its connection with other devices; what it sends to those we cannot stop.")
	case home.GradeNone:
		text = []string{"We tried to shut it in, but it is not in force yet."}
	}
	return append(text, "Everything else in your home works as before.")
}

// because is why the last step was made, as far as people need to know.
func because(steps []*pb.Transition) string {
	if len(steps) > 0 {
		switch steps[len(steps)-1].GetBy() {
		case "owner":
			return "We closed the case because you said so."
		case "support":
			return "We closed the case because your provider's support said so."
		}
	}
	return "We closed the case."
}

const easyReleases = 2 // as the gateway counts them

// steps are the things to do, in this order. The gateway has the last word on each.
func (f Full) steps() []Step {
	state := home.State(f.GetState())
	if state == home.StateClosed {
		return nil
	}
	var out []Step
	if f.contained() && state != home.StateProbation {
		out = append(out,
			Step{Title: "Clean it", Text: "Unplug it for a minute, plug it in again, install its updates, and give it a new password.", Enabled: true},
			Step{Verb: "check", Title: "Check again", Text: "Your gateway tells whether it has stopped.", Enabled: true},
			f.release())
	}
	if !f.contained() || state == home.StateProbation {
		title, text := "Shut it in", "It then reaches neither the internet nor your other devices, until you let it out."
		if state == home.StateProbation {
			title = "Shut it in again"
		}
		out = append(out, Step{Verb: "quarantine", Title: title, Text: text, Enabled: true})
	}
	return append(out, Step{Verb: "dismiss", Title: "This was me", Text: "You know why it did this. We let it out and close the case.", Enabled: true})
}

func (f Full) release() Step {
	s := Step{Verb: "release", Title: "Let it out", Enabled: true}
	switch {
	case f.GetCheck().GetClean():
		s.Text = "It has stopped. It comes back step by step, and we keep watching it."
	case f.GetReleases() >= easyReleases:
		s.Text = "It was let out before it was clean more than once. Please call us and tell the code %s; you may still let it out."
	default:
		s.Text = "It has not been shown to be clean. If it does the same again, we shut it in again."
	}
	return s
}
