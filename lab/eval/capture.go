package eval

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/net/publicsuffix"

	"cardea/gateway/capture"
	"cardea/gateway/capture/file"
	"cardea/gateway/observe"
	"cardea/home"
	"cardea/identity"
	"cardea/identity/facts"
	"cardea/identity/oui"
)

// reading is how captures are read.
type reading struct {
	scramble bool
	first    time.Duration // how much of the device's life is read; 0: all
}

// watched is one capture with what the device in it showed.
type watched struct {
	folder  string
	path    string
	mac     home.MAC // the device's, as the file tells it
	session identity.Session
	book    *identity.Book
	id      home.DeviceID
	took    time.Duration // processor time of identity alone
	events  int           // observations that it was given
	damaged bool          // only part of it could be read
}

// player plays one capture into a Book.
type player struct {
	book  *identity.Book
	macs  []home.MAC // the device's own, as they are in the events
	first time.Duration
	begun time.Time // when the device was first seen
	took  time.Duration
	n     int
}

// Observe hands on what belongs to the device's first seconds.
func (p *player) Observe(o *home.Observation) {
	if p.begun.IsZero() && slices.Contains(p.macs, o.Source) {
		p.begun = o.Time
	}
	if p.first > 0 && (p.begun.IsZero() || o.Time.Sub(p.begun) > p.first) {
		return
	}
	t := time.Now()
	p.book.Observe(o)
	p.took += time.Since(t)
	p.n++
}

// Contact is of no use here.
func (p *player) Contact(*home.Contact) {}

func registrable(name string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return d
}

// replay plays a file's events.
func replay(ctx context.Context, path string, to capture.Sink) error {
	in, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open capture: %w", err)
	}
	defer in.Close()
	if _, err := file.Replay(ctx, in, to, file.Options{}); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// watch plays a capture and returns what its device showed.
func (r reading) watch(ctx context.Context, f folder, path string) (*watched, error) {
	w := &watched{folder: f.name, path: path}
	p := &player{book: identity.NewBook(identity.Config{Facts: facts.Default()}), first: r.first, macs: f.macs}
	observer := observe.New(observe.Config{Vendor: oui.Vendor, Domain: registrable}, p)
	var sink capture.Sink = observer
	if r.scramble {
		s := newScrambler(observer, filepath.Join(f.name, filepath.Base(path)))
		p.macs = nil
		for _, m := range f.macs {
			p.macs = append(p.macs, s.mac(m))
		}
		sink = s
	}
	var broken *file.FormatError
	if err := replay(ctx, path, sink); errors.As(err, &broken) {
		w.damaged = true // what was readable is judged
	} else if err != nil {
		return nil, err
	}
	observer.Close()
	w.took, w.events, w.book = p.took, p.n, p.book
	most := -1
	for i, m := range p.macs {
		id := observer.Known(m)
		if id == "" {
			continue
		}
		if s := p.book.Session(id); len(s.Tokens) > most {
			w.mac, w.id, w.session, most = f.macs[i], id, s, len(s.Tokens)
		}
	}
	if most < 0 {
		return nil, fmt.Errorf("%s: %w", path, errNoDevice)
	}
	return w, nil
}
