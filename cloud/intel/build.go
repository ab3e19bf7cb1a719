package intel

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"cardea/home"
	"cardea/intel"
	"cardea/internal/platform/db"
)

const (
	// maxGroups bounds the lists of a bundle; package intel/pack takes 400.
	maxGroups  = 300
	maxNamed   = 10 // refused names that are told of a source
	fineStep   = 5  // confidence is rounded down to multiples of it, so that there are few lists
	coarseStep = 25
)

// group is what the entries of one list have in common.
type group struct {
	class      home.Class
	source     string
	family     string
	confidence uint8
}

// build makes the lists of all that is in force and publishes them. was: there are lists of an earlier build.
func (n *Intel) build(ctx context.Context, now time.Time, was bool) (p Published, err error) {
	if err := n.db.Tx(ctx, func(tx *db.Tx) error { // what changes from here on is for the next build
		_, err := tx.Exec("UPDATE intel_turn SET wanted = 0 WHERE id = 1")
		return err
	}); err != nil {
		return p, fmt.Errorf("build of lists: %w", err)
	}
	sources, err := n.Sources(ctx)
	if err != nil {
		return p, err
	}
	b, err := n.builder(ctx, now)
	if err != nil {
		return p, err
	}
	placed := map[string]Placed{}
	for i := range sources {
		if placed[sources[i].Name], err = n.place(ctx, b, &sources[i]); err != nil {
			return p, err
		}
	}
	if len(b.groups) == 0 && !was { // lists that were published by hand stay, but for what is excepted
		if n.o.Amend != nil {
			if p, err = n.o.Amend(ctx, &Check{b.guard, b.allowed}); err != nil {
				return p, fmt.Errorf("lists that were published by hand: %w", err)
			}
		}
		return p, n.built(ctx, now, Published{}, placed, b.next)
	}
	lists, err := b.files()
	if err != nil {
		return p, fmt.Errorf("build of lists: %w", err)
	}
	if p, err = n.o.Publish(ctx, lists); err != nil {
		return p, fmt.Errorf("lists: %w", err)
	}
	return p, n.built(ctx, now, p, placed, b.next)
}

func (n *Intel) builder(ctx context.Context, now time.Time) (*builder, error) {
	g, err := n.guard(ctx)
	if err != nil {
		return nil, err
	}
	x, err := n.exceptions(ctx)
	if err != nil {
		return nil, err
	}
	return &builder{guard: g, allowed: x, now: now.Unix(), groups: map[group]*lists{}}, nil
}

// built writes down what was published.
func (n *Intel) built(ctx context.Context, now time.Time, p Published, placed map[string]Placed, next int64) error {
	err := n.db.Tx(ctx, func(tx *db.Tx) error {
		for _, name := range slices.Sorted(maps.Keys(placed)) {
			b, err := json.Marshal(placed[name])
			if err != nil {
				return err
			}
			if _, err := tx.Exec("UPDATE intel_fetch SET placed = ? WHERE source = ?", b, name); err != nil {
				return err
			}
		}
		_, err := tx.Exec("UPDATE intel_turn SET version = ?, entries = ?, at = ?, next = ?, failure = '' WHERE id = 1", int64(p.Version), p.Entries, now.UnixMilli(), next*1000)
		return err
	})
	if err != nil {
		return fmt.Errorf("build of lists: %w", err)
	}
	return nil
}

// place adds a source's entries to the lists.
func (n *Intel) place(ctx context.Context, b *builder, s *State) (p Placed, err error) {
	p.At = fromMilli(n.o.Now().UnixMilli())
	if s.sum == "" {
		return p, nil
	}
	if s.Trust == 0 {
		return p, nil
	}
	if ends := s.Good.Add(s.Life); n.o.Now().After(ends) {
		p.Ended = s.Entries // nobody said so for too long
		return p, nil
	} else if s.State != StateGood {
		b.soon(ends.Unix())
	}
	data, err := n.content(ctx, s.Name, "good")
	if err != nil {
		return p, err
	}
	err = each(data, func(i item) error {
		b.add(&s.Source, &i, &p)
		return ctx.Err()
	})
	return p, err
}

// builder gathers lists.
type builder struct {
	guard   *guard
	allowed *exceptions
	now     int64
	next    int64 // when something begins or ends; 0: never
	groups  map[group]*lists
}

// lists are the lines of a group: of names in one form, of addresses in another.
type lists struct{ names, addrs bytes.Buffer }

func (b *builder) soon(at int64) {
	if at > b.now && (b.next == 0 || at < b.next) {
		b.next = at
	}
}

// add takes an entry, or notes why not.
func (b *builder) add(s *Source, i *item, p *Placed) {
	if i.from > b.now || i.until != 0 && i.until <= b.now {
		b.soon(i.from)
		p.Ended++
		return
	}
	b.soon(i.until)
	class := cmp.Or(s.Class, i.class, home.ClassMalware)
	if !i.entry.Allow {
		if b.allowed.holds(i.entry) {
			p.Allowed++
			return
		}
		if why, name := b.guard.refuse(i.entry, class); why != "" {
			p.refuse(why, i.entry, b.guard.known[name])
			return
		}
	}
	p.Entries++
	g := group{class, s.Name, cmp.Or(s.Family, i.family), rounded(trusted(s.Trust, i.confidence), fineStep)}
	l := b.groups[g]
	if l == nil {
		l = &lists{}
		b.groups[g] = l
	}
	l.add(i.entry)
}

// trusted is how far an indicator is believed: as far as its source is, of what it says itself.
func trusted(trust int, says uint8) int {
	if says == 0 {
		return trust
	}
	return max(1, trust*int(says)/100)
}

func rounded(n, step int) uint8 { return uint8(max(1, n/step*step)) }

func (p *Placed) refuse(why intel.Reason, e intel.Entry, k Known) {
	if p.Refused == nil {
		p.Refused = map[string]int{}
	}
	p.Refused[string(why)]++
	if len(p.Names) == maxNamed {
		return
	}
	text := fmt.Sprintf("%s: %s", valueOf(e), why)
	if k.Model != "" && k.Homes >= MinHomes {
		text = fmt.Sprintf("%s: %.0f %% of homes with %s use it", valueOf(e), 100*k.Share, k.Model)
	}
	p.Names = append(p.Names, text)
}

func (l *lists) add(e intel.Entry) {
	if e.Name == "" {
		if e.Port != 0 {
			fmt.Fprintf(&l.addrs, "%s\n", netipPort(e))
		} else {
			fmt.Fprintf(&l.addrs, "%s\n", e.Prefix)
		}
		return
	}
	if e.Allow {
		l.names.WriteString("@@")
	}
	l.names.WriteByte('|')
	if !e.Exact {
		l.names.WriteByte('|')
	}
	l.names.WriteString(e.Name)
	l.names.WriteString("^\n")
}

func netipPort(e intel.Entry) string {
	a := e.Prefix.Addr()
	if a.Is6() {
		return fmt.Sprintf("[%s]:%d", a, e.Port)
	}
	return fmt.Sprintf("%s:%d", a, e.Port)
}

// merge makes fewer groups of too many: first without families, then of coarser confidence.
func (b *builder) merge() {
	for _, coarser := range []func(*group){func(g *group) { g.family = "" }, func(g *group) { g.confidence = rounded(int(g.confidence), coarseStep) }} {
		if len(b.groups) <= maxGroups {
			return
		}
		out := map[group]*lists{}
		for _, g := range slices.SortedFunc(maps.Keys(b.groups), compareGroups) {
			l := b.groups[g]
			if coarser(&g); out[g] == nil {
				out[g] = l
				continue
			}
			out[g].names.Write(l.names.Bytes())
			out[g].addrs.Write(l.addrs.Bytes())
		}
		b.groups = out
	}
}

func compareGroups(x, y group) int {
	return cmp.Or(cmp.Compare(x.class, y.class), cmp.Compare(x.source, y.source), cmp.Compare(x.family, y.family), cmp.Compare(x.confidence, y.confidence))
}

// none is a list of nothing, for when the last list went: a bundle cannot be empty.
const none = "nothing-is-listed.invalid"

// files gives the lists as files, as gateway/lists describes them, with what they are about beside each.
func (b *builder) files() (fs.FS, error) {
	b.merge()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for k, g := range slices.SortedFunc(maps.Keys(b.groups), compareGroups) {
		l := b.groups[g]
		base := fmt.Sprintf("%s/%s-%d", g.class, g.source, k)
		if err := write(z, base+".names.txt", "adblock", g, &l.names); err != nil {
			return nil, err
		}
		if err := write(z, base+".addrs.txt", "plain", g, &l.addrs); err != nil {
			return nil, err
		}
	}
	free := lists{}
	for _, e := range b.allowed.list {
		e.Allow = false // the list's class says it
		free.add(e)
	}
	if len(b.groups) == 0 && len(b.allowed.list) == 0 {
		free.add(intel.Entry{Name: none})
	}
	of := group{class: intel.ClassAllow, source: "exceptions", confidence: 100}
	if err := write(z, "allow/exceptions.names.txt", "adblock", of, &free.names); err != nil {
		return nil, err
	}
	if err := write(z, "allow/exceptions.addrs.txt", "plain", of, &free.addrs); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
}

// write writes a list that is not empty, and what it is about.
func write(z *zip.Writer, name, format string, g group, text *bytes.Buffer) error {
	if text.Len() == 0 {
		return nil
	}
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write(text.Bytes())
	}
	if err != nil {
		return err
	}
	if w, err = z.Create(name + ".meta"); err != nil {
		return err
	}
	about := fmt.Sprintf("class: %s\nsource: %s\nconfidence: %d\nformat: %s\n", g.class, g.source, g.confidence, format)
	if f := strings.TrimSpace(g.family); f != "" {
		about += "family: " + f[:min(len(f), 90)] + "\n"
	}
	_, err = io.WriteString(w, about)
	return err
}
