// Package rooms ties the cloud's contexts together: they do not know each other, and what one needs of another, or does in two of them
// at once (erase a home, end a subscription, what two persons of staff agreed on), stands here, over one database. It imports every
// context, and of the API only its problems and the views in which staff propose; nothing here serves, listens or runs by itself. Rooms
// owns the database and the keys in the data folder.
package rooms

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
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
	"cardea/cloud/household"
	"cardea/cloud/incident"
	"cardea/cloud/ingest"
	intelligence "cardea/cloud/intel"
	"cardea/cloud/normal"
	"cardea/cloud/notify"
	"cardea/cloud/report"
	"cardea/cloud/rollout"
	"cardea/cloud/staff"
	"cardea/cloud/webhook"
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
	Reports   *report.Reports
	Fleet     *fleet.Fleet
	Normal    *normal.Normal
	Household *household.Households
	Intel     *intelligence.Intel
	Webhooks  *webhook.Webhooks
	CA        *pki.CA

	Staff *staff.Staff

	pseudonyms []byte // key of homes' pseudonyms
	Operator   string // slug of the tenant whose staff steer the installation; "" for none
	DB         *db.DB
	signals    Signals
	Channels   notify.Channels // of providers, beside push and e-mail
}

// Signals are what the contexts tell the running cloud after a commit. None of them blocks. Admin has no cloud around it
// and leaves them empty: gateways then find out at their next report.
type Signals struct {
	News    func(home.Place)         // the home's feed has something new
	Nudge   func(home.Place, uint64) // the home's desired state has a new version
	Gateway func()                   // a gateway came, went or was revoked
	Rollout func()                   // homes may get another version of a bundle
}

func (s *Signals) defaults() {
	if s.News == nil {
		s.News = func(home.Place) {}
	}
	if s.Nudge == nil {
		s.Nudge = func(home.Place, uint64) {}
	}
	if s.Gateway == nil {
		s.Gateway = func() {}
	}
	if s.Rollout == nil {
		s.Rollout = func() {}
	}
}

// Open opens the database and the keys in the data folder, makes what is not there yet, and brings all tables up to date.
func Open(ctx context.Context, cfg Config, s Signals, log *slog.Logger) (_ *Rooms, err error) {
	cfg.defaults()
	s.defaults()
	r := &Rooms{signals: s, Operator: cfg.Operator}
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
	if r.DB, err = db.Open(ctx, cfg.DB); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.DB.Close())
		}
	}()
	if err := r.migrate(ctx); err != nil {
		return nil, err
	}
	network, err := account.LoadNetworkKey(filepath.Join(cfg.Data, "network-key"))
	if err != nil {
		return nil, err
	}
	in, err := waysIn(cfg, log)
	if err != nil {
		return nil, err
	}
	r.pseudonyms = network
	r.contexts(cfg, keys, network, in, log)
	if err := r.openAudit(ctx, cfg); err != nil {
		return nil, err
	}
	r.openStaff(log)
	push, err := notify.LoadKeys(filepath.Join(cfg.Data, "push-keys.json"))
	if err != nil {
		return nil, err
	}
	if err := r.openNotify(cfg, push, log); err != nil {
		return nil, err
	}
	r.Reports = report.New(r.DB, report.Options{Figures: r.figures, Zone: r.Zone, Tell: r.tellReport}, log)
	return r, nil
}

// openAudit has checkpoints signed, and chains what was written before there were chains.
func (r *Rooms) openAudit(ctx context.Context, cfg Config) error {
	key, err := audit.LoadKey(filepath.Join(cfg.Data, "audit-key"))
	if err != nil {
		return err
	}
	r.Audit.Sign(key, filepath.Join(cfg.Data, "audit-checkpoints.jsonl"))
	n, err := r.Audit.Adopt(ctx)
	if err == nil && n > 0 {
		_, err = r.Audit.Seal(ctx)
	}
	return err
}

// migrate brings each context's tables up to date.
func (r *Rooms) migrate(ctx context.Context) error {
	for _, c := range []struct {
		name  string
		files fs.FS
	}{
		{"account", account.Migrations}, {"audit", audit.Migrations}, {"feed", feed.Migrations}, {"history", history.Migrations},
		{"desired", desired.Migrations}, {"incident", incident.Migrations}, {"ingest", ingest.Migrations},
		{"rollout", rollout.Migrations}, {"notify", notify.Migrations}, {"report", report.Migrations}, {"fleet", fleet.Migrations}, {"normal", normal.Migrations},
		{"staff", staff.Migrations},
		{"household", household.Migrations}, {"webhook", webhook.Migrations}, {"intel", intelligence.Migrations},
	} {
		if err := r.DB.Migrate(ctx, c.name, c.files); err != nil {
			return err
		}
	}
	return nil
}

// contexts makes them and ties them together: they do not know each other.
func (r *Rooms) contexts(cfg Config, keys rollout.Keys, network []byte, in ways, log *slog.Logger) {
	r.Audit = audit.New(r.DB, time.Now)
	r.Webhooks = webhook.New(r.DB, webhook.Options{Source: cfg.Public, Reach: reachOf(cfg), Insecure: cfg.Demo, Key: network, Paused: r.webhookPaused}, log)
	r.Audit.Sealed = r.tellSealed
	r.Feed = feed.New(r.DB, r.signals.News)
	r.Rollout = rollout.New(r.DB, keys, time.Now, log)
	r.Rollout.Changed, r.Rollout.Tell = r.signals.Rollout, r.tellRollout
	var brokers []string
	for _, a := range cfg.Advertise {
		brokers = append(brokers, "tls://"+a)
	}
	r.Accounts = account.New(r.DB, r.CA, account.Options{
		Brokers: brokers, Name: BrokerName, BundleRoot: r.Rollout.Root, NetworkKey: network,
		Passkeys: in.passkeys, Providers: in.providers, StaffProviders: in.staff, Mail: mailOf(cfg.SMTP, r.provider, r.language),
		Link: func(page, secret string) string { return PageLink(cfg.Public, page, secret) },
		Changed: func(tx *db.Tx, p home.Place) error {
			tx.After(r.signals.Gateway)
			if err := r.Feed.Add(tx, p.OfHome(), "gateway", p.Gateway); err != nil {
				return err
			}
			return r.Desired.Touch(tx, p.OfHome())
		},
		Gone: func(tx *db.Tx, tenant, person string) error { return r.Notify.Forget(tx, tenant, person) },
		Note: func(tx *db.Tx, n account.Note) error {
			who := n.By
			if who == "" { // it enrolled with its claim code
				who = "gateway " + n.Place.Gateway
			}
			if err := r.tellGateway(tx, n); err != nil {
				return err
			}
			if n.Act == "brand-save" || n.Act == "plan-save" || n.Act == "plan-remove" { // all gateways look for what is new
				tx.After(r.signals.Rollout)
			}
			if err := r.tellHome(tx, n); err != nil {
				return err
			}
			return r.Audit.Add(tx, audit.Entry{Tenant: n.Place.Tenant, Home: n.Place.Home, Who: who, Act: n.Act, What: n.What})
		},
	})
	r.Desired = desired.New(r.DB, desired.Options{
		Sources: desired.Sources{Keys: r.Accounts.Keys, Revoked: r.Accounts.RevokedConsents, Bundles: r.Rollout.For, Household: r.toldHousehold,
			Hunts: r.hunts, Plan: r.toldPlan},
		Feed: r.Feed.Add, Nudge: r.signals.Nudge,
	})
	r.History = history.New(r.DB, history.Options{Feed: r.Feed.Add})
	r.Household = household.New(r.DB, household.Options{Known: r.knownDevice, Touch: r.Desired.Touch, Withdraw: withdraw, Feed: r.Feed.Add})
	r.Incidents = incident.New(r.DB, incident.Options{Feed: r.Feed.Add, Changed: r.changed, Model: r.modelOf})
	r.Fleet = fleet.New(r.DB, fleet.Options{Troubled: r.Incidents.Troubled, Helps: helps, Publish: r.Rollout})
	r.Normal = normal.New(r.DB, normal.Options{Levels: r.levels, Networks: r.Accounts.Networks, Troubled: r.Incidents.Troubled, Helps: helps, Allowed: neverListed,
		RollUp: r.History.Used, Facts: vendorDomains, Publish: r.Rollout})
	r.Intel = r.openIntel(cfg, log)
}

// Handlers are the contexts that keep something of what gateways report.
func (r *Rooms) Handlers(nudge func(home.Place, uint64)) ingest.Handlers {
	return ingest.Handlers{
		Begin: []func(*db.Tx) ingest.Batch{
			func(tx *db.Tx) ingest.Batch { return r.History.Begin(tx) },
			func(tx *db.Tx) ingest.Batch { return r.Incidents.Begin(tx) },
			func(tx *db.Tx) ingest.Batch { return r.Desired.Begin(tx) },
			func(tx *db.Tx) ingest.Batch { return r.Fleet.Begin(tx) },
			func(tx *db.Tx) ingest.Batch { return r.Normal.Begin(tx) },
			func(tx *db.Tx) ingest.Batch { return r.Intel.Begin(tx) },
			func(tx *db.Tx) ingest.Batch { return &news{r: r, tx: tx} }, // last: it asks what the others stored
		},
		Beats: func(ctx context.Context, list []ingest.Beat) error {
			beats := make([]history.Beat, len(list))
			healths := make([]rollout.Beat, len(list))
			for i, b := range list {
				beats[i], healths[i] = history.Beat(b), rollout.Beat(b)
			}
			return errors.Join(r.History.Beat(ctx, beats), r.Rollout.Beats(ctx, healths))
		},
		Forget: r.forgetBeat,
		Wanted: r.Desired.Wanted,
		Nudge:  nudge,
	}
}

// forgetBeat forgets what a home's heartbeats told, in both contexts that keep it.
func (r *Rooms) forgetBeat(ctx context.Context, p home.Place) error {
	_, err := r.Rollout.Erase(ctx, p)
	return errors.Join(r.History.EraseBeat(ctx, p), err)
}

// Trim drops what was kept long enough, in every context.
func (r *Rooms) Trim(ctx context.Context) error {
	_, err := r.Feed.Trim(ctx, time.Now().Add(-keepFeed))
	return errors.Join(err, r.History.Trim(ctx), r.Rollout.TrimHealth(ctx), r.Incidents.Trim(ctx), r.Desired.Trim(ctx), r.Accounts.Tidy(ctx), r.Fleet.Trim(ctx), r.Normal.Trim(ctx), r.Intel.Trim(ctx), r.Reports.Trim(ctx), r.trimHouseholds(ctx), ingest.TrimErased(ctx, r.DB, time.Now()))
}

// Stored says what is stored of a gateway's spool: the highest sequence and how many items.
func (r *Rooms) Stored(ctx context.Context, p home.Place, epoch uint64) (highest, items uint64, err error) {
	return ingest.Stored(ctx, r.DB, p, epoch)
}

// Close releases the database.
func (r *Rooms) Close() error { return r.DB.Close() }
