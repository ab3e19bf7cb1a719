package gateway

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"cardea/behavior"
	"cardea/behavior/profile"
	"cardea/gateway/capture/kernel"
	"cardea/gateway/collateral"
	"cardea/gateway/control"
	"cardea/gateway/enforce"
	"cardea/gateway/household"
	"cardea/gateway/judge"
	"cardea/gateway/ledger"
	"cardea/gateway/lists"
	"cardea/gateway/observe"
	"cardea/gateway/permits"
	"cardea/gateway/portal"
	"cardea/gateway/resolve"
	"cardea/gateway/respond"
	"cardea/gateway/update"
	"cardea/home"
	"cardea/identity/same"
	"cardea/intel"
	"cardea/playbook"

	"golang.org/x/sync/errgroup"
)

// Ports that the agent listens on; the kernel's rules lead there, so no device ever names them.
const (
	resolverPort  = 5300
	containedPort = 5301
	portalPort    = 8480
)

// Gateway is the agent of one home. Make it with New, then Run it once.
type Gateway struct {
	cfg     Config
	log     *slog.Logger
	version string
	started time.Time

	kernel    *kernel.Kernel
	enforcer  *enforce.Enforcer
	resolver  *resolve.Resolver
	portal    *portal.Portal
	ledger    *ledger.Ledger
	control   *control.Server
	responder *respond.Responder
	pipeline  []func(*home.Observation)

	mu       sync.Mutex // guards observer, judge (but for its concurrent methods) and anchors; no I/O while it is held
	observer *observe.Observer
	judge    *judge.Judge
	anchors  anchors

	roster   atomic.Pointer[roster] // who has which address; made anew each second
	intel    atomic.Pointer[intel.Set]
	herd     atomic.Pointer[herd] // what homes agree on; nil: nothing
	forceAt  atomic.Int64         // when the next of it comes in force, in Unix seconds; 0: none does
	checked  checked
	library  library
	profiles atomic.Pointer[profile.Set] // what is normal, as the cloud learned it; nil: nothing is known
	ready    atomic.Bool
	disarm   atomic.Int64 // nanoseconds since started until which nothing is enforced, whatever the clock is set to; 0: armed
	state    enforced
	rules    policies
	cloud    *cloud
	vitals   vitals
	care     *care          // of the home's line
	versions *update.Folder // of the agent's own program
	runs     update.Running // what this program was started as
	replace  atomic.Bool    // another version is to be tried

	exceptions atomic.Pointer[exceptions] // the owner's rules that the kernel cannot have

	said      said                 // what people said of devices
	household *household.Household // what they decided for the home
	bought    atomic.Pointer[home.Plan]
	deeds     atomic.Pointer[map[home.DeviceID]respond.Acts]

	book        *permits.Book               // what devices may use that are held to a list
	harm        *collateral.Watcher         // whether what is contained still does its normal work
	hits        hits                        // blocks without a case that devices run into
	hindered    *collateral.Watcher         // whether those devices still do theirs
	unwatchable map[home.DeviceID]time.Time // since when, of a device that is asked about now; used by treat only
	foreseen    foreseen                    // used by treat only

	who       *who        // guarded by mu, as the observer is
	proposed  []same.Link // devices that may be one, as of nextLinks; guarded by mu
	nextLinks time.Time

	shedding shedding
	forget   sync.Map // device ids whose detectors start anew; drained by the clock
	tally    counters

	shelf       shelf
	writing     sync.Mutex // orders what is taken from the shelf
	saving      sync.Mutex // orders what is written to the memory's file
	held        int        // what contained devices claimed a second ago; the clock's
	wished      uint64     // what people asked for a second ago; the clock's
	nextExposed time.Time  // the clock's
	seed        maphash.Seed
	busy        atomic.Bool    // a job runs aside
	background  sync.WaitGroup // it; owned by work

	lookBack chan struct{}            // owner: Gateway; capacity 1; full means that looking back is already asked for
	hunted   hunted                   // guarded by mu
	scored   map[home.DeviceID]scored // by what each device's past was judged; guarded by mu

	changed chan struct{}                    // owner: Gateway; capacity 1; full means that enforcing is already asked for
	jobs    chan func(context.Context) error // owner: Gateway; capacity 256; when it is full the job is dropped and counted
}

// empty makes one that knows nothing and has opened nothing.
func empty(cfg Config, version string, log *slog.Logger) *Gateway {
	g := &Gateway{
		cfg: cfg, log: log, version: version, started: time.Now(), anchors: anchors{},
		changed: make(chan struct{}, 1), jobs: make(chan func(context.Context) error, 256),
		shelf: shelf{full: make(chan struct{}, 1)}, lookBack: make(chan struct{}, 1), hunted: hunted{},
		household: household.New(), harm: collateral.New(collateral.Config{}), hindered: collateral.New(collateral.Config{}), unwatchable: map[home.DeviceID]time.Time{},
		foreseen: foreseen{tries: map[home.DeviceID]home.Mode{}, after: map[string]time.Time{}}, seed: maphash.MakeSeed(),
	}
	g.book = permits.New(g.permitsConfig())
	g.versions = update.Open(VersionsDir(cfg))
	g.care = newCare(g)
	return g
}

// New makes the agent: it opens its sockets and files in the current network namespace and starts nothing.
func New(cfg Config, version string, log *slog.Logger) (g *Gateway, err error) {
	if err := os.MkdirAll(cfg.State, 0o700); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	g = empty(cfg, version, log)
	g.runs = update.Current("")
	if err := g.vitals.start(cfg.State, bootOf(bootFile), g.now()); err != nil {
		log.Error("how the agent ends cannot be noted", "err", err)
	}
	g.cloud = newCloud(g)
	g.reachCloud()
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close())
		}
	}()
	if g.ledger, err = ledger.Open(filepath.Join(cfg.State, "ledger"), ledger.Options{MaxBytes: cfg.Ledger.MaxBytes, MaxAge: cfg.Ledger.MaxAge}); err != nil {
		return g, fmt.Errorf("ledger: %w", err)
	}
	g.control = control.New(cfg.Socket, g, log)
	if err = g.openKernel(); err != nil {
		return g, err
	}
	if err = g.recall(); err != nil {
		log.Error("something that is kept on disk could not be read; going on without it", "err", err)
		err = nil
	}
	if err = g.openServers(); err != nil {
		return g, err
	}
	g.pipeline = g.steps()
	return g, nil
}

// openKernel opens capture and enforcement, and the observer, which needs to know the gateway's own addresses.
func (g *Gateway) openKernel() (err error) {
	cfg := kernel.Config{LAN: g.cfg.LAN, WAN: g.cfg.WAN, Logger: g.log, Duplicate: func(d kernel.Duplicate) { g.duplicate(d.MAC, d.Ports, d.Time) }}
	if g.kernel, err = kernel.New(cfg, g); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	ports := g.kernel.Ports()
	g.judge = judge.New(judge.Config{
		Services: services{}, Headless: g.headless, Level: g.levelOf, Behavior: behavior.Config{
			Own: ports.GatewayMACs(), OwnAddrs: ports.GatewayAddrs(),
			Off:   g.cfg.Detect.off(home.DetectDuplicate), // the bridge's own table tells it: duplicate
			Usual: g.usualConfig(),
		},
	}, g)
	g.observer = observe.New(observe.Config{
		Home: homePrefixes(ports.Prefixes()), Gateway: ports.GatewayMACs(), Vendor: vendor, Domain: registrable,
		NewID: func(string) home.DeviceID { return home.NewDeviceID() }, Keep: g.keeps,
	}, g)
	g.who = newWho(same.Config{Standing: g.standing, Find: g.Find}, g.holder)
	g.who.texts = texts{}
	g.enforcer, err = enforce.New(g.enforceConfig(), g.log)
	if err != nil {
		return fmt.Errorf("enforcement: %w", err)
	}
	g.enforcer.Refill = g.listedAddrs
	if dir := g.cfg.Containment.Hostapd; dir != "" {
		g.enforcer.Link = hostapd(dir, g.cfg.Containment.VLAN)
	}
	return nil
}

func (g *Gateway) enforceConfig() enforce.Config {
	c := enforce.Config{
		Bridge: g.cfg.LAN, WAN: g.cfg.WAN, ResolverPort: resolverPort, ContainedResolverPort: containedPort,
		PortalPort: portalPort, State: filepath.Join(g.cfg.State, enforcedFile),
	}
	for _, a := range g.lanAddrs() {
		if a.Is4() {
			c.GatewayV4 = append(c.GatewayV4, a)
		} else {
			c.GatewayV6 = append(c.GatewayV6, a)
		}
	}
	return c
}

// recall puts back what was remembered, and makes the responder.
func (g *Gateway) recall() error {
	code, err := labelCode(g.cfg.Portal.LabelCodeFile)
	started := time.Now()
	m, err2 := loadMemory(g.cfg.State)
	m.date(g.now())
	for _, d := range m.Devices {
		g.observer.Remember(d)
	}
	g.anchors.restore(m.Ports)
	g.said.restore(m.Said)
	if err := g.recallHousehold(); err != nil {
		g.log.Error("nothing of it holds until the cloud tells it again, but that no names leave the home", "err", err)
		g.household.Set(home.Household{Private: true}, g.now()) // whether they wanted that is not known
	}
	if err := g.recallPlan(); err != nil {
		g.log.Warn("the plan is unknown until the cloud tells it again: all extras are there", "err", err)
	}
	g.meet(m, started)
	g.book.Restore(m.Held)
	g.harm.Restore(m.Harm)
	g.hits.lifted = m.Lifted
	playbook.Default() // it is read here, not while a case waits for it
	if err := g.recallPlaybooks(); err != nil {
		g.log.Warn("open cases go on with the newest texts", "err", err)
	}
	g.responder = respond.New(g.policyOf(code), g)
	g.responder.Restore(m.Cases)
	for _, s := range g.cfg.Containment.Protected { // the responder is there already: it says whom a device in this list may not push out
		mac, _ := home.ParseMAC(s) // the configuration was checked
		g.said.fix(g.observer.IDOf(mac))
	}
	if m.Hunted != nil {
		g.hunted = m.Hunted.restored()
	}
	g.scored = m.Scored
	g.recallWho(m)
	if err := g.recallNormal(); err != nil {
		g.log.Warn("it has to be learned again", "err", err)
	}
	g.acts()
	g.loadPolicy(m.Rules)
	g.cloud.restore(m.Cloud)
	var err3 error
	g.state.alone, g.state.shut, err3 = shutIn(filepath.Join(g.cfg.State, enforcedFile))
	return errors.Join(err, err2, err3)
}

// openServers makes resolver and portal on the gateway's own addresses.
func (g *Gateway) openServers() error {
	cfg, err := g.resolveConfig()
	if err != nil {
		return err
	}
	if g.resolver, err = resolve.New(cfg, decider{g}, lookups{g}, g.log); err != nil {
		return err
	}
	var listen []netip.AddrPort
	for _, a := range g.lanAddrs() {
		if !a.IsLinkLocalUnicast() {
			listen = append(listen, netip.AddrPortFrom(a, portalPort))
		}
	}
	if len(listen) == 0 {
		return fmt.Errorf("the LAN bridge %s has no address yet", g.cfg.LAN)
	}
	g.portal = portal.New(portal.Config{
		Listen: listen, Clients: g.atHome, Owner: g.ownerOf, Provider: g.cfg.Portal.Provider, Phone: g.cfg.Portal.Phone, Brand: g.brand, Seen: g.seen,
		Clock: g.homeTime, Now: g.now,
	}, guests{g}, g.log)
	return nil
}

// Run protects the home until ctx ends. The order: what enforces first, then what observes.
func (g *Gateway) Run(ctx context.Context) error {
	if err := enforce.Setup(g.log); err != nil {
		return err
	}
	if err := g.enforce(ctx); err != nil {
		return err
	}
	grp, ctx := errgroup.WithContext(ctx)
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"enforcement", g.keepEnforced},
		{"enforcement watch", g.enforcer.Watch},
		{"capture", g.kernel.Run},
		{"resolver", g.resolver.Run},
		{"portal", g.portal.Run},
		{"control", g.control.Run},
		{"clock", g.clock},
		{"jobs", g.work},
		{"lists", g.runLists},
		{"ledger", g.ledger.Run},
		{"contacts", g.keepContacts},
		{"looking back", g.hunts},
		{"treatment", g.treat},
		{"readiness", g.becomeReady},
		{"internet probe", g.probe},
		{"line", g.care.run},
		{"metrics", g.serveMetrics},
		{"cloud", g.cloud.run},
		{"own program", g.proving},
	} {
		grp.Go(func() error {
			if err := part.run(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("%s: %w", part.name, err)
			}
			return nil
		})
	}
	err := grp.Wait()
	return errors.Join(err, g.close())
}

// becomeReady waits until names are answered: capture and enforcement are there from New and the first Apply on.
func (g *Gateway) becomeReady(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-g.resolver.Ready():
		g.second()
		g.ready.Store(true)
		g.log.Info("ready")
	}
	return nil
}

// runLists watches the administrator's lists and those that came from the cloud.
func (g *Gateway) runLists(ctx context.Context) error {
	fromCloud := filepath.Join(g.cfg.State, cloudListsDir)
	dirs := []string{g.cfg.Lists, fromCloud}
	if g.cfg.Lists == "" {
		dirs = dirs[1:]
		if !appears(ctx, fromCloud) {
			return nil
		}
	}
	return lists.New(dirs, g.log, func(set *intel.Set, sum lists.Summary) { g.setIntel(ctx, set, sum) }).Run(ctx)
}

// appears waits until a folder is there; false: ctx ended before.
func appears(ctx context.Context, dir string) bool {
	t := time.NewTicker(identityEvery)
	defer t.Stop()
	for {
		if _, err := os.Stat(dir); err == nil {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-t.C:
		}
	}
}

// close stores what is remembered and releases everything. Quarantine stays in force.
func (g *Gateway) close() error {
	var errs []error
	if g.observer != nil && g.responder != nil {
		g.mu.Lock()
		g.observer.Close()
		g.mu.Unlock()
		errs = append(errs, g.cloud.close(), g.remember(), g.rememberWho(), g.rememberNormal())
	}
	errs = append(errs, g.vitals.stop(g.cfg.State))
	if g.ledger != nil {
		g.writeContacts()
		errs = append(errs, g.ledger.Close())
	}
	if g.enforcer != nil {
		errs = append(errs, g.enforcer.Close())
	}
	if g.kernel != nil {
		errs = append(errs, g.kernel.Close())
	}
	return errors.Join(errs...)
}

func (g *Gateway) now() time.Time { return time.Now() }
