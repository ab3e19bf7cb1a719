package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Label is what a device is said to be.
type Label struct{ Model, Vendor, Class string }

// Unit is one home's vote for a label: the device of that home which tells most.
type Unit struct {
	Home   string // of which only equality counts
	Label  Label
	Tokens []*pb.Token
	Age    uint32 // how long the device was watched, as pb.Sighted has it
}

// Report says what Learn found and made.
type Report struct {
	Busy     bool   // another process learns now: nothing was done
	Homes    int    // that tell
	Grouped  int    // devices
	Labels   int    // of which
	Teaching int    // are learned
	Units    int    // of how many homes' votes
	Version  uint64 // of the bundle; 0 when there is none
	Changed  bool
}

// z is of the 95 % interval (Wilson 1927).
const z = 1.959963984540054

// wilson is the lower bound of a share.
func wilson(n, of int) float64 {
	if of <= 0 {
		return 0
	}
	p, m := float64(n)/float64(of), float64(of)
	return (p + z*z/(2*m) - z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))) / (1 + z*z/m)
}

// Learn groups what nobody knows, counts who says what, and has a model learned of what may teach and published.
func (f *Fleet) Learn(ctx context.Context) (Report, error) { return f.LearnTo(ctx, f.o.Publish) }

// LearnTo is Learn for somebody who publishes in another way, as by a command that is written down; nil: nothing is published.
func (f *Fleet) LearnTo(ctx context.Context, to Publisher) (r Report, err error) {
	ctx = db.Patient(ctx)
	ok, err := f.turn(ctx, false)
	if err != nil || !ok {
		return Report{Busy: !ok}, err
	}
	defer func() { err = errors.Join(err, f.release(context.WithoutCancel(ctx))) }()
	if err := f.sweep(ctx); err != nil {
		return r, err
	}
	if r.Grouped, err = f.group(ctx); err != nil {
		return r, err
	}
	troubled, err := f.o.Troubled(ctx)
	if err != nil {
		return r, fmt.Errorf("homes with open incidents: %w", err)
	}
	t := newTally()
	if err := f.each(ctx, troubled, t.add); err != nil {
		return r, err
	}
	t.judge()
	r.Homes, r.Labels = t.homes, len(t.votes)
	for _, v := range t.votes {
		if v.teaches {
			r.Teaching++
		}
	}
	if err := f.keep(ctx, t); err != nil {
		return r, err
	}
	if to == nil {
		return r, nil
	}
	return r, f.publish(ctx, to, troubled, t, &r)
}

func (f *Fleet) publish(ctx context.Context, to Publisher, troubled func(home.Place) bool, t *tally, r *Report) error {
	var failed error
	model, err := f.o.Learner.Learn(ctx, func(yield func(Unit) bool) {
		stop := errors.New("the learner has enough")
		failed = f.each(ctx, troubled, func(h *aHome) error {
			for _, u := range t.units(h) {
				r.Units++
				if !yield(u) {
					return stop
				}
			}
			return nil
		})
		if errors.Is(failed, stop) {
			failed = nil
		}
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("learn models: %w", err)
	}
	if r.Units == 0 {
		return nil
	}
	if r.Version, r.Changed, err = to.PublishData(ctx, "models", model); err != nil {
		return fmt.Errorf("publish models: %w", err)
	}
	return nil
}

// aDevice is a device with all that is said of it.
type aDevice struct {
	id      string
	label   Label // as its home's gateway judges
	by      string
	cluster string
	named   Label // as an operator named its cluster
	word    Label // its owner's, when it has stood long enough
	says    bool  // its owner says something at all
	tokens  []byte
}

// aHome is a home that may teach.
type aHome struct {
	place   home.Place
	devices []aDevice
}

const readEach = 2000 // rows of one read

// each gives every home that may teach, in order. It reads in parts, each of one moment.
func (f *Fleet) each(ctx context.Context, troubled func(home.Place) bool, do func(*aHome) error) error {
	now := f.o.Now()
	var last aRow
	var h *aHome
	renewed := now
	end := func() error {
		if h == nil || troubled(h.place) {
			return nil
		}
		return do(h)
	}
	for {
		list, err := f.rows(ctx, last, now.Add(-MinAge))
		if err != nil {
			return err
		}
		for _, r := range list {
			if last = r; r.young {
				continue
			}
			if h == nil || h.place != r.place {
				if err := end(); err != nil {
					return err
				}
				h = &aHome{place: r.place}
			}
			h.devices = append(h.devices, r.aDevice)
		}
		if len(list) < readEach {
			return end()
		}
		if now := f.o.Now(); now.Sub(renewed) > time.Minute {
			renewed = now
			if _, err := f.turn(ctx, true); err != nil {
				return err
			}
		}
	}
}

type aRow struct {
	place home.Place
	aDevice
	young bool // its home is not old enough
}

// rows reads devices after one of them.
func (f *Fleet) rows(ctx context.Context, after aRow, old time.Time) (list []aRow, err error) {
	err = f.db.View(ctx, func(tx *db.Tx) error {
		list = nil
		p := after.place
		rows, err := tx.Query("SELECT d.tenant, d.home, d.device, d.model, d.vendor, d.class, d.said_by, d.grp, d.tokens, COALESCE(n.model, ''), COALESCE(n.vendor, ''),"+
			" COALESCE(n.class, ''), COALESCE(w.model, ''), COALESCE(w.vendor, ''), COALESCE(w.class, ''), COALESCE(w.since, 0), COALESCE(h.since, ?)"+
			" FROM (SELECT * FROM fleet_device WHERE (tenant, home, device) > (?, ?, ?) ORDER BY tenant, home, device LIMIT ?) AS d"+
			" LEFT JOIN fleet_home h ON h.tenant = d.tenant AND h.home = d.home LEFT JOIN fleet_word w ON w.tenant = d.tenant AND w.home = d.home AND w.device = d.device LEFT JOIN fleet_name n ON n.cluster = d.grp"+
			" ORDER BY d.tenant, d.home, d.device", f.o.Now().UnixMilli(), p.Tenant, p.Home, after.id, readEach)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var r aRow
			var since, begun int64
			if err := rows.Scan(&r.place.Tenant, &r.place.Home, &r.id, &r.label.Model, &r.label.Vendor, &r.label.Class, &r.by, &r.cluster, &r.tokens, &r.named.Model,
				&r.named.Vendor, &r.named.Class, &r.word.Model, &r.word.Vendor, &r.word.Class, &since, &begun); err != nil {
				return err
			}
			if r.says = since > 0; since > old.UnixMilli() {
				r.word = Label{}
			}
			r.young = begun > old.UnixMilli()
			list = append(list, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("devices of the fleet: %w", err)
	}
	return list, nil
}

// Sources of a label.
const (
	byRules = iota
	byNames
	byWords
	byLearned // counted only: what was learned teaches nothing
	sources
)

var sourceNames = [sources]string{"rules", "operator", "residents", "learned"}

// vote is what is counted of a label.
type vote struct {
	label   Label
	homes   int // that have such a device
	of      [sources]int
	texts   texts
	teaches bool
	why     string
}

// claim is a label as it is said, by whom, of devices that are alike.
type claim struct {
	cluster string
	label   Label
	by      int
}

// tally is who says what, in homes.
type tally struct {
	homes    int
	votes    map[Label]*vote
	clusters map[string]int // homes with such devices
	claims   map[claim]int  // homes that say so
	passed   map[claim]bool // those that are past the thresholds
	refused  int            // labels beyond the bound
}

func newTally() *tally {
	return &tally{votes: map[Label]*vote{}, clusters: map[string]int{}, claims: map[claim]int{}, passed: map[claim]bool{}}
}

// clean is a label as it may be learned: no device may talk itself, or be learned, into more care.
func (l Label) clean() Label {
	if home.DeviceClass(l.Class).SetByPeople() {
		l.Class = ""
	}
	return l
}

// judged gives what a device is said to be, but for its owner, and by whom.
func (d *aDevice) judged() (Label, int, bool) {
	switch {
	case d.by == "rules" && d.label.Model != "":
		return d.label.clean(), byRules, true
	case d.named.Model != "": // also when it was learned meanwhile: else what is learned would end what it was learned of
		return d.named.clean(), byNames, true
	case d.label.Model != "":
		return d.label.clean(), byLearned, true
	}
	return Label{}, 0, false
}

func (t *tally) add(h *aHome) error {
	t.homes++
	type ballot struct {
		Label
		by int
	}
	voted, clusters, claims := map[ballot]bool{}, map[string]bool{}, map[claim]bool{}
	for i := range h.devices {
		d := &h.devices[i]
		clusters[d.cluster] = true
		if l := d.word.clean(); l.Model != "" && t.vote(l) != nil {
			claims[claim{d.cluster, l, byWords}], voted[ballot{l, byWords}] = true, true
		}
		l, by, ok := d.judged()
		if !ok || d.says && d.word.clean() != l {
			continue
		}
		v := t.vote(l)
		if v == nil {
			continue
		}
		claims[claim{d.cluster, l, by}], voted[ballot{l, by}] = true, true
		var s pb.Sighted
		if err := proto.Unmarshal(d.tokens, &s); err != nil {
			return fmt.Errorf("tokens of a device: %w", err)
		}
		v.texts.add(h.place, s.GetTokens())
	}
	once := map[Label]bool{}
	for b := range voted {
		v := t.votes[b.Label]
		v.of[b.by]++
		if !once[b.Label] {
			once[b.Label] = true
			v.homes++
		}
	}
	for c := range clusters {
		t.clusters[c]++
	}
	for c := range claims {
		t.claims[c]++
	}
	return nil
}

func (t *tally) vote(l Label) *vote {
	v := t.votes[l]
	if v == nil {
		if len(t.votes) >= MaxLabels {
			t.refused++
			return nil
		}
		v = &vote{label: l}
		t.votes[l] = v
	}
	return v
}

// judge says which labels teach, each of which devices. What a gateway says that rules say is a claim, too: it counts among
// all homes with devices that are alike, so that a few hostile ones cannot put a name of theirs beside that of the others.
func (t *tally) judge() {
	for c, n := range t.claims {
		switch {
		case c.cluster == "" || c.cluster == pending || c.by == byLearned:
		case c.by == byNames:
			t.passed[c] = n >= MinNamed
		default:
			t.passed[c] = n >= MinHomes && wilson(n, t.clusters[c.cluster]) > MinShare
		}
		if t.passed[c] {
			t.votes[c.label].teaches = true
		}
	}
	for _, v := range t.votes {
		switch {
		case v.teaches:
		case v.of[byRules] >= MinHomes:
			v.why = "Too few of the homes with devices that are alike have it."
		case v.of[byRules] > 0:
			v.why = fmt.Sprintf("Fewer than %d homes have it for long enough.", MinHomes)
		case v.of[byNames] > 0:
			v.why = fmt.Sprintf("Fewer than %d homes have such devices for long enough.", MinNamed)
		case v.of[byWords] > 0:
			v.why = "Too few of the homes with such devices say so."
		default:
			v.why = "It is known only by what was learned before."
		}
	}
}

// teaching is the label by which a device teaches.
func (t *tally) teaching(d *aDevice) (Label, bool) {
	if w := d.word.clean(); t.passed[claim{d.cluster, w, byWords}] {
		return w, true
	}
	l, by, ok := d.judged()
	if !ok || d.says && d.word.clean() != l { // its home says something else
		return Label{}, false
	}
	return l, t.passed[claim{d.cluster, l, by}]
}

// units are a home's votes: one a label, of the device that tells most.
func (t *tally) units(h *aHome) (out []Unit) {
	best := map[Label]*aDevice{}
	for i := range h.devices {
		d := &h.devices[i]
		l, ok := t.teaching(d)
		if !ok {
			continue
		}
		if b := best[l]; b == nil || len(d.tokens) > len(b.tokens) {
			best[l] = d
		}
	}
	for _, l := range slices.SortedFunc(maps.Keys(best), byLabel) {
		var s pb.Sighted
		if proto.Unmarshal(best[l].tokens, &s) != nil || len(s.GetTokens()) == 0 {
			continue // it was read once before
		}
		out = append(out, Unit{Home: h.place.Tenant + " " + h.place.Home, Label: l, Tokens: s.GetTokens(), Age: s.GetAge()})
	}
	return out
}

func byLabel(a, b Label) int {
	return cmp.Or(strings.Compare(a.Model, b.Model), strings.Compare(a.Vendor, b.Vendor), strings.Compare(a.Class, b.Class))
}

// words are what people find it by.
func (l Label) words() string { return strings.ToLower(l.Vendor + " " + l.Model + " " + l.Class) }

// id names a label in paths.
func (l Label) id() string {
	h := fnv.New64a()
	for _, s := range []string{l.Model, l.Vendor, l.Class} {
		_, _ = h.Write([]byte(s + "\x00")) // never fails
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// keep stores the count for people to see.
func (f *Fleet) keep(ctx context.Context, t *tally) error {
	f.dropped.Add(uint64(t.refused))
	labels := slices.SortedFunc(maps.Keys(t.votes), byLabel)
	err := f.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec("DELETE FROM fleet_label"); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE fleet_turn SET homes = ? WHERE id = 1", t.homes); err != nil {
			return err
		}
		for _, l := range labels {
			v := t.votes[l]
			if v.homes == v.of[byWords] && !v.teaches {
				continue // residents' own words: nobody's business while few say so
			}
			said, err := proto.Marshal(&pb.Sighted{Tokens: v.texts.most(MinHomes)})
			if err != nil {
				return err
			}
			if _, err := tx.Exec("INSERT INTO fleet_label (id, model, vendor, class, homes, shown, said_by, teaches, why, texts, words) VALUES (?,?,?,?,?,?,?,?,?,?,?)"+
				" ON CONFLICT (id) DO NOTHING", l.id(), l.Model, l.Vendor, l.Class, v.homes, shown(v.homes), strings.Join(v.sources(), ","), teaches(v.teaches), v.why,
				said, l.words()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep labels: %w", err)
	}
	return nil
}

func (v *vote) sources() (out []string) {
	for i, n := range v.of {
		if n > 0 {
			out = append(out, sourceNames[i])
		}
	}
	return out
}

func teaches(b bool) int {
	if b {
		return 1
	}
	return 0
}
