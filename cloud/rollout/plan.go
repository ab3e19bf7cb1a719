package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardea/cloud/rollout/ring"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// State is how far a rollout is.
type State string

// States. Shadow, Running, Paused and Halted are underway: while one is, no other version of the bundle reaches anybody.
const (
	Shadow  State = "shadow"  // homes judge by it without acting
	Running State = "running" // the homes of its ring have it
	Paused  State = "paused"  // the homes of its ring keep it, and no other gets it
	Halted  State = "halted"  // the same, and it is bad: it is about to be undone
	Undone  State = "undone"
	Done    State = "done"
)

func (s State) underway() bool { return s == Shadow || s == Running || s == Paused || s == Halted }

// Plan is one rollout: a version's way through the rings.
type Plan struct {
	ID      string
	Name    string // of the bundle
	Version uint64
	Before  uint64 // the good version that the other homes have; 0: none
	Back    uint64 // the version that says what Before says, when it was undone
	State   State
	Resume  State // to which a pause returns
	Ring    ring.Ring
	Looks   int
	Began   time.Time
	Since   time.Time     // when the present ring or state began
	Watched time.Duration // for how long the present ring, or the time in shadow, was looked at: not while nobody did, or clocks jumped
	Looked  time.Time     // when it was looked at last
	Shadow  time.Duration
	Pace    time.Duration // how long a ring lasts at least; 0: as is usual for the bundle
	By, Why string
	Control ring.Figures // as they were last: the last ring has no others
	Verdict ring.Verdict // of the last look
}

// Event is one step of a rollout's history.
type Event struct {
	At   time.Time
	Who  string // "" when it happened by itself
	What string // started, shadow, ring, paused, resumed, halted, undone, done
	Ring ring.Ring
	Why  string
}

// Errors that a caller turns into words.
var (
	ErrUnderway = errors.New("a rollout of this bundle is underway")
	ErrNoPlan   = errors.New("there is no such rollout")
	ErrState    = errors.New("that cannot be done with a rollout in this state")
	ErrNothing  = errors.New("there is nothing to bring out: the newest version is the good one")
	ErrName     = errors.New("there is no such bundle")
	ErrNoBack   = errors.New("there is no good version to return to")
	ErrNewer    = errors.New("a newer version was published since it was proposed: propose it again, or one by its number")
	ErrShadow   = errors.New("only lists, profiles and models can be judged by without acting: start it without a time in shadow")
)

// Agent is the bundle of the agent's program. Its files are one bundle for each platform, all of the same version.
const Agent = "agent"

// Platforms are those that the agent is built for.
var Platforms = []string{"linux-amd64", "linux-arm64", "linux-armv7", "linux-mipsle"}

// family is the name under which a bundle is brought out.
func family(name string) string {
	if strings.HasPrefix(name, Agent+"-") {
		return Agent
	}
	return name
}

// Known says whether there may be a bundle of that name that is brought out: the agent's is one for all platforms.
func Known(name string) bool {
	_, data := dataBundles[name]
	return data || name == "lists" || name == Agent
}

// Shadowed says whether homes can judge by a version of a bundle without acting.
func Shadowed(name string) bool { return name == "lists" || name == "profiles" || name == "models" }

// policy is how a new version of a bundle reaches homes when nobody says otherwise.
type policy struct {
	atOnce bool // to all, as soon as it is published
	limits ring.Limits
}

// policyOf gives the policy of a bundle. What stops what is bad now reaches all homes at once; what changes how devices are judged goes
// through the rings within a day; the program takes days and begins only when somebody says so.
func policyOf(name string) policy {
	l := ring.Defaults()
	switch name {
	case "lists", "herd":
		l.MinTime, l.Patience = 30*time.Minute, 6*time.Hour
		return policy{atOnce: true, limits: l}
	case Agent:
		l.MinTime, l.First, l.Patience = 24*time.Hour, 10*time.Minute, 3*24*time.Hour
	}
	return policy{limits: l}
}

func (p *Plan) limits() ring.Limits {
	l := policyOf(p.Name).limits
	if p.Pace > 0 {
		l.MinTime, l.First = p.Pace, min(l.First, max(p.Pace/16, time.Millisecond))
	}
	return l
}

// Start says what a rollout is to be.
type Start struct {
	Name    string
	Version uint64        // 0: the newest
	Shadow  time.Duration // for how long homes judge by it without acting first; 0: not at all. Lists, profiles and models only
	Pace    time.Duration // how long a ring lasts at least; 0: as is usual for the bundle
	By, Why string
	Seen    time.Time // when somebody looked what is the newest: one that was published since then is not begun; zero: now
}

// MaxShadow bounds the time in shadow.
const MaxShadow = 30 * 24 * time.Hour

// Also is done in the transaction of an act, as to write down who did it. When it fails the act is not done.
type Also func(tx *db.Tx, p Plan) error

// done does what goes with an act.
func done(tx *db.Tx, p Plan, also []Also) error {
	for _, f := range also {
		if err := f(tx, p); err != nil {
			return err
		}
	}
	return nil
}

// Start begins a rollout of a version that is newer than the good one.
func (r *Rollout) Start(ctx context.Context, s Start, also ...Also) (p Plan, err error) {
	if !Known(s.Name) {
		return p, fmt.Errorf("start a rollout of %.40q: %w", s.Name, ErrName)
	}
	if s.Pace < 0 || s.Pace > MaxShadow || s.Pace > 0 && s.Pace < time.Millisecond {
		return p, fmt.Errorf("start a rollout of %.40q: %w: a ring cannot last %s", s.Name, ErrState, s.Pace)
	}
	if s.Shadow > 0 && !Shadowed(s.Name) {
		return p, fmt.Errorf("start a rollout of %.40q: %w", s.Name, ErrShadow)
	}
	if s.Name == "herd" || s.Shadow < 0 || s.Shadow > MaxShadow {
		return p, fmt.Errorf("start a rollout of %.40q: %w: or not with a time in shadow of %s", s.Name, ErrState, s.Shadow)
	}
	err = r.write(ctx, func(tx *db.Tx) error {
		newest, _, err := r.version(tx, s.Name, s.Version)
		if err == nil && s.Version == 0 && !s.Seen.IsZero() {
			err = unseen(tx, s.Name, newest, s.Seen)
		}
		if err != nil {
			return err
		}
		good, _, err := readGood(tx, s.Name)
		if err != nil {
			return err
		}
		active, err := underway(tx, s.Name)
		switch {
		case err != nil:
			return err
		case active != nil:
			return ErrUnderway
		case newest <= good:
			return ErrNothing
		case good == 0:
			return ErrNoBack
		}
		s.Version = newest
		if p, err = r.begin(tx, s, good); err != nil {
			return err
		}
		return errors.Join(done(tx, p, also), r.sign(tx, true))
	})
	if err != nil {
		return Plan{}, fmt.Errorf("start a rollout of %.40q: %w", s.Name, err)
	}
	return p, nil
}

// unseen fails for a version that was published since a time.
func unseen(tx *db.Tx, name string, version uint64, since time.Time) error {
	for _, of := range bundlesOf(name) {
		var n int
		if err := tx.Row(`SELECT COUNT(*) FROM rollout_bundle WHERE name = ? AND version = ? AND made > ?`, of, int64(version), since.UnixMilli()).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return ErrNewer
		}
	}
	return nil
}

// begin writes a new plan. Its first ring is the lab's.
func (r *Rollout) begin(tx *db.Tx, s Start, good uint64) (Plan, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Plan{}, err
	}
	// The newest rollout of a bundle is the one that counts, also when the clock was set back.
	var last int64
	if err := tx.Row(`SELECT COALESCE(MAX(began), 0) FROM rollout_plan WHERE name = ?`, s.Name).Scan(&last); err != nil {
		return Plan{}, err
	}
	now := r.at()
	began := time.UnixMilli(max(now.UnixMilli(), last+1)).UTC()
	p := Plan{ID: id.String(), Name: s.Name, Version: s.Version, Before: good, State: Running, Ring: ring.Lab, Began: began, Since: now, Looked: now, Shadow: s.Shadow, Pace: s.Pace,
		By: s.By, Why: s.Why}
	if s.Shadow > 0 {
		p.State, p.Ring = Shadow, ring.None
	}
	if err := p.save(tx); err != nil {
		return p, err
	}
	tx.After(r.changed)
	return p, r.note(tx, p, s.By, "started", s.Why)
}

// offer decides what becomes of a version that was just published. It must run within write.
func (r *Rollout) offer(tx *db.Tx, name string, version uint64, textHash string) error {
	family := family(name)
	good, offered, err := readGood(tx, family)
	if err != nil {
		return err
	}
	active, err := underway(tx, family)
	if err != nil || active != nil { // it waits until that is over
		return err
	}
	held, err := isHeld(tx, name, textHash)
	if err != nil {
		return err
	}
	last, err := readPlans(tx, `name = ? ORDER BY began DESC, id DESC LIMIT 1`, family)
	undone := len(last) > 0 && last[0].State == Undone // what comes after a bad version may hold the same mistake
	switch {
	case err != nil || held:
		return err
	case good == 0:
		return setGood(tx, family, version, family != Agent)
	case policyOf(family).atOnce && !undone:
		return setGood(tx, family, version, offered)
	case family == Agent:
		return nil
	}
	_, err = r.begin(tx, Start{Name: family, Version: version, Why: "a new version was published"}, good)
	return err
}

// end makes a version the good one and lets what was published meanwhile have its turn.
func (r *Rollout) end(tx *db.Tx, name string, good uint64) error {
	if err := setGood(tx, name, good, true); err != nil {
		return err
	}
	newest, textHash, err := r.version(tx, name, 0)
	if err != nil || newest <= good || name == Agent {
		return err
	}
	return r.offer(tx, name, newest, textHash)
}

// bundlesOf are the bundles in the repository that a name stands for: the agent's is one of each platform.
func bundlesOf(name string) []string {
	if name != Agent {
		return []string{name}
	}
	out := make([]string, 0, len(Platforms))
	for _, p := range Platforms {
		out = append(out, Agent+"-"+p)
	}
	return out
}

// version finds a version that is kept; 0 asks for the newest. A version of the agent may be there for some platforms only.
func (r *Rollout) version(tx *db.Tx, name string, version uint64) (found uint64, textHash string, err error) {
	for _, of := range bundlesOf(name) {
		all, err := readBundles(tx, of, keepDeltas)
		if err != nil {
			return 0, "", err
		}
		i := slices.IndexFunc(all, func(b bundle) bool { return b.wholePath != "" && (version == 0 || uint64(b.version) == version) })
		if i >= 0 && uint64(all[i].version) > found {
			found, textHash = uint64(all[i].version), all[i].textHash
		}
	}
	if found == 0 {
		return 0, "", ErrVersion
	}
	return found, textHash, nil
}

// note adds to the history.
func (r *Rollout) note(tx *db.Tx, p Plan, who, what, why string) error {
	_, err := tx.Exec(`INSERT INTO rollout_event (plan, seq, at, who, what, ring, why) SELECT ?, COALESCE(MAX(seq), 0) + 1, ?, ?, ?, ?, ? FROM rollout_event
		WHERE plan = ?`, p.ID, r.now().UnixMilli(), who, what, int64(p.Ring), why, p.ID)
	if err == nil && r.Tell != nil {
		err = r.Tell(tx, p, what)
	}
	return err
}

const planColumns = `id, name, version, before, back, state, resume, ring, looks, began, since, shadow, pace, by_who, why, control, verdict, watched, looked`

func (p *Plan) save(tx *db.Tx) error {
	control, err := json.Marshal(p.Control)
	if err != nil {
		return err
	}
	verdict, err := json.Marshal(p.Verdict)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO rollout_plan (`+planColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET back = excluded.back, state = excluded.state, resume = excluded.resume, ring = excluded.ring, looks = excluded.looks,
		since = excluded.since, control = excluded.control, verdict = excluded.verdict, watched = excluded.watched, looked = excluded.looked`,
		p.ID, p.Name, int64(p.Version), int64(p.Before), int64(p.Back), string(p.State), string(p.Resume), int64(p.Ring), int64(p.Looks), p.Began.UnixMilli(),
		p.Since.UnixMilli(), p.Shadow.Milliseconds(), p.Pace.Milliseconds(), p.By, p.Why, string(control), string(verdict),
		p.Watched.Milliseconds(), p.Looked.UnixMilli())
	return err
}

// readPlans reads plans, the newest first.
func readPlans(tx *db.Tx, where string, args ...any) (out []Plan, err error) {
	rows, err := tx.Query(`SELECT `+planColumns+` FROM rollout_plan WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var p Plan
		var began, since, shadow, pace, watched, looked int64
		var control, verdict string
		if err := rows.Scan(&p.ID, &p.Name, &p.Version, &p.Before, &p.Back, &p.State, &p.Resume, &p.Ring, &p.Looks, &began, &since, &shadow, &pace, &p.By, &p.Why, &control,
			&verdict, &watched, &looked); err != nil {
			return nil, err
		}
		p.Began, p.Since = time.UnixMilli(began).UTC(), time.UnixMilli(since).UTC()
		p.Watched, p.Looked = time.Duration(watched)*time.Millisecond, time.UnixMilli(looked).UTC()
		p.Shadow, p.Pace = time.Duration(shadow)*time.Millisecond, time.Duration(pace)*time.Millisecond
		if err := errors.Join(json.Unmarshal([]byte(control), &p.Control), json.Unmarshal([]byte(verdict), &p.Verdict)); err != nil {
			return nil, fmt.Errorf("rollout %s: %w", p.ID, err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

func underway(tx *db.Tx, name string) (*Plan, error) {
	list, err := readPlans(tx, `name = ? AND state IN ('shadow', 'running', 'paused', 'halted') ORDER BY began DESC, id DESC LIMIT 1`, name)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

func readGood(tx *db.Tx, name string) (version uint64, offered bool, err error) {
	err = tx.Row(`SELECT version, offered FROM rollout_good WHERE name = ?`, name).Scan(&version, &offered)
	if db.NoRows(err) {
		return 0, false, nil
	}
	return version, offered, err
}

func setGood(tx *db.Tx, name string, version uint64, offered bool) error {
	n := 0
	if offered {
		n = 1
	}
	_, err := tx.Exec(`INSERT INTO rollout_good (name, version, offered) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET version = excluded.version,
		offered = excluded.offered`, name, int64(version), n)
	return err
}

// isHeld says whether what a version says went wrong once, or the bundle is held back.
func isHeld(tx *db.Tx, name, textHash string) (bool, error) {
	var n int
	err := tx.Row(`SELECT COUNT(*) FROM rollout_held WHERE name = ? AND (text_hash = ? OR text_hash = '')`, name, textHash).Scan(&n)
	return n > 0, err
}

func readEvents(tx *db.Tx, id string) (out []Event, err error) {
	rows, err := tx.Query(`SELECT at, who, what, ring, why FROM rollout_event WHERE plan = ? ORDER BY seq`, id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var e Event
		var at int64
		if err := rows.Scan(&at, &e.Who, &e.What, &e.Ring, &e.Why); err != nil {
			return nil, err
		}
		e.At = time.UnixMilli(at).UTC()
		out = append(out, e)
	}
	return out, rows.Err()
}
