package fleet

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

const (
	groupEach = 512              // devices of one transaction
	turnLife  = 10 * time.Minute // a process that learns and is killed is waited for so long
	ofSample  = 400              // devices of a cluster that its texts are taken from
	maxLed    = 32               // clusters that one home begins: it must not use up all that there may be
	aloneFor  = day              // a cluster of one home makes room after that, when there is none
)

// turn takes, or keeps, the right to work on what is the whole installation's. Only one process has it.
func (f *Fleet) turn(ctx context.Context, held bool) (ok bool, err error) {
	now := f.o.Now()
	err = f.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec("UPDATE fleet_turn SET until = ? WHERE id = 1 AND (until < ? OR ?)", now.Add(turnLife).UnixMilli(), now.UnixMilli(), held)
		ok = n == 1
		return err
	})
	return ok, err
}

func (f *Fleet) release(ctx context.Context) error {
	return f.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE fleet_turn SET until = 0 WHERE id = 1")
		return err
	})
}

// group finds the cluster of each device that was not looked for yet, then counts homes again.
func (f *Fleet) group(ctx context.Context) (n int, err error) {
	if err := f.makeRoom(ctx); err != nil {
		return 0, err
	}
	g, err := f.clusters(ctx)
	if err != nil {
		return 0, err
	}
	for {
		some := 0
		if err := f.db.Tx(ctx, func(tx *db.Tx) error { some, err = f.groupSome(tx, g); return err }); err != nil {
			return n, fmt.Errorf("group devices: %w", err)
		}
		if n += some; some < groupEach {
			break
		}
		if _, err := f.turn(ctx, true); err != nil {
			return n, err
		}
	}
	return n, f.count(ctx)
}

// makeRoom gives up clusters of one home when there are nearly as many as there may be: most devices that nobody knows resemble no
// other one, and would leave no room for those that do. They are looked for again when they are told of again.
func (f *Fleet) makeRoom(ctx context.Context) error {
	var lone []string
	err := f.db.View(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.Row("SELECT COUNT(*) FROM fleet_cluster").Scan(&n); err != nil || n < f.most-f.most/4 {
			return err
		}
		rows, err := tx.Query("SELECT id FROM fleet_cluster c WHERE homes <= 1 AND since <= ? AND NOT EXISTS (SELECT 1 FROM fleet_name n WHERE n.cluster = c.id)"+
			" ORDER BY since, id LIMIT ?", f.o.Now().Add(-aloneFor).UnixMilli(), max(1, f.most/2))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			lone = append(lone, id)
		}
		return rows.Err()
	})
	for len(lone) > 0 && err == nil {
		n := min(len(lone), 100)
		err = f.db.Tx(ctx, func(tx *db.Tx) error { return giveUp(tx, lone[:n]) })
		lone = lone[n:]
	}
	if err != nil {
		return fmt.Errorf("make room for clusters: %w", err)
	}
	return nil
}

func giveUp(tx *db.Tx, ids []string) error {
	for _, id := range ids {
		for _, q := range []string{"UPDATE fleet_device SET grp = '' WHERE grp = ?", "DELETE FROM fleet_cluster WHERE id = ?"} {
			if _, err := tx.Exec(q, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Fleet) clusters(ctx context.Context) (g *groups, err error) {
	err = f.db.View(ctx, func(tx *db.Tx) error {
		g = newGroups(f.o.Weight)
		rows, err := tx.Query("SELECT id, tenant, home, tokens FROM fleet_cluster ORDER BY id")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var id string
			var p home.Place
			var data []byte
			if err := rows.Scan(&id, &p.Tenant, &p.Home, &data); err != nil {
				return err
			}
			var s pb.Sighted
			if err := proto.Unmarshal(data, &s); err != nil {
				return err
			}
			g.add(id, p, s.GetTokens())
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("clusters: %w", err)
	}
	return g, nil
}

type sightedRow struct {
	place  home.Place
	device string
	data   []byte
}

// groupSome is repeatable: what a failed try has added to g has the same id and leader in the next.
func (f *Fleet) groupSome(tx *db.Tx, g *groups) (int, error) {
	list, err := sightedRows(tx, "WHERE grp = '"+pending+"' ORDER BY tenant, home, device LIMIT ?", groupEach)
	if err != nil {
		return 0, err
	}
	now := f.o.Now().UnixMilli()
	var moved []any
	for _, r := range list {
		var s pb.Sighted
		if err := proto.Unmarshal(r.data, &s); err != nil {
			return 0, err
		}
		id := g.find(s.GetTokens())
		if id == "" && len(g.leader) < f.most && g.led[r.place] < maxLed {
			id = clusterID(r.place, r.device, s.GetTokens())
			g.add(id, r.place, s.GetTokens())
		}
		if id == "" {
			f.dropped.Add(1)
		}
		if leader, ok := g.leader[id]; ok && id == clusterID(r.place, r.device, leader) {
			if _, err := tx.Exec("INSERT INTO fleet_cluster (id, tenant, home, device, tokens, homes, shown, since, texts) VALUES (?,?,?,?,?,0,0,?,?)"+
				" ON CONFLICT (id) DO NOTHING", id, r.place.Tenant, r.place.Home, r.device, r.data, now, []byte{}); err != nil {
				return 0, err
			}
		}
		moved = append(moved, r.place.Tenant, r.place.Home, r.device, id)
	}
	return len(list), move(tx, moved)
}

// move writes to which cluster devices belong: rows of tenant, home, device and cluster, so many with one statement.
func move(tx *db.Tx, rows []any) error {
	for len(rows) > 0 {
		n := 1
		if len(rows) >= 4*64 {
			n = 64
		}
		if _, err := tx.Exec("WITH v(tenant, home, device, grp) AS (VALUES (?,?,?,?)"+strings.Repeat(",(?,?,?,?)", n-1)+") UPDATE fleet_device SET grp = v.grp FROM v"+
			" WHERE fleet_device.tenant = v.tenant AND fleet_device.home = v.home AND fleet_device.device = v.device", rows[:4*n]...); err != nil {
			return err
		}
		rows = rows[4*n:]
	}
	return nil
}

func sightedRows(tx *db.Tx, where string, args ...any) (list []sightedRow, err error) {
	rows, err := tx.Query("SELECT tenant, home, device, tokens FROM fleet_device "+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var r sightedRow
		if err := rows.Scan(&r.place.Tenant, &r.place.Home, &r.device, &r.data); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// count brings clusters' numbers up to date; one without devices goes, unless it has a name: that one
// stays as hashes that are nobody's.
func (f *Fleet) count(ctx context.Context) error {
	var all []string
	err := f.db.View(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query("SELECT id FROM fleet_cluster ORDER BY id")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			all = append(all, id)
		}
		return rows.Err()
	})
	for len(all) > 0 && err == nil {
		n := min(len(all), 100)
		err = f.db.Tx(ctx, func(tx *db.Tx) error { return recount(tx, all[:n], false) })
		all = all[n:]
	}
	if err != nil {
		return fmt.Errorf("count clusters: %w", err)
	}
	return nil
}

// recount counts the homes of clusters, finds what many of them have in common, and gives those another leader whose own is
// not there any more. always: also where the number is as it was.
func recount(tx *db.Tx, ids []string, always bool) error {
	for _, id := range ids {
		var homes, were, known int
		if err := tx.Row("SELECT COUNT(*) FROM (SELECT DISTINCT tenant, home FROM fleet_device WHERE grp = ?) AS h", id).Scan(&homes); err != nil {
			return err
		}
		led := false // by a device that is still there
		if err := tx.Row("SELECT homes, EXISTS (SELECT 1 FROM fleet_device d WHERE d.tenant = c.tenant AND d.home = c.home AND d.device = c.device) FROM fleet_cluster c"+
			" WHERE id = ?", id).Scan(&were, &led); err != nil && !db.NoRows(err) {
			return err
		}
		if homes == were && homes > 0 && led && !always {
			continue
		}
		if homes == 0 {
			if _, err := tx.Exec("DELETE FROM fleet_cluster WHERE id = ? AND NOT EXISTS (SELECT 1 FROM fleet_name WHERE cluster = ?)", id, id); err != nil {
				return err
			}
			if err := orphan(tx, id); err != nil {
				return err
			}
		}
		if err := tx.Row("SELECT COUNT(*) FROM (SELECT DISTINCT tenant, home FROM fleet_device WHERE grp = ? AND said_by = 'rules' AND model <> '') AS h", id).Scan(&known); err != nil {
			return err
		}
		list, err := sightedRows(tx, "WHERE grp = ? ORDER BY tenant, home, device LIMIT ?", id, ofSample)
		if err != nil {
			return err
		}
		texts, err := common(list, MinHomes)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE fleet_cluster SET homes = ?, known = ?, shown = ?, texts = ? WHERE id = ?", homes, known, shown(homes), texts, id); err != nil {
			return err
		}
		if len(list) == 0 {
			continue
		}
		first := list[0]
		if _, err := tx.Exec("UPDATE fleet_cluster SET tenant = ?, home = ?, device = ?, tokens = ? WHERE id = ? AND NOT EXISTS (SELECT 1 FROM fleet_device d"+
			" WHERE d.tenant = fleet_cluster.tenant AND d.home = fleet_cluster.home AND d.device = fleet_cluster.device)",
			first.place.Tenant, first.place.Home, first.device, first.data, id); err != nil {
			return err
		}
	}
	return nil
}

// orphan takes from a cluster without devices whose it was and all texts. It keeps its name and hashes.
func orphan(tx *db.Tx, id string) error {
	var data []byte
	var s pb.Sighted
	if err := tx.Row("SELECT tokens FROM fleet_cluster WHERE id = ?", id).Scan(&data); err != nil {
		if db.NoRows(err) {
			return nil
		}
		return err
	}
	if err := proto.Unmarshal(data, &s); err != nil {
		return err
	}
	for _, t := range s.GetTokens() {
		t.Telling, t.Text = 0, ""
	}
	data, err := proto.Marshal(&s)
	if err == nil {
		_, err = tx.Exec("UPDATE fleet_cluster SET tenant = '', home = '', device = '', tokens = ? WHERE id = ?", data, id)
	}
	return err
}

// shown is a number of homes as it may be told and sorted by: 0 when it is too small.
func shown(homes int) int {
	if homes < MinHomes {
		return 0
	}
	return homes
}
