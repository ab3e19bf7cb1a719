package account

import (
	"context"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Kind is what a person is here. A session of one kind is nothing for the other.
type Kind string

// The kinds of person.
const (
	Resident Kind = "resident"
	Staff    Kind = "staff"
)

// Person is a resident or a member of a CSP's staff.
type Person struct {
	ID, Tenant  string
	Kind        Kind
	Email, Name string
}

// AddResident adds an owner of homes. With password "" they can sign in by link only.
func (a *Accounts) AddResident(ctx context.Context, tenant string, homes []string, email, name, password string) (Person, error) {
	return a.AddResidentAs(ctx, tenant, homes, RoleOwner, email, name, password)
}

// AddResidentAs adds one with a role.
func (a *Accounts) AddResidentAs(ctx context.Context, tenant string, homes []string, role Role, email, name, password string) (Person, error) {
	if len(homes) == 0 {
		return Person{}, &InputError{"homes", "want at least one home"}
	}
	if err := role.known(); err != nil {
		return Person{}, err
	}
	return a.addPerson(ctx, Person{Tenant: tenant, Kind: Resident, Email: email, Name: name}, homes, role, password, nil)
}

// addPerson has then called, which may be nil, in the transaction that adds them.
func (a *Accounts) addPerson(ctx context.Context, p Person, homes []string, role Role, password string, then func(*db.Tx, Person) error) (_ Person, err error) {
	if p.Email, err = cleanEmail(p.Email); err != nil {
		return Person{}, err
	}
	if p.Name, err = cleanText("name", p.Name, 1); err != nil {
		return Person{}, err
	}
	hash := ""
	if password != "" || p.Kind == Staff {
		if err := checkPassword(password, p.Email, p.Name); err != nil {
			return Person{}, err
		}
		if hash, err = a.hasher.hash(ctx, password); err != nil {
			return Person{}, doing("hash password", err)
		}
	}
	if p.ID, err = newID(); err != nil {
		return Person{}, err
	}
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := tenantExists(tx, p.Tenant); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO account_person (tenant, person, kind, email, name, password, created) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			p.Tenant, p.ID, string(p.Kind), p.Email, p.Name, hash, a.now()); err != nil {
			return err
		}
		for _, h := range homes {
			if err := a.join(tx, home.Place{Tenant: p.Tenant, Home: h}, p.ID, role); err != nil {
				return err
			}
		}
		if then != nil {
			return then(tx, p)
		}
		return nil
	})
	if err != nil {
		return Person{}, doing("add "+string(p.Kind), err)
	}
	return p, nil
}

// Person is one person of a CSP by id.
func (a *Accounts) Person(ctx context.Context, tenant, id string) (Person, error) {
	var p Person
	err := a.db.View(ctx, func(tx *db.Tx) (err error) {
		p, err = scanPerson(tx.Row(`SELECT tenant, person, kind, email, name FROM account_person WHERE tenant = ? AND person = ?`, tenant, id))
		return err
	})
	return p, doing("person", err)
}

// PersonBy finds a person by kind and e-mail.
func (a *Accounts) PersonBy(ctx context.Context, kind Kind, tenant, email string) (Person, error) {
	email, err := cleanEmail(email)
	if err != nil {
		return Person{}, err
	}
	var p Person
	err = a.db.View(ctx, func(tx *db.Tx) (err error) {
		p, err = scanPerson(tx.Row(`SELECT tenant, person, kind, email, name FROM account_person WHERE tenant = ? AND kind = ? AND email = ?`, tenant, string(kind), email))
		return err
	})
	return p, doing("person", err)
}

// Residents lists who lives in a home.
func (a *Accounts) Residents(ctx context.Context, p home.Place) ([]Person, error) {
	var out []Person
	err := a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT p.tenant, p.person, p.kind, p.email, p.name FROM account_resident r
			JOIN account_person p ON p.tenant = r.tenant AND p.person = r.person
			WHERE r.tenant = ? AND r.home = ? ORDER BY p.person LIMIT ?`, p.Tenant, p.Home, maxList)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			who, err := scanPerson(rows)
			if err != nil {
				return err
			}
			out = append(out, who)
		}
		return rows.Err()
	})
	return out, doing("residents", err)
}

// SetPassword changes a person's password and ends all of their sessions.
func (a *Accounts) SetPassword(ctx context.Context, tenant, person, password string) error {
	p, err := a.Person(ctx, tenant, person)
	if err != nil {
		return err
	}
	if err := checkPassword(password, p.Email, p.Name); err != nil {
		return err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return doing("hash password", err)
	}
	return doing("set password", a.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`UPDATE account_person SET password = ? WHERE tenant = ? AND person = ?`, hash, tenant, person); err != nil {
			return err
		}
		return signOutAll(tx, tenant, person)
	}))
}

// RemovePerson takes a person away, with their sessions, links and homes.
func (a *Accounts) RemovePerson(ctx context.Context, tenant, person string) error {
	return doing("remove person", a.db.Tx(ctx, func(tx *db.Tx) error { return a.removePerson(tx, tenant, person) }))
}

func (a *Accounts) removePerson(tx *db.Tx, tenant, person string) error {
	if err := signOutAll(tx, tenant, person); err != nil {
		return err
	}
	for _, table := range []string{"resident", "staff", "recovery", "passkey", "identity", "challenge"} {
		if _, err := tx.Exec(`DELETE FROM account_`+table+` WHERE tenant = ? AND person = ?`, tenant, person); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`DELETE FROM account_person WHERE tenant = ? AND person = ?`, tenant, person); err != nil {
		return err
	}
	return a.opts.Gone(tx, tenant, person)
}

func signOutAll(tx *db.Tx, tenant, person string) error {
	if _, err := tx.Exec(`DELETE FROM account_session WHERE tenant = ? AND person = ?`, tenant, person); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM account_link WHERE tenant = ? AND person = ?`, tenant, person)
	return err
}

func scanPerson(row interface{ Scan(...any) error }) (p Person, err error) {
	err = row.Scan(&p.Tenant, &p.ID, &p.Kind, &p.Email, &p.Name)
	return p, err
}
