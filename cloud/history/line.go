package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Bounds of what is kept of a home's line.
const (
	KeepLine       = 30 * day
	MaxLineBytes   = 32 << 10 // of a home's day; further hours and results are dropped and counted
	maxLineBusiest = 5
)

var (
	linePlaces = []string{"", "home", "line", "provider", "dns"}
	errWhere   = errors.New("a line is slow at home, on the line, at the provider or in dns")
)

func (b *Batch) takeLineHour(p home.Place, at time.Time, m *pb.LineHour) error {
	if !slices.Contains(linePlaces, m.GetWhere()) {
		return errWhere
	}
	m.Busiest = m.GetBusiest()[:min(len(m.GetBusiest()), maxLineBusiest)]
	for _, d := range m.GetBusiest() {
		if err := checkDevice(d.GetDevice()); err != nil {
			return err
		}
	}
	m.Lost, m.Slow = min(m.GetLost(), 1000), min(m.GetSlow(), 3600)
	began := time.UnixMilli(m.GetHour())
	if began.After(at) || at.Sub(began) > KeepLine {
		began = at // its clock is wrong
	}
	m.Hour = began.Truncate(hour).UnixMilli()
	return b.addLine(p, began, &pb.Item{Body: &pb.Item_LineHour{LineHour: m}})
}

func (b *Batch) takeRemedy(p home.Place, at time.Time, m *pb.RemedyResult) error {
	if m.GetId() == "" || len(m.GetId()) > maxID || !slices.Contains([]string{"fair", "upstream", "restart"}, m.GetKind()) {
		return errors.New("that is no result of a remedy")
	}
	m.Why = text(m.GetWhy(), maxLineWhy)
	return b.addLine(p, at, &pb.Item{Time: at.UnixMilli(), Body: &pb.Item_RemedyResult{RemedyResult: m}})
}

const maxLineWhy = 400

func (b *Batch) addLine(p home.Place, at time.Time, item *pb.Item) error {
	k := dayKey{p.OfHome(), dayOf(at)}
	data, err := proto.MarshalOptions{}.MarshalAppend(b.lines[k], &pb.Report{Items: []*pb.Item{item}})
	if err != nil {
		return err
	}
	b.lines[k] = data
	return nil
}

// flushLines appends to each home's day, as flushDays does.
func (b *Batch) flushLines() error {
	keys := slices.SortedFunc(maps.Keys(b.lines), func(x, y dayKey) int {
		return cmp.Or(byPlace(x.place, y.place), cmp.Compare(x.day, y.day))
	})
	args := make([]any, 0, 4*len(keys))
	for _, k := range keys {
		if len(b.lines[k]) > MaxLineBytes {
			b.h.droppedLines.Add(1)
			continue
		}
		args = append(args, k.place.Tenant, k.place.Home, k.day, b.lines[k])
	}
	changed, err := insert(b.tx, "INSERT INTO history_line (tenant, home, day, data) VALUES ", "(?,?,?,?)",
		fmt.Sprintf(" ON CONFLICT (tenant, home, day) DO UPDATE SET data = history_line.data || excluded.data"+
			" WHERE octet_length(history_line.data) + octet_length(excluded.data) <= %d", MaxLineBytes), 4, args)
	if full := int64(len(args)/4) - changed; full > 0 {
		b.h.droppedLines.Add(uint64(full))
	}
	return err
}

// Remedy is what a remedy did and when that was told.
type Remedy struct {
	*pb.RemedyResult
	At time.Time
}

// Line returns how a home's line worked since a time, the oldest first, one entry an hour; and what remedies did.
func (h *History) Line(ctx context.Context, p home.Place, since time.Time) (hours []*pb.LineHour, remedies []Remedy, err error) {
	err = h.db.View(ctx, func(tx *db.Tx) error {
		days, err := lineDays(tx, p, dayOf(since))
		for _, d := range days {
			for _, item := range d.report.GetItems() {
				if m := item.GetLineHour(); m != nil && m.GetHour()+hour.Milliseconds() > since.UnixMilli() {
					hours = append(hours, m)
				}
				if m := item.GetRemedyResult(); m != nil && item.GetTime() >= since.UnixMilli() {
					remedies = append(remedies, Remedy{m, time.UnixMilli(item.GetTime()).UTC()})
				}
			}
		}
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("the home's line: %w", err)
	}
	// A gateway that was started again tells an hour twice: what it measured longer of counts.
	slices.SortStableFunc(hours, func(x, y *pb.LineHour) int {
		return cmp.Or(cmp.Compare(x.GetHour(), y.GetHour()), cmp.Compare(y.GetProbes(), x.GetProbes()))
	})
	hours = slices.CompactFunc(hours, func(x, y *pb.LineHour) bool { return x.GetHour() == y.GetHour() })
	return hours, remedies, nil
}

type lineDay struct {
	day    int64
	report *pb.Report
}

func lineDays(tx *db.Tx, p home.Place, from int64) (out []lineDay, err error) {
	rows, err := tx.Query("SELECT day, data FROM history_line WHERE tenant = ? AND home = ? AND day >= ? ORDER BY day", p.Tenant, p.Home, from)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		d := lineDay{report: &pb.Report{}}
		var data []byte
		if err := rows.Scan(&d.day, &data); err != nil {
			return nil, err
		}
		if err := proto.Unmarshal(data, d.report); err != nil {
			return nil, fmt.Errorf("day %d: %w", d.day, err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// eraseBusy takes a device out of who was busiest.
func eraseBusy(tx *db.Tx, p home.Place, device string) (changed int64, err error) {
	days, err := lineDays(tx, p, 0)
	if err != nil {
		return 0, err
	}
	for _, d := range days {
		found := false
		for _, item := range d.report.GetItems() {
			if m := item.GetLineHour(); m != nil {
				before := len(m.GetBusiest())
				m.Busiest = slices.DeleteFunc(m.GetBusiest(), func(b *pb.Busy) bool { return b.GetDevice() == device })
				found = found || len(m.GetBusiest()) != before
			}
		}
		if !found {
			continue
		}
		data, err := proto.Marshal(d.report)
		if err != nil {
			return 0, err
		}
		if _, err := tx.Exec("UPDATE history_line SET data = ? WHERE tenant = ? AND home = ? AND day = ?", data, p.Tenant, p.Home, d.day); err != nil {
			return 0, err
		}
		changed++
	}
	return changed, nil
}
