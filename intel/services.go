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

// Company tells which company stands behind a name: whose the service is that it belongs to. Of a cloud
// or a content network it is whoever runs that, not the customer.
func Company(name string) (string, bool) {
	s, ok := Service(name)
	return s.Company, ok
}

// Domains gives the suffixes that belong to a company, as Company says it.
func Domains(company string) (out []string) {
	for _, rows := range [][]service{services, makers} {
		for i := range rows {
			if rows[i].company == company {
				out = append(out, strings.Fields(rows[i].suffixes)...)
			}
		}
	}
	return out
}

// service is a row of the table: the suffixes are separated by spaces.
type service struct{ name, company, purpose, suffixes string }

// serviceTable is made at the first question, some 1,000 suffixes.
var serviceTable = sync.OnceValue(func() map[string]*service {
	m := make(map[string]*service, 3*(len(services)+len(makers)))
	for _, rows := range [][]service{services, makers} {
		for i := range rows {
			for suffix := range strings.FieldsSeq(rows[i].suffixes) {
				m[suffix] = &rows[i]
			}
		}
	}
	return m
})
