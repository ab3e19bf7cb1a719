package portal

import (
	"errors"
	"strings"

	"cardea/home"
)

// Plan is what to do about an incident, in one language. Its texts hold {device}, {provider} and {phone}, which the page fills in.
type Plan struct {
	ID     string // the playbook's, with its version
	Title  string
	Intro  string
	Expert string
	Steps  []PlanStep
	Advice []Advice
}

// PlanStep is one step of a plan.
type PlanStep struct {
	ID       string
	Text     string
	Detail   string
	Check    string // what the gateway looks at afterwards: silent, rebooted, firmware, port-closed, mapping-gone, dns-right, none
	Gateway  bool   // the gateway does it
	Other    bool   // to be done on another device: the contained one has no internet
	Optional bool
}

// Advice is general advice.
type Advice struct{ Title, Text, Link string }

// Answer is what a person says of a step.
type Answer string

// Answers.
const (
	Done Answer = "done"
	Skip Answer = "skip"
)

// Wish is what a person asks for by a form of this page.
type Wish struct {
	Incident     string
	Step         string // of a plan
	Answer       Answer
	Deed         string
	Outcome      home.Outcome // how it is to end
	Code         string       // the label's, or one from a signed-in phone; may be empty
	Self         bool         // from a device that is a case itself: malware may have sent it, so nothing is loosened without a code
	Acknowledged bool         // the person was told that the device may still be infected, and said so
}

// What follows a Home may have besides. The page leaves out what it has not.
type (
	// Planner knows the playbooks.
	Planner interface {
		Plan(v View, lang string) (Plan, bool)
	}
	// Stepper takes a person's answer to a step and has the gateway look.
	Stepper interface {
		Step(Wish) error
	}
	// Undoer takes a deed of the gateway back.
	Undoer interface {
		Undo(Wish) error
	}
	// Dismisser ends a case that is a false alarm, or that its people want so. Nothing is dismissed without a code.
	Dismisser interface {
		Dismiss(Wish) error
	}
	// Reader keeps that a person has read of the incident.
	Reader interface {
		Read(Wish) error
	}
	// Container shuts a device in that waits for a person's word.
	Container interface {
		Contain(Wish) error
	}
)

// Errors that the page has words for. Whoever implements Home wraps them.
var (
	ErrCode      = errors.New("that is not the code")
	ErrTries     = errors.New("too many wrong codes: try again in an hour")
	ErrNotClean  = errors.New("the device still does what it was shut in for")
	ErrNeedsHelp = errors.New("it was let out twice before it was clean: please call for help, or say that you know that it may still be infected")
	ErrWarned    = errors.New("please say that you know that it may still be infected")
	ErrGone      = errors.New("the case is closed")
	errElsewhere = errors.New("this has to be done from another device")
)

// problems are the errors that have words of their own.
var problems = []struct {
	err error
	key string
}{
	{ErrCode, "error.code"}, {ErrTries, "error.tries"}, {ErrNotClean, "error.not-clean"}, {ErrNeedsHelp, "error.help"},
	{ErrWarned, "error.warned"}, {ErrGone, "error.gone"}, {errElsewhere, "error.elsewhere"},
}

// sorry is an error in a person's language. One without words of ours is told as it is, in English, rather than not at all.
func (s speaker) sorry(err error) string {
	for _, p := range problems {
		if errors.Is(err, p.err) {
			return s.Say(p.key)
		}
	}
	text := err.Error()
	if s.Lang != english {
		return s.Say("error.other", text)
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
