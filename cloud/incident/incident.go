// Package incident mirrors the cases of all homes. The gateway is the only writer of a case's state: this room stores what it
// says, keeps each step for good, and puts it into plain words. It may import home, wire and internal/platform/db, and owns
// the incident_ tables.
package incident

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Migrations are its tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Bounds of what one home may fill.
const (
	MaxFindings = 32  // kept of a case: the first and the latest
	MaxSteps    = 256 // of a case
	MaxCases    = 512 // of a home; the closed ones that changed longest ago give way
	Keep        = 400 * 24 * time.Hour
	maxStrays   = 64 // incidents of a home that have findings and no case yet
	maxID       = 64
	maxText     = 1000
	maxFacts    = 16 << 10
)

// Change is a case that a gateway told anew, with the steps that were not known.
type Change struct {
	Place home.Place
	Case  Case
	Steps []*pb.Transition // new ones, the oldest first
	New   bool             // the case was not known
}

// Options are what this room needs of others; nil ones are left out. Both run in the transaction that stores the case.
type Options struct {
	Feed    func(tx *db.Tx, p home.Place, kind, id string) error
	Changed func(tx *db.Tx, c Change) error // for whom to tell
	// Model says what a device is, as its gateway judges; "" when that is not known or said by its owner.
	Model func(tx *db.Tx, p home.Place, device string) (string, error)
	Now   func() time.Time // default time.Now
}

// Incidents is the store. Make it with New.
type Incidents struct {
	db *db.DB
	o  Options
}

// New makes a store on tables that have been migrated.
func New(d *db.DB, o Options) *Incidents {
	if o.Feed == nil {
		o.Feed = func(*db.Tx, home.Place, string, string) error { return nil }
	}
	if o.Changed == nil {
		o.Changed = func(*db.Tx, Change) error { return nil }
	}
	if o.Model == nil {
		o.Model = func(*db.Tx, home.Place, string) (string, error) { return "", nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Incidents{db: d, o: o}
}

// Batch is what many homes told in one transaction. Cases are rare: each is written for itself, in order.
type Batch struct {
	i     *Incidents
	tx    *db.Tx
	steps []func() error
}

// Begin makes a batch for one transaction.
func (i *Incidents) Begin(tx *db.Tx) *Batch { return &Batch{i: i, tx: tx} }

// Take checks an item and keeps it until Flush. An error means that it is bad.
func (b *Batch) Take(p home.Place, at time.Time, item *pb.Item) error {
	switch body := item.GetBody().(type) {
	case *pb.Item_Finding:
		f, err := checkFinding(body.Finding)
		if err != nil {
			return err
		}
		b.steps = append(b.steps, func() error { return b.i.storeFinding(b.tx, p, f, at) })
	case *pb.Item_Incident:
		c, err := checkCase(body.Incident, at)
		if err != nil {
			return err
		}
		b.steps = append(b.steps, func() error {
			_, err := b.i.storeCase(b.tx, p, c)
			return err
		})
	}
	return nil
}

// Flush writes what was taken.
func (b *Batch) Flush() error {
	for _, f := range b.steps {
		if err := f(); err != nil {
			return fmt.Errorf("incident: %w", err)
		}
	}
	return nil
}

// Incident stores a case as a gateway has it at a time, and tells the steps that are new. An error of checkCase means that
// it is bad, any other that the database failed.
func (i *Incidents) Incident(tx *db.Tx, p home.Place, m *pb.Incident, at time.Time) ([]*pb.Transition, error) {
	c, err := checkCase(m, at)
	if err != nil {
		return nil, err
	}
	return i.storeCase(tx, p, c)
}

// Finding stores a finding.
func (i *Incidents) Finding(tx *db.Tx, p home.Place, m *pb.Finding, at time.Time) error {
	f, err := checkFinding(m)
	if err != nil {
		return err
	}
	return i.storeFinding(tx, p, f, at)
}

var (
	errID    = errors.New("that is not the id of an incident, a finding or a device")
	errState = errors.New("that is not a state of an incident")
	errCode  = errors.New("that is not an incident's code")
)

func checkID(s string) error {
	if s == "" || len(s) > maxID {
		return errID
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"'<>&\/?#%`, c) >= 0 {
			return errID
		}
	}
	return nil
}

func isState(s string) bool {
	switch home.State(s) {
	case home.StateOpen, home.StateContained, home.StateCleaning, home.StateProbation, home.StateClosed:
		return true
	}
	return false
}

// checked is a case that can be stored.
type checked struct {
	*pb.Incident
	steps []string // name of each step of the history, by what the gateway said
}

// checkCase bounds a case. Its times are never later than at: a gateway whose clock was ahead must not make all that it says
// later look old.
func checkCase(m *pb.Incident, at time.Time) (checked, error) {
	c := checked{Incident: proto.CloneOf(m)}
	if err := errors.Join(checkID(c.GetId()), checkID(c.GetDevice())); err != nil {
		return checked{}, err
	}
	if !isState(c.GetState()) {
		return checked{}, errState
	}
	if len(c.GetCode()) == 0 || len(c.GetCode()) > 8 || checkID(c.GetCode()) != nil {
		return checked{}, errCode
	}
	if len(c.GetHistory()) > MaxSteps {
		return checked{}, fmt.Errorf("incident with %d steps: want at most %d", len(c.GetHistory()), MaxSteps)
	}
	c.Code = strings.ToUpper(c.GetCode())
	c.Mode, c.Grade = text(c.GetMode(), maxID), text(c.GetGrade(), maxID)
	ms := at.UnixMilli()
	c.Opened, c.Changed = bounded(c.GetOpened(), ms), bounded(c.GetChanged(), ms)
	c.Symptom = boundSymptom(c.GetSymptom())
	if k := c.GetCheck(); k != nil {
		k.Sentence, k.Said = text(k.GetSentence(), maxText), wire.Bounded(k.GetSaid())
		k.Last = bounded(k.GetLast(), ms)
	}
	treated(c.Incident, ms)
	for _, t := range c.GetHistory() {
		if t.GetFrom() != "" && !isState(t.GetFrom()) || !isState(t.GetTo()) {
			return checked{}, errState
		}
		id, err := hash(t)
		if err != nil {
			return checked{}, err
		}
		c.steps = append(c.steps, id)
		t.Time = bounded(t.GetTime(), ms)
		t.Mode, t.By, t.Why = text(t.GetMode(), maxID), text(t.GetBy(), maxID), text(t.GetWhy(), maxText)
		t.Said = wire.Bounded(t.GetSaid())
	}
	return c, nil
}

// Bounds of how a case is treated.
const (
	maxPlan  = 64 // steps of a playbook
	maxDeeds = 64
)

// treated bounds what a gateway says of how it treats a case; at is the latest time that is believed.
func treated(c *pb.Incident, at int64) {
	c.Kind, c.Playbook, c.Outcome = text(c.GetKind(), maxID), text(c.GetPlaybook(), maxID), text(c.GetOutcome(), maxID)
	c.Steps, c.Deeds = c.GetSteps()[:min(len(c.GetSteps()), maxPlan)], c.GetDeeds()[:min(len(c.GetDeeds()), maxDeeds)]
	for _, s := range c.GetSteps() {
		s.Id, s.State, s.By, s.Result = text(s.GetId(), maxID), text(s.GetState(), maxID), text(s.GetBy(), maxID), text(s.GetResult(), maxText)
		s.Changed, s.Said = bounded(s.GetChanged(), at), wire.Bounded(s.GetSaid())
	}
	for _, d := range c.GetDeeds() {
		d.Id, d.Kind, d.What, d.Endpoint, d.By = text(d.GetId(), maxID), text(d.GetKind(), maxID), text(d.GetWhat(), maxText), text(d.GetEndpoint(), 256), text(d.GetBy(), maxID)
		d.Said = wire.Bounded(d.GetSaid())
		d.Time, d.Undone = bounded(d.GetTime(), at), bounded(d.GetUndone(), at)
	}
	if h := c.GetHarm(); h != nil {
		h.Sentence, h.Since = text(h.GetSentence(), maxText), bounded(h.GetSince(), at)
		h.Said = wire.Bounded(h.GetSaid())
		h.Before, h.Now, h.Retries = finite(h.GetBefore()), finite(h.GetNow()), finite(h.GetRetries())
	}
	if p := c.GetProbation(); p != nil {
		p.Phase, p.Share = text(p.GetPhase(), maxID), min(finite(p.GetShare()), 1)
		p.Since, p.Until = bounded(p.GetSince(), at), bounded(p.GetUntil(), at+400*24*time.Hour.Milliseconds())
		p.Again = bounded(p.GetAgain(), at+400*24*time.Hour.Milliseconds())
		p.SilentMs, p.NeedMs = max(p.GetSilentMs(), 0), max(p.GetNeedMs(), 0)
	}
}

// finite is a number that JSON has, not below 0.
func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) || f < 0 {
		return 0
	}
	return f
}

func checkFinding(m *pb.Finding) (*pb.Finding, error) {
	f := proto.CloneOf(m)
	if err := errors.Join(checkID(f.GetId()), checkID(f.GetDevice())); err != nil {
		return nil, err
	}
	if f.GetIncident() != "" {
		if err := checkID(f.GetIncident()); err != nil {
			return nil, err
		}
	}
	if len(f.GetFacts()) > maxFacts {
		f.Facts = nil
	}
	if len(f.GetCard()) > maxFacts {
		f.Card = nil
	}
	f.Detector, f.Strength, f.Port = text(f.GetDetector(), maxID), text(f.GetStrength(), maxID), text(f.GetPort(), maxID)
	f.Sentence, f.Said = text(f.GetSentence(), maxText), wire.Bounded(f.GetSaid())
	f.Symptom = boundSymptom(f.GetSymptom())
	return f, nil
}

func boundSymptom(s *pb.Symptom) *pb.Symptom {
	if s == nil {
		return nil
	}
	s.Detector = text(s.GetDetector(), maxID)
	s.Ports = s.GetPorts()[:min(len(s.GetPorts()), 64)]
	s.Addrs, s.Names = texts(s.GetAddrs()), texts(s.GetNames())
	return s
}

func texts(in []string) []string {
	in = in[:min(len(in), 64)]
	for n, s := range in {
		in[n] = text(s, 256)
	}
	return in
}

func bounded(ms, most int64) int64 { return min(max(ms, 0), most) }

// text makes s fit to be stored and shown: valid UTF-8 without NUL, at most max bytes.
func text(s string, max int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "�")
	if len(s) > max {
		s = strings.ToValidUTF8(s[:max], "")
	}
	return s
}

// hash names something by what it says.
func hash(m proto.Message) (string, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return "", err
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:16]), nil
}
