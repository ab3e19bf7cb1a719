package household

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// lock makes those who change a household at once come one after the other: its row is the lock. Whoever fails takes it back.
func lock(tx *db.Tx, p home.Place) error {
	_, err := tx.Exec("INSERT INTO household_home (tenant, home, version, changed, through, data) VALUES (?, ?, 0, 0, 0, ?) ON CONFLICT (tenant, home)"+
		" DO UPDATE SET version = household_home.version", p.Tenant, p.Home, []byte("{}"))
	return err
}

// read is what is kept, without pauses that are over.
func (h *Households) read(tx *db.Tx, p home.Place) (Kept, error) {
	k := Kept{}
	var version, changed int64
	var data []byte
	err := tx.Row("SELECT version, changed, data FROM household_home WHERE tenant = ? AND home = ?", p.Tenant, p.Home).Scan(&version, &changed, &data)
	if err != nil && !db.NoRows(err) {
		return Kept{}, err
	}
	if err == nil {
		if err := json.Unmarshal(data, &k); err != nil {
			return Kept{}, fmt.Errorf("what is kept: %w", err)
		}
	}
	k.Version = uint64(version)
	if changed > 0 {
		k.Changed = time.UnixMilli(changed).UTC()
	}
	if k.Approve == "" {
		k.Approve = home.ApproveTell
	}
	if k.Zone.Name == "" {
		k.Zone.Name = "UTC"
	}
	if k.Devices == nil {
		k.Devices = map[home.DeviceID]home.Policy{}
	}
	if k.Accounts == nil {
		k.Accounts = map[string]string{}
	}
	now := h.o.Now()
	k.Pauses = slices.DeleteFunc(k.Pauses, func(p home.Pause) bool { return !p.Until.After(now) })
	return k, nil
}

func (h *Households) write(tx *db.Tx, p home.Place, k Kept) error {
	data, err := json.Marshal(k)
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE household_home SET version = ?, changed = ?, through = ?, help = ?, data = ? WHERE tenant = ? AND home = ?", int64(k.Version),
		k.Changed.UnixMilli(), h.o.Now().Add(horizon).UnixMilli(), string(k.helps()), data, p.Tenant, p.Home)
	return err
}

// clone is deep.
func (k Kept) clone() Kept {
	var out Kept
	b, err := json.Marshal(k)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		panic(fmt.Sprintf("household: it came from JSON: %v", err))
	}
	out.Changed = k.Changed
	if out.Devices == nil {
		out.Devices = map[home.DeviceID]home.Policy{}
	}
	if out.Accounts == nil {
		out.Accounts = map[string]string{}
	}
	return out
}

// note writes a change down.
func note(tx *db.Tx, p home.Place, c Change) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("change: %w", err)
	}
	data, err := json.Marshal(c.Fields)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO household_change (tenant, home, id, time, who, name, act, subject, called, data) VALUES (?,?,?,?,?,?,?,?,?,?)",
		p.Tenant, p.Home, id.String(), c.Time.UnixMilli(), c.Who, cut(c.Name), string(c.Act), c.Subject, c.Called, data)
	return err
}

// bound forgets the oldest changes of a home.
func bound(tx *db.Tx, p home.Place) error {
	_, err := tx.Exec("DELETE FROM household_change WHERE tenant = ? AND home = ? AND id NOT IN (SELECT id FROM household_change WHERE tenant = ? AND home = ?"+
		" ORDER BY id DESC LIMIT ?)", p.Tenant, p.Home, p.Tenant, p.Home, MaxChanges)
	return err
}

// Changes lists who changed what, the newest first; after is the id of the last one that is known.
func (h *Households) Changes(ctx context.Context, p home.Place, after string, limit int) (out []Change, err error) {
	err = h.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query("SELECT id, time, who, name, act, subject, called, data FROM household_change WHERE tenant = ? AND home = ? AND (? = '' OR id < ?)"+
			" ORDER BY id DESC LIMIT ?", p.Tenant, p.Home, after, after, min(max(limit, 1), MaxChanges))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var c Change
			var at int64
			var data []byte
			if err := rows.Scan(&c.ID, &at, &c.Who, &c.Name, (*string)(&c.Act), &c.Subject, &c.Called, &data); err != nil {
				return err
			}
			if err := json.Unmarshal(data, &c.Fields); err != nil {
				return err
			}
			c.Time = time.UnixMilli(at).UTC()
			out = append(out, c)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("changes of a household: %w", err)
	}
	return out, nil
}

// Trim forgets changes that were kept long enough.
func (h *Households) Trim(ctx context.Context) error {
	err := h.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("DELETE FROM household_change WHERE time < ?", h.o.Now().Add(-Keep).UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("trim households: %w", err)
	}
	return nil
}

// Erase forgets who changed what. What holds stays: a medical device is none the less one, and bedtime is bedtime.
func (h *Households) Erase(ctx context.Context, p home.Place) (int64, error) {
	return h.drop(ctx, p, "household_change")
}

// Remove forgets everything of a home.
func (h *Households) Remove(ctx context.Context, p home.Place) (int64, error) {
	return h.drop(ctx, p, "household_change", "household_home")
}

func (h *Households) drop(ctx context.Context, p home.Place, tables ...string) (n int64, err error) {
	err = h.db.Tx(ctx, func(tx *db.Tx) error {
		n = 0
		for _, t := range tables {
			rows, err := tx.Exec("DELETE FROM "+t+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
			if err != nil {
				return err
			}
			n += rows
		}
		if len(tables) == 1 {
			return nil
		}
		return h.o.Touch(tx, p.OfHome())
	})
	if err != nil {
		return 0, fmt.Errorf("erase household: %w", err)
	}
	return n, nil
}
