package intel

import (
	"strings"
	"sync"

	"cardea/home"
)

// Service tells what well-known service a name belongs to: by the name itself or the nearest of its parents in the
// table. It says what the name is for, not that the contact is harmless.
func Service(name string) (home.Service, bool) {
	table := serviceTable()
	for rest := name; ; {
		dot := strings.IndexByte(rest, '.')
		if dot < 0 {
			return home.Service{}, false
		}
		if s, ok := table[rest]; ok {
			return home.Service{Name: s.name, Company: s.company, Purpose: s.purpose}, true
		}
		rest = rest[dot+1:]
	}
}

// service is a row of the table: the suffixes are separated by spaces.
type service struct{ name, company, purpose, suffixes string }

// serviceTable is made at the first question, some 500 suffixes.
var serviceTable = sync.OnceValue(func() map[string]*service {
	m := make(map[string]*service, 2*len(services))
	for i := range services {
		for suffix := range strings.FieldsSeq(services[i].suffixes) {
			m[suffix] = &services[i]
		}
	}
	return m
})
