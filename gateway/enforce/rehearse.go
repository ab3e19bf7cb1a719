package enforce

import (
	"fmt"
	"net/netip"

	"cardea/gateway/enforce/nfnl"
	"cardea/gateway/enforce/rules"
	"cardea/home"
)

// rehearse lets the kernel read all rules that may be needed later, so that one that lacks something is found out when
// the agent starts and not when the first device is to be contained. One transaction makes and removes the tables, which
// are dormant besides: no packet meets them.
func rehearse(cfg Config, sock *nfnl.Socket) error {
	v4, v6 := netip.AddrFrom4([4]byte{192, 0, 2, 1}), netip.MustParseAddr("2001:db8::1") // for documentation (RFC 5737, 3849)
	rs, err := compile(cfg, home.Desired{Devices: []home.DeviceRule{{Device: "rehearsal", Mode: home.ModeQuarantine,
		MACs: []home.MAC{{2, 0, 0, 0, 0, 1}}, Addresses: []netip.Addr{v4, v6}, Port: "cardea-try", Alone: true,
		Blocked: []home.Endpoint{{IP: v4}, {IP: v6}, {IP: v4, Port: 443}, {IP: v6, Port: 443}}},
		{Device: "rehearsal of a profile", Mode: home.ModeProfileOnly, MACs: []home.MAC{{2, 0, 0, 0, 0, 4}}},
		{Device: "rehearsal of makers", Mode: home.ModeVendorOnly, MACs: []home.MAC{{2, 0, 0, 0, 0, 2}}, Addresses: []netip.Addr{v4, v6},
			Port: "cardea-only", Alone: true},
		{Device: "rehearsal of updates", Mode: home.ModeUpdateOnly, MACs: []home.MAC{{2, 0, 0, 0, 0, 5}}},
		{Device: "rehearsal of a pause", Paused: true, MACs: []home.MAC{{2, 0, 0, 0, 0, 6}}, Shut: []home.PortRule{{Proto: home.ProtoTCP, Port: 23}},
			Port: "cardea-shut", Alone: true},
		{Device: "rehearsal of ports", MACs: []home.MAC{{2, 0, 0, 0, 0, 3}}, Addresses: []netip.Addr{v4, v6},
			Closed: []home.PortRule{{Proto: home.ProtoTCP, Port: 80}}}}}, true)
	if err != nil {
		return err
	}
	b := &nfnl.Batch{}
	for _, t := range rs.Tables {
		if t.Owner {
			continue // made as they are with every start
		}
		try := *t
		try.Name, try.Dormant = t.Name+"_try", true
		rehearseTable(b, &try)
	}
	if err := sock.Commit(b); err != nil {
		return fmt.Errorf("this kernel cannot enforce: %w", err)
	}
	return nil
}

func rehearseTable(b *nfnl.Batch, t *rules.Table) {
	b.NewTable(t)
	for _, s := range t.Sets {
		b.NewSet(t, s)
		b.AddElements(t, s, s.Elements)
	}
	for _, c := range t.Chains {
		b.NewChain(t, c)
	}
	for _, c := range t.Chains {
		for _, r := range c.Rules {
			b.NewRule(t, c.Name, r)
		}
	}
	b.DelTable(t)
}
