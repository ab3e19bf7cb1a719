package intel

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Bounds of what one home may tell.
const (
	maxHits    = 500 // of a version in shadow
	maxHitText = 300
	maxID      = 64
)

// Batch is what homes told in one transaction.
type Batch struct {
	n      *Intel
	tx     *db.Tx
	now    time.Time
	shadow map[shadowKey]*shadowHit
	taken  map[takenOf]takenTold
	hunted map[huntedKey]*pb.HuntResult
}

type shadowKey struct {
	place   home.Place
	bundle  string
	version uint64
	device  string
	what    string
}

type shadowHit struct {
	model       string
	count       uint64
	first, last int64
}

type huntedKey struct {
	place home.Place
	hunt  string
}

// Begin makes a batch for one transaction.
func (n *Intel) Begin(tx *db.Tx) *Batch {
	return &Batch{n: n, tx: tx, now: n.o.Now(), shadow: map[shadowKey]*shadowHit{}, taken: map[takenOf]takenTold{}, hunted: map[huntedKey]*pb.HuntResult{}}
}

// Take checks an item and keeps it until Flush. An error means that nothing of it was taken.
func (b *Batch) Take(p home.Place, at time.Time, item *pb.Item) error {
	switch m := item.GetBody().(type) {
	case *pb.Item_ShadowHits:
		return b.takeShadow(p, at, m.ShadowHits)
	case *pb.Item_HuntResult:
		return b.takeHunted(p.OfHome(), m.HuntResult)
	}
	return nil
}

func textOK(s string, least, most int) bool { return oneLine(s, least, most) }

func (b *Batch) takeShadow(p home.Place, at time.Time, m *pb.ShadowHits) error {
	if !textOK(m.GetBundle(), 1, 20) || m.GetVersion() == 0 || m.GetVersion() > 1<<62 || len(m.GetHits()) > maxHits {
		return errors.New("hits in shadow of no bundle, or too many")
	}
	if m.GetBundle() == models {
		return b.takeTaken(p, at, m)
	}
	for _, h := range m.GetHits() {
		if !textOK(h.GetDevice(), 1, maxID) || !textOK(h.GetWhat(), 1, maxHitText) || !textOK(h.GetModel(), 0, maxHitText) || h.GetCount() == 0 || h.GetCount() > 1<<40 {
			return errors.New("a hit in shadow is not as it should be")
		}
		if m.GetBundle() == profiles && home.Difference(h.GetWhat()).Of() != profiles {
			return errors.New("profiles in shadow differ in nothing that is known")
		}
	}
	for _, h := range m.GetHits() {
		k := shadowKey{p.OfHome(), m.GetBundle(), m.GetVersion(), h.GetDevice(), h.GetWhat()}
		was := b.shadow[k]
		if was == nil {
			was = &shadowHit{first: at.UnixMilli()}
			b.shadow[k] = was
		}
		was.model, was.count, was.last = h.GetModel(), was.count+h.GetCount(), max(was.last, at.UnixMilli())
		if f := h.GetFirst(); f > 0 {
			was.first = min(was.first, max(f, at.Add(-2*day).UnixMilli()))
		}
	}
	return nil
}

func (b *Batch) takeHunted(p home.Place, m *pb.HuntResult) error {
	if !textOK(m.GetId(), 1, maxID) || len(m.GetHits()) > maxHits {
		return errors.New("the result of no search, or too large")
	}
	for _, h := range m.GetHits() {
		if !textOK(h.GetDevice(), 1, maxID) || h.GetOf() >= MaxHuntFor || !textOK(h.GetIncident(), 0, maxID) {
			return errors.New("a hit of a search is not as it should be")
		}
	}
	b.hunted[huntedKey{p, m.GetId()}] = m
	return nil
}

// Flush writes what was taken.
func (b *Batch) Flush() error {
	for _, k := range slices.SortedFunc(mapsKeys(b.shadow), compareShadow) {
		if err := b.flushShadow(k, b.shadow[k]); err != nil {
			return fmt.Errorf("hits in shadow: %w", err)
		}
	}
	for _, k := range slices.SortedFunc(mapsKeys(b.taken), compareTaken) {
		if err := b.flushTaken(k, b.taken[k]); err != nil {
			return fmt.Errorf("models in shadow: %w", err)
		}
	}
	for _, k := range slices.SortedFunc(mapsKeys(b.hunted), func(x, y huntedKey) int { return cmp.Or(byHome(x.place, y.place), cmp.Compare(x.hunt, y.hunt)) }) {
		if err := b.flushHunted(k, b.hunted[k]); err != nil {
			return fmt.Errorf("results of searches: %w", err)
		}
	}
	return nil
}

func byHome(a, b home.Place) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Home, b.Home))
}

func compareShadow(x, y shadowKey) int {
	return cmp.Or(byHome(x.place, y.place), cmp.Compare(x.bundle, y.bundle), cmp.Compare(x.version, y.version), cmp.Compare(x.device, y.device), cmp.Compare(x.what, y.what))
}

func (b *Batch) flushShadow(k shadowKey, h *shadowHit) error {
	some, err := b.tx.Exec(`UPDATE intel_shadow SET model = ?, count = count + ?, last_time = ? WHERE tenant = ? AND home = ? AND bundle = ? AND version = ? AND device = ? AND what = ?`,
		h.model, int64(h.count), h.last, k.place.Tenant, k.place.Home, k.bundle, int64(k.version), k.device, k.what)
	if err != nil || some > 0 {
		return err
	}
	var rows int64
	if err := b.tx.Row("SELECT COUNT(*) FROM intel_shadow WHERE tenant = ? AND home = ? AND bundle = ? AND version = ?", k.place.Tenant, k.place.Home, k.bundle, int64(k.version)).Scan(&rows); err != nil {
		return err
	}
	if rows >= maxHits {
		return nil // one home says enough
	}
	_, err = b.tx.Exec("INSERT INTO intel_shadow (tenant, home, bundle, version, device, what, model, count, first_time, last_time) VALUES (?,?,?,?,?,?,?,?,?,?)",
		k.place.Tenant, k.place.Home, k.bundle, int64(k.version), k.device, k.what, h.model, int64(h.count), h.first, h.last)
	return err
}

func (b *Batch) flushHunted(k huntedKey, m *pb.HuntResult) error {
	var one int64
	if err := b.tx.Row("SELECT 1 FROM intel_hunt WHERE tenant = ? AND id = ?", k.place.Tenant, k.hunt).Scan(&one); db.NoRows(err) {
		return nil // nobody asked
	} else if err != nil {
		return err
	}
	devices, cases := map[string]bool{}, map[string]bool{}
	for _, h := range m.GetHits() {
		if devices[h.GetDevice()] = true; h.GetIncident() != "" {
			cases[h.GetIncident()] = true
		}
	}
	data, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	_, err = b.tx.Exec(`INSERT INTO intel_hunted (tenant, home, hunt, at, searched, devices, cases, data) VALUES (?,?,?,?,?,?,?,?)
		ON CONFLICT (tenant, home, hunt) DO UPDATE SET at = excluded.at, searched = excluded.searched, devices = excluded.devices, cases = excluded.cases, data = excluded.data`,
		k.place.Tenant, k.place.Home, k.hunt, b.now.UnixMilli(), m.GetSearched(), len(devices), len(cases), data)
	return err
}
