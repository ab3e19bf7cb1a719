package uplink

import (
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// room makes room for n bytes in a lane. Soft segments go first, down to an eighth of the spool, which firm items never take
// from them; then firm ones. Segments whose items are on their way stay. The caller holds mu.
func (s *Spool) room(l *lane, n int64, item *pb.Item) error {
	for s.firm.bytes()+s.soft.bytes()+n > s.max {
		soft := s.soft.bytes()
		if l == &s.soft {
			soft += n
		}
		victim := &s.firm
		if soft > s.max/8 {
			victim = &s.soft
		}
		i := oldest(victim)
		if i < 0 {
			return nil // all of it is on its way: more by that much for a moment
		}
		if err := s.give(victim, i); err != nil {
			return err
		}
		var err error
		if item.Sequence, err = s.take(); err != nil {
			return err
		}
	}
	return nil
}

func oldest(l *lane) int {
	for i, g := range l.segments {
		if g.number > l.given {
			return i
		}
	}
	return -1
}

// give gives a segment up: what is done is written first, then the segment removed, then told.
func (s *Spool) give(l *lane, i int) error {
	d, fresh, err := s.tally(l, i)
	if err != nil {
		return err
	}
	if d.Sequence, err = s.take(); err != nil {
		return err
	}
	if owed := s.meta.Drop; owed != nil { // it could not be told
		d.Items += owed.Items
		d.First, d.Last = min(d.First, owed.First), max(d.Last, owed.Last)
	}
	m := s.meta
	m.Drop, m.Dropped = d, m.Dropped+fresh
	if err := m.write(s.dir); err != nil {
		return err
	}
	s.meta = m
	if err := s.removeDropped(d); err != nil {
		return err
	}
	if err := s.tellDropped(); err != nil {
		return err
	}
	s.meta.Drop = nil // on disk it may stay: whoever opens the spool finds that it was told
	return nil
}

// tally counts what a segment holds. What an earlier loss told in it is told again with it; fresh is without that.
func (s *Spool) tally(l *lane, i int) (d *drop, fresh uint64, err error) {
	d = &drop{Lane: l.name, Segment: l.segments[i].number}
	b, err := l.read(i)
	if err != nil {
		return nil, 0, err
	}
	widen := func(first, last int64) {
		if d.First == 0 || first < d.First {
			d.First = first
		}
		d.Last = max(d.Last, last)
	}
	for at := 0; ; {
		f, _, ok := readFrame(b, at)
		if !ok {
			return d, fresh, nil
		}
		at = f.end
		item := new(pb.Item)
		if f.sequence <= s.acked || proto.Unmarshal(f.body, item) != nil {
			continue
		}
		if lost := item.GetDropped(); lost != nil {
			d.Items += lost.GetItems()
			widen(lost.GetFirst(), lost.GetLast())
			continue
		}
		fresh++
		d.Items++
		widen(item.GetTime(), item.GetTime())
	}
}

func (s *Spool) removeDropped(d *drop) error {
	for _, l := range []*lane{&s.firm, &s.soft} {
		for i, g := range l.segments {
			if l.name == d.Lane && g.number == d.Segment {
				return l.remove(i)
			}
		}
	}
	return nil
}

// tellDropped puts the item that tells meta.Drop.
func (s *Spool) tellDropped() error {
	d := s.meta.Drop
	if d.Items == 0 {
		return nil
	}
	body, err := proto.Marshal(&pb.Item{Sequence: d.Sequence, Time: s.now().UnixMilli(), Body: &pb.Item_Dropped{
		Dropped: &pb.Dropped{Items: d.Items, First: d.First, Last: d.Last},
	}})
	if err != nil {
		return err
	}
	if err := s.firm.append(s.meta.Epoch, d.Sequence, body, s.segmentBytes); err != nil {
		return err
	}
	return s.firm.sync()
}
