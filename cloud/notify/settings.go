package notify

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"
)

// Way is how a message gets to a person.
type Way string

// Ways.
const (
	Push    Way = "push"
	Email   Way = "email"
	SMS     Way = "sms"
	Webhook Way = "webhook" // whatever a provider puts there
)

// Ways are all of them, in the order in which one stands in for another when something critical has no way to a person.
var Ways = []Way{Email, SMS, Push, Webhook}

// Choice is what a person wants to be told by one way.
type Choice struct{ Critical, Important, Info, Report bool }

func (c Choice) any() bool { return c != Choice{} }

// wants says whether it wants something of a level and kind.
func (c Choice) wants(l Level, k words.Kind) bool {
	switch {
	case k == words.Test:
		return true
	case k == words.Report:
		return c.Report
	case l == Critical:
		return c.Critical
	case l == Important:
		return c.Important
	}
	return c.Info
}

func (c Choice) mask() (m int64) {
	for i, b := range []bool{c.Critical, c.Important, c.Info, c.Report} {
		if b {
			m |= 1 << i
		}
	}
	return m
}

func choice(m int64) Choice { return Choice{m&1 != 0, m&2 != 0, m&4 != 0, m&8 != 0} }

// Quiet is a time of day when only what is critical is told; in minutes after midnight, in the home's time. It may pass midnight.
type Quiet struct{ From, To int }

// Settings are how a person wants to be told.
type Settings struct {
	Version  int64  // of what was stored; 0: nothing was, for nobody asked this person yet
	Language string // one of words.Languages; "" is the provider's
	Quiet    *Quiet // nil: none
	Channels map[Way]Choice
}

// Errors of a change.
var (
	ErrChanged  = errors.New("the settings have been changed meanwhile")
	ErrSettings = errors.New("such settings there are not")
	// ErrOptOut: nobody is left out of what is critical, not even at their own wish.
	ErrOptOut = errors.New("at least one way has to stay for what is critical")
)

// usual is for whoever chose nothing: everything by push and e-mail, what matters by text message once there is a number.
func usual() Settings {
	all := Choice{true, true, true, true}
	return Settings{Channels: map[Way]Choice{Push: all, Email: all, SMS: {Critical: true, Important: false}, Webhook: {}}}
}

// Settings are as the person chose.
func (n *Notify) Settings(ctx context.Context, tenant, person string) (s Settings, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		s, err = settings(tx, tenant, person)
		return err
	})
	return s, err
}

func settings(tx *db.Tx, tenant, person string) (Settings, error) {
	s := Settings{}
	var q Quiet
	var push, email, sms, webhook int64
	err := tx.Row(`SELECT version, language, quiet_from, quiet_to, push, email, sms, webhook FROM notify_choice WHERE tenant = ? AND person = ?`, tenant, person).
		Scan(&s.Version, &s.Language, &q.From, &q.To, &push, &email, &sms, &webhook)
	if db.NoRows(err) {
		return usual(), nil
	}
	if q.From >= 0 {
		s.Quiet = &q
	}
	s.Channels = map[Way]Choice{Push: choice(push), Email: choice(email), SMS: choice(sms), Webhook: choice(webhook)}
	return s, err
}

// Language is the one in which a person is told: their own, else their provider's.
func (n *Notify) Language(ctx context.Context, tenant, person string) (string, error) {
	s, err := n.Settings(ctx, tenant, person)
	if err != nil {
		return "", err
	}
	_, slug, err := n.opts.Provider(ctx, tenant)
	return cmp.Or(s.Language, n.opts.Channels.of(tenant, slug).Language, words.Languages[0]), err
}

// Asked says whether a person was asked how they want to be told, whatever they said to it. Until then the usual holds.
func (s Settings) Asked() bool { return s.Version > 0 }

// Change changes them. version is that which the person has seen; below 0 the last one wins. A change of nothing keeps what holds:
// so says who does not want to choose.
func (n *Notify) Change(ctx context.Context, tenant string, p Person, version int64, change func(*Settings)) (s Settings, err error) {
	can, err := n.can(ctx, tenant, p)
	if err != nil {
		return s, err
	}
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		if s, err = settings(tx, tenant, p.ID); err != nil {
			return err
		}
		if version >= 0 && version != s.Version {
			return ErrChanged
		}
		before := maps.Clone(s.Channels)
		change(&s)
		if err := s.check(); err != nil {
			return err
		}
		if !maps.Equal(before, s.Channels) && !s.reaches(can) {
			return ErrOptOut
		}
		was := s.Version
		s.Version++
		q := Quiet{-1, -1}
		if s.Quiet != nil {
			q = *s.Quiet
		}
		rows, err := tx.Exec(`INSERT INTO notify_choice (tenant, person, version, language, quiet_from, quiet_to, push, email, sms, webhook)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, person) DO UPDATE SET version = excluded.version, language = excluded.language,
			quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, push = excluded.push, email = excluded.email, sms = excluded.sms,
			webhook = excluded.webhook WHERE notify_choice.version = ?`, tenant, p.ID, s.Version, s.Language, q.From, q.To,
			s.Channels[Push].mask(), s.Channels[Email].mask(), s.Channels[SMS].mask(), s.Channels[Webhook].mask(), was)
		if err == nil && rows == 0 {
			return ErrChanged
		}
		return err
	})
	return s, err
}

func (s Settings) check() error {
	if s.Language != "" && !slices.Contains(words.Languages, s.Language) {
		return ErrSettings
	}
	if q := s.Quiet; q != nil && (q.From < 0 || q.To < 0 || q.From >= 24*60 || q.To >= 24*60 || q.From == q.To) {
		return ErrSettings
	}
	for way := range s.Channels {
		if !slices.Contains(Ways, way) {
			return ErrSettings
		}
	}
	if c := s.Channels[SMS]; c.Info || c.Report { // a text message says that something needs attention, and no more
		return ErrSettings
	}
	return nil
}

// reaches says whether a way that there is stays for what is critical, or any where there is none yet.
func (s Settings) reaches(can map[Way]bool) bool {
	none := true
	for _, there := range can {
		none = none && !there
	}
	for way, c := range s.Channels {
		if c.Critical && (can[way] || none) {
			return true
		}
	}
	return false
}

// Can says which ways there are to a person now.
func (n *Notify) Can(ctx context.Context, tenant string, p Person) (map[Way]bool, error) {
	return n.can(ctx, tenant, p)
}

func (n *Notify) can(ctx context.Context, tenant string, p Person) (can map[Way]bool, err error) {
	_, slug, err := n.opts.Provider(ctx, tenant)
	if err != nil {
		return nil, err
	}
	err = n.db.View(ctx, func(tx *db.Tx) error {
		can, err = n.ways(tx, tenant, slug, p)
		return err
	})
	return can, err
}

// ways are those that lead to a person. A browser may still be added, so push counts where there is one.
func (n *Notify) ways(tx *db.Tx, tenant, slug string, p Person) (map[Way]bool, error) {
	ids, err := subscriptionIDs(tx, tenant, p.ID)
	if err != nil {
		return nil, err
	}
	number, err := verified(tx, tenant, p.ID)
	if err != nil {
		return nil, err
	}
	c := n.opts.Channels.of(tenant, slug)
	return map[Way]bool{Push: len(ids) > 0, Email: p.Email != "" && n.opts.SMTP.Server != "", SMS: number != "" && c.SMS != nil, Webhook: c.Webhook != nil}, nil
}

// after is the first time from t on at which a person may be told something of a level.
func (s Settings) after(t time.Time, zone home.Zone, l Level, k words.Kind) time.Time {
	if s.Quiet == nil || l == Critical || k == words.Test {
		return t
	}
	local := t.UTC().Add(zone.At(t))
	minute := local.Hour()*60 + local.Minute()
	q := *s.Quiet
	within := minute >= q.From && minute < q.To
	if q.From > q.To {
		within = minute >= q.From || minute < q.To
	}
	if !within {
		return t
	}
	wait := time.Duration((q.To-minute+24*60)%(24*60)) * time.Minute
	end := t.Add(wait).Truncate(time.Minute)
	return end.Add(zone.At(t) - zone.At(end)) // the clocks may change in between
}
