package account

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"cardea/cloud/account/oidc"
	"cardea/cloud/staff/rights"
	"cardea/internal/platform/db"
)

// ErrNoRole is returned for somebody whom the provider knows and whose claims make nothing of them here.
var ErrNoRole = errors.New("this account has no role here")

// StaffDoor is where a CSP's staff sign in with their own accounts.
type StaffDoor struct {
	*oidc.Door
	Roles map[string][]rights.Role // by value of the provider's claim
	Life  time.Duration            // of a session, however much it is used; 0 is an hour
}

const (
	askStaff  = "provider-staff"
	staffLife = time.Hour
	ofStaff   = "staff " // before the issuer: who is a resident too is another person here
)

// rolesOf are the roles that a provider's groups stand for.
func (d *StaffDoor) rolesOf(groups []string) (out []rights.Role) {
	for _, g := range groups {
		for _, r := range d.Roles[g] {
			if r.OfPeople() {
				out = append(out, r)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// StaffWays are the CSPs whose staff sign in with their own accounts, by name: the one of slug, or all for "".
func (a *Accounts) StaffWays(ctx context.Context, slug string) (out []Tenant, err error) {
	for of := range a.opts.StaffProviders {
		if slug != "" && slug != of {
			continue
		}
		t, err := a.tenantBy(ctx, of)
		if errors.Is(err, ErrNotFound) { // the file may name a CSP that is made later
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Tenant) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Slug, b.Slug)) })
	return out, nil
}

// BeginStaff is BeginProvider for staff.
func (a *Accounts) BeginStaff(ctx context.Context, slug string) (where, browser string, err error) {
	t, err := a.tenantBy(ctx, slug)
	if err != nil {
		return "", "", err
	}
	door := a.opts.StaffProviders[t.Slug]
	if door == nil {
		return "", "", ErrNoProvider
	}
	return a.beginAt(ctx, t, door.Door, askStaff)
}

// FinishStaff is FinishProvider for staff. The claims of this sign-in say what they are from now on, in all of their sessions; who
// is nothing any more is signed out everywhere.
func (a *Accounts) FinishStaff(ctx context.Context, state, browser, code, issuer string) (Session, string, error) {
	var door *StaffDoor
	tenant, who, err := a.finishAt(ctx, askStaff, state, browser, code, issuer, func(slug string) *oidc.Door {
		if door = a.opts.StaffProviders[slug]; door == nil {
			return nil
		}
		return door.Door
	})
	if err != nil {
		return Session{}, "", err
	}
	roles := door.rolesOf(who.Groups)
	var s Session
	var token string
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		s, token = Session{}, ""
		person, err := a.staffOf(tx, tenant, who, len(roles) > 0)
		if err != nil || person == "" {
			return err
		}
		if err := a.giveRoles(tx, tenant, person, FromProvider, roles); err != nil {
			return err
		}
		if err := a.noteStaff(tx, tenant, person, "staff-sign-in", "by the provider", roles); err != nil || len(roles) == 0 {
			return err
		}
		if s, token, err = a.begin(tx, Staff, tenant, person); err != nil {
			return err
		}
		return a.shorten(tx, &s, tenant, door.Life)
	})
	if err == nil && token == "" {
		err = ErrNoRole
	}
	return s, token, doing("sign in of staff at provider", err)
}

// shorten has a session end early: then the provider is asked again.
func (a *Accounts) shorten(tx *db.Tx, s *Session, tenant string, life time.Duration) error {
	if life <= 0 {
		life = staffLife
	}
	life = min(life, lives[Staff].most)
	s.Expires = when(a.now() + life.Milliseconds())
	_, err := tx.Exec(`UPDATE account_session SET expires = ? WHERE tenant = ? AND id = ?`, s.Expires.UnixMilli(), tenant, s.ID)
	return err
}

// staffOf is who somebody of staff is here, made when they may be and are not yet; "" for nobody.
func (a *Accounts) staffOf(tx *db.Tx, tenant string, who oidc.Who, make bool) (person string, err error) {
	err = tx.Row(`SELECT person FROM account_identity WHERE tenant = ? AND issuer = ? AND subject = ?`, tenant, ofStaff+who.Issuer, who.Subject).Scan(&person)
	if !db.NoRows(err) {
		return person, err
	}
	if !make {
		return "", nil
	}
	email, err := cleanEmail(who.Email)
	if err != nil || !who.Verified {
		return "", ErrUnverified
	}
	name, err := cleanText("name", who.Name, 1)
	if err != nil {
		name = email
	}
	if person, err = newID(); err != nil {
		return "", err
	}
	if _, err := tx.Exec(`INSERT INTO account_person (tenant, person, kind, email, name, password, created) VALUES (?, ?, ?, ?, ?, '', ?)`,
		tenant, person, string(Staff), email, name, a.now()); err != nil {
		return "", err // who has a password here is not taken over by the provider's word
	}
	_, err = tx.Exec(`INSERT INTO account_identity (tenant, issuer, subject, person, created) VALUES (?, ?, ?, ?, ?)`, tenant, ofStaff+who.Issuer, who.Subject, person, a.now())
	return person, err
}
