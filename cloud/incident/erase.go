package incident

import (
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// EraseDevice forgets a device's closed cases and all of its findings, and tells how many of both. A case that is open stays, or
// nobody would know why the device is shut in; it loses whom the device talked to. open is how many those are.
func (i *Incidents) EraseDevice(tx *db.Tx, p home.Place, device string) (n int64, open int, err error) {
	closed, err := column(tx, "SELECT incident FROM incident_case WHERE tenant = ? AND home = ? AND device = ? AND state = 'closed'", p.Tenant, p.Home, device)
	if err != nil {
		return 0, 0, fmt.Errorf("erase a device's cases: %w", err)
	}
	ids, err := column(tx, "SELECT incident FROM incident_case WHERE tenant = ? AND home = ? AND device = ? AND state <> 'closed'", p.Tenant, p.Home, device)
	if err != nil {
		return 0, 0, fmt.Errorf("erase a device's cases: %w", err)
	}
	if n, err = eraseFindings(tx, p, device); err != nil {
		return 0, 0, fmt.Errorf("erase a device's findings: %w", err)
	}
	if err := forget(tx, p, closed); err != nil {
		return 0, 0, fmt.Errorf("erase a device's cases: %w", err)
	}
	for _, id := range ids {
		if err := blank(tx, p, id); err != nil {
			return 0, 0, fmt.Errorf("erase what an open case tells: %w", err)
		}
	}
	for _, id := range append(closed, ids...) {
		if err := i.o.Feed(tx, p.OfHome(), "incident", id); err != nil {
			return 0, 0, err
		}
	}
	return n + int64(len(closed)), len(ids), nil
}

// eraseFindings looks into each finding of a home: some belong to no case.
func eraseFindings(tx *db.Tx, p home.Place, device string) (n int64, err error) {
	type key struct{ incident, id string }
	var gone []key
	rows, err := tx.Query("SELECT incident, id, data FROM incident_finding WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var k key
		var data []byte
		if err := rows.Scan(&k.incident, &k.id, &data); err != nil {
			return 0, err
		}
		f := &pb.Finding{}
		if err := proto.Unmarshal(data, f); err != nil {
			return 0, err
		}
		if f.GetDevice() == device {
			gone = append(gone, k)
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for _, k := range gone {
		if _, err := tx.Exec("DELETE FROM incident_finding WHERE tenant = ? AND home = ? AND incident = ? AND id = ?", p.Tenant, p.Home, k.incident, k.id); err != nil {
			return 0, err
		}
	}
	return int64(len(gone)), nil
}

// blank takes names out of a case that is open.
func blank(tx *db.Tx, p home.Place, id string) error {
	var data []byte
	if err := tx.Row("SELECT data FROM incident_case WHERE tenant = ? AND home = ? AND incident = ?", p.Tenant, p.Home, id).Scan(&data); err != nil {
		return err
	}
	c := &pb.Incident{}
	if err := proto.Unmarshal(data, c); err != nil {
		return err
	}
	wire.NamelessIncident(c)
	data, err := proto.Marshal(c)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE incident_case SET data = ?, indicator = '' WHERE tenant = ? AND home = ? AND incident = ?", data, p.Tenant, p.Home, id); err != nil {
		return err
	}
	said, err := proto.Marshal(wire.ErasedWords())
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE incident_step SET why = ?, said = ? WHERE tenant = ? AND home = ? AND incident = ? AND by_whom = 'gateway' AND why <> ''", wire.Erased, said,
		p.Tenant, p.Home, id)
	return err
}
