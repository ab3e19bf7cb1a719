package intel

import (
	"strings"

	"cardea/home"

	"golang.org/x/net/publicsuffix"
)

// Reasons of an Avoid.
const (
	ReasonPopular Reason = "one of the names that most people use"
	ReasonUsual   Reason = "used by healthy devices of a model"
	ReasonService Reason = "a well-known service"
)

// Avoid knows names that a list of malware or phishing has by mistake, where it has them: what most people use, what healthy
// devices of a model use, well-known services. Each stands for itself, its www and all lists that would take it along: what is below
// it may be listed, since others' pages are there. It is made once and then only read; a nil *Avoid knows nothing.
type Avoid struct {
	names map[string]Reason // as home.Collapse leaves them
	above map[string]Reason // parents of those
}

// NewAvoid makes one that knows the table of services and the names that most people use.
func NewAvoid() *Avoid {
	a := &Avoid{names: map[string]Reason{}, above: map[string]Reason{}}
	for name := range serviceTable() {
		a.Add(name, ReasonService)
	}
	for _, name := range Popular() {
		a.Add(name, ReasonPopular)
	}
	return a
}

// Add adds a name, also one that was collapsed. The first reason of a name stays.
func (a *Avoid) Add(name string, why Reason) {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if len(name) > 253 || strings.IndexByte(name, '.') < 0 || a.names[name] != "" {
		return
	}
	a.names[name] = why
	for up := parent(name); strings.IndexByte(up, '.') >= 0; up = parent(up) {
		if a.above[up] == "" {
			a.above[up] = why
		}
	}
}

// Len is how many names it knows.
func (a *Avoid) Len() int {
	if a == nil {
		return 0
	}
	return len(a.names)
}

// Refuse says why an entry is a mistake, and because of which of its names; "" when it is none. Exceptions block nothing.
func (a *Avoid) Refuse(e Entry) (why Reason, name string) {
	if a == nil || e.Allow || e.Name == "" {
		return "", ""
	}
	bare := strings.TrimPrefix(e.Name, "www.")
	for _, name := range []string{e.Name, bare} {
		if why := a.names[name]; why != "" {
			return why, name
		}
	}
	if !e.Exact && a.above[e.Name] != "" {
		return a.above[e.Name], e.Name
	}
	if !numbered(e.Name) {
		return "", ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(e.Name)
	if err != nil {
		return "", ""
	}
	if c := home.Collapse(e.Name, domain); c != e.Name {
		return a.names[c], c
	}
	return "", ""
}

// numbered says whether collapsing may change a name.
func numbered(name string) bool { return strings.ContainsAny(name, "0123456789") }
