package desired

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

const columns = "tenant, home, id, idem, verb, device, incident, endpoint, by_role, who, why, asked, expires, status, done, reason, answer, about, code"

func scan(row interface{ Scan(...any) error }) (o Order, err error) {
	var asked, expires, done int64
	var answer, about []byte
	err = row.Scan(&o.Place.Tenant, &o.Place.Home, &o.ID, &o.Key, &o.Verb, &o.Device, &o.Incident, &o.Endpoint, &o.By, &o.Who, &o.Why,
		&asked, &expires, &o.Status, &done, &o.Reason, &answer, &about, &o.Code)
	if err != nil {
		return Order{}, err
	}
	o.Asked, o.Expires = time.UnixMilli(asked).UTC(), time.UnixMilli(expires).UTC()
	if done != 0 {
		o.Done = time.UnixMilli(done).UTC()
	}
	if answer != nil {
		o.Check = &pb.Check{}
		err = proto.Unmarshal(answer, o.Check)
	}
	if about != nil && err == nil {
		o.About = &pb.Order{}
		err = proto.Unmarshal(about, o.About)
	}
	return o, err
}

// waitingOf are a home's orders that it has not answered. The status is compared as what it makes: without statistics SQLite would take
// the index of states, and read what waits in all homes for each that asks.
const waitingOf = "tenant = ? AND home = ? AND status || '' = 'asked' AND expires > ?"

func one(tx *db.Tx, where string, args ...any) (Order, error) {
	return scan(tx.Row("SELECT "+columns+" FROM desired_order WHERE "+where, args...))
}

func many(tx *db.Tx, where string, args ...any) (out []Order, err error) {
	rows, err := tx.Query("SELECT "+columns+" FROM desired_order WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		o, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// at is the order as it is at a time: one that has expired is so before anybody has written it down.
func (o Order) at(now time.Time) Order {
	if o.Status == Asked && !o.Expires.After(now) {
		o.Status = Expired
	}
	if o.Code != "" && now.Sub(o.Done) >= CodeLife {
		o.Code = ""
	}
	return o
}

// Get returns a home's order; ErrUnknown when there is none.
func (d *Desired) Get(ctx context.Context, p home.Place, id string) (o Order, err error) {
	err = d.db.View(ctx, func(tx *db.Tx) (err error) {
		o, err = one(tx, "tenant = ? AND home = ? AND id = ?", p.Tenant, p.Home, id)
		return err
	})
	if db.NoRows(err) {
		return Order{}, ErrUnknown
	}
	if err != nil {
		return Order{}, fmt.Errorf("order: %w", err)
	}
	return o.at(d.o.Now()), nil
}

const (
	maxList  = 100
	maxKeyed = 20_000
)

// List lists a home's orders, the newest first; of one incident when it is not "".
func (d *Desired) List(ctx context.Context, p home.Place, incident string) (out []Order, err error) {
	err = d.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = many(tx, "tenant = ? AND home = ? AND (? = '' OR incident = ?) ORDER BY id DESC LIMIT ?", p.Tenant, p.Home, incident, incident, maxList)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("orders: %w", err)
	}
	now := d.o.Now()
	for i := range out {
		out[i] = out[i].at(now)
	}
	return out, nil
}

// Keyed lists a tenant's orders whose key begins so, as they were asked for.
func (d *Desired) Keyed(ctx context.Context, tenant, prefix string) (out []Order, err error) {
	err = d.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = many(tx, "tenant = ? AND substr(idem, 1, ?) = ? ORDER BY id LIMIT ?", tenant, len(prefix), prefix, maxKeyed)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("orders of a key: %w", err)
	}
	now := d.o.Now()
	for i := range out {
		out[i] = out[i].at(now)
	}
	return out, nil
}

// Result stores what a gateway says became of an order. Its word counts also when the order has expired meanwhile. An order
// that the home does not have, or that is confirmed already, changes nothing.
func (d *Desired) Result(tx *db.Tx, p home.Place, r *pb.OrderResult) error {
	if err := checkResult(r); err != nil {
		return err
	}
	return d.result(tx, p, r)
}

func checkResult(r *pb.OrderResult) error {
	if len(r.GetId()) != 36 || !home.IsUUID(r.GetId()) {
		return errors.New("result of an order whose id is not one of ours")
	}
	return nil
}

func (d *Desired) result(tx *db.Tx, p home.Place, r *pb.OrderResult) error {
	status, reason := InForce, ""
	if !r.GetInForce() {
		status, reason = Failed, text(r.GetWhy())
	}
	now := d.o.Now().UnixMilli()
	done := r.GetDone()
	if done <= 0 || done > now {
		done = now
	}
	var answer []byte
	if c := r.GetCheck(); c != nil {
		c = proto.CloneOf(c)
		c.Sentence = text(c.GetSentence())
		var err error
		if answer, err = proto.Marshal(c); err != nil {
			return err
		}
	}
	n, err := tx.Exec("UPDATE desired_order SET status = ?, reason = ?, done = ?, answer = ?, code = ? WHERE tenant = ? AND home = ? AND id = ?"+
		" AND status IN ('asked', 'expired')", string(status), reason, done, answer, codeOf(r), p.Tenant, p.Home, r.GetId())
	if err != nil {
		return fmt.Errorf("store result: %w", err)
	}
	if n == 0 {
		return nil
	}
	return d.o.Feed(tx, p.OfHome(), "order", r.GetId())
}

// codeOf is a code that people type; anything else is none.
func codeOf(r *pb.OrderResult) string {
	c := r.GetCode()
	if len(c) > 16 || strings.Trim(c, "0123456789") != "" {
		return ""
	}
	return c
}

// text makes s fit to be stored and shown: valid UTF-8 without NUL, not too long.
func text(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "�")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// Batch is the results of one transaction.
type Batch struct {
	d     *Desired
	tx    *db.Tx
	steps []func() error
}

// Begin makes a batch for one transaction.
func (d *Desired) Begin(tx *db.Tx) *Batch { return &Batch{d: d, tx: tx} }

// Take keeps an order's result until Flush. An error means that it is bad.
func (b *Batch) Take(p home.Place, _ time.Time, item *pb.Item) error {
	r := item.GetOrderResult()
	if r == nil {
		return nil
	}
	if err := checkResult(r); err != nil {
		return err
	}
	b.steps = append(b.steps, func() error { return b.d.result(b.tx, p, r) })
	return nil
}

// Flush writes them.
func (b *Batch) Flush() error {
	for _, f := range b.steps {
		if err := f(); err != nil {
			return fmt.Errorf("desired: %w", err)
		}
	}
	return nil
}

// Expire writes down which orders have expired, so that the apps are told. It looks at all homes.
func (d *Desired) Expire(ctx context.Context) (n int, err error) {
	now := d.o.Now().UnixMilli()
	err = d.db.Tx(ctx, func(tx *db.Tx) error {
		n = 0
		orders, err := many(tx, "status = 'asked' AND expires <= ? ORDER BY expires LIMIT 500", now)
		if err != nil {
			return err
		}
		for _, o := range orders {
			changed, err := tx.Exec("UPDATE desired_order SET status = 'expired' WHERE tenant = ? AND home = ? AND id = ? AND status = 'asked'",
				o.Place.Tenant, o.Place.Home, o.ID)
			if err != nil {
				return err
			}
			if changed == 0 {
				continue
			}
			n++
			if err := d.o.Feed(tx, o.Place, "order", o.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("expire orders: %w", err)
	}
	return n, nil
}

// Run expires orders each few seconds until ctx ends. failed is told of errors; it is tried again.
func (d *Desired) Run(ctx context.Context, failed func(error)) error {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if _, err := d.Expire(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
	}
}

// Trim forgets orders after 400 days.
func (d *Desired) Trim(ctx context.Context) error {
	return d.db.Tx(ctx, func(tx *db.Tx) error {
		now := d.o.Now()
		if _, err := tx.Exec("DELETE FROM desired_order WHERE asked < ?", now.Add(-Keep).UnixMilli()); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE desired_order SET code = '' WHERE code <> '' AND done < ?", now.Add(-CodeLife).UnixMilli())
		return err
	})
}

// Erase deletes a home's orders and tells how many. Its version stays: it must never fall.
func (d *Desired) Erase(ctx context.Context, p home.Place) (n int64, err error) {
	err = d.db.Tx(ctx, func(tx *db.Tx) error {
		n, err = tx.Exec("DELETE FROM desired_order WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase orders: %w", err)
	}
	return n, nil
}
