package cloud

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/account/pki"
	"cardea/cloud/audit"
	"cardea/cloud/desired"
	"cardea/cloud/feed"
	"cardea/cloud/fleet"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	"cardea/cloud/ingest"
	"cardea/cloud/notify"
	"cardea/cloud/rollout"
	"cardea/home"
	"cardea/internal/platform/db"
)

// keepFeed is how long an app may be away and still hear of each event; then it looks at everything anew.
const keepFeed = 2 * 24 * time.Hour

// Rooms are the contexts over one database. serve runs them; admin uses them beside a running cloud.
type Rooms struct {
	Accounts  *account.Accounts
	Audit     *audit.Audit
	Feed      *feed.Feed
	History   *history.History
	Desired   *desired.Desired
	Incidents *incident.Incidents
	Rollout   *rollout.Rollout
	Notify    *notify.Notify
	Fleet     *fleet.Fleet
	CA        *pki.CA

	db      *db.DB
	signals signals
}

// signals are what the contexts tell the running cloud after a commit. None of them blocks. Admin has no cloud around it
// and leaves them empty: gateways then find out at their next report.
type signals struct {
	news    func(home.Place)         // the home's feed has something new
	nudge   func(home.Place, uint64) // the home's desired state has a new version
	gateway func()                   // a gateway came, went or was revoked
}

func (s *signals) defaults() {
	if s.news == nil {
		s.news = func(home.Place) {}
	}
	if s.nudge == nil {
		s.nudge = func(home.Place, uint64) {}
	}
	if s.gateway == nil {
		s.gateway = func() {}
	}
}

// Open opens the database and the keys in the data folder for an administrator, makes what is not there yet, and brings all
// tables up to date.
func Open(ctx context.Context, cfg Config) (*Rooms, error) {
	cfg.defaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return open(ctx, cfg, signals{}, slog.New(slog.DiscardHandler))
}

func open(ctx context.Context, cfg Config, s signals, log *slog.Logger) (_ *Rooms, err error) {
	s.defaults()
	r := &Rooms{signals: s}
	if err := os.MkdirAll(filepath.Join(cfg.Data, "ca"), 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if r.CA, err = pki.Open(filepath.Join(cfg.Data, "ca"), time.Now); err != nil {
		return nil, err
	}
	keys, err := rollout.LoadKeys(filepath.Join(cfg.Data, "bundle-keys"))
	if err != nil {
		return nil, err
	}
	if r.db, err = db.Open(ctx, cfg.DB); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.db.Close())
		}
	}()
	if err := r.migrate(ctx); err != nil {
		return nil, err
	}
	r.contexts(cfg, keys, log)
	push, err := notify.LoadKeys(filepath.Join(cfg.Data, "push-keys.json"))
	if err != nil {
		return nil, err
	}
	if r.Notify, err = notify.New(r.db, notify.Options{
		People: r.residents, Public: cfg.Public, Keys: push, Loopback: cfg.Demo,
		SMTP: notify.SMTP{Server: cfg.SMTP.Server, From: cfg.SMTP.From, User: cfg.SMTP.User, PasswordFile: cfg.SMTP.PasswordFile, NeedTLS: cfg.SMTP.NeedTLS},
	}, log); err != nil {
		return nil, err
	}
	return r, nil
}

// migrate brings each context's tables up to date.
func (r *Rooms) migrate(ctx context.Context) error {
	for _, c := range []struct {
		name  string
		files fs.FS
	}{
		{"account", account.Migrations}, {"audit", audit.Migrations}, {"feed", feed.Migrations}, {"history", history.Migrations},
		{"desired", desired.Migrations}, {"incident", incident.Migrations}, {"ingest", ingest.Migrations},
		{"rollout", rollout.Migrations}, {"notify", notify.Migrations}, {"fleet", fleet.Migrations},
	} {
		if err := r.db.Migrate(ctx, c.name, c.files); err != nil {
			return err
		}
	}
	return nil
}

// contexts makes them and ties them together: they do not know each other.
func (r *Rooms) contexts(cfg Config, keys rollout.Keys, log *slog.Logger) {
	r.Audit = audit.New(r.db, time.Now)
	r.Feed = feed.New(r.db, r.signals.news)
	r.Rollout = rollout.New(r.db, keys, time.Now, log)
	var brokers []string
	for _, a := range cfg.Advertise {
		brokers = append(brokers, "tls://"+a)
	}
	r.Accounts = account.New(r.db, r.CA, account.Options{
		Brokers: brokers, Name: BrokerName, BundleRoot: r.Rollout.Root,
		Changed: func(tx *db.Tx, p home.Place) error {
			tx.After(r.signals.gateway)
			if err := r.Feed.Add(tx, p.OfHome(), "gateway", p.Gateway); err != nil {
				return err
			}
			return r.Desired.Touch(tx, p.OfHome())
		},
		Note: func(tx *db.Tx, n account.Note) error {
			who := n.By
			if who == "" { // it enrolled with its claim code
				who = "gateway " + n.Place.Gateway
			}
			return r.Audit.Add(tx, audit.Entry{Tenant: n.Place.Tenant, Home: n.Place.Home, Who: who, Act: n.Act, What: n.What})
		},
	})
	r.Desired = desired.New(r.db, desired.Options{
		Sources: desired.Sources{Keys: r.Accounts.Keys, Revoked: r.Accounts.RevokedConsents, Bundles: r.Rollout.Newest},
		Feed:    r.Feed.Add, Nudge: r.signals.nudge,
	})
	r.History = history.New(r.db, history.Options{Feed: r.Feed.Add})
	r.Incidents = incident.New(r.db, incident.Options{Feed: r.Feed.Add, Changed: r.changed})
	r.Fleet = fleet.New(r.db, fleet.Options{Troubled: r.Incidents.Troubled, Publish: r.Rollout})
}

// handlers are the contexts that keep something of what gateways report.
func (r *Rooms) handlers(nudge func(home.Place, uint64)) ingest.Handlers {
	return ingest.Handlers{
		Begin: []func(*db.Tx) ingest.Batch{
			func(tx *db.Tx) ingest.Batch { return r.History.Begin(tx) },
			func(tx *db.Tx) ingest.Batch { return r.Incidents.Begin(tx) },
			func(tx *db.Tx) ingest.Batch { return r.Desired.Begin(tx) },
			func(tx *db.Tx) ingest.Batch { return r.Fleet.Begin(tx) },
		},
		Beats: func(ctx context.Context, list []ingest.Beat) error {
			beats := make([]history.Beat, len(list))
			for i, b := range list {
				beats[i] = history.Beat(b)
			}
			return r.History.Beat(ctx, beats)
		},
		Wanted: r.Desired.Wanted,
		Nudge:  nudge,
	}
}

// Trim drops what was kept long enough, in every context.
func (r *Rooms) Trim(ctx context.Context) error {
	_, err := r.Feed.Trim(ctx, time.Now().Add(-keepFeed))
	return errors.Join(err, r.History.Trim(ctx), r.Incidents.Trim(ctx), r.Desired.Trim(ctx), r.Accounts.Tidy(ctx), r.Fleet.Trim(ctx))
}

// Erase forgets what a home told, in every context. The home itself, its people and its gateway stay, and so does the audit.
func (r *Rooms) Erase(ctx context.Context, p home.Place, by string) (map[string]int64, error) {
	h, err := r.History.Erase(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("erase history: %w", err)
	}
	out := map[string]int64{"devices": h.Devices, "first_times": h.FirstTimes, "days": h.Days, "stopped": h.Stopped, "looks": h.Looks}
	for _, c := range []struct {
		name  string
		erase func(context.Context, home.Place) (int64, error)
	}{{"incidents", r.Incidents.Erase}, {"orders", r.Desired.Erase}, {"events", r.Feed.Erase}, {"notifications", r.eraseNotes}, {"sightings", r.Fleet.Erase},
		{"refused", func(ctx context.Context, p home.Place) (int64, error) { return ingest.Erase(ctx, r.db, p) }}} {
		if out[c.name], err = c.erase(ctx, p); err != nil {
			return nil, fmt.Errorf("erase %s: %w", c.name, err)
		}
	}
	err = r.Audit.AddNow(ctx, audit.Entry{Tenant: p.Tenant, Home: p.Home, Who: by, Act: "erase", What: "what the home told"})
	return out, err
}

// Remove is for a customer who leaves: it erases, takes the home's people away and revokes its gateway.
func (r *Rooms) Remove(ctx context.Context, p home.Place, by string) (map[string]int64, error) {
	out, err := r.Erase(ctx, p, by)
	if err != nil {
		return nil, err
	}
	people, err := r.Accounts.Erase(ctx, p, by)
	if err != nil {
		return nil, fmt.Errorf("erase accounts: %w", err)
	}
	maps.Copy(out, people)
	return out, nil
}

func (r *Rooms) eraseNotes(ctx context.Context, p home.Place) (n int64, err error) {
	err = r.db.Tx(ctx, func(tx *db.Tx) error {
		n, err = r.Notify.Erase(tx, p)
		return err
	})
	return n, err
}

// Stored says what is stored of a gateway's spool: the highest sequence and how many items.
func (r *Rooms) Stored(ctx context.Context, p home.Place, epoch uint64) (highest, items uint64, err error) {
	return ingest.Stored(ctx, r.db, p, epoch)
}

// Close releases the database.
func (r *Rooms) Close() error { return r.db.Close() }

// changed has the residents told of a case, in the transaction that stores it.
func (r *Rooms) changed(tx *db.Tx, c incident.Change) error {
	if len(c.Steps) == 0 {
		return nil
	}
	name, err := r.History.Name(tx, c.Place, c.Case.GetDevice())
	if err != nil {
		return err
	}
	if name == "" {
		name = "A device"
	}
	return r.Notify.Incident(tx, c.Place, c.Case.GetId(), c.Case.GetCode(), name, c.Case.GetState(), c.Case.Sentence(name))
}

// residents are the people who live in a home.
func (r *Rooms) residents(ctx context.Context, p home.Place) ([]notify.Person, error) {
	list, err := r.Accounts.Residents(ctx, p)
	out := make([]notify.Person, 0, len(list))
	for _, one := range list {
		out = append(out, notify.Person{ID: one.ID, Email: one.Email})
	}
	return out, err
}
