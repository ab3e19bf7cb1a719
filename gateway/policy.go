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
}

func (p *policies) of(id home.DeviceID) Rules {
	f, a := p.fixed[id], p.added[id]
	return Rules{Allow: slices.Concat(f.Allow, a.Allow), Block: slices.Concat(f.Block, a.Block)}
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
	g.judge.SetPolicy(p)
}

// rule changes what the owner decided about one endpoint for one device ("" is every device): block, or not any more.
// What is forbidden now is cut at once.
func (g *Gateway) rule(id home.DeviceID, endpoint string, block bool) error {
	name, addr, err := endpointOf(endpoint)
	if err != nil {
		return err
	}
	g.rules.mu.Lock()
	r := g.rules.added[id]
	r.Block = slices.DeleteFunc(slices.Clone(r.Block), func(s string) bool { return s == endpoint })
	if block {
		if len(r.Block) >= maxRules {
			g.rules.mu.Unlock()
			return fmt.Errorf("there are %d rules already", maxRules)
		}
		r.Block = append(r.Block, endpoint)
	}
	g.rules.added[id] = r
	g.rules.mu.Unlock()
	g.applyPolicy()
	g.resolver.Flush()
	g.wake()
	if block {
		g.later(func(ctx context.Context) error { return g.cutFlows(ctx, id, name, addr) })
	}
	return nil
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
		for _, s := range g.rules.of(whose).Block {
			if name, p, err := endpointOf(s); err == nil && name == "" && p.IsSingleIP() {
				list = append(list, home.Endpoint{IP: p.Addr()})
			}
		}
	}
	return list
}
