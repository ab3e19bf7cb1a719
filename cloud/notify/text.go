package notify

import (
	"encoding/json"
	"strings"
	"unicode"

	"cardea/home"
)

// message is what somebody is told.
type message struct {
	Tenant, Home, Incident, State string
	Code, Device, Sentence        string
}

// urgent is what must not wait: something was shut in. The rest is at most one e-mail a home a day.
func urgent(state string) bool { return home.State(state) == home.StateContained }

// clean makes one line of at most n runes of it, without control and formatting characters: a device's name is its maker's
// or its attacker's choice.
func clean(s string, n int) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ") {
		if n == 0 {
			break
		}
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			n--
		}
	}
	return b.String()
}

func (m message) title() string {
	switch home.State(m.State) {
	case home.StateContained:
		return m.Device + " was shut in"
	case home.StateClosed:
		return m.Device + " is fine again"
	}
	return m.Device + " needs a look"
}

func (m message) link(public string) string {
	return public + "/incidents/" + m.Incident
}

// push is the payload for the app's service worker.
func (m message) push(public string) ([]byte, error) {
	return json.Marshal(map[string]string{"title": m.title(), "body": m.Sentence, "code": m.Code, "home": m.Home,
		"incident": m.Incident, "state": m.State, "url": m.link(public), "tag": m.Incident})
}

func (m message) mail(public string) string {
	var b strings.Builder
	b.WriteString(m.Sentence + "\n\n")
	b.WriteString("What happened, what was done and what you can do:\n" + m.link(public) + "\n\n")
	b.WriteString("On the phone, give the code " + m.Code + ".\n\n")
	b.WriteString("We never ask for your password by e-mail. How you are told, you choose in the app:\n" + public + "/notifications\n")
	return b.String()
}
