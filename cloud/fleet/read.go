package fleet

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Errors that the caller turns into words.
var (
	ErrUnknown = errors.New("there is no such cluster")
	ErrCursor  = errors.New("that is no cursor of this list")
)

// Model is a label as staff of a tenant may see it: of other tenants only what many homes say.
type Model struct {
	ID    string
	Label Label
	Homes int     // 0: too few to be told
	Share float64 // of the homes that tell; 0 when Homes is
	By    []string
	Why   string // why it does not teach; "" when it does
	Texts []string
}

// Cluster is one as staff of a tenant may see it.
type Cluster struct {
	ID            string
	Homes         int // 0: too few to be told
	Since         time.Time
	Vendor, Class string // of most of the tenant's own
	Texts         []string
	Name          *Name // nil: it has none
}

// Name is what an operator named a cluster.
type Name struct {
	Label
	At time.Time
}

const ofPage = 60 // devices that are looked at for what one line of a page shows

// pageKey is "shown,id" of the line that a page begins after; a first page begins before all.
func pageKey(after string) (shown int, id string, err error) {
	if after == "" {
		return 1 << 40, "", nil
	}
	n, id, _ := strings.Cut(after, ",")
	shown, err = strconv.Atoi(n)
	if err != nil || id == "" || len(id) > maxID {
		return 0, "", ErrCursor
	}
	return shown, id, nil
}

// Models lists models, those in most homes first; with a text those in whose vendor, model or class it is, in any case. next is "" on the last page.
func (f *Fleet) Models(ctx context.Context, tenant, find, after string, limit int) (out []Model, next string, err error) {
	n, id, err := pageKey(after)
	if err != nil {
		return nil, "", err
	}
	err = f.db.View(ctx, func(tx *db.Tx) error {
		out, next = nil, ""
		var all int
		if err := tx.Row("SELECT homes FROM fleet_turn WHERE id = 1").Scan(&all); err != nil {
			return err
		}
		data, err := f.modelRows(tx, tenant, find, n, id, limit+1, &out)
		if err != nil {
			return err
		}
		if len(out) > limit {
			out = out[:limit]
			next = fmt.Sprintf("%d,%s", out[limit-1].Homes, out[limit-1].ID)
		}
		for i := range out {
			m := &out[i]
			if m.Homes > 0 && all > 0 {
				m.Share = min(float64(m.Homes)/float64(all), 1)
			}
			if m.Texts, err = seen(tx, data[i], "WHERE tenant = ? AND model = ? AND vendor = ? ORDER BY home, device LIMIT ?", tenant, m.Label.Model, m.Label.Vendor, ofPage); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("models: %w", err)
	}
	return out, next, nil
}

func (f *Fleet) modelRows(tx *db.Tx, tenant, find string, shown int, id string, limit int, out *[]Model) (texts [][]byte, err error) {
	where, args := "(shown < ? OR shown = ? AND id > ?)", []any{shown, shown, id}
	if find = strings.ToLower(strings.TrimSpace(find)); find != "" {
		where, args = where+" AND words LIKE ? ESCAPE '!'", append(args, db.Containing(find))
	}
	rows, err := tx.Query("SELECT id, model, vendor, class, shown, said_by, why, texts FROM fleet_label l WHERE "+where+
		" AND (shown > 0 OR EXISTS (SELECT 1 FROM fleet_device d WHERE d.tenant = ? AND d.model = l.model))"+
		" ORDER BY shown DESC, id LIMIT ?", append(args, tenant, limit)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var m Model
		var by string
		var data []byte
		if err := rows.Scan(&m.ID, &m.Label.Model, &m.Label.Vendor, &m.Label.Class, &m.Homes, &by, &m.Why, &data); err != nil {
			return nil, err
		}
		if by != "" {
			m.By = strings.Split(by, ",")
		}
		*out, texts = append(*out, m), append(texts, data)
	}
	return texts, rows.Err()
}

// seen is what devices of the tenant's own have in common, and what many homes have.
func seen(tx *db.Tx, many []byte, where string, args ...any) ([]string, error) {
	list, err := sightedRows(tx, where, args...)
	if err != nil {
		return nil, err
	}
	own, err := common(list, 1)
	if err != nil {
		return nil, err
	}
	out, err := words(many)
	if err != nil {
		return nil, err
	}
	mine, err := words(own)
	if err != nil {
		return nil, err
	}
	for _, s := range mine {
		if len(out) < maxTexts && !contains(out, s) {
			out = append(out, s)
		}
	}
	return out, nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// Clusters lists groups of devices that nobody knows, those in most homes first.
func (f *Fleet) Clusters(ctx context.Context, tenant, after string, limit int) (out []Cluster, next string, err error) {
	n, id, err := pageKey(after)
	if err != nil {
		return nil, "", err
	}
	err = f.db.View(ctx, func(tx *db.Tx) error {
		next = ""
		out, err = f.clusterRows(tx, tenant, "AND 2 * known < homes AND (shown < ? OR shown = ? AND id > ?) ORDER BY shown DESC, id LIMIT ?", n, n, id, limit+1)
		if len(out) > limit {
			out = out[:limit]
			next = fmt.Sprintf("%d,%s", out[limit-1].Homes, out[limit-1].ID)
		}
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("clusters: %w", err)
	}
	return out, next, nil
}

func (f *Fleet) clusterRows(tx *db.Tx, tenant, where string, args ...any) (out []Cluster, err error) {
	rows, err := tx.Query("SELECT id, shown, since, texts, n.model, n.vendor, n.class, n.at FROM fleet_cluster c LEFT JOIN fleet_name n ON n.cluster = c.id"+
		" WHERE (shown > 0 OR EXISTS (SELECT 1 FROM fleet_device d WHERE d.grp = c.id AND d.tenant = ?)) "+where, append([]any{tenant}, args...)...)
	if err != nil {
		return nil, err
	}
	var many [][]byte
	for rows.Next() {
		var c Cluster
		var since int64
		var data []byte
		var model, vendor, class *string
		var at *int64
		if err := rows.Scan(&c.ID, &c.Homes, &since, &data, &model, &vendor, &class, &at); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		c.Since = time.UnixMilli(since).UTC()
		if model != nil {
			c.Name = &Name{Label{*model, *vendor, *class}, time.UnixMilli(*at).UTC()}
		}
		out, many = append(out, c), append(many, data)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for i := range out {
		c := &out[i]
		if c.Texts, err = seen(tx, many[i], "WHERE grp = ? AND tenant = ? ORDER BY home, device LIMIT ?", c.ID, tenant, ofPage); err != nil {
			return nil, err
		}
		if c.Vendor, c.Class, err = mostly(tx, c.ID, tenant); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ofCluster is how many of a cluster's devices are asked what they mostly are: a page has many clusters, and a fleet many devices of each.
const ofCluster = 500

// mostly is the vendor, and the class, of more than half of a tenant's devices of a cluster; "": there is none.
func mostly(tx *db.Tx, cluster, tenant string) (vendor, class string, err error) {
	rows, err := tx.Query("SELECT vendor, class, COUNT(*) FROM (SELECT vendor, class FROM fleet_device WHERE grp = ? AND tenant = ? ORDER BY home LIMIT ?) d GROUP BY vendor, class",
		cluster, tenant, ofCluster)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	all, vendors, classes := 0, map[string]int{}, map[string]int{}
	for rows.Next() {
		var v, c string
		var n int
		if err := rows.Scan(&v, &c, &n); err != nil {
			return "", "", err
		}
		all, vendors[v], classes[c] = all+n, vendors[v]+n, classes[c]+n
	}
	most := func(of map[string]int) string {
		for s, n := range of {
			if 2*n > all {
				return s
			}
		}
		return ""
	}
	return most(vendors), most(classes), rows.Err()
}

// Name names a cluster for the whole fleet. Only who has a device of it may. note writes it down in the same transaction.
func (f *Fleet) Name(ctx context.Context, tenant, who, cluster string, l Label, note func(*db.Tx) error) (c Cluster, err error) {
	l = Label{text(l.Model), text(l.Vendor), text(l.Class)}.clean()
	if l.Model == "" {
		return c, errors.New("a name needs a model")
	}
	err = f.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec("INSERT INTO fleet_name (cluster, model, vendor, class, who, at) SELECT id, ?, ?, ?, ?, ? FROM fleet_cluster WHERE id = ?"+
			" AND EXISTS (SELECT 1 FROM fleet_device WHERE grp = ? AND tenant = ?) ON CONFLICT (cluster) DO UPDATE SET model = excluded.model,"+
			" vendor = excluded.vendor, class = excluded.class, who = excluded.who, at = excluded.at",
			l.Model, l.Vendor, l.Class, who, f.o.Now().UnixMilli(), cluster, cluster, tenant)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrUnknown
		}
		if err := note(tx); err != nil {
			return err
		}
		list, err := f.clusterRows(tx, tenant, "AND id = ?", cluster)
		if err == nil && len(list) == 1 {
			c = list[0]
		}
		return err
	})
	if err != nil && !errors.Is(err, ErrUnknown) {
		return c, fmt.Errorf("name a cluster: %w", err)
	}
	return c, err
}

// Exposure is one kind of exposure of one model, in homes of one tenant.
type Exposure struct {
	Kind, Reference, Proto string
	Port                   int
	Model, Class           string
	Certain                bool
	Homes                  int // 0: too few to be told
}

const maxOffset = 10_000

// Exposures lists a tenant's, those in most homes first; of one kind or model when they are not "".
func (f *Fleet) Exposures(ctx context.Context, tenant, kind, model, after string, limit int) (out []Exposure, next string, err error) {
	offset := 0
	if after != "" {
		if offset, err = strconv.Atoi(after); err != nil || offset < 0 || offset > maxOffset {
			return nil, "", ErrCursor
		}
	}
	const few = "CASE WHEN COUNT(DISTINCT home) < " + minHomes + " THEN 0 ELSE COUNT(DISTINCT home) END"
	err = f.db.View(ctx, func(tx *db.Tx) error {
		out, next = nil, ""
		rows, err := tx.Query("SELECT kind, reference, proto, port, model, class, certain, "+few+" AS n FROM fleet_exposure WHERE tenant = ? AND (? = '' OR kind = ?)"+
			" AND (? = '' OR model = ?) GROUP BY kind, reference, proto, port, model, class, certain ORDER BY n DESC, kind, reference, proto, port, model, class, certain"+
			" LIMIT ? OFFSET ?", tenant, kind, kind, model, model, limit+1, offset)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var e Exposure
			var certain int
			if err := rows.Scan(&e.Kind, &e.Reference, &e.Proto, &e.Port, &e.Model, &e.Class, &certain, &e.Homes); err != nil {
				return err
			}
			e.Certain = certain == 1
			out = append(out, e)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, "", fmt.Errorf("exposures of a fleet: %w", err)
	}
	if len(out) > limit {
		out, next = out[:limit], strconv.Itoa(offset+limit)
	}
	return out, next, nil
}

// minHomes is MinHomes in a statement.
const minHomes = "20"

// Erase forgets a home: it teaches nothing any more, and clusters that it led get another leader. It tells how many rows.
func (f *Fleet) Erase(ctx context.Context, p home.Place) (n int64, err error) {
	err = f.db.Tx(ctx, func(tx *db.Tx) error {
		n = 0
		ids, err := clustersOf(tx, p)
		if err != nil {
			return err
		}
		for _, table := range []string{"fleet_device", "fleet_word", "fleet_exposure", "fleet_home"} {
			some, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
			if err != nil {
				return err
			}
			n += some
		}
		tx.After(func() {
			f.mu.Lock()
			clear(f.told)
			f.mu.Unlock()
		})
		return recount(tx, ids, true)
	})
	if err != nil {
		return 0, fmt.Errorf("erase of the fleet: %w", err)
	}
	return n, nil
}

// clustersOf are the clusters that a home is in or leads.
func clustersOf(tx *db.Tx, p home.Place) (ids []string, err error) {
	rows, err := tx.Query("SELECT id FROM fleet_cluster WHERE tenant = ? AND home = ? UNION SELECT grp FROM fleet_device WHERE tenant = ? AND home = ?"+
		" AND grp NOT IN ('', '"+pending+"')", p.Tenant, p.Home, p.Tenant, p.Home)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
