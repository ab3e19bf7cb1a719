package normal

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cardea/behavior/endpoint"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Batch is what homes told in one transaction. It is checked and gathered in memory, and written at once.
type Batch struct {
	n   *Normal
	tx  *db.Tx
	now time.Time

	homes   map[home.Place]bool
	first   map[deviceKey][]*pb.FirstTime
	days    map[deviceKey][]*pb.DayScore
	used    map[usedKey][]uint64
	said    map[saidKey]string
	finding []found
	closed  []closed
	gone    map[deviceKey]bool

	back  uint32                   // weeks; first times of longer ago are of a wrong clock
	since map[home.Place]time.Time // of made-up homes, without gateway; nil: there are none
}

type deviceKey struct {
	place  home.Place // without gateway
	device string
}

func byDevice(a, b deviceKey) int {
	return cmp.Or(byHome(a.place, b.place), cmp.Compare(a.device, b.device))
}

func byHome(a, b home.Place) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Home, b.Home))
}

// Begin makes a batch for one transaction.
func (n *Normal) Begin(tx *db.Tx) *Batch {
	return &Batch{n: n, tx: tx, now: n.o.Now(), homes: map[home.Place]bool{}, first: map[deviceKey][]*pb.FirstTime{}, days: map[deviceKey][]*pb.DayScore{},
		used: map[usedKey][]uint64{}, said: map[saidKey]string{}, gone: map[deviceKey]bool{}, back: 1}
}

// Take checks an item and keeps it until Flush. An error means that nothing of it was taken.
func (b *Batch) Take(p home.Place, at time.Time, item *pb.Item) (err error) {
	p = p.OfHome()
	switch body := item.GetBody().(type) {
	case *pb.Item_FirstTimes:
		err = b.takeFirst(p, body.FirstTimes)
	case *pb.Item_DayScores:
		err = b.takeDays(p, body.DayScores)
	case *pb.Item_RollUp:
		err = b.takeUsed(p, at, body.RollUp)
	case *pb.Item_Finding:
		err = b.takeFinding(p, at, body.Finding)
	case *pb.Item_Incident:
		err = b.takeIncident(p, body.Incident)
	case *pb.Item_Devices:
		for _, d := range body.Devices.GetDevices() {
			if d.GetRemoved() && checkID(d.GetId()) == nil {
				b.gone[deviceKey{p, d.GetId()}] = true
			}
		}
		return nil
	default:
		return nil
	}
	if err == nil {
		b.homes[p] = true
	}
	return err
}

// Flush writes what was taken. Since when a home tells is by the clock here: with an item's own time a home of today could say that
// it is an old one.
func (b *Batch) Flush() error {
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"homes that do not help", b.leaveOut}, {"homes", b.flushHomes}, {"devices", b.flushDevices}, {"days", b.flushDays}, {"endpoints of roll-ups", b.flushUsed}, {"names", b.flushSaid},
		{"findings", b.flushFindings}, {"feedback", b.flushClosed}, {"devices that went", b.flushGone},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("normal: %s: %w", step.what, err)
		}
	}
	return nil
}

func (b *Batch) flushHomes() error {
	for _, p := range slices.SortedFunc(maps.Keys(b.homes), byHome) {
		since, seeded := b.since[p]
		if !seeded {
			since = b.now
		}
		if _, err := b.tx.Exec("INSERT INTO normal_home (tenant, home, since) VALUES (?,?,?) ON CONFLICT (tenant, home) DO NOTHING", p.Tenant, p.Home,
			since.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

const maxFirstTimes = 10_000 // of one item

func (b *Batch) takeFirst(p home.Place, m *pb.FirstTimes) error {
	if m.GetScheme() != home.CollapseScheme {
		return fmt.Errorf("endpoints are collapsed by scheme %d: want %d", m.GetScheme(), home.CollapseScheme)
	}
	if len(m.GetFirstTimes()) > maxFirstTimes {
		return fmt.Errorf("%d first times: want at most %d", len(m.GetFirstTimes()), maxFirstTimes)
	}
	for _, f := range m.GetFirstTimes() {
		if err := checkID(f.GetDevice()); err != nil {
			return err
		}
	}
	now := wire.Week(b.now)
	for _, f := range m.GetFirstTimes() {
		if f.GetEndpoint() == 0 {
			continue
		}
		f := proto.CloneOf(f)
		if f.Week > now || now-f.Week > b.back { // its clock is wrong, or it was away for long
			f.Week = now
		}
		k := deviceKey{p, f.GetDevice()}
		b.first[k] = append(b.first[k], f)
		if f.GetName() != "" {
			b.takeName(p, f)
		}
	}
	return nil
}

// chainOf is a first time's endpoint. Homes of before it was told at four grains know it by the finest.
func chainOf(f *pb.FirstTime) endpoint.Chain {
	c := endpoint.Chain{Flags: endpoint.Flags(f.GetFlags())}
	c.Keys[endpoint.Host], c.Keys[endpoint.Domain], c.Keys[endpoint.Network], c.Keys[endpoint.Service] = f.GetEndpoint(), f.GetDomain(), f.GetNetwork(), f.GetService()
	return c
}

const maxScores = 2048 // device days of one item

func (b *Batch) takeDays(p home.Place, m *pb.DayScores) error {
	if len(m.GetDays()) > maxScores {
		return fmt.Errorf("scores of %d device days: want at most %d", len(m.GetDays()), maxScores)
	}
	for _, d := range m.GetDays() {
		if err := checkID(d.GetDevice()); err != nil {
			return err
		}
	}
	today := uint32(b.now.Unix() / 86400)
	for _, d := range m.GetDays() {
		if d.GetDay() > today || today-d.GetDay() >= uint32(KeepScores/day) {
			continue // its clock is wrong, or it is too old to be kept
		}
		k := deviceKey{p, d.GetDevice()}
		b.days[k] = append(b.days[k], d)
	}
	return nil
}

func (b *Batch) flushGone() error {
	for _, k := range slices.SortedFunc(maps.Keys(b.gone), byDevice) {
		for _, table := range []string{"normal_device", "normal_day", "normal_finding"} {
			if _, err := b.tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ? AND device = ?", k.place.Tenant, k.place.Home, k.device); err != nil {
				return err
			}
		}
	}
	return nil
}

var errID = errors.New("that is not the id of a device, a finding or an incident")

// checkID says whether s can be an id: short and plain, for it becomes a part of keys and paths.
func checkID(s string) error {
	if s == "" || len(s) > maxID {
		return errID
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"'<>&\/?#%`, c) >= 0 {
			return errID
		}
	}
	return nil
}
