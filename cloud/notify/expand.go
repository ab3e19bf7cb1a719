package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// expand makes deliveries of what there is to tell: whom to tell is decided when it is due, not when it happened.
func (n *Notify) expand(ctx context.Context) (int, error) {
	now := n.opts.Now()
	type key struct {
		place home.Place
		id    string
	}
	var all []key
	err := n.db.View(ctx, func(tx *db.Tx) (err error) {
		all = nil
		rows, err := tx.Query(`SELECT tenant, home, message FROM notify_message WHERE due > 0 AND due <= ? ORDER BY due LIMIT ?`, now.UnixMilli(), atOnce)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var k key
			if err := rows.Scan(&k.place.Tenant, &k.place.Home, &k.id); err != nil {
				return err
			}
			all = append(all, k)
		}
		return rows.Err()
	})
	if err != nil {
		return 0, fmt.Errorf("what there is to tell: %w", err)
	}
	for _, k := range all {
		err := n.expandOne(ctx, k.place, k.id, now)
		if err == nil {
			continue
		}
		err = fmt.Errorf("what there is to tell home %s: %w", k.place.Home, err)
		if ctx.Err() != nil {
			return 0, err
		}
		if e := n.later(ctx, k.place, k.id, now); e != nil { // the database
			return 0, errors.Join(err, e)
		}
		n.log.Error("a home is told later than the others", "err", err)
	}
	return len(all), nil
}

// unreadable is how long a home waits of which something cannot be found out: it is in nobody's way meanwhile.
const unreadable = time.Minute

func (n *Notify) later(ctx context.Context, p home.Place, id string, now time.Time) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE notify_message SET due = ? WHERE tenant = ? AND home = ? AND message = ? AND due > 0 AND due <= ?`,
			now.Add(unreadable).UnixMilli(), p.Tenant, p.Home, id, now.UnixMilli())
		return err
	})
}

// audience is who there is to tell, and how a home is told.
type audience struct {
	people    []Person
	slug      string
	household home.Household
}

func (n *Notify) audience(ctx context.Context, p home.Place) (a audience, err error) {
	if a.people, err = n.opts.People(ctx, p); err != nil {
		return a, err
	}
	if _, a.slug, err = n.opts.Provider(ctx, p.Tenant); err != nil {
		return a, err
	}
	a.household, err = n.opts.Household(ctx, p)
	return a, err
}

func (n *Notify) expandOne(ctx context.Context, p home.Place, id string, now time.Time) error {
	a, err := n.audience(ctx, p)
	if err != nil {
		return err
	}
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		m, err := scanMessage(tx.Row(selectMessage+` WHERE tenant = ? AND home = ? AND message = ?`, p.Tenant, p.Home, id))
		if db.NoRows(err) {
			return nil
		}
		if err != nil || m.due == 0 || m.due > now.UnixMilli() {
			return err
		}
		f := m.body.facts()
		speak := worth(m, f, a)
		alarmed := m.alarmed
		if speak {
			alarmed = max(alarmed, m.level)
		}
		rows, err := tx.Exec(`UPDATE notify_message SET due = 0, alarmed = ?, changed = ? WHERE tenant = ? AND home = ? AND message = ? AND rev = ? AND due = ?`,
			int64(alarmed), now.UnixMilli(), p.Tenant, p.Home, id, m.rev, m.due)
		if err != nil || rows == 0 || !speak { // another process was first, or there is nothing to say any more
			return err
		}
		for _, who := range a.people {
			if m.person != "" && m.person != who.ID {
				continue
			}
			if err := n.address(tx, &letter{m, f, a, who, now}); err != nil {
				return err
			}
		}
		return nil
	})
}

// worth: what was over before anybody heard of it needs no word, and new devices are told of only where the home wants it.
func worth(m *message, f words.Facts, a audience) bool {
	switch f.Kind {
	case words.Handled, words.Clean, words.Settled:
		return m.alarmed > Update
	case words.New:
		return a.household.Approve != home.ApproveOff || f.Held
	}
	return true
}

// letter is one message to one person.
type letter struct {
	m     *message
	f     words.Facts
	a     audience
	who   Person
	clock time.Time
}

// prior is a delivery of the same message, made before.
type prior struct {
	id, way, target, status string
	level                   Level
	taken                   int64
}

// address makes the deliveries to one person.
func (n *Notify) address(tx *db.Tx, l *letter) error {
	s, err := settings(tx, l.m.place.Tenant, l.who.ID)
	if err != nil {
		return err
	}
	can, err := n.ways(tx, l.m.place.Tenant, l.a.slug, l.who)
	if err != nil {
		return err
	}
	before, err := priors(tx, l)
	if err != nil {
		return err
	}
	reached := slices.ContainsFunc(before, func(p prior) bool { return p.status == "sent" || p.status == "waiting" })
	for _, way := range Ways {
		if !can[way] || len(l.m.body.Ways) > 0 && !slices.Contains(l.m.body.Ways, way) {
			continue
		}
		made, err := n.addressBy(tx, l, s, way, before, false)
		if err != nil {
			return err
		}
		reached = reached || made
	}
	if reached || l.m.level != Critical {
		return nil
	}
	for _, way := range Ways { // what they chose leads nowhere: nobody is left out of what is critical
		if can[way] {
			_, err := n.addressBy(tx, l, s, way, before, true)
			return err
		}
	}
	return nil
}

// addressBy makes the deliveries by one way. force goes against what the person chose.
func (n *Notify) addressBy(tx *db.Tx, l *letter, s Settings, way Way, before []prior, force bool) (made bool, err error) {
	targets := []string{""}
	if way == Push {
		if targets, err = subscriptionIDs(tx, l.m.place.Tenant, l.who.ID); err != nil {
			return false, err
		}
	}
	for _, target := range targets {
		level, known := l.m.level, false
		for _, p := range before {
			if p.way != string(way) || p.target != target {
				continue
			}
			if p.status == "waiting" && p.taken <= l.clock.UnixMilli() {
				if err := replace(tx, l.m, p.id); err != nil {
					return made, err
				}
				if l.f.Kind != words.Clean && l.f.Kind != words.Settled {
					level = max(level, p.level) // it says what the older one would have said, and what is new
				}
				continue
			}
			known = known || p.status == "sent" || p.status == "waiting"
		}
		go1, silent := goes(s.Channels[way], way, level, l.f.Kind, known)
		if !go1 && !force {
			continue
		}
		if way == Email && !force {
			if enough, err := enoughMail(tx, l, level); err != nil || enough {
				return made, err
			}
		}
		if err := n.addDelivery(tx, l, s, way, target, level, silent); err != nil {
			return made, err
		}
		made = true
	}
	return made, nil
}

// goes says whether something is told by a way, and whether without a sound. known: the person was told of the message by it.
func goes(c Choice, way Way, level Level, kind words.Kind, known bool) (yes, silent bool) {
	want := level > Update && c.wants(level, kind)
	switch way {
	case Push: // what is shown must not stay when it is not true any more
		if known && !want {
			return true, true
		}
	case Webhook:
		if known && level == Update {
			return c.any(), true
		}
	case SMS: // it says only that something needs attention: once is enough
		return want && (!known || level == Critical) && (level >= Important || kind == words.Test) && kind != words.Stopped, false
	}
	return want, false
}

// Mail that is not critical comes at most so often in 24 hours to one person; the rest is in the app.
var mailsDay = map[Level]int{Info: 1, Important: 4}

func enoughMail(tx *db.Tx, l *letter, level Level) (bool, error) {
	most, bounded := mailsDay[level]
	if !bounded || l.f.Kind == words.Report || l.f.Kind == words.Test {
		return false, nil
	}
	var had int
	err := tx.Row(`SELECT COUNT(*) FROM notify_delivery WHERE tenant = ? AND person = ? AND made > ? AND home = ? AND way = 'email' AND level = ?
		AND kind NOT IN ('report', 'test') AND status IN ('waiting', 'sent')`, l.m.place.Tenant, l.who.ID, l.clock.Add(-24*time.Hour).UnixMilli(), l.m.place.Home, int64(level)).Scan(&had)
	return had >= most, err
}

func (n *Notify) addDelivery(tx *db.Tx, l *letter, s Settings, way Way, target string, level Level, silent bool) error {
	due := l.clock
	if !silent {
		due = s.after(due, l.a.household.Zone, level, l.f.Kind)
	}
	code, err := newCode()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO notify_delivery (tenant, home, message, rev, person, way, target, id, code, kind, level, silent, made, due, taken, tries, status, why, sent, checked)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 'waiting', '', 0, 0) ON CONFLICT (tenant, home, message, rev, person, way, target) DO NOTHING`,
		l.m.place.Tenant, l.m.place.Home, l.m.id, l.m.rev, l.who.ID, string(way), target, uuid.NewString(), code, string(l.f.Kind), int64(level), bit(silent),
		l.clock.UnixMilli(), due.UnixMilli())
	return err
}

func replace(tx *db.Tx, m *message, id string) error {
	_, err := tx.Exec(`UPDATE notify_delivery SET status = 'replaced', due = 0 WHERE tenant = ? AND home = ? AND message = ? AND id = ? AND status = 'waiting'`,
		m.place.Tenant, m.place.Home, m.id, id)
	return err
}

func priors(tx *db.Tx, l *letter) (out []prior, err error) {
	rows, err := tx.Query(`SELECT id, way, target, status, level, taken FROM notify_delivery WHERE tenant = ? AND home = ? AND message = ? AND person = ? ORDER BY rev`,
		l.m.place.Tenant, l.m.place.Home, l.m.id, l.who.ID)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p prior
		if err := rows.Scan(&p.id, &p.way, &p.target, &p.status, &p.level, &p.taken); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
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

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// alphabet has no letters that look like digits or like each other.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const codeLength = 10 // 50 bits: nobody guesses one of those that hold

func newCode() (string, error) {
	b := make([]byte, codeLength)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return string(b), nil
}
