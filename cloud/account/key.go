package account

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"
)

// maxKeys bounds a home's keys: several residents with several browsers each. What the gateway is told has to fit into one
// message.
const maxKeys = 50

// AddKey takes a resident's key. The home's first one is taken as it is; each further one must be signed by one that the home
// has. The gateway checks the same for itself.
func (a *Accounts) AddKey(ctx context.Context, p home.Place, resident string, key []byte, signer string, signature []byte) (*pb.ResidentKey, error) {
	if _, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), key); err != nil {
		return nil, &InputError{"key", "want a P-256 key as an uncompressed point"}
	}
	k := &pb.ResidentKey{Id: wire.KeyID(key), Key: key, Resident: resident, Signer: signer, Signature: signature}
	err := a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := isResident(tx, p, resident); err != nil {
			return err
		}
		// Numbers the keys, and stands in the way of another first key at the same time.
		var number int64
		if err := tx.Row(`UPDATE account_home SET taken = taken + 1 WHERE tenant = ? AND home = ? RETURNING taken`, p.Tenant, p.Home).Scan(&number); err != nil {
			return err
		}
		if err := checkKey(tx, p, k); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO account_key (tenant, home, id, number, point, resident, signer, signature, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			p.Tenant, p.Home, k.Id, number, k.Key, k.Resident, k.Signer, notNil(k.Signature), a.now()); err != nil {
			return err
		}
		if err := a.opts.Note(tx, Note{Place: p.OfHome(), By: resident, Act: "key", What: k.Id}); err != nil {
			return err
		}
		return a.opts.Changed(tx, p.OfHome())
	})
	if err != nil {
		return nil, doing("add key", err)
	}
	return k, nil
}

// checkKey says why the home does not take a key. The first one's signer and signature mean nothing and are left out.
func checkKey(tx *db.Tx, p home.Place, k *pb.ResidentKey) error {
	known, err := keys(tx, p)
	if err != nil {
		return err
	}
	if len(known) == 0 {
		k.Signer, k.Signature = "", nil
		return nil
	}
	if len(known) >= maxKeys {
		return &InputError{"key", fmt.Sprintf("this home has %d keys already", maxKeys)}
	}
	for _, s := range known {
		if s.Id == k.Signer {
			if wire.Verify(s.Key, wire.KeyText(p, k.Key), k.Signature) != nil {
				break
			}
			return nil
		}
	}
	return ErrSignature
}

// Keys lists a home's keys in the order in which they came: each is signed by one before it.
func (a *Accounts) Keys(ctx context.Context, p home.Place) (out []*pb.ResidentKey, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		out, err = keys(tx, p)
		return err
	})
	return out, doing("keys", err)
}

func keys(tx *db.Tx, p home.Place) ([]*pb.ResidentKey, error) {
	rows, err := tx.Query(`SELECT id, point, resident, signer, signature FROM account_key WHERE tenant = ? AND home = ? ORDER BY number LIMIT ?`, p.Tenant, p.Home, maxKeys)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*pb.ResidentKey
	for rows.Next() {
		k := &pb.ResidentKey{}
		if err := rows.Scan(&k.Id, &k.Key, &k.Resident, &k.Signer, &k.Signature); err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// notNil keeps an empty value from becoming NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
