package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"cardea/cloud/audit"
	"cardea/cloud/staff"
	"cardea/home"
	"cardea/internal/platform/db"
)

// openStaff makes the context of staff, and says what is done when two persons agreed.
func (r *Rooms) openStaff(log *slog.Logger) {
	r.Staff = staff.New(r.DB, staff.Options{
		Note: func(tx *db.Tx, n staff.Note) error {
			if err := r.tellProposed(tx, n); err != nil {
				return err
			}
			return r.Audit.Add(tx, audit.Entry{Tenant: n.Tenant, Who: n.By, Role: "staff", Act: n.Act, What: n.What, Reason: n.Reason})
		},
		Actions: r.actions(), Words: InWords, Log: log,
	})
}

// HomeOf reads which of a tenant's homes a proposal is about.
func (r *Rooms) HomeOf(ctx context.Context, tenant string, what []byte) (home.Place, error) {
	var in struct {
		Home string `json:"home"`
	}
	if err := json.Unmarshal(what, &in); err != nil || !home.IsUUID(in.Home) {
		return home.Place{}, fmt.Errorf("%w: want {\"home\": its id}", staff.ErrInput)
	}
	h, err := r.Accounts.Home(ctx, home.Place{Tenant: tenant, Home: in.Home})
	return h.Place(), err
}

func (r *Rooms) aboutHome(ctx context.Context, tenant string, what []byte) (string, error) {
	p, err := r.HomeOf(ctx, tenant, what)
	if err != nil {
		return "", err
	}
	list, err := r.History.DeviceList(ctx, p.OfHome())
	return fmt.Sprintf("One home with %d devices.", len(list)), err
}

func (r *Rooms) eraseAgreed(ctx context.Context, a staff.Approval) (string, error) {
	p, err := r.HomeOf(ctx, a.Tenant, a.What)
	if err != nil {
		return "", err
	}
	e, err := r.EraseHome(ctx, p.OfHome(), a.Decider)
	n := int64(0)
	for _, rows := range e.Rows {
		n += rows
	}
	return fmt.Sprintf("Erased: %d rows. The gateway erases what it keeps when it hears of it.", n), err
}

// exportAgreed makes nothing: who agreed has the right, and hands the export to whom it is for.
func (r *Rooms) exportAgreed(context.Context, staff.Approval) (string, error) {
	return "Agreed: the privacy officer fetches the export, once, within a day.", nil
}
