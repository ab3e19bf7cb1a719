package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"cardea/cloud/account/oidc"
	"cardea/home"
	"cardea/internal/platform/db"
)

// What callers tell apart, of sign-ins at a CSP's own provider.
var (
	ErrNoProvider = errors.New("there is no sign-in with the provider's own account")
	ErrUnlinked   = errors.New("this account belongs to no home here")
	ErrUnverified = errors.New("the provider has not verified an e-mail address of this account")
)

const askProvider = "provider"

// atProvider is what is kept of a browser that went to the provider.
type atProvider struct {
	Slug    string
	Browser []byte // SHA-256 of what its cookie holds: who comes back has to be who went
	Keep    json.RawMessage
}

// Ways are how people of a CSP can sign in.
type Ways struct {
	Tenant     string // its id
	Slug, Name string
	Passkeys   bool
	Provider   bool
}

// Ways says how to sign in. slug "" is the only CSP, where there is one.
func (a *Accounts) Ways(ctx context.Context, slug string) (w Ways, err error) {
	t, err := a.tenantBy(ctx, slug)
	return Ways{t.ID, t.Slug, t.Name, a.opts.Passkeys != nil, a.opts.Providers[t.Slug] != nil}, err
}

func (a *Accounts) tenantBy(ctx context.Context, slug string) (Tenant, error) {
	id, _, err := a.whose(ctx, slug, "")
	if err != nil || id == "" {
		return Tenant{}, doing("tenant", errors.Join(err, ErrNotFound))
	}
	return a.Tenant(ctx, id)
}

// BeginProvider says where a browser has to go to sign in at its CSP's provider, and what it has to keep until it is back.
func (a *Accounts) BeginProvider(ctx context.Context, slug string) (where, browser string, err error) {
	t, err := a.tenantBy(ctx, slug)
	if err != nil {
		return "", "", err
	}
	door := a.opts.Providers[t.Slug]
	if door == nil {
		return "", "", ErrNoProvider
	}
	return a.beginAt(ctx, t, door, askProvider)
}

// beginAt sends a browser to a door; kind says who is to come back.
func (a *Accounts) beginAt(ctx context.Context, t Tenant, door *oidc.Door, kind string) (where, browser string, err error) {
	var secret [secretBytes]byte
	rand.Read(secret[:]) // never fails
	browser = base64.RawURLEncoding.EncodeToString(secret[:])
	sum := sha256.Sum256([]byte(browser))
	state, hash, err := newToken(t.ID)
	if err != nil {
		return "", "", doing("begin at provider", err)
	}
	where, keep, err := door.Begin(state)
	if err != nil {
		return "", "", err
	}
	data, err := json.Marshal(atProvider{t.Slug, sum[:], keep})
	if err != nil {
		return "", "", fmt.Errorf("begin at provider: %w", err)
	}
	return where, browser, doing("begin at provider", a.keepChallenge(ctx, t.ID, hash, kind, "", data))
}

// FinishProvider signs in who came back with a code. issuer is who says to have sent them, "" when it did not say.
func (a *Accounts) FinishProvider(ctx context.Context, state, browser, code, issuer string) (Session, string, error) {
	tenant, who, err := a.finishAt(ctx, askProvider, state, browser, code, issuer, func(slug string) *oidc.Door { return a.opts.Providers[slug] })
	if err != nil {
		return Session{}, "", err
	}
	return a.signInAs(ctx, tenant, who)
}

// finishAt says who came back from a door.
func (a *Accounts) finishAt(ctx context.Context, kind, state, browser, code, issuer string, doorOf func(slug string) *oidc.Door) (tenant string, who oidc.Who, err error) {
	tenant, _, data, err := a.asked(ctx, kind, state)
	if err != nil {
		return "", who, doing("finish at provider", err)
	}
	var at atProvider
	if err := json.Unmarshal(data, &at); err != nil {
		return "", who, fmt.Errorf("finish at provider: %w", err)
	}
	sum := sha256.Sum256([]byte(browser))
	door := doorOf(at.Slug)
	if subtle.ConstantTimeCompare(sum[:], at.Browser) != 1 || door == nil || issuer != "" && issuer != door.Issuer() {
		return "", who, ErrChallenge
	}
	who, err = door.Finish(ctx, code, at.Keep)
	return tenant, who, err
}

// signInAs signs in whom a provider knows: who was here before, or whoever has the account number of a home.
func (a *Accounts) signInAs(ctx context.Context, tenant string, who oidc.Who) (s Session, token string, err error) {
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		var person string
		err := tx.Row(`SELECT person FROM account_identity WHERE tenant = ? AND issuer = ? AND subject = ?`, tenant, who.Issuer, who.Subject).Scan(&person)
		if db.NoRows(err) {
			person, err = a.link(tx, tenant, who)
		}
		if err != nil {
			return err
		}
		s, token, err = a.begin(tx, Resident, tenant, person)
		return err
	})
	return s, token, doing("sign in at provider", err)
}

// link finds or makes the person that somebody is here. The account number opens homes that nobody lives in; in others it finds
// the resident with the same e-mail address, and nobody else: a home that has an owner is not taken from outside.
func (a *Accounts) link(tx *db.Tx, tenant string, who oidc.Who) (string, error) {
	if who.Account == "" {
		return "", ErrUnlinked
	}
	email, err := cleanEmail(who.Email)
	if err != nil || !who.Verified {
		return "", ErrUnverified
	}
	homes, err := homesByAccount(tx, tenant, who.Account)
	if err != nil {
		return "", err
	}
	person, err := a.residentOf(tx, homes, tenant, email)
	if err == nil && person == "" {
		person, err = a.firstOf(tx, homes, tenant, email, who.Name)
	}
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(`INSERT INTO account_identity (tenant, issuer, subject, person, created) VALUES (?, ?, ?, ?, ?)`, tenant, who.Issuer, who.Subject, person, a.now())
	return person, err
}

func homesByAccount(tx *db.Tx, tenant, account string) ([]home.Place, error) {
	rows, err := tx.Query(`SELECT tenant, home FROM account_home WHERE tenant = ? AND account = ? ORDER BY home LIMIT ?`, tenant, account, maxList)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []home.Place
	for rows.Next() {
		var p home.Place
		if err := rows.Scan(&p.Tenant, &p.Home); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	if len(out) == 0 && rows.Err() == nil {
		return nil, ErrUnlinked
	}
	return out, rows.Err()
}

// residentOf is who lives in one of the homes and has the address; "" for nobody.
func (a *Accounts) residentOf(tx *db.Tx, homes []home.Place, tenant, email string) (string, error) {
	for _, p := range homes {
		var person string
		err := tx.Row(`SELECT p.person FROM account_person p JOIN account_resident r ON r.tenant = p.tenant AND r.person = p.person
			WHERE p.tenant = ? AND p.kind = ? AND p.email = ? AND r.home = ?`, tenant, string(Resident), email, p.Home).Scan(&person)
		if !db.NoRows(err) {
			return person, err
		}
	}
	return "", nil
}

// firstOf makes a person who owns those of the homes that nobody lives in.
func (a *Accounts) firstOf(tx *db.Tx, homes []home.Place, tenant, email, name string) (string, error) {
	name, err := cleanText("name", name, 1)
	if err != nil {
		name, _, _ = strings.Cut(email, "@") // as good a name as any
	}
	person, err := newID()
	if err != nil {
		return "", err
	}
	if _, err := tx.Exec(`INSERT INTO account_person (tenant, person, kind, email, name, password, created) VALUES (?, ?, ?, ?, ?, '', ?)`,
		tenant, person, string(Resident), email, name, a.now()); err != nil {
		return "", err
	}
	taken := 0
	for _, p := range homes {
		if err := lockHome(tx, p); err != nil {
			return "", err
		}
		var n int64
		if err := tx.Row(`SELECT COUNT(*) FROM account_resident WHERE tenant = ? AND home = ?`, p.Tenant, p.Home).Scan(&n); err != nil {
			return "", err
		}
		if n > 0 {
			taken++
			continue
		}
		if err := a.join(tx, p, person, RoleOwner); err != nil {
			return "", err
		}
		if err := a.opts.Note(tx, Note{Place: p, By: person, Act: "home-claimed", What: "by the provider's account"}); err != nil {
			return "", err
		}
	}
	if taken == len(homes) {
		return "", ErrOwned
	}
	return person, nil
}
