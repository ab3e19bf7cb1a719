package account

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"

	"cardea/home"
	"cardea/internal/platform/db"

	"github.com/google/renameio/v2"
)

// What the fleet knows by many homes rests on their being of several access networks: somebody with a rack of gateways behind
// one line has many homes and one network. Of the address by which a gateway comes in only a keyed hash of its block is kept,
// the last one: blocks are few, so without the key it hides nothing.
const (
	networkBits4 = 20 // as large as what many CSPs' areas have
	networkBits6 = 40
	networkKey   = 32 // bytes
)

// Connection is a gateway that came in.
type Connection struct {
	Place  home.Place // with its gateway
	Remote netip.Addr // as the broker or the API saw it, never as the gateway says
}

// LoadNetworkKey reads the key that the hashes are made with, 64 hexadecimal digits, and makes it when there is none. All
// processes that call Seen need the same.
func LoadNetworkKey(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, networkKey)
		_, _ = rand.Read(key) // never fails
		if err := renameio.WriteFile(file, []byte(hex.EncodeToString(key)+"\n"), 0o600); err != nil {
			return nil, fmt.Errorf("key of access networks: %w", err)
		}
		text, err = os.ReadFile(file) // whatever another process beside us has written last
	}
	if err != nil {
		return nil, fmt.Errorf("key of access networks: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != networkKey {
		return nil, fmt.Errorf("key of access networks: %s does not have %d hexadecimal digits", file, 2*networkKey)
	}
	return key, nil
}

// network names the block of an address; 0 when there is none, or no key.
func (a *Accounts) network(remote netip.Addr) uint64 {
	remote = remote.Unmap().WithZone("")
	bits := networkBits4
	if remote.Is6() {
		bits = networkBits6
	}
	block, err := remote.Prefix(bits)
	if err != nil || !block.IsValid() || len(a.opts.NetworkKey) == 0 {
		return 0
	}
	h := hmac.New(sha256.New, a.opts.NetworkKey)
	_, _ = h.Write([]byte(block.String())) // never fails
	return max(binary.BigEndian.Uint64(h.Sum(nil)), 1)
}

// Seen keeps by which networks gateways came in. Only a home's active gateway counts; what is the same as before writes nothing.
func (a *Accounts) Seen(ctx context.Context, list ...Connection) error {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y Connection) int { // so that two transactions never wait for each other crosswise
		return cmp.Or(cmp.Compare(x.Place.Tenant, y.Place.Tenant), cmp.Compare(x.Place.Home, y.Place.Home))
	})
	ctx = db.Patient(ctx) // after an outage thousands come at once, and people wait for the same writer
	for some := range slices.Chunk(list, seenAtOnce) {
		err := a.db.Tx(ctx, func(tx *db.Tx) error {
			for _, c := range some {
				if err := a.seen(tx, c); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return doing("access networks", err)
		}
	}
	return nil
}

const seenAtOnce = 128 // connections of one transaction: some 10 ms

func (a *Accounts) seen(tx *db.Tx, c Connection) error {
	n := int64(a.network(c.Remote))
	if n == 0 {
		return nil
	}
	if _, err := tx.Exec(`UPDATE account_home SET network = ? WHERE tenant = ? AND home = ? AND gateway = ? AND gateway <> '' AND network <> ?`,
		n, c.Place.Tenant, c.Place.Home, c.Place.Gateway, n); err != nil {
		return err
	}
	return a.came(tx, c.Place, c.Remote)
}

// Networks tells by which network each home came in last; homes of which that is not known are not in it. Only equality means
// anything. All in one tenant's range are read at once: give places sorted, and some hundred of them.
func (a *Accounts) Networks(ctx context.Context, places []home.Place) (map[home.Place]uint64, error) {
	out := make(map[home.Place]uint64, len(places))
	byTenant := map[string][]any{}
	for _, p := range places {
		byTenant[p.Tenant] = append(byTenant[p.Tenant], p.Home)
	}
	err := a.db.View(ctx, func(tx *db.Tx) error {
		for tenant, homes := range byTenant {
			for some := range slices.Chunk(homes, networksAtOnce) {
				if err := readNetworks(tx, tenant, some, out); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return out, doing("access networks", err)
}

const networksAtOnce = 256 // homes of one statement; fewer are filled up, so that there is one text

func readNetworks(tx *db.Tx, tenant string, homes []any, out map[home.Place]uint64) error {
	args := append(make([]any, 0, networksAtOnce+1), tenant)
	args = append(args, homes...)
	for len(args) < networksAtOnce+1 {
		args = append(args, homes[0])
	}
	rows, err := tx.Query(`SELECT home, network FROM account_home WHERE tenant = ? AND home IN (?`+strings.Repeat(",?", networksAtOnce-1)+`) AND network <> 0`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n int64
		if err := rows.Scan(&id, &n); err != nil {
			return err
		}
		out[home.Place{Tenant: tenant, Home: id}] = uint64(n)
	}
	return rows.Err()
}
