package gateway

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cardea/gateway/ledger"
	"cardea/gateway/report"
	"cardea/home"
	"cardea/intel"
	"cardea/wire/pb"
)

// Searches: what two persons of the provider's staff ask about malware, this home's past is looked through for. Nothing of the past
// leaves the home but which device met which of them how often and when, and the case that was opened for it.
const (
	maxSought   = 8  // searches that wait
	maxSoughtOf = 64 // indicators of one
	maxAnswered = 64 // ids that are remembered
	huntSlice   = 24 * time.Hour
	huntRest    = 100 * time.Millisecond // between slices: the home's packets come first
	huntSource  = "of your provider"
	huntSure    = 70 // a past contact is soft evidence, however sure the indicator is
)

// search is one of them.
type search struct {
	id          string
	from, until time.Time
	names       map[string]int // index of what is looked for
	blocks      []soughtBlock
	family      []string
	value       []string
}

type soughtBlock struct {
	prefix netip.Prefix
	of     int
}

// soughtHit is one device that met one of them.
type soughtHit struct {
	device home.DeviceID
	of     int
}

// newSearch reads what the cloud asks for. What no list may name is not looked for either, whoever asks.
func (g *Gateway) newSearch(h *pb.Hunt, now time.Time) *search {
	s := &search{id: h.GetId(), from: now.Add(-huntBack), until: now, names: map[string]int{}}
	if f := time.UnixMilli(h.GetFrom()); h.GetFrom() > 0 && f.After(s.from) {
		s.from = f
	}
	if u := time.UnixMilli(h.GetUntil()); h.GetUntil() > 0 && u.Before(s.until) {
		s.until = u
	}
	guard := intel.NewGuard(nil, g.cfg.Cloud.Protected)
	for i, f := range h.GetOf()[:min(len(h.GetOf()), maxSoughtOf)] {
		s.family, s.value = append(s.family, report.Text(f.GetFamily(), 60)), append(s.value, "")
		e, ok := soughtEntry(f)
		if !ok || guard.Refuse(e) != "" {
			g.count("searches_refused", 1)
			continue
		}
		if s.value[i] = f.GetValue(); e.Name != "" {
			s.names[e.Name] = i
		} else {
			s.blocks = append(s.blocks, soughtBlock{e.Prefix, i})
		}
	}
	return s
}

func soughtEntry(f *pb.HuntFor) (e intel.Entry, ok bool) {
	switch f.GetKind() {
	case "domain":
		e.Name, ok = home.CleanName(f.GetValue())
		return e, ok
	case "ip":
		a, err := netip.ParseAddr(f.GetValue())
		if err != nil || a.Zone() != "" {
			return e, false
		}
		a = a.Unmap()
		return intel.Entry{Prefix: netip.PrefixFrom(a, a.BitLen())}, true
	case "cidr":
		p, err := netip.ParsePrefix(f.GetValue())
		return intel.Entry{Prefix: p.Masked()}, err == nil && !p.Addr().Is4In6()
	}
	return e, false
}

// match says which of them a contact met.
func (s *search) match(c *home.Contact) (of int, kind home.IndicatorKind, ok bool) {
	if c.Local || c.Inbound || c.Lookup || c.Flows == 0 {
		return 0, 0, false
	}
	for name := c.Endpoint.Name; name != ""; _, name, _ = strings.Cut(name, ".") {
		if of, ok := s.names[name]; ok {
			return of, home.IndicatorDomain, true
		}
	}
	a := c.Endpoint.IP.Unmap()
	for _, b := range s.blocks {
		if a.IsValid() && b.prefix.Contains(a) {
			if b.prefix.IsSingleIP() {
				return b.of, home.IndicatorAddr, true
			}
			return b.of, home.IndicatorPrefix, true
		}
	}
	return 0, 0, false
}

// indicator is what a contact met, as a list would have it.
func (s *search) indicator(c *home.Contact) (home.Indicator, bool) {
	of, kind, ok := s.match(c)
	if !ok {
		return home.Indicator{}, false
	}
	return home.Indicator{Kind: kind, Value: s.value[of], Class: home.ClassMalware, Family: s.family[of], Source: huntSource, Confidence: huntSure}, true
}

// beSought notes what the cloud asks for.
func (c *cloud) beSought(list []*pb.Hunt) {
	c.mu.Lock()
	c.sought = nil
	for _, h := range list {
		if id := h.GetId(); id != "" && len(id) <= maxID && len(c.sought) < maxSought && !slices.Contains(c.mem.Sought, id) {
			c.sought = append(c.sought, h)
		}
	}
	some := len(c.sought) > 0
	c.mu.Unlock()
	if some {
		c.ask(c.seek)
	}
}

// searches looks through the home's past for what is asked, one search at a time, until ctx ends.
func (c *cloud) searches(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.seek:
		}
		for ctx.Err() == nil {
			c.mu.Lock()
			var next *pb.Hunt
			if len(c.sought) > 0 {
				next = c.sought[0]
			}
			c.mu.Unlock()
			if next == nil {
				break
			}
			if err := c.search(ctx, next); err != nil && ctx.Err() == nil {
				c.g.count("searches_failed", 1)
				c.g.log.Warn("looking through the past; it is tried again", "err", err)
				if !sleep(ctx, fetchRetry) {
					return nil
				}
			}
		}
	}
}

// search does one, and tells what came of it once.
func (c *cloud) search(ctx context.Context, h *pb.Hunt) error {
	s := c.g.newSearch(h, c.g.now())
	result, err := c.g.search(ctx, s)
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	c.queue(&pb.Item{Body: &pb.Item_HuntResult{HuntResult: result}})
	c.mu.Lock()
	c.mem.Sought = append(c.mem.Sought, s.id)
	if n := len(c.mem.Sought); n > maxAnswered {
		c.mem.Sought = slices.Delete(c.mem.Sought, 0, n-maxAnswered)
	}
	c.sought = slices.DeleteFunc(slices.Clone(c.sought), func(x *pb.Hunt) bool { return x.GetId() == s.id })
	c.mu.Unlock()
	c.g.count("searches", 1)
	return c.g.remember()
}

// search looks through the ledger in slices, and through the window that is open, and opens cases for what it finds. No lock is held
// while the disk is read.
func (g *Gateway) search(ctx context.Context, s *search) (*pb.HuntResult, error) {
	look := g.judge.Search(huntMost, s.indicator)
	hits, oldest := map[soughtHit]*pb.HuntHit{}, time.Time{}
	take := func(k *home.Contact) {
		if oldest.IsZero() || k.First.Before(oldest) {
			oldest = k.First
		}
		s.count(hits, k)
		look.Contact(k)
	}
	for at := s.from; at.Before(s.until); at = at.Add(huntSlice) {
		end := at.Add(huntSlice)
		if end.After(s.until) {
			end = s.until
		}
		err := g.ledger.Query(ctx, ledger.Query{From: at, To: end}, func(k *home.Contact) bool {
			if !k.Last.Before(at) && (k.Last.Before(end) || end.Equal(s.until)) { // what overlaps two slices is of the later one
				take(k)
			}
			return ctx.Err() == nil
		})
		if err != nil {
			return nil, err
		}
		if !sleep(ctx, huntRest) {
			return nil, ctx.Err()
		}
	}
	for _, k := range g.openContacts() {
		if !k.Last.Before(s.from) && !k.First.After(s.until) {
			take(&k)
		}
	}
	g.openCases(look.Findings())
	return g.answer(s, hits, oldest), nil
}

// openContacts are the contacts of the window that is open.
func (g *Gateway) openContacts() (out []home.Contact) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.observer.Contacts("", func(k home.Contact) bool {
		if k.Flows > 0 {
			out = append(out, k)
		}
		return true
	})
	return out
}

// count notes a contact with what is looked for.
func (s *search) count(hits map[soughtHit]*pb.HuntHit, k *home.Contact) {
	of, _, ok := s.match(k)
	if !ok {
		return
	}
	key := soughtHit{k.Device, of}
	hit := hits[key]
	if hit == nil {
		if len(hits) >= maxBeside {
			return
		}
		hit = &pb.HuntHit{Device: string(k.Device), Of: uint32(of), First: report.Millis(k.First)}
		hits[key] = hit
	}
	hit.Contacts += k.Flows
	hit.First, hit.Last = min(hit.GetFirst(), report.Millis(k.First)), max(hit.GetLast(), report.Millis(k.Last))
}

// openCases tells what was found of the past, each once, as after lists have changed.
func (g *Gateway) openCases(found []*home.Finding) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tellPast(found)
}

// answer is what is told.
func (g *Gateway) answer(s *search, hits map[soughtHit]*pb.HuntHit, oldest time.Time) *pb.HuntResult {
	out := &pb.HuntResult{Id: s.id, Searched: report.Millis(oldest)}
	for _, hit := range hits {
		if i, open := g.responder.Of(home.DeviceID(hit.GetDevice())); open && i.Symptom.Detector == home.DetectIndicator {
			hit.Incident = i.ID
		}
		out.Hits = append(out.Hits, hit)
	}
	slices.SortFunc(out.Hits, func(a, b *pb.HuntHit) int {
		return strings.Compare(fmt.Sprint(a.GetDevice(), " ", a.GetOf()), fmt.Sprint(b.GetDevice(), " ", b.GetOf()))
	})
	return out
}
