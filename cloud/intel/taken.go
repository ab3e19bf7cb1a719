package intel

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// models are the bundle of which it is told whom devices would be taken for: each time all that is so in a home, in place of what was told
// before, and devices are only counted.
const models = "models"

const (
	maxTaken   = 4096           // devices of a home
	takenAgain = 24 * time.Hour // after which what has not changed is written again: so it is kept
)

// takenOf is whose word it is, and about which version.
type takenOf struct {
	place   home.Place // with the gateway
	version uint64
}

// takenAs is one change.
type takenAs struct {
	what, model, class, toModel, toClass string
}

type takenTold struct {
	at   time.Time
	rows map[takenAs]int64
}

func (b *Batch) takeTaken(p home.Place, at time.Time, m *pb.ShadowHits) error {
	rows := make(map[takenAs]int64, len(m.GetHits()))
	for _, h := range m.GetHits() {
		if h.GetDevice() != "" || home.Difference(h.GetWhat()).Of() != models || h.GetCount() == 0 || h.GetCount() > maxTaken || !textOK(h.GetModel(), 0, maxHitText) ||
			!textOK(h.GetTo(), 0, maxHitText) || !textOK(h.GetClass(), 0, maxID) || !textOK(h.GetToClass(), 0, maxID) {
			return errors.New("what models in shadow would take devices for is not as it should be")
		}
		rows[takenAs{h.GetWhat(), h.GetModel(), h.GetClass(), h.GetTo(), h.GetToClass()}] += int64(h.GetCount())
	}
	b.taken[takenOf{p, m.GetVersion()}] = takenTold{at, rows}
	return nil
}

func compareTaken(x, y takenOf) int {
	return cmp.Or(byHome(x.place, y.place), cmp.Compare(x.place.Gateway, y.place.Gateway), cmp.Compare(x.version, y.version))
}

// flushTaken puts what a gateway tells in place of what it told before. Mostly nothing has changed, and nothing is written.
func (b *Batch) flushTaken(k takenOf, t takenTold) error {
	where, args := " WHERE tenant = ? AND home = ? AND gateway = ? AND version = ?", []any{k.place.Tenant, k.place.Home, k.place.Gateway, int64(k.version)}
	was, at, err := readTaken(b.tx, where, args)
	if err != nil || maps.Equal(was, t.rows) && t.at.Sub(at) < takenAgain {
		return err
	}
	if _, err := b.tx.Exec("DELETE FROM intel_taken"+where, args...); err != nil {
		return err
	}
	for _, r := range slices.SortedFunc(maps.Keys(t.rows), compareTakenAs) {
		if _, err := b.tx.Exec("INSERT INTO intel_taken (tenant, home, gateway, version, what, model, class, to_model, to_class, count, at) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
			append(slices.Clone(args), r.what, r.model, r.class, r.toModel, r.toClass, t.rows[r], t.at.UnixMilli())...); err != nil {
			return err
		}
	}
	return nil
}

func compareTakenAs(x, y takenAs) int {
	return cmp.Or(cmp.Compare(x.what, y.what), cmp.Compare(x.model, y.model), cmp.Compare(x.class, y.class), cmp.Compare(x.toModel, y.toModel), cmp.Compare(x.toClass, y.toClass))
}

func readTaken(tx *db.Tx, where string, args []any) (out map[takenAs]int64, at time.Time, err error) {
	out = map[takenAs]int64{}
	rows, err := tx.Query("SELECT what, model, class, to_model, to_class, count, at FROM intel_taken"+where, args...)
	if err != nil {
		return nil, at, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var r takenAs
		var count, told int64
		if err := rows.Scan(&r.what, &r.model, &r.class, &r.toModel, &r.toClass, &count, &told); err != nil {
			return nil, at, err
		}
		out[r], at = count, fromMilli(told)
	}
	return out, at, rows.Err()
}

// triedModels tells of one version of the models. What touches devices that people said somebody's health or safety hangs on comes first,
// then what stays as it is, and changes of most homes.
func triedModels(tx *db.Tx, tenant string, version uint64) ([]Tried, error) {
	rows, err := tx.Query("SELECT what, model, class, to_model, to_class, COUNT(DISTINCT tenant || ' ' || home), SUM(count) FROM intel_taken"+
		" WHERE version = ? AND (tenant = ? OR ? = ?) GROUP BY 1, 2, 3, 4, 5"+
		" ORDER BY CASE WHEN class IN (?, ?) OR to_class IN (?, ?) THEN 0 WHEN what = ? THEN 1 ELSE 2 END, 6 DESC, 1, 2, 3, 4, 5 LIMIT ?",
		int64(version), tenant, tenant, Everywhere, string(home.ClassMedical), string(home.ClassAlarm), string(home.ClassMedical), string(home.ClassAlarm), string(home.WouldKeep), maxShown)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	out := []Tried{}
	for rows.Next() {
		var t Tried
		var homes, count int64
		if err := rows.Scan(&t.What, &t.Model, &t.Class, &t.To, &t.ToClass, &homes, &count); err != nil {
			return nil, err
		}
		if t.Homes = countOf(int(homes)); t.Homes.N > 0 {
			t.Count = uint64(count)
		}
		t.Protection = protection(home.DeviceClass(t.Class), home.DeviceClass(t.ToClass))
		out = append(out, t)
	}
	return out, rows.Err()
}

// protection says whether a device that is taken for another class is protected "more" or "less": by a stricter class at once, by a milder one
// when the stricter was not seen for a month. "": as much.
func protection(was, then home.DeviceClass) string {
	switch s, t := was.Strictness(), then.Strictness(); {
	case t < s:
		return "less"
	case t > s:
		return "more"
	}
	return ""
}
