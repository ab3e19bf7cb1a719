package account

import (
	"context"
	"errors"
	"time"

	"cardea/cloud/account/passkey"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// ErrNoPasskeys is returned where people come by an address instead of a name: browsers know no passkeys there.
var ErrNoPasskeys = errors.New("passkeys need https and a name")

const (
	maxPasskeys = 20 // of a person
	askNew      = "passkey"
	askSignIn   = "passkey-sign-in"
)

// Passkey is one of a person's.
type Passkey struct {
	ID, Name      string
	Created, Used time.Time // Used: zero for never
}

// Registration is a browser's answer to BeginPasskey or BeginNewcomer.
type Registration struct {
	Challenge  string
	Name       string // what its owner calls it
	Credential []byte // PublicKeyCredential as JSON
}

// Question is what a browser is asked: options for navigator.credentials, and the token that its answer comes with.
type Question struct {
	Challenge string
	Options   []byte
}

// newKey is a passkey that is not stored yet.
type newKey struct {
	passkey.Key
	tenant, person, name string
}

// handleOf is what authenticators know a person by.
func handleOf(tenant, person string) ([]byte, error) {
	t, err := uuid.Parse(tenant)
	if err != nil {
		return nil, ErrNotFound
	}
	p, err := uuid.Parse(person)
	return append(t[:], p[:]...), err
}

func (a *Accounts) keyOwner(ctx context.Context, p Person) (o passkey.Owner, err error) {
	o = passkey.Owner{Name: p.Email, Display: p.Name}
	if o.Handle, err = handleOf(p.Tenant, p.ID); err != nil {
		return o, err
	}
	err = a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT record FROM account_passkey WHERE tenant = ? AND person = ? ORDER BY id LIMIT ?`, p.Tenant, p.ID, maxList)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var record string
			if err := rows.Scan(&record); err != nil {
				return err
			}
			o.Keys = append(o.Keys, []byte(record))
		}
		return rows.Err()
	})
	return o, err
}

// BeginPasskey asks a person's browser for a new passkey.
func (a *Accounts) BeginPasskey(ctx context.Context, tenant, person string) (Question, error) {
	p, err := a.Person(ctx, tenant, person)
	if err != nil {
		return Question{}, err
	}
	return a.beginKey(ctx, p)
}

func (a *Accounts) beginKey(ctx context.Context, p Person) (Question, error) {
	if a.opts.Passkeys == nil {
		return Question{}, ErrNoPasskeys
	}
	o, err := a.keyOwner(ctx, p)
	if err != nil {
		return Question{}, doing("begin passkey", err)
	}
	if len(o.Keys) >= maxPasskeys {
		return Question{}, &InputError{"passkeys", "are as many as can be: remove one first"}
	}
	options, session, err := a.opts.Passkeys.BeginNew(o)
	if err != nil {
		return Question{}, err
	}
	token, err := a.challenge(ctx, p.Tenant, askNew, p.ID, session)
	return Question{token, options}, doing("begin passkey", err)
}

// beginNewcomer asks the browser of somebody who has no account yet.
func (a *Accounts) beginNewcomer(ctx context.Context, tenant, email, name string) (Question, error) {
	p := Person{Tenant: tenant, Kind: Resident}
	var err error
	if p.Email, err = cleanEmail(email); err != nil {
		return Question{}, err
	}
	if p.Name, err = cleanText("name", name, 1); err != nil {
		return Question{}, err
	}
	if p.ID, err = newID(); err != nil {
		return Question{}, err
	}
	return a.beginKey(ctx, p)
}

// register checks a browser's answer. person is "" for a newcomer.
func (a *Accounts) register(ctx context.Context, tenant, person string, r Registration) (*newKey, error) {
	if a.opts.Passkeys == nil {
		return nil, ErrNoPasskeys
	}
	name, err := cleanText("name", r.Name, 1)
	if err != nil {
		return nil, err
	}
	of, who, session, err := a.asked(ctx, askNew, r.Challenge)
	if err != nil {
		return nil, err
	}
	if of != tenant || person != "" && who != person {
		return nil, ErrChallenge
	}
	o, err := a.keyOwner(ctx, Person{Tenant: tenant, ID: who})
	if err != nil {
		return nil, err
	}
	if person == "" && len(o.Keys) > 0 {
		return nil, ErrChallenge // it was asked of somebody who is here already
	}
	k, err := a.opts.Passkeys.FinishNew(o, session, r.Credential)
	return &newKey{k, tenant, who, name}, err
}

// AddPasskey takes a passkey that BeginPasskey asked for.
func (a *Accounts) AddPasskey(ctx context.Context, tenant, person string, r Registration) (Passkey, error) {
	k, err := a.register(ctx, tenant, person, r)
	if err != nil {
		return Passkey{}, doing("add passkey", err)
	}
	var out Passkey
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		out, err = a.addPasskey(tx, k)
		return err
	})
	return out, doing("add passkey", err)
}

func (a *Accounts) addPasskey(tx *db.Tx, k *newKey) (Passkey, error) {
	id, err := newID()
	if err != nil {
		return Passkey{}, err
	}
	now := a.now()
	_, err = tx.Exec(`INSERT INTO account_passkey (tenant, person, id, credential, record, name, created, used) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
		k.tenant, k.person, id, k.Credential, string(k.Record), k.name, now)
	return Passkey{ID: id, Name: k.name, Created: when(now)}, err
}

// Passkeys lists a person's, the oldest first.
func (a *Accounts) Passkeys(ctx context.Context, tenant, person string) ([]Passkey, error) {
	var out []Passkey
	err := a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT id, name, created, used FROM account_passkey WHERE tenant = ? AND person = ? ORDER BY id LIMIT ?`, tenant, person, maxList)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var k Passkey
			var created, used int64
			if err := rows.Scan(&k.ID, &k.Name, &created, &used); err != nil {
				return err
			}
			k.Created, k.Used = when(created), when(used)
			out = append(out, k)
		}
		return rows.Err()
	})
	return out, doing("passkeys", err)
}

// RemovePasskey forgets one. Whoever has no password either signs in by recovery.
func (a *Accounts) RemovePasskey(ctx context.Context, tenant, person, id string) error {
	return doing("remove passkey", a.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`DELETE FROM account_passkey WHERE tenant = ? AND person = ? AND id = ?`, tenant, person, id)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return err
	}))
}

// BeginPasskeySignIn asks any browser for any passkey: who it is nobody has said yet.
func (a *Accounts) BeginPasskeySignIn(ctx context.Context) (Question, error) {
	if a.opts.Passkeys == nil {
		return Question{}, ErrNoPasskeys
	}
	options, session, err := a.opts.Passkeys.BeginSignIn()
	if err != nil {
		return Question{}, err
	}
	token, err := a.challenge(ctx, noTenant, askSignIn, "", session)
	return Question{token, options}, doing("sign in by passkey", err)
}

// SignInByPasskey signs in whose passkey answered. Only residents have passkeys.
func (a *Accounts) SignInByPasskey(ctx context.Context, challenge string, credential []byte) (s Session, token string, err error) {
	if a.opts.Passkeys == nil {
		return Session{}, "", ErrNoPasskeys
	}
	_, _, session, err := a.asked(ctx, askSignIn, challenge)
	if err != nil {
		return Session{}, "", doing("sign in by passkey", err)
	}
	var who Person
	k, err := a.opts.Passkeys.FinishSignIn(session, credential, func(_, handle []byte) (passkey.Owner, error) {
		if len(handle) != 32 {
			return passkey.Owner{}, passkey.ErrRefused
		}
		who, err = a.Person(ctx, uuid.UUID(handle[:16]).String(), uuid.UUID(handle[16:]).String())
		if errors.Is(err, ErrNotFound) || err == nil && who.Kind != Resident {
			return passkey.Owner{}, passkey.ErrRefused
		}
		if err != nil {
			return passkey.Owner{}, err
		}
		return a.keyOwner(ctx, who)
	})
	if err != nil {
		return Session{}, "", doing("sign in by passkey", err)
	}
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE account_passkey SET record = ?, used = ? WHERE tenant = ? AND person = ? AND credential = ?`,
			string(k.Record), a.now(), who.Tenant, who.ID, k.Credential)
		if err != nil {
			return err
		}
		if n == 0 {
			return passkey.ErrRefused // removed meanwhile
		}
		s, token, err = a.begin(tx, Resident, who.Tenant, who.ID)
		return err
	})
	return s, token, doing("sign in by passkey", err)
}
