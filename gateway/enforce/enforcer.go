package enforce

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cardea/gateway/enforce/nfnl"
	"cardea/gateway/enforce/rules"
	"cardea/home"

	"golang.org/x/sys/unix"
)

// ErrOwned says that another process observes already: two agents in one network namespace.
var ErrOwned = errors.New("owned by another process")

// Enforcer keeps the kernel at the desired state. Its socket owns the observation tables: they vanish with the process,
// or with Close. All methods are safe for concurrent use; changes wait for each other.
type Enforcer struct {
	cfg Config
	log *slog.Logger

	// Refill, if set before Run, gives all listed addresses again when the kernel lost them (a foreign `flush ruleset`);
	// they are not kept here, a million would cost 24 MB.
	Refill func() iter.Seq[netip.Prefix]
	// Link, if set before the first Apply, isolates single stations at the access point.
	Link Link

	sock *nfnl.Socket

	mu       sync.Mutex // held over netlink round trips: it is what makes changes wait for each other
	applied  *home.Desired
	rules    Ruleset
	isolated map[home.MAC]bool // by Link
	writes   uint64            // transactions that changed something
	healed   uint64            // of these, for what others had changed
	cutFor   *home.Desired     // the state whose forbidden flows were cut; behind applied after an error
	refillBy bool              // the listed addresses were lost and are not back yet
	owned    bool              // make the observation tables too
	permits  permits           // what devices that are held to a list may reach
	expected expected          // what is permitted with the next Apply; not guarded by mu
	fresh    fresh             // of these, what needs no look for a while; not guarded by mu
	killing  time.Time         // until when flows in the dead sets are looked for; zero: not at all

	listMu sync.Mutex            // one change of the listed addresses at a time; taken before mu, never while it is held
	nets   map[netip.Prefix]bool // the listed networks, before merging
	listed *addrSet              // what the kernel's sets hold; nil: unknown
	lost   atomic.Bool           // the kernel's sets were made anew, empty
}

// New opens the socket that will own the observation tables, in the current network namespace. It changes nothing yet.
func New(cfg Config, log *slog.Logger) (*Enforcer, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("enforcer: %w", err)
	}
	sock, err := nfnl.Open()
	if err != nil {
		return nil, fmt.Errorf("enforcer: %w", err)
	}
	return &Enforcer{cfg: cfg, log: log, sock: sock, isolated: map[home.MAC]bool{}, nets: map[netip.Prefix]bool{}, owned: true}, nil
}

// Close lets the kernel remove the observation tables. The tables that enforce stay.
func (e *Enforcer) Close() error { return e.sock.Close() }

// Writes is how many transactions have changed the kernel's tables.
func (e *Enforcer) Writes() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.writes
}

// Apply brings the kernel to the desired state in one transaction, reads it back, and cuts the flows that the change
// forbids. Nothing is written when nothing has to change. After an error the kernel is as it was before.
func (e *Enforcer) Apply(ctx context.Context, d home.Desired) error {
	d.Devices = cloneDevices(d.Devices)
	emptied, err := e.enforce(ctx, d)
	if err == nil && emptied {
		if err = e.refill(ctx); err == nil {
			e.mu.Lock()
			e.refillBy = false
			e.mu.Unlock()
		}
	}
	if err != nil {
		return fmt.Errorf("apply desired state %d: %w", d.Version, err)
	}
	return nil
}

// enforce is Apply but for the listed addresses, which take long and must not keep a quarantine waiting.
func (e *Enforcer) enforce(ctx context.Context, d home.Desired) (emptied bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if e.applied == nil {
		if err := rehearse(e.cfg, e.sock); err != nil {
			return false, err
		}
		e.inherit()
		if e.stillDead() { // another process killed flows just now
			e.killing = time.Now().Add(deadFor)
		}
	}
	killing := time.Now().Before(e.killing)
	rs, err := compile(e.cfg, d, killing)
	if err != nil {
		return false, err
	}
	e.expect()
	e.permitAll(d) // before the rules: a device's flows to what it may reach shall not notice
	emptied, err = e.reconcile(rs)
	if err != nil {
		return false, err
	}
	e.permitAll(d)
	e.revoke(e.applied, d)
	e.applied, e.rules, e.refillBy = &d, rs, e.refillBy || emptied
	if !killing {
		e.killing = time.Time{}
	}
	if err := e.cut(difference(e.cutFor, d)); err != nil {
		return false, fmt.Errorf("rules are in force, but running flows are not cut: %w", err)
	}
	e.cutFor = &d
	e.isolate(ctx, d)
	if e.cfg.State != "" {
		if err := Save(e.cfg.State, d); err != nil {
			return false, fmt.Errorf("rules are in force, but not for the next boot: %w", err)
		}
	}
	return e.refillBy, nil
}

// permitAll gives the kernel what devices may reach of their lists. What fails only makes those stricter: no other rule waits for it.
func (e *Enforcer) permitAll(d home.Desired) {
	if all, err := e.grant(d); err != nil || !all {
		e.log.Warn("not all addresses of lists are permitted", "all_fit", all, "err", err)
	}
}

func cloneDevices(in []home.DeviceRule) []home.DeviceRule {
	out := slices.Clone(in)
	for i := range out {
		out[i].MACs, out[i].Addresses, out[i].Blocked = slices.Clone(out[i].MACs), slices.Clone(out[i].Addresses), slices.Clone(out[i].Blocked)
		out[i].Closed, out[i].Shut = slices.Clone(out[i].Closed), slices.Clone(out[i].Shut)
	}
	return out
}

// reconcile writes the difference, and then looks whether there is none left.
func (e *Enforcer) reconcile(rs Ruleset) (emptied bool, err error) {
	batch, emptied, err := e.difference(rs)
	if err != nil {
		return false, err
	}
	if batch.Len() > 0 {
		if err := e.sock.Commit(batch); err != nil {
			return false, err
		}
		e.writes++
		if emptied {
			e.lost.Store(true)
			e.permits.forgotten()
			e.fresh.clear()
		}
		left, _, err := e.difference(rs)
		if err != nil {
			return emptied, fmt.Errorf("read back: %w", err)
		}
		if left.Len() > 0 {
			return emptied, fmt.Errorf("read back: the kernel still differs by %d changes", left.Len())
		}
	}
	return emptied, e.wake(rs)
}

func (e *Enforcer) difference(rs Ruleset) (*nfnl.Batch, bool, error) {
	batch, emptied := &nfnl.Batch{}, false
	for _, t := range rs.Tables {
		if t.Owner && !e.owned {
			continue
		}
		k, err := e.sock.Read(t)
		if err != nil {
			return nil, false, err
		}
		if k.There && k.Flags&nfnl.FlagOwner != 0 && k.Owner != e.sock.Port() {
			return nil, false, fmt.Errorf("table %s %s: %w", t.Family, t.Name, ErrOwned)
		}
		lost := plan(batch, k, t)
		emptied = emptied || lost
		if t.Family == rules.Bridge && t.Name == tableEnforce && len(t.Chains) > 0 && len(k.Chains) == 0 {
			e.introduce(batch, t)
		}
	}
	return batch, emptied, nil
}

// introduce tells the rules that begin to contain which stations are there: those that the observing table learnt, and
// those that the kernel has as neighbours, since the observing table is as young as this process. Without them a
// contained device could take a neighbour's MAC until that neighbour speaks.
func (e *Enforcer) introduce(b *nfnl.Batch, t *rules.Table) {
	set := t.Set("stations")
	var known []rules.Element
	seen := map[string]bool{}
	add := func(mac []byte) {
		if key := rules.Key(mac); len(mac) == 6 && !seen[key] && len(known) < maxStations {
			seen[key] = true
			known = append(known, rules.Element{Key: key})
		}
	}
	observed := &rules.Table{Family: rules.Bridge, Name: tableObserve, Sets: []*rules.Set{set}}
	if e.owned {
		err := e.sock.Elements(observed, set, func(key []byte, _ bool) { add(key) })
		if err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, nfnl.ErrInterrupted) {
			e.log.Warn("stations that were learnt before", "err", err)
		}
		for _, m := range e.neighbors() {
			add(m[:])
		}
	}
	b.FlushSet(t, set.Name) // the set has an end: what it knew is in the other one too
	b.AddElements(t, set, known)
}

// wake sets or clears the kill switch, in a transaction of its own: kernels refuse a table's flag and new base chains
// together. Rules are complete before they wake.
func (e *Enforcer) wake(rs Ruleset) error {
	batch := &nfnl.Batch{}
	for _, t := range rs.Tables {
		if t.Owner {
			continue
		}
		k, err := e.sock.Read(&rules.Table{Family: t.Family, Name: t.Name})
		if err != nil {
			return err
		}
		if (k.Flags&nfnl.FlagDormant != 0) != t.Dormant {
			batch.NewTable(t)
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	e.writes++
	if err := e.sock.Commit(batch); err != nil {
		return fmt.Errorf("kill switch: %w", err)
	}
	return nil
}

// Dormant is the kill switch: with true the tables stay and match nothing.
func (e *Enforcer) Dormant(ctx context.Context, on bool) error {
	e.mu.Lock()
	var d home.Desired
	if e.applied != nil {
		d = *e.applied
	}
	e.mu.Unlock()
	d.Dormant = on
	return e.Apply(ctx, d)
}
