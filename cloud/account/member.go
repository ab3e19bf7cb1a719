package account

import (
	"context"
	"errors"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Role is what a resident may do in a home.
type Role string

// The roles, the least first: a viewer sees, a member asks the gateway for things too, an owner decides who else may.
const (
	RoleViewer Role = "viewer"
	RoleMember Role = "member"
	RoleOwner  Role = "owner"
)

// What callers tell apart, of people in homes.
var (
	ErrLastOwner  = errors.New("a home keeps an owner: make somebody else one first")
	ErrInvitation = errors.New("this invitation is not good: it was used, taken back, or is too old")
)

// maxMembers bounds the people of a home.
const maxMembers = 50

func (r Role) known() error {
	if r != RoleViewer && r != RoleMember && r != RoleOwner {
		return &InputError{"role", "want owner, member or viewer"}
	}
	return nil
}

// Member is a resident of one home.
type Member struct {
	Person
	Role  Role
	Since time.Time // zero: before this was kept
}

// Members lists who belongs to a home.
func (a *Accounts) Members(ctx context.Context, p home.Place) ([]Member, error) {
	var out []Member
	err := a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT p.tenant, p.person, p.kind, p.email, p.name, r.role, r.since FROM account_resident r
			JOIN account_person p ON p.tenant = r.tenant AND p.person = r.person
			WHERE r.tenant = ? AND r.home = ? ORDER BY p.person LIMIT ?`, p.Tenant, p.Home, maxList)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var m Member
			var since int64
			if err := rows.Scan(&m.Tenant, &m.ID, &m.Kind, &m.Email, &m.Name, &m.Role, &since); err != nil {
				return err
			}
			m.Since = when(since)
			out = append(out, m)
		}
		return rows.Err()
	})
	return out, doing("members", err)
}

// ChangeRole makes a member something else. The last owner stays one.
func (a *Accounts) ChangeRole(ctx context.Context, p home.Place, person string, role Role, by string) error {
	if err := role.known(); err != nil {
		return err
	}
	return doing("change role", a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := ownsHome(tx, p, by); err != nil {
			return err
		}
		was, err := roleOf(tx, p, person)
		if err != nil || was == role {
			return err
		}
		if _, err := tx.Exec(`UPDATE account_resident SET role = ? WHERE tenant = ? AND home = ? AND person = ?`, string(role), p.Tenant, p.Home, person); err != nil {
			return err
		}
		if err := hasOwner(tx, p); err != nil {
			return err
		}
		if err := uninvite(tx, p, person); err != nil {
			return err
		}
		return a.opts.Note(tx, Note{Place: p.OfHome(), By: by, Act: "member-role", What: person + " " + string(role)})
	}))
}

// uninvite takes back the open invitations of somebody who is no owner any more.
func uninvite(tx *db.Tx, p home.Place, person string) error {
	_, err := tx.Exec(`DELETE FROM account_invitation WHERE tenant = ? AND home = ? AND maker = ?`, p.Tenant, p.Home, person)
	return err
}

// RemoveMember takes somebody out of a home. Owners may do it to anybody, everybody to themselves; the last owner stays.
// Whoever has no home left is forgotten.
func (a *Accounts) RemoveMember(ctx context.Context, p home.Place, person, by string) error {
	return doing("remove member", a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := lockHome(tx, p); err != nil {
			return err
		}
		if person != by {
			if err := ownsHome(tx, p, by); err != nil {
				return err
			}
		}
		if _, err := roleOf(tx, p, person); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM account_resident WHERE tenant = ? AND home = ? AND person = ?`, p.Tenant, p.Home, person); err != nil {
			return err
		}
		if err := hasOwner(tx, p); err != nil {
			return err
		}
		if err := uninvite(tx, p, person); err != nil {
			return err
		}
		left, _, err := homesOf(tx, p.Tenant, person)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			if err := a.removePerson(tx, p.Tenant, person); err != nil {
				return err
			}
		}
		return a.opts.Note(tx, Note{Place: p.OfHome(), By: by, Act: "member-removed", What: person})
	}))
}

// lockHome has transactions that change who belongs to a home come one after the other: each changes the home's row, and the
// database runs the later one again.
func lockHome(tx *db.Tx, p home.Place) error {
	n, err := tx.Exec(`UPDATE account_home SET taken = taken WHERE tenant = ? AND home = ?`, p.Tenant, p.Home)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// ownsHome locks the home and says whether somebody is an owner of it now: they may have been until a moment ago.
func ownsHome(tx *db.Tx, p home.Place, by string) error {
	if err := lockHome(tx, p); err != nil {
		return err
	}
	role, err := roleOf(tx, p, by)
	if err == nil && role != RoleOwner {
		err = ErrNotFound
	}
	return err
}

func roleOf(tx *db.Tx, p home.Place, person string) (r Role, err error) {
	err = tx.Row(`SELECT role FROM account_resident WHERE tenant = ? AND home = ? AND person = ?`, p.Tenant, p.Home, person).Scan(&r)
	return r, err
}

func hasOwner(tx *db.Tx, p home.Place) error {
	var n int64
	err := tx.Row(`SELECT COUNT(*) FROM account_resident WHERE tenant = ? AND home = ? AND role = ?`, p.Tenant, p.Home, string(RoleOwner)).Scan(&n)
	if err == nil && n == 0 {
		err = ErrLastOwner
	}
	return err
}

// join takes a person into a home.
func (a *Accounts) join(tx *db.Tx, p home.Place, person string, role Role) error {
	if err := lockHome(tx, p); err != nil {
		return err
	}
	var n int64
	if err := tx.Row(`SELECT COUNT(*) FROM account_resident WHERE tenant = ? AND home = ?`, p.Tenant, p.Home).Scan(&n); err != nil {
		return err
	}
	if n >= maxMembers {
		return &InputError{"home", "has as many people as can be"}
	}
	_, err := tx.Exec(`INSERT INTO account_resident (tenant, home, person, role, since) VALUES (?, ?, ?, ?, ?)`, p.Tenant, p.Home, person, string(role), a.now())
	return err
}
