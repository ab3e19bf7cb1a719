package base

import (
	"cmp"
	"context"

	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/incident"
	"cardea/home"
	saying "cardea/say"
)

// Callers finds people's names, each once; what is no person's id is a name already.
func (a *Adapter) Callers(ctx context.Context, tenant string) func(id string) string {
	known := map[string]string{}
	return func(id string) string {
		name, ok := known[id]
		if ok || !home.IsUUID(id) {
			return cmp.Or(name, id)
		}
		name = id
		if p, err := a.Accounts.Person(ctx, tenant, id); err == nil {
			name = WhoIs(api.Session{Person: view.Person{Name: p.Name, Email: p.Email}})
		}
		known[id] = name
		return name
	}
}

// OpenCases are a home's cases that are not closed.
func (a *Adapter) OpenCases(ctx context.Context, p home.Place) ([]incident.Case, error) {
	return a.Incidents.List(ctx, p.OfHome(), incident.Open, "", 200)
}

// Names of a home's devices by id.
func (a *Adapter) Names(ctx context.Context, p home.Place) (map[string]string, error) {
	list, err := a.History.DeviceList(ctx, p.OfHome())
	out := map[string]string{}
	for _, d := range list {
		out[d.GetId()] = d.GetName()
	}
	return out, err
}

// Named is a device with its name, as far as it has one, in a language.
func Named(lang string, names map[string]string, id string) view.Ref {
	if n := names[id]; n != "" {
		return view.Ref{ID: id, Name: n}
	}
	name, _ := saying.Tell(lang, saying.New("A device"), "A device")
	return view.Ref{ID: id, Name: name}
}

// WhoIs is how a person is called in the audit and towards a gateway.
func WhoIs(s api.Session) string {
	if s.Person.Name == "" {
		return s.Person.Email
	}
	return s.Person.Name + " (" + s.Person.Email + ")"
}
