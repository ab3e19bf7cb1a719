package fleet

import (
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// scheme of tokens that is understood.
const scheme = 1

// Batch is what homes told in one transaction.
type Batch struct {
	f     *Fleet
	tx    *db.Tx
	steps []step
	homes map[home.Place]bool // that told what teaches
}

// step is one write. What does not teach is written of homes that do not help, too.
type step struct {
	place   home.Place
	teaches bool
	do      func() error
}

// Begin makes a batch for one transaction.
func (f *Fleet) Begin(tx *db.Tx) *Batch {
	return &Batch{f: f, tx: tx, homes: map[home.Place]bool{}}
}

// Take checks an item and keeps it until Flush. An error means that nothing of it was taken.
func (b *Batch) Take(p home.Place, at time.Time, item *pb.Item) error {
	p = p.OfHome()
	switch body := item.GetBody().(type) {
	case *pb.Item_Sightings:
		return b.takeSightings(p, at, body.Sightings)
	case *pb.Item_Correction:
		return b.takeWord(p, body.Correction)
	case *pb.Item_Devices:
		return b.takeDevices(p, body.Devices)
	}
	return nil
}

// Flush writes what was taken, in its order. Since when a home tells, and its owner says something, is by the clock here: with an
// item's own time a home of today could say that it is an old one.
func (b *Batch) Flush() error {
	if err := b.leaveOut(); err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	now := b.f.o.Now().UnixMilli()
	for _, p := range slices.SortedFunc(maps.Keys(b.homes), byHome) {
		if _, err := b.tx.Exec("INSERT INTO fleet_home (tenant, home, since) VALUES (?,?,?) ON CONFLICT (tenant, home) DO NOTHING", p.Tenant, p.Home,
			now); err != nil {
			return fmt.Errorf("fleet: %w", err)
		}
	}
	for _, s := range b.steps {
		if err := s.do(); err != nil {
			return fmt.Errorf("fleet: %w", err)
		}
	}
	for p := range b.homes {
		if err := b.bound(p); err != nil {
			return fmt.Errorf("fleet: %w", err)
		}
	}
	return nil
}

func (b *Batch) takeSightings(p home.Place, at time.Time, m *pb.Sightings) error {
	if m.GetScheme() != scheme {
		return nil // of another time: what it says cannot be compared
	}
	if len(m.GetDevices()) > MaxDevices {
		return fmt.Errorf("sightings of %d devices: want at most %d", len(m.GetDevices()), MaxDevices)
	}
	for _, d := range m.GetDevices() {
		if err := checkID(d.GetDevice()); err != nil {
			return err
		}
	}
	b.homes[p] = true
	for _, d := range m.GetDevices() {
		s := b.f.bounded(d)
		tokens, err := proto.Marshal(&pb.Sighted{Tokens: s.GetTokens(), Age: s.GetAge()})
		if err != nil {
			return err
		}
		group := ""
		if len(s.GetTokens()) >= minTokens {
			group = pending
		}
		b.steps = append(b.steps, step{p, true, func() error {
			_, err := b.tx.Exec("INSERT INTO fleet_device (tenant, home, device, updated, model, vendor, class, said_by, grp, tokens) VALUES (?,?,?,?,?,?,?,?,?,?)"+
				" ON CONFLICT (tenant, home, device) DO UPDATE SET updated = excluded.updated, model = excluded.model, vendor = excluded.vendor, class = excluded.class,"+
				" said_by = excluded.said_by, tokens = excluded.tokens, grp = CASE WHEN excluded.grp = '' OR fleet_device.grp = ''"+
				" OR fleet_device.tokens <> excluded.tokens THEN excluded.grp ELSE fleet_device.grp END",
				p.Tenant, p.Home, s.GetDevice(), at.UnixMilli(), s.GetModel(), s.GetVendor(), s.GetClass(), s.GetBy(), group, tokens)
			return err
		}})
	}
	return nil
}

// bounded is what may be kept of a device. Of a personal one that is class and vendor, whatever its gateway told.
func (f *Fleet) bounded(d *pb.Sighted) *pb.Sighted {
	out := &pb.Sighted{Device: d.GetDevice(), Vendor: text(d.GetVendor()), Class: text(d.GetClass())}
	if home.DeviceClass(out.Class).Personal() {
		return out
	}
	switch d.GetBy() {
	case "rules", "learned", "operator":
		out.Model, out.By = text(d.GetModel()), d.GetBy()
	}
	out.Age = min(d.GetAge(), maxAge)
	seen := map[uint64]bool{}
	for _, t := range d.GetTokens() {
		if seen[t.GetHash()] || len(out.Tokens) >= MaxTokens {
			continue
		}
		seen[t.GetHash()] = true
		k := &pb.Token{Hash: t.GetHash(), Clue: t.GetClue() & 0xff, Age: min(t.GetAge(), maxAge)}
		if s := t.GetText(); s != "" {
			if wire.MayTell(wire.Telling(t.GetTelling()), s) && wire.TokenHash(byte(k.GetClue()), s) == k.GetHash() {
				k.Telling, k.Text = t.GetTelling(), s
			} else {
				f.dropped.Add(1)
			}
		}
		out.Tokens = append(out.Tokens, k)
	}
	return out
}

func (b *Batch) takeWord(p home.Place, c *pb.Correction) error {
	if err := checkID(c.GetDevice()); err != nil {
		return err
	}
	model, vendor, class := text(c.GetModel()), text(c.GetVendor()), text(c.GetClass())
	if home.DeviceClass(class).Personal() {
		model = ""
	}
	b.homes[p] = true
	b.steps = append(b.steps, step{p, true, func() error {
		if model == "" && vendor == "" && class == "" {
			_, err := b.tx.Exec("DELETE FROM fleet_word WHERE tenant = ? AND home = ? AND device = ?", p.Tenant, p.Home, c.GetDevice())
			return err
		}
		_, err := b.tx.Exec("INSERT INTO fleet_word (tenant, home, device, model, vendor, class, since) VALUES (?,?,?,?,?,?,?) ON CONFLICT (tenant, home, device)"+
			" DO UPDATE SET model = excluded.model, vendor = excluded.vendor, class = excluded.class, since = CASE WHEN fleet_word.model = excluded.model"+
			" AND fleet_word.vendor = excluded.vendor AND fleet_word.class = excluded.class THEN fleet_word.since ELSE excluded.since END",
			p.Tenant, p.Home, c.GetDevice(), model, vendor, class, b.f.o.Now().UnixMilli())
		return err
	}})
	return nil
}

// takeDevices keeps exposures, and forgets devices that the home has forgotten.
func (b *Batch) takeDevices(p home.Place, m *pb.Devices) error {
	for _, d := range m.GetDevices() {
		if err := checkID(d.GetId()); err != nil {
			return err
		}
	}
	b.steps = append(b.steps, step{p, false, func() error { return b.f.expose(b.tx, p, m) }})
	return nil
}

// expose writes what is news in a list. A whole list may come in parts: what is in a later one is written again then.
func (f *Fleet) expose(tx *db.Tx, p home.Place, m *pb.Devices) error {
	var changed []*pb.Device
	open := map[string]bool{}
	for _, d := range m.GetDevices() {
		if d.GetRemoved() {
			if err := forget(tx, p, d.GetId()); err != nil {
				return err
			}
			f.forget(f.key(p, d.GetId()))
			continue
		}
		open[d.GetId()] = len(d.GetExposures()) > 0
		if key, sum := f.sum(p, d); f.news(key, sum) {
			changed = append(changed, d)
			tx.After(func() { f.stored(key, sum) })
		}
	}
	if len(changed) == 0 && !m.GetWhole() {
		return nil
	}
	stored, err := exposed(tx, p)
	if err != nil {
		return err
	}
	for id := range stored {
		if m.GetWhole() && !open[id] {
			f.forget(f.key(p, id))
			if err := cover(tx, p, id); err != nil {
				return err
			}
		}
	}
	for _, d := range changed {
		if !open[d.GetId()] && !stored[d.GetId()] {
			continue
		}
		if err := expose(tx, p, d); err != nil {
			return err
		}
	}
	return nil
}

// exposed are the devices of a home that have stored exposures.
func exposed(tx *db.Tx, p home.Place) (map[string]bool, error) {
	rows, err := tx.Query("SELECT DISTINCT device FROM fleet_exposure WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	out := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out[id] = true
	}
	return out, rows.Err()
}

func cover(tx *db.Tx, p home.Place, device string) error {
	_, err := tx.Exec("DELETE FROM fleet_exposure WHERE tenant = ? AND home = ? AND device = ?", p.Tenant, p.Home, device)
	return err
}

func expose(tx *db.Tx, p home.Place, d *pb.Device) error {
	if err := cover(tx, p, d.GetId()); err != nil {
		return err
	}
	model := text(d.GetModel())
	if d.GetIdentifiedBy() == "owner" {
		model = ""
	}
	for _, e := range d.GetExposures()[:min(len(d.GetExposures()), maxExposed)] {
		certain := 0
		if e.GetCertain() {
			certain = 1
		}
		if _, err := tx.Exec("INSERT INTO fleet_exposure (tenant, home, device, id, kind, reference, proto, port, model, class, certain)"+
			" VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (tenant, home, device, id) DO NOTHING", p.Tenant, p.Home, d.GetId(), text(e.GetId()), text(e.GetKind()),
			text(e.GetReference()), text(e.GetProto()), int64(e.GetPort()&0xffff), model, text(d.GetClass()), certain); err != nil {
			return err
		}
	}
	return nil
}

func (f *Fleet) key(p home.Place, device string) uint64 {
	return maphash.String(f.seed, p.Tenant+"\x00"+p.Home+"\x00"+device)
}

// sum names what is stored of a device's exposures.
func (f *Fleet) sum(p home.Place, d *pb.Device) (key, sum uint64) {
	var h maphash.Hash
	h.SetSeed(f.seed)
	for _, s := range []string{d.GetModel(), d.GetClass(), d.GetIdentifiedBy()} {
		_, _ = h.WriteString(s + "\x00") // never fails
	}
	for _, e := range d.GetExposures() {
		_, _ = fmt.Fprintf(&h, "%s %s %s %s %d %v\x00", e.GetId(), e.GetKind(), e.GetReference(), e.GetProto(), e.GetPort(), e.GetCertain())
	}
	return f.key(p, d.GetId()), h.Sum64()
}

func (f *Fleet) news(key, sum uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.o.Now(); now.Sub(f.from) > toldLife || len(f.told) >= maxTold {
		clear(f.told)
		f.from = now
	}
	was, known := f.told[key]
	return !known || was != sum
}

func (f *Fleet) stored(key, sum uint64) {
	f.mu.Lock()
	f.told[key] = sum
	f.mu.Unlock()
}

func (f *Fleet) forget(key uint64) {
	f.mu.Lock()
	delete(f.told, key)
	f.mu.Unlock()
}

// forget drops all that is kept of a device.
func forget(tx *db.Tx, p home.Place, device string) error {
	for _, table := range []string{"fleet_device", "fleet_word", "fleet_exposure"} {
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ? AND device = ?", p.Tenant, p.Home, device); err != nil {
			return err
		}
	}
	return nil
}

// bound lets those told of longest ago go where a home has too many.
func (b *Batch) bound(p home.Place) error {
	for _, t := range []struct{ table, by string }{{"fleet_device", "updated"}, {"fleet_word", "since"}} {
		var n int
		if err := b.tx.Row("SELECT COUNT(*) FROM "+t.table+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home).Scan(&n); err != nil {
			return err
		}
		if n <= MaxDevices {
			continue
		}
		if _, err := b.tx.Exec("DELETE FROM "+t.table+" WHERE tenant = ? AND home = ? AND device NOT IN (SELECT device FROM "+t.table+
			" WHERE tenant = ? AND home = ? ORDER BY "+t.by+" DESC, device LIMIT ?)", p.Tenant, p.Home, p.Tenant, p.Home, MaxDevices); err != nil {
			return err
		}
	}
	return nil
}

var errDevice = errors.New("that is not a device's id")

// checkID says whether s can be a device's id: short and plain.
func checkID(s string) error {
	if s == "" || len(s) > maxID {
		return errDevice
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' && c != ':' && c != '.' {
			return errDevice
		}
	}
	return nil
}

// text makes s fit to be stored and shown.
func text(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s[:min(len(s), 4*maxName)])
	if len(s) > maxName {
		s = strings.ToValidUTF8(s[:maxName], "")
	}
	return strings.TrimSpace(s)
}
