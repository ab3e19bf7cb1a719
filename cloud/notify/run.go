package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

const (
	each    = 15 * time.Second // looks this often without being woken, also for what another process wrote
	lease   = 2 * time.Minute  // who took a delivery has this long for it; a crash makes it due again then
	giveUp  = 24 * time.Hour
	keep    = 30 * 24 * time.Hour
	atOnce  = 64
	senders = 8
)

// Run sends until ctx ends. Several processes may run it.
func (n *Notify) Run(ctx context.Context) error {
	tick := time.NewTicker(each)
	defer tick.Stop()
	var trimmed time.Time
	for {
		more, err := n.round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil { // the database heals or somebody looks at the log
			n.log.Error("notifications", "err", err)
			more = false
		}
		if now := n.opts.Now(); now.Sub(trimmed) > time.Hour {
			if err := n.trim(ctx, now.Add(-keep)); err != nil {
				n.log.Error("notifications: remove old ones", "err", err)
			}
			trimmed = now
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-n.wake:
		case <-tick.C:
		}
	}
}

// round makes deliveries and sends those that are due; more says that there are more at once.
func (n *Notify) round(ctx context.Context) (more bool, err error) {
	made, err := n.expand(ctx)
	if err != nil {
		return false, err
	}
	todo, err := n.take(ctx)
	if err != nil {
		return false, err
	}
	room := make(chan struct{}, senders) // owner: this function; full makes it wait
	errs := make(chan error, len(todo))
	for _, d := range todo {
		room <- struct{}{}
		go func() {
			defer func() { <-room }()
			errs <- n.deliver(ctx, d)
		}()
	}
	for range todo {
		err = errors.Join(err, <-errs)
	}
	return made == atOnce || len(todo) == atOnce, err
}

func (n *Notify) trim(ctx context.Context, before time.Time) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`DELETE FROM notify_deliveries WHERE made < ? AND due = 0`, before.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM notify_outbox WHERE made < ? AND due = 0`, before.UnixMilli())
		return err
	})
}

// expand makes deliveries of what the outbox has: whom to tell is decided when it is due, not when it happened.
func (n *Notify) expand(ctx context.Context) (int, error) {
	now := n.opts.Now()
	var all []message
	err := n.db.View(ctx, func(tx *db.Tx) (err error) {
		all = nil
		rows, err := tx.Query(`SELECT tenant, home, incident, state FROM notify_outbox WHERE due > 0 AND due <= ? ORDER BY due LIMIT ?`, now.UnixMilli(), atOnce)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var m message
			if err := rows.Scan(&m.Tenant, &m.Home, &m.Incident, &m.State); err != nil {
				return err
			}
			all = append(all, m)
		}
		return rows.Err()
	})
	if err != nil {
		return 0, fmt.Errorf("outbox: %w", err)
	}
	for _, m := range all {
		if err := n.expandOne(ctx, m, now); err != nil {
			return 0, fmt.Errorf("outbox of home %s: %w", m.Home, err)
		}
	}
	return len(all), nil
}

func (n *Notify) expandOne(ctx context.Context, m message, now time.Time) error {
	people, err := n.opts.People(ctx, home.Place{Tenant: m.Tenant, Home: m.Home})
	if err != nil {
		return err
	}
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		rows, err := tx.Exec(`UPDATE notify_outbox SET due = 0 WHERE tenant = ? AND home = ? AND incident = ? AND state = ? AND due > 0`,
			m.Tenant, m.Home, m.Incident, m.State)
		if err != nil || rows == 0 { // another process was first
			return err
		}
		if over, err := overtaken(tx, m); err != nil || over {
			return err
		}
		for _, p := range people {
			if err := n.address(tx, m, p, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// overtaken: an incident that is only open needs no word any more when there is one of what was done.
func overtaken(tx *db.Tx, m message) (bool, error) {
	if home.State(m.State) != home.StateOpen {
		return false, nil
	}
	var others int64
	err := tx.Row(`SELECT COUNT(*) FROM notify_outbox WHERE tenant = ? AND home = ? AND incident = ? AND state <> ?`,
		m.Tenant, m.Home, m.Incident, m.State).Scan(&others)
	return others > 0, err
}

// address makes the deliveries to one person.
func (n *Notify) address(tx *db.Tx, m message, p Person, now time.Time) error {
	s, err := settings(tx, m.Tenant, p.ID)
	if err != nil {
		return err
	}
	add := func(way, target string) error {
		_, err := tx.Exec(`INSERT INTO notify_deliveries (tenant, home, incident, state, person, way, target, urgent, made, due, tries, status, why)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 'waiting', '') ON CONFLICT (tenant, home, incident, state, person, way, target) DO NOTHING`,
			m.Tenant, m.Home, m.Incident, m.State, p.ID, way, target, bit(urgent(m.State)), now.UnixMilli(), now.UnixMilli())
		return err
	}
	if s.Push {
		ids, err := subscriptionIDs(tx, m.Tenant, p.ID)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := add("push", id); err != nil {
				return err
			}
		}
	}
	if !s.Email || p.Email == "" || n.opts.SMTP.Server == "" {
		return nil
	}
	if !urgent(m.State) {
		var had int64
		err := tx.Row(`SELECT COUNT(*) FROM notify_deliveries WHERE tenant = ? AND home = ? AND person = ? AND way = 'email' AND urgent = 0 AND made > ? AND status <> 'failed'`,
			m.Tenant, m.Home, p.ID, now.Add(-24*time.Hour).UnixMilli()).Scan(&had)
		if err != nil || had > 0 {
			return err
		}
	}
	return add("email", "")
}

func subscriptionIDs(tx *db.Tx, tenant, person string) (ids []string, err error) {
	rows, err := tx.Query(`SELECT id FROM notify_subscriptions WHERE tenant = ? AND person = ?`, tenant, person)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
