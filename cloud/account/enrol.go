package account

import (
	"context"
	"crypto/rand"
	"strings"
	"unicode/utf8"

	"cardea/cloud/account/pki"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"
)

const maxVersion = 64 // bytes of an agent's version

// claim is a row of account_claim.
type claim struct {
	place            home.Place // Gateway: who used it
	id, secret       []byte
	maker, request   string
	resident         bool
	created, expires int64
}

// Enrol takes a gateway in, or answers again the one that used the claim: an answer may be lost on its way, and a gateway
// that waits asks until a resident has decided. While it waits it has no certificate.
func (a *Accounts) Enrol(ctx context.Context, m *pb.Enrolment) (*pb.Enrolled, error) {
	if len(m.GetClaim()) != 16 || len(m.GetMac()) != 32 {
		return nil, ErrClaim
	}
	request, err := pki.ParseRequest(m.GetCsr())
	if err != nil {
		return nil, &InputError{"csr", err.Error()}
	}
	version := cleanVersion(m.GetVersion())
	var c claim
	var out *pb.Enrolled
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		if c, err = a.claimOf(tx, m); err != nil {
			return err
		}
		out, err = a.enrol(tx, &c, request, version)
		return err
	})
	if err != nil {
		return nil, doing("enrol", err)
	}
	out.Roots, out.Servers, out.Name = a.ca.Roots(), a.opts.Brokers, a.opts.Name
	if out.BundleRoot, err = a.opts.BundleRoot(ctx); err != nil {
		return nil, doing("enrol", err)
	}
	return out, doing("enrol", wire.SignEnrolled(out, c.secret))
}

// claimOf finds the claim that a message is made with. An unknown claim, one that has run out and one whose code the sender
// does not know are all the same to them.
func (a *Accounts) claimOf(tx *db.Tx, m *pb.Enrolment) (claim, error) {
	c := claim{id: m.GetClaim()}
	var resident int64
	err := tx.Row(`SELECT tenant, home, secret, maker, resident, created, expires, gateway, request FROM account_claim WHERE claim = ?`, c.id).
		Scan(&c.place.Tenant, &c.place.Home, &c.secret, &c.maker, &resident, &c.created, &c.expires, &c.place.Gateway, &c.request)
	c.resident = resident != 0
	switch {
	case db.NoRows(err):
		c.secret = make([]byte, 32)
		rand.Read(c.secret)
		wire.CheckEnrolment(m, c.secret) // takes as long as with a claim that is known
		return c, ErrClaim
	case err != nil:
		return c, err
	case !wire.CheckEnrolment(m, c.secret) || a.now() >= c.expires:
		return c, ErrClaim
	}
	return c, nil
}

func (a *Accounts) enrol(tx *db.Tx, c *claim, r pki.Request, version string) (*pb.Enrolled, error) {
	if c.place.Gateway == "" {
		if err := a.takeIn(tx, c, r, version); err != nil {
			return nil, err
		}
	} else if c.request != r.KeyHash {
		return nil, ErrClaim // used, by somebody else
	}
	out := &pb.Enrolled{Tenant: c.place.Tenant, Home: c.place.Home, Gateway: c.place.Gateway}
	err := tx.Row(`SELECT state FROM account_gateway WHERE tenant = ? AND home = ? AND gateway = ?`, c.place.Tenant, c.place.Home, c.place.Gateway).Scan(&out.State)
	switch {
	case err != nil:
		return nil, err
	case out.State == stateRevoked:
		return nil, ErrRevoked
	case out.State == stateActive:
		out.Chain, err = a.certify(tx, c.place, r)
	}
	return out, err
}

// takeIn makes the gateway that uses the claim.
func (a *Accounts) takeIn(tx *db.Tx, c *claim, r pki.Request, version string) (err error) {
	if c.place.Gateway, err = newID(); err != nil {
		return err
	}
	var active string
	if err := tx.Row(`SELECT gateway FROM account_home WHERE tenant = ? AND home = ?`, c.place.Tenant, c.place.Home).Scan(&active); err != nil {
		return err
	}
	now := a.now()
	state, until := stateActive, c.expires
	if !c.resident {
		swap, err := isSwap(tx, c.place, active)
		if err != nil {
			return err
		}
		if swap {
			state, until = stateWaiting, now+waitLife.Milliseconds()
		}
	}
	if _, err := tx.Exec(`UPDATE account_claim SET gateway = ?, request = ?, expires = ? WHERE tenant = ? AND home = ? AND claim = ?`,
		c.place.Gateway, r.KeyHash, until, c.place.Tenant, c.place.Home, c.id); err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO account_gateway (tenant, home, gateway, state, version, enrolled, changed, expires, serial, request, why)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', '', '')`, c.place.Tenant, c.place.Home, c.place.Gateway, stateWaiting, version, now, now); err != nil {
		return err
	}
	if err := a.opts.Note(tx, Note{Place: c.place, By: c.maker, Act: "enrol", What: state}); err != nil {
		return err
	}
	if state == stateWaiting {
		return a.opts.Changed(tx, c.place.OfHome())
	}
	return a.activate(tx, c.place, active, c.maker)
}

// isSwap says whether a gateway would come after another, so that a resident has to agree. Otherwise staff could revoke the one
// and put the next in its place. In a home without residents nobody could agree.
func isSwap(tx *db.Tx, p home.Place, active string) (bool, error) {
	if active != "" {
		return true, nil
	}
	var before, residents int64
	if err := tx.Row(`SELECT COUNT(*) FROM account_gateway WHERE tenant = ? AND home = ? AND expires > 0`, p.Tenant, p.Home).Scan(&before); err != nil || before == 0 {
		return false, err
	}
	err := tx.Row(`SELECT COUNT(*) FROM account_resident WHERE tenant = ? AND home = ?`, p.Tenant, p.Home).Scan(&residents)
	return residents > 0, err
}

// certify issues a certificate and writes down which one is the last.
func (a *Accounts) certify(tx *db.Tx, p home.Place, r pki.Request) ([]byte, error) {
	cert, err := a.ca.Issue(p, r)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(`UPDATE account_gateway SET expires = ?, serial = ?, request = ? WHERE tenant = ? AND home = ? AND gateway = ?`,
		cert.Until.UnixMilli(), cert.Serial, r.KeyHash, p.Tenant, p.Home, p.Gateway)
	return cert.Chain, err
}

// cleanVersion keeps what can be shown of what an agent says.
func cleanVersion(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < '!' || r > '~' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	for len(s) > maxVersion {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}
