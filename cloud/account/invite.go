package account

import (
	"context"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

const (
	inviteLife = 7 * 24 * time.Hour
	maxInvites = 20 // of a home that are open at a time
)

// Invitation lets one person into a home. The secret in its link is told once.
type Invitation struct {
	Place            home.Place
	ID               string
	Role             Role
	Email            string // "" lets whoever has the link in, with an address of their own
	Maker            string // a person
	Created, Expires time.Time
	Home, Tenant     string // names, for who was invited
}

// Newcomer is somebody who makes an account: with a password, or with a passkey that was made for it (BeginNewcomer).
type Newcomer struct {
	Email, Name, Password string
	Passkey               *Registration
}

// Invite makes an invitation. If it has an address, a link goes there by e-mail, when e-mail is sent at all; told says whether
// it did. The token is for a link or QR code: whoever has it comes in.
func (a *Accounts) Invite(ctx context.Context, p home.Place, by string, role Role, email string) (_ Invitation, token string, told bool, err error) {
	if err := role.known(); err != nil {
		return Invitation{}, "", false, err
	}
	if email != "" {
		if email, err = cleanEmail(email); err != nil {
			return Invitation{}, "", false, err
		}
	}
	token, hash, err := newToken(p.Tenant)
	if err != nil {
		return Invitation{}, "", false, doing("invite", err)
	}
	id, err := newID()
	if err != nil {
		return Invitation{}, "", false, err
	}
	now := a.now()
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := ownsHome(tx, p, by); err != nil {
			return err
		}
		var open int64
		if err := tx.Row(`SELECT COUNT(*) FROM account_invitation WHERE tenant = ? AND home = ? AND expires > ?`, p.Tenant, p.Home, now).Scan(&open); err != nil {
			return err
		}
		if open >= maxInvites {
			return &InputError{"home", "has many open invitations: take some back first"}
		}
		if _, err := tx.Exec(`INSERT INTO account_invitation (tenant, home, id, token, role, email, maker, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			p.Tenant, p.Home, id, hash, string(role), email, by, now, now+inviteLife.Milliseconds()); err != nil {
			return err
		}
		return a.opts.Note(tx, Note{Place: p.OfHome(), By: by, Act: "invite", What: string(role)})
	})
	if err != nil {
		return Invitation{}, "", false, doing("invite", err)
	}
	i, err := a.Invited(ctx, token)
	if err != nil {
		return Invitation{}, "", false, err
	}
	if email == "" || a.opts.Mail == nil {
		return i, token, false, nil
	}
	err = a.opts.Mail.Send(ctx, inviteLetter(i, a.opts.Link("invited", token)))
	return i, token, err == nil, nil // the link is there all the same
}

const invitationFields = `i.tenant, i.home, i.id, i.role, i.email, i.maker, i.created, i.expires, h.name, ` + shownName + ` FROM account_invitation i
	JOIN account_home h ON h.tenant = i.tenant AND h.home = i.home JOIN account_tenant t ON t.tenant = i.tenant
	LEFT JOIN account_brand b ON b.tenant = i.tenant`

func scanInvitation(row interface{ Scan(...any) error }) (i Invitation, err error) {
	var created, expires int64
	err = row.Scan(&i.Place.Tenant, &i.Place.Home, &i.ID, &i.Role, &i.Email, &i.Maker, &created, &expires, &i.Home, &i.Tenant)
	i.Created, i.Expires = when(created), when(expires)
	return i, err
}

// Invitations lists a home's open ones, the newest first.
func (a *Accounts) Invitations(ctx context.Context, p home.Place) ([]Invitation, error) {
	var out []Invitation
	err := a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT `+invitationFields+` WHERE i.tenant = ? AND i.home = ? AND i.expires > ? ORDER BY i.id DESC LIMIT ?`,
			p.Tenant, p.Home, a.now(), maxList)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			i, err := scanInvitation(rows)
			if err != nil {
				return err
			}
			out = append(out, i)
		}
		return rows.Err()
	})
	return out, doing("invitations", err)
}

// Uninvite takes an invitation back.
func (a *Accounts) Uninvite(ctx context.Context, p home.Place, id, by string) error {
	return doing("take invitation back", a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := ownsHome(tx, p, by); err != nil {
			return err
		}
		n, err := tx.Exec(`DELETE FROM account_invitation WHERE tenant = ? AND home = ? AND id = ?`, p.Tenant, p.Home, id)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return err
	}))
}

// Invited says what an invitation is for.
func (a *Accounts) Invited(ctx context.Context, token string) (i Invitation, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		i, err = a.invited(tx, token)
		return err
	})
	return i, doing("invitation", err)
}

func (a *Accounts) invited(tx *db.Tx, token string) (Invitation, error) {
	tenant, hash, ok := parseToken(token)
	if !ok {
		return Invitation{}, ErrInvitation
	}
	i, err := scanInvitation(tx.Row(`SELECT `+invitationFields+` WHERE i.tenant = ? AND i.token = ? AND i.expires > ?`, tenant, hash, a.now()))
	if db.NoRows(err) {
		err = ErrInvitation
	}
	return i, err
}

// take uses an invitation up.
func (a *Accounts) take(tx *db.Tx, i Invitation, person string) error {
	n, err := tx.Exec(`DELETE FROM account_invitation WHERE tenant = ? AND home = ? AND id = ?`, i.Place.Tenant, i.Place.Home, i.ID)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrInvitation
	}
	if err := a.join(tx, i.Place, person, i.Role); err != nil {
		return err
	}
	return a.opts.Note(tx, Note{Place: i.Place, By: person, Act: "invite-taken", What: string(i.Role)})
}

// BeginInvited asks the browser of somebody with an invitation for a passkey, for the account that Accept makes.
func (a *Accounts) BeginInvited(ctx context.Context, token, email, name string) (Question, error) {
	i, err := a.Invited(ctx, token)
	if err != nil {
		return Question{}, err
	}
	if i.Email != "" {
		email = i.Email
	}
	return a.beginNewcomer(ctx, i.Place.Tenant, email, name)
}

// Accept makes an account of who was invited, and signs them in.
func (a *Accounts) Accept(ctx context.Context, token string, n Newcomer) (s Session, session string, err error) {
	i, err := a.Invited(ctx, token)
	if err != nil {
		return Session{}, "", err
	}
	if i.Email != "" {
		n.Email = i.Email
	}
	s, session, err = a.newcomer(ctx, i.Place.Tenant, n, func(tx *db.Tx, person string) error {
		if i, err = a.invited(tx, token); err != nil {
			return err
		}
		return a.take(tx, i, person)
	})
	return s, session, doing("accept invitation", err)
}

// Join takes somebody in who has an account already.
func (a *Accounts) Join(ctx context.Context, token, tenant, person string) (p home.Place, err error) {
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		i, err := a.invited(tx, token)
		if err != nil {
			return err
		}
		if i.Place.Tenant != tenant {
			return ErrInvitation
		}
		p = i.Place
		return a.take(tx, i, person)
	})
	return p, doing("join", err)
}
