package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// What callers tell apart, of labels.
var (
	ErrLabel = errors.New("this label's code is not good, or was mistyped")
	ErrOwned = errors.New("this home has an owner: ask them for an invitation")
	ErrEarly = errors.New("the gateway has not been online yet: plug it in and try again in a few minutes")
)

const (
	labelID       = 5  // bytes, 8 characters: says which label
	labelSecret   = 20 // bytes, 32 characters
	maxLabelTries = 10 // wrong ones of a label in labelWindow
	labelWindow   = 15 * time.Minute
	maxLabels     = 10 // of a home
)

// Label is what is printed on a gateway. Its code makes whoever has it first the home's owner.
type Label struct {
	Place   home.Place // Gateway: the only one that it is good for, "" for any
	ID      string
	Created time.Time
}

// Labelled is what a label is for.
type Labelled struct {
	Tenant, Home string // names
	Owned        bool   // the label is of no more use
	place        home.Place
}

// CSP is the id of the home's.
func (l Labelled) CSP() string { return l.place.Tenant }

// CreateLabel makes a code for a home's label; it is told once. With a gateway in p it ends with that gateway.
func (a *Accounts) CreateLabel(ctx context.Context, p home.Place, by string) (l Label, code string, err error) {
	var raw [labelID + labelSecret]byte
	rand.Read(raw[:]) // never fails
	text := crockford.EncodeToString(raw[:])
	l = Label{Place: p, ID: text[:8], Created: when(a.now())}
	secret := sha256.Sum256([]byte(text[8:])) // 160 random bits need no slow hash
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := lockHome(tx, p); err != nil {
			return err
		}
		var n int64
		if err := tx.Row(`SELECT COUNT(*) FROM account_label WHERE tenant = ? AND home = ?`, p.Tenant, p.Home).Scan(&n); err != nil {
			return err
		}
		if n >= maxLabels {
			return &InputError{"home", "has as many labels as can be: remove them first"}
		}
		if p.Gateway != "" {
			var one int64
			if err := tx.Row(`SELECT 1 FROM account_gateway WHERE tenant = ? AND home = ? AND gateway = ?`, p.Tenant, p.Home, p.Gateway).Scan(&one); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`INSERT INTO account_label (tenant, home, id, secret, gateway, maker, created) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			p.Tenant, p.Home, l.ID, secret[:], p.Gateway, by, l.Created.UnixMilli()); err != nil {
			return err
		}
		return a.opts.Note(tx, Note{Place: p, By: by, Act: "label", What: l.ID})
	})
	if err != nil {
		return Label{}, "", doing("create label", err)
	}
	return l, grouped(text), nil
}

// RemoveLabels ends all labels of a home.
func (a *Accounts) RemoveLabels(ctx context.Context, p home.Place, by string) error {
	return doing("remove labels", a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := lockHome(tx, p); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM account_label WHERE tenant = ? AND home = ?`, p.Tenant, p.Home); err != nil {
			return err
		}
		return a.opts.Note(tx, Note{Place: p.OfHome(), By: by, Act: "labels-removed"})
	}))
}

// LabelLink is what a label's QR code holds: the page of the app and the code, which a browser does not send to the server.
func (a *Accounts) LabelLink(code string) string { return a.opts.Link("start", code) }

// Labelled says what a label is for. An unknown label, one of another gateway and a wrong code are the same.
func (a *Accounts) Labelled(ctx context.Context, code string) (Labelled, error) {
	code = plain(code)
	if len(code) != crockford.EncodedLen(labelID+labelSecret) {
		return Labelled{}, ErrLabel
	}
	var l Labelled
	var good bool
	secret := sha256.Sum256([]byte(code[8:]))
	err := a.db.Tx(ctx, func(tx *db.Tx) error {
		var tries int64
		err := tx.Row(`SELECT attempts FROM account_attempt WHERE tenant = '' AND who = ? AND since > ?`, labelKey(code[:8]), a.now()-labelWindow.Milliseconds()).Scan(&tries)
		if err != nil && !db.NoRows(err) {
			return err
		}
		if tries >= maxLabelTries {
			return ErrThrottled
		}
		if l, good, err = a.labelled(tx, code[:8], secret[:]); err == nil && !good {
			_, err = a.count(tx, "", labelKey(code[:8]), labelWindow, 1)
		}
		return err
	})
	if err == nil && !good {
		err = ErrLabel
	}
	return l, doing("label", err)
}

func labelKey(id string) string { return "label " + attemptKey(Resident, id) }

func (a *Accounts) labelled(tx *db.Tx, id string, secret []byte) (l Labelled, good bool, err error) {
	var stored []byte
	var bound string
	err = tx.Row(`SELECT l.tenant, l.home, l.secret, l.gateway, h.gateway, h.name, t.name FROM account_label l
		JOIN account_home h ON h.tenant = l.tenant AND h.home = l.home JOIN account_tenant t ON t.tenant = l.tenant WHERE l.id = ?`, id).
		Scan(&l.place.Tenant, &l.place.Home, &stored, &bound, &l.place.Gateway, &l.Home, &l.Tenant)
	if db.NoRows(err) {
		return l, false, nil
	}
	if err != nil || subtle.ConstantTimeCompare(stored, secret) != 1 || bound != "" && bound != l.place.Gateway {
		return Labelled{}, false, err
	}
	var n int64
	err = tx.Row(`SELECT COUNT(*) FROM account_resident WHERE tenant = ? AND home = ?`, l.place.Tenant, l.place.Home).Scan(&n)
	l.Owned = n > 0
	return l, true, err
}

// BeginNewcomer asks the browser of somebody with a label for a passkey, for the account that ClaimHome makes.
func (a *Accounts) BeginNewcomer(ctx context.Context, code, email, name string) (Question, error) {
	l, err := a.free(ctx, code)
	if err != nil {
		return Question{}, err
	}
	return a.beginNewcomer(ctx, l.place.Tenant, email, name)
}

func (a *Accounts) free(ctx context.Context, code string) (Labelled, error) {
	l, err := a.Labelled(ctx, code)
	switch {
	case err != nil:
	case l.Owned:
		err = ErrOwned
	case l.place.Gateway == "":
		err = ErrEarly
	}
	return l, err
}

// ClaimHome makes whoever has the label of a home without residents its owner, and signs them in. The home's gateway has to
// have joined: it is what the label is on. A home that has residents cannot be taken, and of several who try at once one is first.
func (a *Accounts) ClaimHome(ctx context.Context, code string, n Newcomer) (s Session, token string, err error) {
	l, err := a.free(ctx, code)
	if err != nil {
		return Session{}, "", doing("claim home", err)
	}
	s, token, err = a.newcomer(ctx, l.place.Tenant, n, func(tx *db.Tx, person string) error {
		if err := lockHome(tx, l.place); err != nil {
			return err
		}
		var residents int64
		if err := tx.Row(`SELECT COUNT(*) FROM account_resident WHERE tenant = ? AND home = ?`, l.place.Tenant, l.place.Home).Scan(&residents); err != nil {
			return err
		}
		if residents > 0 {
			return ErrOwned
		}
		if err := a.join(tx, l.place.OfHome(), person, RoleOwner); err != nil {
			return err
		}
		return a.opts.Note(tx, Note{Place: l.place, By: person, Act: "home-claimed"})
	})
	return s, token, doing("claim home", err)
}
