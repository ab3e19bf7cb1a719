package gateway

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"cardea/gateway/judge"
	"cardea/home"
)

// Rules are what the owner decided about endpoints: names (each with all names below it), addresses and CIDR blocks.
type Rules struct {
	Allow []string `yaml:"allow" json:"allow,omitempty"`
	Block []string `yaml:"block" json:"block,omitempty"`
}

// PolicyConfig is the policy of the configuration file: for the home, and for devices by MAC.
type PolicyConfig struct {
	Rules   `yaml:",inline"`
	Devices map[string]Rules `yaml:"devices"`
}

// maxRules bounds the entries of one list.
const maxRules = 4096

// endpointOf reads an entry: a name, an address or a block.
func endpointOf(s string) (name string, p netip.Prefix, err error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return "", p.Masked(), nil
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return "", netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	name, ok := home.CleanName(strings.TrimPrefix(s, "*."))
	if !ok {
		return "", p, fmt.Errorf("%q is neither a name nor an address nor a block of addresses", s)
	}
	return name, p, nil
}

func (r Rules) check() error {
	for _, list := range [][]string{r.Allow, r.Block} {
		if len(list) > maxRules {
			return fmt.Errorf("%d entries; at most %d", len(list), maxRules)
		}
		for _, s := range list {
			if _, _, err := endpointOf(s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r Rules) forJudge() (out judge.Rules) {
	split := func(list []string) (names []string, addrs []netip.Prefix) {
		for _, s := range list {
			if name, p, err := endpointOf(s); err != nil {
				continue
			} else if name != "" {
				names = append(names, name)
			} else {
				addrs = append(addrs, p)
			}
		}
		return names, addrs
	}
	out.Allow, out.AllowAddrs = split(r.Allow)
	out.Block, out.BlockAddrs = split(r.Block)
	return out
}

// policies are the configuration's rules and what the owner added since; the latter are remembered.
type policies struct {
	mu    sync.Mutex
	fixed map[home.DeviceID]Rules // "" is the home
	added map[home.DeviceID]Rules
	acted map[home.DeviceID][]string // what the gateway itself blocks for open cases
}

// act notes what the gateway itself blocks; it says whether that is other than before.
func (p *policies) act(blocked map[home.DeviceID][]string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if maps.EqualFunc(p.acted, blocked, slices.Equal) {
		return false
	}
	p.acted = blocked
	return true
}

func (p *policies) of(id home.DeviceID) Rules {
	f, a := p.fixed[id], p.added[id]
	return Rules{Allow: slices.Concat(f.Allow, a.Allow), Block: slices.Concat(f.Block, a.Block)}
}

// unsaid leaves out of what is blocked for a device by itself what people allowed it, or all: their word comes first. mu is held.
func (p *policies) unsaid(id home.DeviceID, blocked []string) []string {
	allowed := slices.Concat(p.of(id).Allow, p.of("").Allow)
	return slices.DeleteFunc(slices.Clone(blocked), func(e string) bool {
		return slices.ContainsFunc(allowed, func(a string) bool { return sameEndpoint(a, e) })
	})
}

// has says whether there are rules for a device.
func (p *policies) has(id home.DeviceID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, fixed := p.fixed[id]
	_, added := p.added[id]
	return fixed || added
}

// loadPolicy takes the configuration's rules and those that were remembered.
func (g *Gateway) loadPolicy(remembered map[home.DeviceID]Rules) {
	g.rules.fixed = map[home.DeviceID]Rules{"": g.cfg.Policy.Rules}
	for s, r := range g.cfg.Policy.Devices {
		if mac, err := home.ParseMAC(s); err == nil {
			g.rules.fixed[g.observer.IDOf(mac)] = r
		}
	}
	g.rules.added = map[home.DeviceID]Rules{}
	maps.Copy(g.rules.added, remembered)
	g.applyPolicy()
}

func (g *Gateway) applyPolicy() {
	g.exceptions.Store(g.rules.exceptions())
	g.rules.mu.Lock()
	defer g.rules.mu.Unlock()
	p := judge.Policy{Rules: g.rules.of("").forJudge(), Devices: map[home.DeviceID]judge.Rules{}}
	for _, from := range []map[home.DeviceID]Rules{g.rules.fixed, g.rules.added} {
		for id := range from {
			if id != "" {
				p.Devices[id] = g.rules.of(id).forJudge()
			}
		}
	}
	for id, blocked := range g.rules.acted {
		r := g.rules.of(id)
		r.Block = append(r.Block, g.rules.unsaid(id, blocked)...)
		p.Devices[id] = r.forJudge()
	}
	g.judge.SetPolicy(p)
}

// sameEndpoint says whether two entries mean the same.
func sameEndpoint(a, b string) bool {
	n, p, err := endpointOf(a)
	m, q, err2 := endpointOf(b)
	return err == nil && err2 == nil && n == m && p == q
}

func without(list []string, endpoint string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return sameEndpoint(s, endpoint) })
}

// rule changes what the owner decided about one endpoint for one device ("" is every device): block, unblock, allow or
// disallow. What is forbidden now is cut at once.
func (g *Gateway) rule(id home.DeviceID, endpoint, verb string) error {
	name, addr, err := endpointOf(endpoint)
	if err != nil {
		return err
	}
	if err := g.rules.change(id, endpoint, verb); err != nil {
		return err
	}
	g.hits.over(endpoint)
	g.applyPolicy()
	if g.resolver != nil {
		g.resolver.Flush()
	}
	g.wake()
	if verb == "block" {
		g.later(func(ctx context.Context) error { return g.cutFlows(ctx, id, name, addr) })
	}
	if addr.IsValid() && (verb == "allow" || verb == "disallow") { // the kernel refuses listed addresses by itself
		g.later(func(ctx context.Context) error { return g.enforcer.Sync(ctx, g.listedAddrs()) })
	}
	return nil
}

// change notes a decision. The latest one about an endpoint counts.
func (p *policies) change(id home.DeviceID, endpoint, verb string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.added[id]
	switch verb {
	case "block":
		r.Block, r.Allow = append(without(r.Block, endpoint), endpoint), without(r.Allow, endpoint)
	case "allow":
		r.Allow, r.Block = append(without(r.Allow, endpoint), endpoint), without(r.Block, endpoint)
	case "unblock":
		r.Block = without(r.Block, endpoint)
	case "disallow":
		r.Allow = without(r.Allow, endpoint)
	default:
		return fmt.Errorf("%q is not known here", verb)
	}
	if max(len(r.Block), len(r.Allow)) > maxRules {
		return fmt.Errorf("there are %d rules already", maxRules)
	}
	p.added[id] = r
	return nil
}

// merge gives one device what was decided about another's endpoints; false: nothing was. It stays noted of that one too: it holds
// again when they are split.
func (p *policies) merge(into, from home.DeviceID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	any := false
	for _, of := range []map[home.DeviceID]Rules{p.fixed, p.added} {
		r, ok := of[from]
		if !ok {
			continue
		}
		to := of[into]
		for _, e := range r.Block {
			to.Block = append(without(to.Block, e), e)
		}
		for _, e := range r.Allow {
			to.Allow = append(without(to.Allow, e), e)
		}
		to.Block, to.Allow = to.Block[:min(len(to.Block), maxRules)], to.Allow[:min(len(to.Allow), maxRules)]
		of[into], any = to, true
	}
	return any
}

// get is what holds for one device, or ("") for the home.
func (p *policies) get(id home.DeviceID) Rules {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of(id)
}

// exceptions are addresses that the kernel does not judge by itself, because its sets are the same for all devices: flows to
// them are judged one by one, and killed.
type exceptions struct {
	allowed []netip.Prefix // somebody may reach them against a list
	blocked []netip.Prefix // blocks of addresses; single ones are the kernel's
}

func (p *policies) exceptions() *exceptions {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := &exceptions{}
	for _, from := range []map[home.DeviceID]Rules{p.fixed, p.added} {
		for _, r := range from {
			out.allowed = append(out.allowed, addrsOf(r.Allow, false)...)
			out.blocked = append(out.blocked, addrsOf(r.Block, true)...)
		}
	}
	return out
}

func addrsOf(list []string, wide bool) (out []netip.Prefix) {
	for _, s := range list {
		if _, a, err := endpointOf(s); err == nil && a.IsValid() && (!wide || !a.IsSingleIP()) {
			out = append(out, a)
		}
	}
	return out
}

// has says whether flows to an address are judged one by one.
func (e *exceptions) has(a netip.Addr) bool {
	within := func(p netip.Prefix) bool { return p.Contains(a) }
	return e != nil && (slices.ContainsFunc(e.allowed, within) || slices.ContainsFunc(e.blocked, within))
}

// cutFlows kills the running flows of a device ("" is every device) to an endpoint.
func (g *Gateway) cutFlows(ctx context.Context, id home.DeviceID, name string, addr netip.Prefix) error {
	var flows []home.Flow
	g.mu.Lock()
	g.observer.Flows(id, func(f home.Flow, e home.Endpoint) bool {
		if name != "" && (e.Name == name || strings.HasSuffix(e.Name, "."+name)) || addr.IsValid() && addr.Contains(f.Dst.Addr().Unmap()) {
			flows = append(flows, f)
		}
		return len(flows) < 4096
	})
	g.mu.Unlock()
	for _, f := range flows {
		if err := g.enforcer.Kill(ctx, f); err != nil {
			return err
		}
	}
	g.count("flows_cut", uint64(len(flows)))
	return nil
}

// blockedFor are the addresses that a device may not reach, for the kernel. Blocks of addresses are left to the judge.
func (g *Gateway) blockedFor(id home.DeviceID) (list []home.Endpoint) {
	g.rules.mu.Lock()
	defer g.rules.mu.Unlock()
	for _, whose := range []home.DeviceID{id, ""} {
		block := g.rules.of(whose).Block
		if whose != "" {
			block = append(block, g.rules.unsaid(whose, g.rules.acted[whose])...)
		}
		for _, s := range block {
			if name, p, err := endpointOf(s); err == nil && name == "" && p.IsSingleIP() {
				list = append(list, home.Endpoint{IP: p.Addr()})
			}
		}
	}
	return list
}
