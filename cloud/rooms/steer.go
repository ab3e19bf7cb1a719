package rooms

import (
	"context"

	"cardea/cloud/api/problem"
	"cardea/cloud/rooms/faults"
)

var errSteer = problem.New(problem.Forbidden,
	"Several providers share this installation: its versions and lists are changed by the provider that operates it, or on the server itself.")

// Steers says whether a provider's staff change what is in force in all homes of the installation: versions that are brought out, lists and
// their sources, exceptions. The operator's do; without an operator those of the only provider do, and of several nobody's.
func (r *Rooms) Steers(ctx context.Context, tenant string) (bool, error) {
	list, err := r.Accounts.Tenants(ctx)
	if err != nil {
		return false, err
	}
	for _, t := range list {
		if t.ID == tenant {
			return r.Operator == t.Slug || r.Operator == "" && len(list) == 1, nil
		}
	}
	return false, nil
}

// MustSteer fails where steers says no.
func (r *Rooms) MustSteer(ctx context.Context, tenant string) error {
	ok, err := r.Steers(ctx, tenant)
	if err == nil && !ok {
		err = errSteer
	}
	return faults.Tell(err)
}
