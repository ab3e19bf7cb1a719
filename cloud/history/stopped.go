package history

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

type stopKey struct {
	place                   home.Place // without gateway
	day                     int64
	device, endpoint, class string
}

const (
	trackers  = "trackers"
	maxStops  = 1024    // refusals in one item
	maxCount  = 1 << 40 // of one item: no home refuses more
	maxReason = 300     // bytes
)

func (b *Batch) takeStopped(p home.Place, at time.Time, m *pb.Stopped) error {
	if len(m.GetStops()) > maxStops {
		return fmt.Errorf("%d refusals: want at most %d", len(m.GetStops()), maxStops)
	}
	for _, s := range m.GetStops() {
		if err := checkDevice(s.GetDevice()); err != nil {
			return err
		}
	}
	of := p.OfHome()
	for _, s := range m.GetStops() {
		last := time.UnixMilli(s.GetLast())
		if last.After(at) || at.Sub(last) > 2*day {
			last = at
		}
		first := min(max(s.GetFirst(), last.Add(-2*day).UnixMilli()), last.UnixMilli())
		k := stopKey{of, dayOf(last), s.GetDevice(), text(s.GetEndpoint(), home.MaxName+8), text(s.GetClass(), maxID)}
		b.stop(k, &pb.Stop{Family: text(s.GetFamily(), maxID), Source: text(s.GetSource(), maxID), Reason: text(s.GetReason(), maxReason), Said: wire.Bounded(s.GetSaid()),
			Card: s.GetCard(), Confidence: min(s.GetConfidence(), 100), Count: s.GetCount(), First: first, Last: last.UnixMilli()})
	}
	if n := m.GetTrackers(); n > 0 {
		b.stop(stopKey{place: of, day: dayOf(at), class: trackers}, &pb.Stop{Count: n, First: at.UnixMilli(), Last: at.UnixMilli()})
	}
	b.feed[feedKey{of, "stopped", ""}] = true
	return nil
}

func (b *Batch) stop(k stopKey, s *pb.Stop) {
	s.Count = min(s.GetCount(), maxCount)
	old := b.stops[k]
	if old == nil {
		b.stops[k] = s
		return
	}
	s.Count = min(s.GetCount()+old.GetCount(), maxCount)
	s.First = min(s.GetFirst(), old.GetFirst())
	s.Last = max(s.GetLast(), old.GetLast())
	b.stops[k] = s
}

func (b *Batch) flushStops() error {
	if len(b.stops) == 0 {
		return nil
	}
	keys := slices.SortedFunc(maps.Keys(b.stops), func(x, y stopKey) int {
		return cmp.Or(byPlace(x.place, y.place), cmp.Compare(x.day, y.day), cmp.Compare(x.device, y.device),
			cmp.Compare(x.endpoint, y.endpoint), cmp.Compare(x.class, y.class))
	})
	ask := map[boundKey]bool{}
	for _, k := range keys {
		ask[boundKey{k.place.Tenant, k.place.Home, k.day}] = true
	}
	room, err := b.room(b.h.stops, ask, "SELECT COUNT(*) FROM history_stopped WHERE tenant = ? AND home = ? AND day = ?")
	if err != nil {
		return err
	}
	args := make([]any, 0, 15*len(keys))
	added := map[boundKey]int{}
	for _, k := range keys {
		of := boundKey{k.place.Tenant, k.place.Home, k.day}
		if added[of] >= room[of] && k.class != trackers {
			b.h.droppedStops.Add(1)
			continue
		}
		added[of]++
		s := b.stops[k]
		said, err := wordsOf(s.GetSaid())
		if err != nil {
			return err
		}
		args = append(args, k.place.Tenant, k.place.Home, k.day, k.device, k.endpoint, k.class, s.GetFamily(), s.GetSource(), s.GetReason(), said,
			cardOf(s.GetCard()), int64(s.GetConfidence()), int64(s.GetCount()), s.GetFirst(), s.GetLast())
	}
	b.added(b.h.stops, added)
	_, err = insert(b.tx, "INSERT INTO history_stopped (tenant, home, day, device, endpoint, class, family, source, reason, said, card, confidence, count, first_time, last_time) VALUES ",
		"(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", " ON CONFLICT (tenant, home, day, device, endpoint, class) DO UPDATE SET"+
			" family = excluded.family, source = excluded.source, reason = excluded.reason, said = excluded.said, card = excluded.card, confidence = excluded.confidence, count = history_stopped.count + excluded.count,"+
			" first_time = CASE WHEN excluded.first_time < history_stopped.first_time THEN excluded.first_time ELSE history_stopped.first_time END,"+
			" last_time = CASE WHEN excluded.last_time > history_stopped.last_time THEN excluded.last_time ELSE history_stopped.last_time END", 15, args)
	return err
}

// Stop is what was refused, to whom, on one day.
type Stop struct {
	Device, Endpoint              string
	Class, Family, Source, Reason string
	Said                          *pb.Words // of Reason; nil: there is only that
	Card                          []byte    // home.Card as JSON, as the gateway wrote it; empty: none
	Confidence                    uint8     // of the list, 1 to 100; 0: not known, or no list refused it
	Count                         uint64
	First, Last                   time.Time
}

// StoppedSince lists what was stopped on the day of from and since, the latest first, and how many trackers. What one device
// was refused on several days is one entry.
func (h *History) StoppedSince(ctx context.Context, p home.Place, from time.Time) (out []Stop, tracked uint64, err error) {
	all, tracked, err := h.stopped(ctx, p, "day >= ?", dayOf(from))
	at := map[[3]string]int{}
	for _, s := range all {
		k := [3]string{s.Device, s.Endpoint, s.Class}
		if i, there := at[k]; there {
			out[i].Count += s.Count
			out[i].First = s.First
			continue
		}
		at[k] = len(out)
		out = append(out, s)
	}
	return out, tracked, err
}

// StoppedBetween lists what was stopped from one time until before another, the latest first and each day for itself, and how many
// trackers. A day's entry is at its last time, whole. earlier is the last time before from of something else that is kept; zero for none.
func (h *History) StoppedBetween(ctx context.Context, p home.Place, from, until time.Time) (out []Stop, tracked uint64, earlier time.Time, err error) {
	if out, tracked, err = h.stopped(ctx, p, "day >= ? AND day <= ? AND last_time >= ? AND last_time < ?", dayOf(from), dayOf(until), from.UnixMilli(), until.UnixMilli()); err != nil {
		return nil, 0, earlier, err
	}
	var last sql.NullInt64
	if err = h.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row("SELECT MAX(last_time) FROM history_stopped WHERE tenant = ? AND home = ? AND day <= ? AND last_time < ?",
			p.Tenant, p.Home, dayOf(from), from.UnixMilli()).Scan(&last)
	}); err != nil {
		return nil, 0, earlier, fmt.Errorf("stopped before: %w", err)
	}
	if last.Valid {
		earlier = time.UnixMilli(last.Int64).UTC()
	}
	return out, tracked, earlier, nil
}

// stopped lists days' entries, the latest first, without the count of trackers.
func (h *History) stopped(ctx context.Context, p home.Place, where string, args ...any) (out []Stop, tracked uint64, err error) {
	err = h.db.View(ctx, func(tx *db.Tx) error {
		out, tracked = nil, 0
		rows, err := tx.Query("SELECT device, endpoint, class, family, source, reason, said, card, confidence, count, first_time, last_time FROM history_stopped"+
			" WHERE tenant = ? AND home = ? AND "+where+" ORDER BY last_time DESC, device, endpoint", append([]any{p.Tenant, p.Home}, args...)...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var s Stop
			var sure, count, first, last int64
			var said []byte
			if err := rows.Scan(&s.Device, &s.Endpoint, &s.Class, &s.Family, &s.Source, &s.Reason, &said, &s.Card, &sure, &count, &first, &last); err != nil {
				return err
			}
			s.Confidence = uint8(sure)
			if s.Count = uint64(count); s.Device == "" && s.Class == trackers {
				tracked += s.Count
				continue
			}
			if len(said) > 0 {
				s.Said = &pb.Words{}
				if err := proto.Unmarshal(said, s.Said); err != nil {
					return fmt.Errorf("words: %w", err)
				}
			}
			s.First, s.Last = time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC()
			out = append(out, s)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, 0, fmt.Errorf("stopped: %w", err)
	}
	return out, tracked, nil
}

type look struct {
	place home.Place
	at    time.Time
	body  *pb.Look
}

func (b *Batch) flushLooks() error {
	of := map[home.Place]bool{}
	for _, l := range b.looks {
		m := &pb.Look{Question: text(l.body.GetQuestion(), maxID), Asker: text(l.body.GetAsker(), maxID), Who: text(l.body.GetWho(), 256),
			Reason: text(l.body.GetReason(), maxText), Consent: text(l.body.GetConsent(), maxID), Refused: l.body.GetRefused(), Why: text(l.body.GetWhy(), maxText)}
		data, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
		if err != nil {
			return err
		}
		id := sha256.Sum256(data)
		of[l.place.OfHome()] = true
		if _, err := b.tx.Exec("INSERT INTO history_look (tenant, home, time, id, gateway, data) VALUES (?,?,?,?,?,?) ON CONFLICT (tenant, home, time, id) DO NOTHING",
			l.place.Tenant, l.place.Home, l.at.UnixMilli(), hex.EncodeToString(id[:16]), l.place.Gateway, data); err != nil {
			return err
		}
	}
	for _, p := range places(of) {
		if _, err := b.tx.Exec("DELETE FROM history_look WHERE tenant = ? AND home = ? AND time < (SELECT time FROM history_look"+
			" WHERE tenant = ? AND home = ? ORDER BY time DESC LIMIT 1 OFFSET ?)", p.Tenant, p.Home, p.Tenant, p.Home, MaxLooks-1); err != nil {
			return err
		}
	}
	return nil
}

// Look is one that the gateway itself noted.
type Look struct {
	*pb.Look
	Time    time.Time
	Gateway string
}

// Looks lists who asked the home for details, the latest first.
func (h *History) Looks(ctx context.Context, p home.Place) (out []Look, err error) {
	err = h.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT time, gateway, data FROM history_look WHERE tenant = ? AND home = ? ORDER BY time DESC, id", p.Tenant, p.Home)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			l := Look{Look: &pb.Look{}}
			var at int64
			var data []byte
			if err := rows.Scan(&at, &l.Gateway, &data); err != nil {
				return err
			}
			if err := proto.Unmarshal(data, l.Look); err != nil {
				return err
			}
			l.Time = time.UnixMilli(at).UTC()
			out = append(out, l)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("looks: %w", err)
	}
	return out, nil
}

// cardOf is a gateway's card as it is stored: what is no card is none.
func cardOf(b []byte) []byte {
	if len(b) > wire.MaxCard || !json.Valid(b) {
		return []byte{}
	}
	return b
}

// wordsOf are words as they are stored; empty for none.
func wordsOf(w *pb.Words) ([]byte, error) {
	if w = wire.Bounded(w); w == nil {
		return []byte{}, nil
	}
	return proto.Marshal(w)
}
