// Package desired keeps what the cloud wants of each home's gateway, with a version, and what became of it: orders that people
// asked for, confirmed by the gateway alone. It may import home, wire and internal/platform/db, and owns the desired_ tables.
package desired

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
)

// Migrations are its tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Lives and bounds.
const (
	OrderLife = time.Hour
	CheckLife = 2 * time.Minute // who asks whether it is clean waits for the answer
	CodeLife  = 10 * time.Minute
	MaxKept   = 500 // orders of a home; those done longest ago give way
	Keep      = 400 * 24 * time.Hour
	maxID     = 64
	maxText   = 500
)

// Status is how far an order has come.
type Status string

// Statuses.
const (
	Asked   Status = "asked"
	InForce Status = "in_force"
	Failed  Status = "failed"  // Reason tells why
	Expired Status = "expired" // the gateway has not begun it in time
)

// Order is one act that a person asked for.
type Order struct {
	ID       string
	Place    home.Place // its gateway is not stored: an order is for the home
	Verb     string     // quarantine, release, check, dismiss, block, unblock, allow, disallow, identify, merge, split, protect, unprotect, mode, try, step, undo, code, erase, remedy
	Device   string
	Incident string
	Endpoint string
	About    *pb.Order // what some verbs need beside: its other, mac, identity, protection, mode, step, answer, deed and remedy; nil for none
	By       string    // owner, support
	Who      string    // which person; not told to the gateway
	Why      string
	Key      string // idempotency: the same key of the same home is the same order; "" makes one of its own
	Asked    time.Time
	Expires  time.Time
	Status   Status
	Done     time.Time // zero: not yet
	Reason   string    // why it failed
	Check    *pb.Check // the answer to a check
	Code     string    // the answer to a code, as long as it may be used
}

// Errors that the caller turns into words.
var (
	ErrTooMany = errors.New("the gateway has not confirmed what it was asked for before: please wait")
	ErrKey     = errors.New("the same idempotency key was used for something else")
	ErrUnknown = errors.New("there is no such order")
	ErrOrder   = errors.New("that cannot be asked of a gateway")
)

// Sources is what is desired and kept elsewhere; nil functions have nothing.
type Sources struct {
	Keys    func(context.Context, home.Place) ([]*pb.ResidentKey, error)
	Revoked func(context.Context, home.Place) ([]string, error) // ids of revoked consents
	// Bundles are the versions that the home is to have, and those to judge by without acting.
	Bundles func(context.Context, home.Place) (bundles, shadow []*pb.BundleVersion, err error)
	// Hunts are what the home's past is to be looked through for, the oldest first.
	Hunts func(context.Context, home.Place) ([]*pb.Hunt, error)
	// Plan is what the home's people bought, and how their provider shows itself; nil for nothing to say.
	Plan func(context.Context, home.Place) (*pb.Plan, error)
	// Household is what the home's people decided; nil when they decided nothing.
	Household func(context.Context, home.Place) (*pb.Household, error)
}

// Options are what this room needs of others; nil ones are left out.
type Options struct {
	Sources Sources
	Feed    func(tx *db.Tx, p home.Place, kind, id string) error
	Nudge   func(p home.Place, version uint64) // after commit; must not block. The place is the home's, without gateway
	Now     func() time.Time                   // default time.Now
}

// Desired is the store. Make it with New.
type Desired struct {
	db *db.DB
	o  Options
}

// New makes a store on tables that have been migrated.
func New(d *db.DB, o Options) *Desired {
	if o.Feed == nil {
		o.Feed = func(*db.Tx, home.Place, string, string) error { return nil }
	}
	if o.Nudge == nil {
		o.Nudge = func(home.Place, uint64) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Desired{db: d, o: o}
}

// needs says what each verb is about.
var needs = map[string]struct {
	device, incident, endpoint bool
	about                      func(*pb.Order) bool // nil: nothing
}{
	"quarantine": {device: true},
	"release":    {incident: true, about: func(o *pb.Order) bool { return o == nil || proto.Equal(o, &pb.Order{Until: o.GetUntil()}) }}, // for a time, or for good
	"check":      {incident: true},
	"dismiss":    {incident: true, about: func(o *pb.Order) bool { return o == nil || o.GetAnswer() != "" }},
	"block":      {endpoint: true},
	"unblock":    {endpoint: true},
	"allow":      {endpoint: true},
	"disallow":   {endpoint: true},
	"identify":   {device: true, about: func(o *pb.Order) bool { return o.GetIdentity() != nil }},
	"merge":      {device: true, about: func(o *pb.Order) bool { return o.GetOther() != "" }},
	"split":      {device: true, about: func(o *pb.Order) bool { return o.GetMac() != "" }},
	"protect":    {device: true, about: func(o *pb.Order) bool { return o.GetProtection().GetKind() != "" }},
	"unprotect":  {device: true, about: func(o *pb.Order) bool { return o.GetProtection().GetKind() != "" }},
	"mode":       {device: true, about: func(o *pb.Order) bool { return home.Mode(o.GetMode()).Rank() >= 0 }},
	"try":        {device: true, about: func(o *pb.Order) bool { return home.Mode(o.GetMode()).Listing() || o.GetMode() == string(home.ModeOff) }},
	"step": {incident: true, about: func(o *pb.Order) bool {
		return o.GetStep() != "" && (o.GetAnswer() == "done" || o.GetAnswer() == "skip")
	}},
	"undo":  {incident: true, about: func(o *pb.Order) bool { return o.GetDeed() != "" }},
	"code":  {incident: true},
	"erase": {},
	"remedy": {about: func(o *pb.Order) bool {
		return slices.Contains([]string{"fair", "upstream", "restart", "off"}, o.GetRemedy())
	}},
}

// Verbs lists what can be asked.
func Verbs() []string {
	out := make([]string, 0, len(needs))
	for v := range needs {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

func (o *Order) check() error {
	need, ok := needs[o.Verb]
	switch {
	case !ok:
		return fmt.Errorf("%w: the verb is one of %s", ErrOrder, strings.Join(Verbs(), ", "))
	case o.By != "owner" && o.By != "support":
		return fmt.Errorf("%w: by owner or support", ErrOrder)
	case need.device && o.Device == "":
		return fmt.Errorf("%w: %s needs a device", ErrOrder, o.Verb)
	case need.incident && o.Incident == "":
		return fmt.Errorf("%w: %s needs an incident", ErrOrder, o.Verb)
	case need.endpoint && o.Endpoint == "":
		return fmt.Errorf("%w: %s needs an endpoint", ErrOrder, o.Verb)
	case need.about == nil && o.About != nil || need.about != nil && !need.about(o.About):
		return fmt.Errorf("%w: %s needs to say of what", ErrOrder, o.Verb)
	case o.Verb == "erase" && o.By != "owner":
		return fmt.Errorf("%w: only the home's own people erase what its gateway keeps", ErrOrder)
	case o.By == "support" && strings.TrimSpace(o.Why) == "":
		return fmt.Errorf("%w: support has to give a reason", ErrOrder)
	}
	for _, f := range []struct {
		what, s string
		max     int
	}{{"device", o.Device, maxID}, {"incident", o.Incident, maxID}, {"endpoint", o.Endpoint, home.MaxName + 16}, {"why", o.Why, maxText},
		{"who", o.Who, maxText}, {"idempotency key", o.Key, 128}, {"other device", o.About.GetOther(), maxID}, {"MAC", o.About.GetMac(), maxID},
		{"model", o.About.GetIdentity().GetModel(), maxID}, {"vendor", o.About.GetIdentity().GetVendor(), maxID},
		{"class", o.About.GetIdentity().GetClass(), maxID}, {"step", o.About.GetStep(), maxID}, {"deed", o.About.GetDeed(), maxID}, {"answer", o.About.GetAnswer(), maxID}, {"protection", o.About.GetProtection().GetKind(), maxID}, {"protocol", o.About.GetProtection().GetProto(), 8}} {
		if len(f.s) > f.max || strings.ContainsRune(f.s, 0) || strings.ToValidUTF8(f.s, "") != f.s {
			return fmt.Errorf("%w: %s is too long or not text", ErrOrder, f.what)
		}
	}
	return nil
}

// same says whether an order with the same key asks for the same.
func (o Order) same(p Order) bool {
	return o.Verb == p.Verb && o.Device == p.Device && o.Incident == p.Incident && o.Endpoint == p.Endpoint && o.By == p.By && o.Who == p.Who &&
		proto.Equal(said(o.About), said(p.About))
}

// said is what somebody asked for, without until when: that is reckoned from when it is asked.
func said(o *pb.Order) *pb.Order {
	if o.GetUntil() == 0 {
		return o
	}
	o = proto.CloneOf(o)
	o.Until = 1
	return o
}

// Ask asks a home's gateway for something, and does what else is to be written with it, or neither. The same key again returns the same order
// as it is now.
func (d *Desired) Ask(ctx context.Context, o Order, also ...func(*db.Tx) error) (Order, error) {
	if err := o.check(); err != nil {
		return Order{}, err
	}
	o.Place = o.Place.OfHome()
	now := d.o.Now().Truncate(time.Millisecond).UTC()
	id, err := uuid.NewV7()
	if err != nil {
		return Order{}, fmt.Errorf("order: %w", err)
	}
	o.ID, o.Asked, o.Status, o.Done, o.Reason, o.Check, o.Code = id.String(), now, Asked, time.Time{}, "", nil, ""
	if o.Key == "" {
		o.Key = o.ID
	}
	o.Expires = now.Add(OrderLife)
	if o.Verb == "check" || o.Verb == "code" {
		o.Expires = now.Add(CheckLife)
	}
	var out Order
	err = d.db.Tx(ctx, func(tx *db.Tx) (err error) {
		out, err = d.ask(tx, o, now)
		for _, write := range also {
			if err == nil {
				err = write(tx)
			}
		}
		return err
	})
	if err != nil {
		return Order{}, fmt.Errorf("ask: %w", err)
	}
	return out, nil
}

func (d *Desired) ask(tx *db.Tx, o Order, now time.Time) (Order, error) {
	if old, there, err := before(tx, o, now); there || err != nil {
		return old, err
	}
	// The version's row is the lock that makes two who ask at once come one after the other: only then look again and count.
	version, err := d.bump(tx, o.Place)
	if err != nil {
		return Order{}, err
	}
	if old, there, err := before(tx, o, now); there || err != nil {
		return old, err
	}
	var waiting int
	if err := tx.Row("SELECT COUNT(*) FROM desired_order WHERE "+waitingOf,
		o.Place.Tenant, o.Place.Home, now.UnixMilli()).Scan(&waiting); err != nil {
		return Order{}, err
	}
	if waiting >= wire.MaxOrders {
		return Order{}, ErrTooMany
	}
	var about []byte
	if o.About != nil {
		if about, err = proto.Marshal(o.About); err != nil {
			return Order{}, err
		}
	}
	if _, err := tx.Exec("INSERT INTO desired_order (tenant, home, id, idem, verb, device, incident, endpoint, by_role, who, why, asked, expires,"+
		" status, done, reason, about) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,0,'',?)", o.Place.Tenant, o.Place.Home, o.ID, o.Key, o.Verb, o.Device, o.Incident,
		o.Endpoint, o.By, o.Who, o.Why, o.Asked.UnixMilli(), o.Expires.UnixMilli(), string(Asked), about); err != nil {
		return Order{}, err
	}
	if err := bound(tx, o.Place); err != nil {
		return Order{}, err
	}
	tx.After(func() { d.o.Nudge(o.Place, version) })
	return o, d.o.Feed(tx, o.Place, "order", o.ID)
}

// before finds the order that has the same key.
func before(tx *db.Tx, o Order, now time.Time) (old Order, there bool, err error) {
	old, err = one(tx, "tenant = ? AND home = ? AND idem = ?", o.Place.Tenant, o.Place.Home, o.Key)
	switch {
	case db.NoRows(err):
		return Order{}, false, nil
	case err != nil:
		return Order{}, false, err
	case !old.same(o):
		return Order{}, false, ErrKey
	}
	return old.at(now), true, nil
}

// bound forgets the oldest orders of a home that are done.
func bound(tx *db.Tx, p home.Place) error {
	var n int
	if err := tx.Row("SELECT COUNT(*) FROM desired_order WHERE tenant = ? AND home = ?", p.Tenant, p.Home).Scan(&n); err != nil || n <= MaxKept {
		return err
	}
	_, err := tx.Exec("DELETE FROM desired_order WHERE tenant = ? AND home = ? AND id IN (SELECT id FROM desired_order"+
		" WHERE tenant = ? AND home = ? AND status <> 'asked' ORDER BY id LIMIT ?)", p.Tenant, p.Home, p.Tenant, p.Home, n-MaxKept)
	return err
}

// Touch raises a home's version because something that is kept elsewhere has changed (a key, a consent), and nudges its
// gateway after the commit.
func (d *Desired) Touch(tx *db.Tx, p home.Place) error {
	version, err := d.bump(tx, p)
	if err != nil {
		return err
	}
	tx.After(func() { d.o.Nudge(p.OfHome(), version) })
	return nil
}

func (d *Desired) bump(tx *db.Tx, p home.Place) (uint64, error) {
	var version int64
	err := tx.Row("INSERT INTO desired_home (tenant, home, version) VALUES (?, ?, 1) ON CONFLICT (tenant, home) DO UPDATE SET"+
		" version = desired_home.version + 1 RETURNING version", p.Tenant, p.Home).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("raise version: %w", err)
	}
	return uint64(version), nil
}
