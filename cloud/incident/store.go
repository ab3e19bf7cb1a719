package incident

import (
	"fmt"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// storeCase stores a checked case unless a later one is stored. Steps are kept in any case: they happened.
func (i *Incidents) storeCase(tx *db.Tx, p home.Place, c checked) ([]*pb.Transition, error) {
	steps, err := storeSteps(tx, p, c)
	if err != nil {
		return nil, fmt.Errorf("store steps: %w", err)
	}
	body := proto.CloneOf(c.Incident)
	body.History = nil
	data, err := proto.Marshal(body)
	if err != nil {
		return nil, err
	}
	var before int64
	err = tx.Row("SELECT changed FROM incident_case WHERE tenant = ? AND home = ? AND incident = ?", p.Tenant, p.Home, c.GetId()).Scan(&before)
	isNew := db.NoRows(err)
	if err != nil && !isNew {
		return nil, err
	}
	model, err := i.o.Model(tx, p, c.GetDevice())
	if err != nil {
		return nil, err
	}
	n, err := tx.Exec("INSERT INTO incident_case (tenant, home, incident, gateway, code, device, state, opened, changed, data,"+
		" detector, kind, model, indicator, outcome, repeats, releases, findings, live)"+
		" VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (tenant, home, incident) DO UPDATE SET gateway = excluded.gateway, code = excluded.code,"+
		" device = excluded.device, state = excluded.state, opened = excluded.opened, changed = excluded.changed, data = excluded.data,"+
		" detector = excluded.detector, kind = excluded.kind, model = excluded.model, indicator = excluded.indicator, outcome = excluded.outcome,"+
		" repeats = excluded.repeats, releases = excluded.releases, findings = excluded.findings, live = excluded.live"+
		" WHERE excluded.changed >= incident_case.changed", p.Tenant, p.Home, c.GetId(), p.Gateway, c.GetCode(), c.GetDevice(), c.GetState(),
		c.GetOpened(), c.GetChanged(), data, text(c.GetSymptom().GetDetector(), maxID), c.GetKind(), text(model, maxID), indicatorOf(c.GetSymptom()), c.GetOutcome(),
		int64(c.GetReleases())+int64(c.GetRelapses()), int64(c.GetReleases()), int64(min(c.GetFindings(), 1<<40)), live(c.GetState()))
	if err != nil {
		return nil, fmt.Errorf("store case: %w", err)
	}
	if n == 0 { // older than what is stored
		return steps, nil
	}
	if isNew {
		if err := i.bound(tx, p); err != nil {
			return nil, err
		}
	}
	full, err := fromRow(p, data)
	if err != nil {
		return nil, err
	}
	if err := i.o.Changed(tx, Change{Place: p, Case: full, Steps: steps, New: isNew}); err != nil {
		return nil, err
	}
	return steps, i.o.Feed(tx, p.OfHome(), "incident", c.GetId())
}

// indicatorOf is what cases of one campaign have in common: the first name or address whose contact is the symptom.
func indicatorOf(s *pb.Symptom) string {
	for _, list := range [][]string{s.GetNames(), s.GetAddrs()} {
		if len(list) > 0 {
			return text(list[0], 256)
		}
	}
	return ""
}

func live(state string) int64 {
	if home.State(state) == home.StateClosed {
		return 0
	}
	return 1
}

// storeSteps keeps the steps that are not kept already, up to as many as a case may have, and returns them.
func storeSteps(tx *db.Tx, p home.Place, c checked) (added []*pb.Transition, err error) {
	if len(c.GetHistory()) == 0 {
		return nil, nil
	}
	ids, err := column(tx, "SELECT id FROM incident_step WHERE tenant = ? AND home = ? AND incident = ?", p.Tenant, p.Home, c.GetId())
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(ids)+len(c.steps))
	for _, id := range ids {
		known[id] = true
	}
	for n, t := range c.GetHistory() {
		id := c.steps[n]
		if known[id] || len(known) >= MaxSteps {
			continue
		}
		said := []byte{}
		if t.GetSaid() != nil {
			var err error
			if said, err = proto.Marshal(t.GetSaid()); err != nil {
				return nil, err
			}
		}
		if _, err := tx.Exec("INSERT INTO incident_step (tenant, home, incident, id, nth, time, from_state, to_state, mode, by_whom, why, said)"+
			" VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (tenant, home, incident, id) DO NOTHING", p.Tenant, p.Home, c.GetId(), id, len(known),
			t.GetTime(), t.GetFrom(), t.GetTo(), t.GetMode(), t.GetBy(), t.GetWhy(), said); err != nil {
			return nil, err
		}
		known[id] = true
		added = append(added, t)
	}
	return added, nil
}

// leastOf are a home's cases, those first that give way. That incident is compared keeps SQLite to the home's own: it would read an index that has all
// that is asked for, of all homes of the provider.
const leastOf = "SELECT incident FROM incident_case WHERE tenant = ? AND home = ? AND incident >= '' ORDER BY CASE WHEN state = 'closed' THEN 0 ELSE 1 END," +
	" changed, incident LIMIT ?"

// bound deletes what one home has too much of: closed cases first.
func (i *Incidents) bound(tx *db.Tx, p home.Place) error {
	var n int
	err := tx.Row("SELECT COUNT(*) FROM incident_case WHERE tenant = ? AND home = ?", p.Tenant, p.Home).Scan(&n)
	if err != nil || n <= MaxCases {
		return err
	}
	ids, err := column(tx, leastOf, p.Tenant, p.Home, n-MaxCases)
	if err != nil {
		return err
	}
	return forget(tx, p, ids)
}

func column(tx *db.Tx, q string, args ...any) (out []string, err error) {
	rows, err := tx.Query(q, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// forget deletes cases with all that belongs to them.
func forget(tx *db.Tx, p home.Place, ids []string) error {
	for _, id := range ids {
		for _, table := range []string{"incident_finding", "incident_step", "incident_case"} {
			if _, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ? AND incident = ?", p.Tenant, p.Home, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// storeFinding keeps a finding, and of each case the first and the latest ones. How many there were the case itself tells.
func (i *Incidents) storeFinding(tx *db.Tx, p home.Place, f *pb.Finding, at time.Time) error {
	data, err := proto.Marshal(f)
	if err != nil {
		return err
	}
	n, err := tx.Exec("INSERT INTO incident_finding (tenant, home, incident, id, time, data) VALUES (?,?,?,?,?,?)"+
		" ON CONFLICT (tenant, home, incident, id) DO NOTHING", p.Tenant, p.Home, f.GetIncident(), f.GetId(), at.UnixMilli(), data)
	if err != nil {
		return fmt.Errorf("store finding: %w", err)
	}
	if n == 0 {
		return nil
	}
	args := []any{p.Tenant, p.Home, f.GetIncident()}
	var kept int
	if err := tx.Row("SELECT COUNT(*) FROM incident_finding WHERE tenant = ? AND home = ? AND incident = ?", args...).Scan(&kept); err != nil {
		return err
	}
	if kept == 1 {
		if err := boundStrays(tx, p); err != nil {
			return err
		}
	}
	if kept > MaxFindings+1 {
		gone, err := column(tx, "SELECT id FROM incident_finding WHERE tenant = ? AND home = ? AND incident = ? ORDER BY time, id LIMIT ? OFFSET 1",
			append(args, kept-MaxFindings-1)...)
		if err != nil {
			return err
		}
		for _, id := range gone {
			if _, err := tx.Exec("DELETE FROM incident_finding WHERE tenant = ? AND home = ? AND incident = ? AND id = ?", append(args, id)...); err != nil {
				return err
			}
		}
	}
	if f.GetIncident() == "" {
		return nil
	}
	return i.o.Feed(tx, p.OfHome(), "incident", f.GetIncident())
}

// boundStrays forgets the oldest findings of incidents that no case was told of. A finding comes before its case; a gateway
// that invents incidents must not fill the table.
func boundStrays(tx *db.Tx, p home.Place) error {
	_, err := tx.Exec("DELETE FROM incident_finding WHERE tenant = ? AND home = ? AND incident IN (SELECT incident FROM"+
		" (SELECT f.incident AS incident, MAX(f.time) AS latest FROM incident_finding f WHERE f.tenant = ? AND f.home = ? AND f.incident <> ''"+
		" AND NOT EXISTS (SELECT 1 FROM incident_case c WHERE c.tenant = f.tenant AND c.home = f.home AND c.incident = f.incident)"+
		" GROUP BY f.incident) AS stray ORDER BY latest DESC, incident LIMIT ? OFFSET ?)", p.Tenant, p.Home, p.Tenant, p.Home, MaxCases, maxStrays)
	if err != nil {
		return fmt.Errorf("bound findings without a case: %w", err)
	}
	return nil
}
