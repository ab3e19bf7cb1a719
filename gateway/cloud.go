package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"cardea/gateway/control"
	"cardea/gateway/report"
	"cardea/home"
	"cardea/wire/pb"

	"github.com/google/renameio/v2"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
)

// Files of the cloud's side, below the state folder.
const (
	cloudDir      = "cloud"         // the identity
	spoolDir      = "spool"         // what the cloud has not confirmed
	bundleDir     = "cloud-bundle"  // metadata of signed bundles
	cloudListsDir = "cloud-lists"   // lists that came in them
	announcedFile = "announced.bin" // endpoints that were told of
	looksFile     = "looks.log"     // who asked for details
	toldFile      = "cloud-place"   // whose the files above are
)

// identityEvery is how often it is looked whether the gateway was enrolled meanwhile, or anew.
const identityEvery = 2 * time.Second

// spool keeps what goes up until the cloud has confirmed it. Put is durable for what must not be lost when it returns.
type spool interface {
	Put(*pb.Item) error
	Close() error
}

// connection is the live way to the cloud.
type connection interface {
	Run(ctx context.Context) error
	Request(ctx context.Context, what string, data []byte) ([]byte, error)
}

// line is an open way to the cloud.
type line struct {
	spool  spool
	link   connection
	update func(ctx context.Context) (version uint64, err error) // fetches signed lists
	follow []func(context.Context) error                         // keep bundles of one file up to date
	status func() control.Cloud
}

// cloud is the agent's side towards the cloud. Without an identity it does nothing, and nothing is kept for it.
//
// Locks: Gateway.saving before Gateway.mu before cloud.mu. mu is held for memory only, never while calling the Gateway.
type cloud struct {
	g *Gateway

	// How the cloud is reached; set by New, or by a test.
	enrolled func() (home.Place, error) // fs.ErrNotExist: nowhere
	dial     func(home.Place) (*line, error)

	active   atomic.Bool   // there is a line; what happens is told
	wake     chan struct{} // owner: cloud; capacity 1; full means that telling is already asked for
	seek     chan struct{} // owner: cloud; capacity 1; full means that searching is already asked for
	try      chan struct{} // owner: cloud; capacity 1; full means that fetching lists in shadow is already asked for
	shadow   shadow
	tryAlso  chan struct{} // owner: cloud; capacity 1; the same for profiles in shadow
	profiles triedProfiles
	tryWho   chan struct{}            // owner: cloud; capacity 1; the same for models in shadow
	proofs   chan struct{}            // owner: cloud; capacity 1; full means that looking at orders is already asked for
	fetch    chan struct{}            // owner: cloud; capacity 1; full means that fetching lists is already asked for
	fetchOf  map[string]chan struct{} // the same for each bundle of one file; never changed
	asking   atomic.Int32             // live questions
	anew     atomic.Bool              // the cloud has forgotten the devices: they are told whole

	flushing sync.Mutex // orders what is taken from pending
	looking  sync.Mutex // orders what is written to the log of looks

	mu        sync.Mutex
	line      *line
	mem       cloudMemory
	pending   []*pb.Item // waits for home.json to be on disk, then for the spool; kept there too
	announced *report.Announced
	first     []*pb.FirstTime
	hours     report.Hours
	stops     report.Stops
	checks    map[string]home.Check   // the last, by incident
	lastTold  map[string]*pb.Incident // open cases as they were told last; never changed
	wanted    map[string]uint64       // versions of bundles
	beside    map[string]uint64       // versions of bundles in shadow; nil: the cloud has not said yet
	sought    []*pb.Hunt              // what the home's past is to be looked through for; never changed
	told      map[string]time.Time    // residents' looks, so that one who keeps a page open is told once

	roll                report.Roll   // the second's
	sights              report.Sights // the second's
	nextLook            time.Time     // at open contacts
	nextRoll            time.Time     // at devices
	nextStops           time.Time
	nextDays, nextHours time.Time
	nextSave            time.Time
	nextBeside          time.Time
	nextSights          time.Time
	identified          string // the last error of the identity that was told; run's
}

// cloudMemory is what must outlive a restart; it is a part of home.json.
type cloudMemory struct {
	Place     home.Place        `json:"place"`
	Orders    []ordered         `json:"orders,omitempty"`
	Contained []time.Time       `json:"contained,omitempty"` // what the cloud ordered in the last 24 hours
	Keys      []residentKey     `json:"keys,omitempty"`
	Revoked   []string          `json:"revoked,omitempty"`
	Bundles   map[string]uint64 `json:"bundles,omitempty"`
	Pending   [][]byte          `json:"pending,omitempty"` // serialised items
	Sought    []string          `json:"sought,omitempty"`  // ids of searches that were answered, the latest
}

func newCloud(g *Gateway) *cloud {
	fetch := map[string]chan struct{}{}
	for _, k := range g.knowns() {
		fetch[k.name] = make(chan struct{}, 1)
	}
	fetch[agentBundle] = make(chan struct{}, 1)
	return &cloud{
		g: g, seek: make(chan struct{}, 1), try: make(chan struct{}, 1), tryAlso: make(chan struct{}, 1), tryWho: make(chan struct{}, 1), wake: make(chan struct{}, 1), proofs: make(chan struct{}, 1), fetch: make(chan struct{}, 1),
		fetchOf: fetch, wanted: map[string]uint64{},
		announced: g.announced(nil), checks: map[string]home.Check{}, lastTold: map[string]*pb.Incident{}, told: map[string]time.Time{},
		enrolled: func() (home.Place, error) { return home.Place{}, fs.ErrNotExist },
	}
}

func (c *cloud) path(name string) string { return filepath.Join(c.g.cfg.State, name) }

// restore takes what was remembered.
func (c *cloud) restore(m cloudMemory) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range m.Pending {
		item := &pb.Item{}
		if proto.Unmarshal(b, item) == nil && len(c.pending) < maxPending {
			c.pending = append(c.pending, item)
		}
	}
	m.Pending = nil
	c.mem = m
}

// memory is what restore takes.
func (c *cloud) memory() cloudMemory {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.mem.clone()
	for _, item := range c.pending {
		if b, err := proto.Marshal(item); err == nil {
			m.Pending = append(m.Pending, b)
		}
	}
	return m
}

// run keeps a line to the cloud while there is an identity. Nothing that goes wrong here ends the agent.
func (c *cloud) run(ctx context.Context) error {
	t := time.NewTicker(identityEvery)
	defer t.Stop()
	for {
		place, err := c.enrolled()
		if err == nil {
			err = c.live(ctx, place)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) && err.Error() != c.identified {
			c.identified = err.Error()
			c.g.count("cloud_failed", 1)
			c.g.log.Error("cloud; it is tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

var errMoved = errors.New("enrolled anew")

// live talks to the cloud as one place until ctx ends or the gateway is enrolled elsewhere.
func (c *cloud) live(ctx context.Context, place home.Place) error {
	if err := c.adopt(place); err != nil {
		return err
	}
	l, err := c.dial(place)
	if err != nil {
		return err
	}
	c.begin(l)
	c.g.log.Info("cloud", "place", place)
	grp, within := errgroup.WithContext(ctx)
	parts := []func(context.Context) error{l.link.Run, c.tell, c.ticks, c.prove, c.fetchLists, func(ctx context.Context) error { return c.stays(ctx, place) }}
	for _, part := range append(parts, l.follow...) {
		grp.Go(func() error { return part(within) })
	}
	err = grp.Wait()
	if ctx.Err() != nil {
		return nil //nolint:nilerr // ctx has ended, as it should; close tells the rest, and closes the spool
	}
	if errors.Is(err, errMoved) {
		err = nil
	}
	return errors.Join(err, c.close())
}

// stays returns errMoved when the gateway is somebody else's.
func (c *cloud) stays(ctx context.Context, place home.Place) error {
	t := time.NewTicker(identityEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if now, err := c.enrolled(); err == nil && now != place || errors.Is(err, fs.ErrNotExist) {
				return errMoved
			}
		}
	}
}

// adopt makes room for a place. A gateway that another home has now knows nothing of what it told and obeyed before.
func (c *cloud) adopt(place home.Place) error {
	if b, err := os.ReadFile(c.path(toldFile)); err != nil || string(b) != place.String() {
		for _, name := range []string{toldFile, spoolDir, announcedFile, bundleDir, cloudListsDir, knownDir, besideDir, besideListsDir, besideProfilesDir, besideModelsDir} {
			if err := os.RemoveAll(c.path(name)); err != nil {
				return fmt.Errorf("forget another cloud: %w", err)
			}
		}
		if err := renameio.WriteFile(c.path(toldFile), []byte(place.String()), 0o600); err != nil {
			return fmt.Errorf("note which cloud it is: %w", err)
		}
	}
	c.mu.Lock()
	same := c.mem.Place == place
	if !same {
		c.mem, c.pending, c.first, c.hours, c.stops = cloudMemory{Place: place}, nil, nil, report.Hours{}, report.Stops{}
	}
	c.mu.Unlock()
	if !same {
		if err := os.RemoveAll(c.path(planFile)); err != nil {
			return fmt.Errorf("forget another plan: %w", err)
		}
		c.g.sells(home.Plan{})
		if err := c.g.remember(); err != nil {
			return err
		}
	}
	a := report.NewAnnounced()
	b, err := os.ReadFile(c.path(announcedFile))
	if err == nil {
		if a, err = report.ParseAnnounced(b); err != nil {
			c.g.log.Warn("what was told is not known any more; it is told again", "err", err)
		}
	}
	c.mu.Lock()
	c.announced = c.g.announced(a)
	c.mu.Unlock()
	return nil
}

// begin starts telling. The cloud may have missed how cases ended before a crash: each that is open, or was lately, is told
// as it is.
func (c *cloud) begin(l *line) {
	c.roll, c.sights, c.nextRoll = report.Roll{}, report.Sights{}, time.Time{}
	c.nextSights = c.g.now().Add(sightsEvery) // who just came has not shown much yet
	c.mu.Lock()
	c.line = l
	for i := range c.mem.Orders {
		c.mem.Orders[i].since = c.g.now()
	}
	c.mu.Unlock()
	c.active.Store(true)
	now := c.g.now()
	for _, i := range c.g.responder.Incidents() {
		if i.State != home.StateClosed || now.Sub(i.Changed) < 24*time.Hour {
			c.incident(&i)
		}
	}
	c.ask(c.wake)
	c.ask(c.proofs)
}

// close tells what waits and closes the spool. It may be called again.
func (c *cloud) close() error {
	c.mu.Lock()
	l := c.line
	c.mu.Unlock()
	if l == nil {
		return nil
	}
	c.tellAll(c.g.now())
	err := errors.Join(c.flush(), c.saveAnnounced())
	c.active.Store(false)
	c.mu.Lock()
	c.line = nil
	c.mu.Unlock()
	return errors.Join(err, l.spool.Close())
}

// ask asks for something soon; it never blocks.
func (c *cloud) ask(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// status tells how things stand; nil: enrolled nowhere.
func (c *cloud) status() *control.Cloud {
	c.mu.Lock()
	l, place := c.line, c.mem.Place
	bundles := map[string]uint64{}
	for name, v := range c.mem.Bundles {
		bundles[name] = v
	}
	c.mu.Unlock()
	if l == nil {
		return nil
	}
	s := control.Cloud{}
	if l.status != nil {
		s = l.status()
	}
	s.Place, s.Bundles = place, bundles
	return &s
}
