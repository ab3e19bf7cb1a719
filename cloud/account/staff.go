package account

import (
	"context"
	"slices"

	"cardea/cloud/staff/rights"
	"cardea/home"
	"cardea/internal/platform/db"
)

// Where a role of staff comes from.
const (
	FromAdmin    = "admin"
	FromProvider = "provider" // the claims of a sign-in at the CSP's provider; read anew at each
)

// Employee is somebody of staff with their roles.
type Employee struct {
	Person
	Roles  []rights.Role
	Source string // FromAdmin or FromProvider
}

// AddStaff adds a member of a CSP's staff, who is at least one thing.
func (a *Accounts) AddStaff(ctx context.Context, tenant, email, name, password string, roles ...rights.Role) (Person, error) {
	if err := checkRoles(roles); err != nil {
		return Person{}, err
	}
	return a.addPerson(ctx, Person{Tenant: tenant, Kind: Staff, Email: email, Name: name}, nil, "", password, func(tx *db.Tx, p Person) error {
		if err := a.giveRoles(tx, p.Tenant, p.ID, FromAdmin, roles); err != nil {
			return err
		}
		return a.noteStaff(tx, p.Tenant, "admin", "staff-add", p.ID, roles)
	})
}

func checkRoles(roles []rights.Role) error {
	if len(roles) == 0 {
		return &InputError{"roles", "want at least one role"}
	}
	for _, r := range roles {
		if !r.OfPeople() {
			return &InputError{"roles", "want tier1, tier2, soc, engineer, privacy or admin"}
		}
	}
	return nil
}

// giveRoles replaces somebody's roles. None ends their sessions.
func (a *Accounts) giveRoles(tx *db.Tx, tenant, person, source string, roles []rights.Role) error {
	if _, err := tx.Exec(`DELETE FROM account_staff WHERE tenant = ? AND person = ?`, tenant, person); err != nil {
		return err
	}
	roles = slices.Clone(roles)
	slices.Sort(roles)
	for _, r := range slices.Compact(roles) {
		if _, err := tx.Exec(`INSERT INTO account_staff (tenant, person, role, source, created) VALUES (?, ?, ?, ?, ?)`, tenant, person, string(r), source, a.now()); err != nil {
			return err
		}
	}
	if len(roles) == 0 {
		return signOutAll(tx, tenant, person)
	}
	return nil
}

// SetRoles says what somebody of staff is from now on; none takes all of their rights and ends their sessions. by is for the audit.
func (a *Accounts) SetRoles(ctx context.Context, tenant, person string, roles []rights.Role, by string) error {
	if len(roles) > 0 {
		if err := checkRoles(roles); err != nil {
			return err
		}
	}
	return doing("roles", a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := isStaff(tx, tenant, person); err != nil {
			return err
		}
		if err := a.giveRoles(tx, tenant, person, FromAdmin, roles); err != nil {
			return err
		}
		return a.noteStaff(tx, tenant, by, "staff-roles", person, roles)
	}))
}

func (a *Accounts) noteStaff(tx *db.Tx, tenant, by, act, person string, roles []rights.Role) error {
	what := person
	for _, r := range roles {
		what += " " + string(r)
	}
	return a.opts.Note(tx, Note{Place: home.Place{Tenant: tenant}, By: by, Act: act, What: what})
}

func isStaff(tx *db.Tx, tenant, person string) error {
	var one int64
	return tx.Row(`SELECT 1 FROM account_person WHERE tenant = ? AND person = ? AND kind = ?`, tenant, person, string(Staff)).Scan(&one)
}

// RemoveStaff takes somebody of staff away, with their sessions.
func (a *Accounts) RemoveStaff(ctx context.Context, tenant, person, by string) error {
	return doing("remove staff", a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := isStaff(tx, tenant, person); err != nil {
			return err
		}
		if err := a.removePerson(tx, tenant, person); err != nil {
			return err
		}
		return a.noteStaff(tx, tenant, by, "staff-remove", person, nil)
	}))
}

// Staff lists a CSP's staff by address.
func (a *Accounts) Staff(ctx context.Context, tenant string) (out []Employee, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT p.tenant, p.person, p.kind, p.email, p.name, COALESCE(s.role, ''), COALESCE(s.source, '') FROM account_person p
			LEFT JOIN account_staff s ON s.tenant = p.tenant AND s.person = p.person
			WHERE p.tenant = ? AND p.kind = ? ORDER BY p.email, p.person, s.role LIMIT ?`, tenant, string(Staff), maxList*len(rights.Roles))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var m Employee
			var role rights.Role
			if err := rows.Scan(&m.Tenant, &m.ID, &m.Kind, &m.Email, &m.Name, &role, &m.Source); err != nil {
				return err
			}
			if n := len(out); n == 0 || out[n-1].ID != m.ID {
				out = append(out, m)
			}
			if last := &out[len(out)-1]; role != "" {
				last.Roles = append(last.Roles, role)
			}
		}
		return rows.Err()
	})
	return out, doing("staff", err)
}

// staffRoles is what somebody is now.
func staffRoles(tx *db.Tx, tenant, person string) (out []rights.Role, err error) {
	rows, err := tx.Query(`SELECT role FROM account_staff WHERE tenant = ? AND person = ? ORDER BY role`, tenant, person)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r rights.Role
		if err := rows.Scan(&r); err != nil {
			return nil, err
		}
		if r.OfPeople() { // what a newer release gave is nothing to this one
			out = append(out, r)
		}
	}
	return out, rows.Err()
}
