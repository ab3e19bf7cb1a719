package homes

import (
	"cmp"
	"context"
	"errors"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/household"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

// tellHousehold makes problems of what a client has to know.
func tellHousehold(err error) error {
	var in *household.InputError
	switch {
	case errors.As(err, &in):
		p := problem.New(problem.Invalid, "")
		p.Errors = []problem.Field{{Location: "body." + in.Field, Message: in.Why}}
		return p
	case errors.Is(err, household.ErrUnknown):
		return problem.New(problem.NotFound, "")
	case errors.Is(err, household.ErrChanged):
		return problem.New(problem.Changed, "")
	}
	return faults.Tell(err)
}

func personOf(by api.Session) household.By {
	return household.By{ID: by.Person.ID, Name: cmp.Or(by.Person.Name, by.Person.Email)}
}

// everybody is how the API calls whom an empty id means in schedules and pauses.
const everybody = "everybody"

func whoseView(w string) string { return cmp.Or(w, everybody) }

func whoseOf(w string) string {
	if w == everybody {
		return ""
	}
	return w
}

func mapped[A, B any](list []A, f func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, x := range list {
		out = append(out, f(x))
	}
	return out
}

func idText(id home.DeviceID) string { return string(id) }

func idOf(s string) home.DeviceID { return home.DeviceID(s) }

// edit changes a household for somebody.
func edit(ctx context.Context, a *base.Adapter, p home.Place, by api.Session, f func(*household.Kept) error) (household.Kept, error) {
	k, err := a.Household.Edit(ctx, p.OfHome(), personOf(by), f)
	return k, tellHousehold(err)
}
