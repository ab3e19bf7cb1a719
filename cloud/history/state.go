package history

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Offline is how long a gateway that beats each minute may be silent before it counts as offline.
const Offline = 3 * time.Minute

// Beat is a gateway's heartbeat and when it came.
type Beat struct {
	Place home.Place
	Beat  *pb.Heartbeat
	At    time.Time
}

// Statuses of a home, the gravest that applies.
const (
	StatusContained = "contained"
	StatusIncident  = "incident"
	StatusDegraded  = "degraded"
	StatusFine      = "fine"
)

func status(b *pb.Heartbeat) string {
	switch {
	case b.GetContained() > 0:
		return StatusContained
	case b.GetIncidents() > 0:
		return StatusIncident
	case len(b.GetDegraded()) > 0 || !b.GetArmed():
		return StatusDegraded
	}
	return StatusFine
}

// visible hashes what people see change: not the time, not how full the spool is.
func visible(p home.Place, b *pb.Heartbeat) int64 {
	h := fnv.New64a()
	for _, s := range append([]string{p.Gateway, b.GetVersion(), strconv.FormatBool(b.GetArmed()), strconv.FormatUint(b.GetDesired(), 10),
		strconv.Itoa(int(b.GetDevices())), strconv.Itoa(int(b.GetContained())), strconv.Itoa(int(b.GetIncidents())),
		b.GetLine().GetSlow(), b.GetLine().GetRemedy()}, b.GetDegraded()...) {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return int64(h.Sum64())
}

// Beat stores heartbeats, at most one a home counts: the newest.
func (h *History) Beat(ctx context.Context, beats []Beat) error {
	newest := make(map[home.Place]Beat, len(beats))
	for _, b := range beats {
		if old, there := newest[b.Place.OfHome()]; !there || !b.At.Before(old.At) {
			newest[b.Place.OfHome()] = b
		}
	}
	err := h.db.Tx(ctx, func(tx *db.Tx) error {
		old, err := h.oldStates(tx, newest)
		if err != nil {
			return err
		}
		args := make([]any, 0, 7*len(newest))
		var faces []any
		for _, p := range places(newest) {
			b := newest[p]
			boundBeat(b.Beat)
			data, err := proto.Marshal(b.Beat)
			if err != nil {
				return err
			}
			seen, look := b.At.UnixMilli(), visible(b.Place, b.Beat)
			args = append(args, p.Tenant, p.Home, b.Place.Gateway, seen, status(b.Beat), look, data)
			if f := faceOf(b.Beat, b.At); f != old[p].face {
				faces = append(faces, p.Tenant, p.Home, f.status, f.version, f.platform, f.contact, f.devices, f.incidents, f.contained)
			}
			if o, there := old[p]; !there || o.visible != look || seen-o.seen > Offline.Milliseconds() {
				if err := h.feed(tx, p, "state", ""); err != nil {
					return err
				}
			}
		}
		if err := flushFaces(tx, faces); err != nil {
			return err
		}
		_, err = insert(tx, "INSERT INTO history_state (tenant, home, gateway, seen, status, visible, beat) VALUES ", "(?,?,?,?,?,?,?)",
			" ON CONFLICT (tenant, home) DO UPDATE SET gateway = excluded.gateway, seen = excluded.seen, status = excluded.status,"+
				" visible = excluded.visible, beat = excluded.beat WHERE excluded.seen >= history_state.seen", 7, args)
		return err
	})
	if err != nil {
		return fmt.Errorf("store heartbeats: %w", err)
	}
	return nil
}

func boundBeat(b *pb.Heartbeat) {
	b.Version = text(b.GetVersion(), maxID)
	b.Degraded = texts(b.GetDegraded(), 16)
	b.Bundles = b.GetBundles()[:min(len(b.GetBundles()), 16)]
	for _, v := range b.GetBundles() {
		v.Name = text(v.GetName(), maxID)
	}
	if l := b.GetLine(); l != nil {
		if !slices.Contains(linePlaces, l.GetSlow()) {
			l.Slow, l.Since = "", 0
		}
		l.Remedy = text(l.GetRemedy(), maxID)
	}
}

type oldState struct {
	visible, seen int64
	face          face // empty: there is none
}

func (h *History) oldStates(tx *db.Tx, of map[home.Place]Beat) (map[home.Place]oldState, error) {
	out := make(map[home.Place]oldState, len(of))
	args := make([]any, 0, 2*len(of))
	for _, p := range places(of) {
		args = append(args, p.Tenant, p.Home)
	}
	err := eachChunk("(?,?)", 2, args, func(tuples string, args []any) error {
		rows, err := tx.Query("WITH w(tenant, home) AS (VALUES "+tuples+") SELECT s.tenant, s.home, s.visible, s.seen,"+
			" COALESCE(f.status, ''), COALESCE(f.version, ''), COALESCE(f.platform, ''), COALESCE(f.contact, 0), COALESCE(f.devices, 0), COALESCE(f.incidents, 0), COALESCE(f.contained, 0)"+
			" FROM w CROSS JOIN history_state s LEFT JOIN history_face f ON f.tenant = s.tenant AND f.home = s.home WHERE s.tenant = w.tenant AND s.home = w.home", args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var p home.Place
			var o oldState
			if err := rows.Scan(&p.Tenant, &p.Home, &o.visible, &o.seen, &o.face.status, &o.face.version, &o.face.platform, &o.face.contact, &o.face.devices, &o.face.incidents, &o.face.contained); err != nil {
				return err
			}
			out[p] = o
		}
		return rows.Err()
	})
	return out, err
}

// State is a home's gateway as it last said it was.
type State struct {
	Place  home.Place
	Seen   time.Time // zero: it never beat
	Status string
	Beat   *pb.Heartbeat
}

// Online says whether the gateway has beaten lately.
func (s State) Online(now time.Time) bool { return !s.Seen.IsZero() && now.Sub(s.Seen) < Offline }

const stateColumns = "tenant, home, gateway, seen, status, beat"

func scanState(row interface{ Scan(...any) error }) (State, error) {
	s := State{Beat: &pb.Heartbeat{}}
	var seen int64
	var data []byte
	if err := row.Scan(&s.Place.Tenant, &s.Place.Home, &s.Place.Gateway, &seen, &s.Status, &data); err != nil {
		return State{}, err
	}
	s.Seen = time.UnixMilli(seen).UTC()
	return s, proto.Unmarshal(data, s.Beat)
}

// State returns a home's; one that never beat has a zero Seen and an empty Beat.
func (h *History) State(ctx context.Context, p home.Place) (s State, err error) {
	err = h.db.View(ctx, func(tx *db.Tx) (err error) {
		s, err = scanState(tx.Row("SELECT "+stateColumns+" FROM history_state WHERE tenant = ? AND home = ?", p.Tenant, p.Home))
		return err
	})
	if db.NoRows(err) {
		return State{Place: p.OfHome(), Beat: &pb.Heartbeat{}}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("state of a home: %w", err)
	}
	return s, nil
}

// States returns those of several homes of a tenant that ever beat, by home.
func (h *History) States(ctx context.Context, tenant string, homes []string) (map[string]State, error) {
	out := make(map[string]State, len(homes))
	err := h.db.View(ctx, func(tx *db.Tx) error {
		for part := range slices.Chunk(homes, 100) {
			args := []any{tenant}
			for _, id := range part {
				args = append(args, id)
			}
			rows, err := tx.Query("SELECT "+stateColumns+" FROM history_state WHERE tenant = ? AND home IN (?"+
				strings.Repeat(",?", len(part)-1)+")", args...)
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }() // rows.Err tells
			for rows.Next() {
				s, err := scanState(rows)
				if err != nil {
					return err
				}
				out[s.Place.Home] = s
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("states of homes: %w", err)
	}
	return out, nil
}
