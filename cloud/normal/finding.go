package normal

import (
	"fmt"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// found is a finding that was told.
type found struct {
	place              home.Place
	id, device, detect string
	incident           string
	at                 time.Time
	hard               bool
	ends               []target
}

// closed is an incident that a person closed.
type closed struct {
	place    home.Place
	incident string
}

func (b *Batch) takeFinding(p home.Place, at time.Time, m *pb.Finding) error {
	if err := checkID(m.GetId()); err != nil {
		return err
	}
	if err := checkID(m.GetDevice()); err != nil {
		return err
	}
	if m.GetIncident() != "" {
		if err := checkID(m.GetIncident()); err != nil {
			return err
		}
	}
	if err := checkID(m.GetDetector()); err != nil {
		return fmt.Errorf("detector: %w", err)
	}
	b.finding = append(b.finding, found{place: p, id: m.GetId(), device: m.GetDevice(), incident: m.GetIncident(), detect: m.GetDetector(), at: at,
		hard: m.GetStrength() == home.Hard.String(), ends: targetsOf(m)})
	return nil
}

func (b *Batch) flushFindings() error {
	homes := map[home.Place]bool{}
	for _, f := range b.finding {
		hard := 0
		if f.hard {
			hard = 1
		}
		if _, err := b.tx.Exec("INSERT INTO normal_finding (tenant, home, id, device, incident, at, got, detector, hard, dismissed, ends) VALUES (?,?,?,?,?,?,?,?,?,0,?)"+
			" ON CONFLICT (tenant, home, id) DO NOTHING", f.place.Tenant, f.place.Home, f.id, f.device, f.incident, f.at.UnixMilli(), b.now.UnixMilli(), f.detect, hard, targetsText(f.ends)); err != nil {
			return err
		}
		homes[f.place] = true
	}
	return boundFindings(b.tx, homes)
}

// boundFindings keeps the latest of a home.
func boundFindings(tx *db.Tx, homes map[home.Place]bool) error {
	for p := range homes {
		var n int
		if err := tx.Row("SELECT COUNT(*) FROM normal_finding WHERE tenant = ? AND home = ?", p.Tenant, p.Home).Scan(&n); err != nil {
			return err
		}
		if n <= MaxFindings {
			continue
		}
		if _, err := tx.Exec("DELETE FROM normal_finding WHERE tenant = ? AND home = ? AND id NOT IN (SELECT id FROM normal_finding WHERE tenant = ? AND home = ?"+
			" ORDER BY got DESC, id LIMIT ?)", p.Tenant, p.Home, p.Tenant, p.Home, MaxFindings); err != nil {
			return err
		}
	}
	return nil
}

// takeIncident hears of cases that a person closed: a false alarm, or "that was me".
func (b *Batch) takeIncident(p home.Place, m *pb.Incident) error {
	if err := checkID(m.GetId()); err != nil {
		return err
	}
	h := m.GetHistory()
	if m.GetState() != string(home.StateClosed) || len(h) == 0 {
		return nil
	}
	if last := h[len(h)-1]; last.GetTo() == string(home.StateClosed) && last.GetBy() != byGateway {
		b.closed = append(b.closed, closed{p, m.GetId()})
	}
	return nil
}

// byGateway is who closes a case of which nothing more was seen: respond.ByGateway.
const byGateway = "gateway"

func (b *Batch) flushClosed() error {
	for _, c := range b.closed {
		if _, err := b.tx.Exec("UPDATE normal_finding SET dismissed = ? WHERE tenant = ? AND home = ? AND incident = ? AND dismissed = 0", b.now.UnixMilli(),
			c.place.Tenant, c.place.Home, c.incident); err != nil {
			return err
		}
	}
	return nil
}
