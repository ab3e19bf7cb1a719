package enforce

import (
	"fmt"
	"time"

	"cardea/home"

	r "cardea/gateway/enforce/rules"
)

// Per-port bounds of what one port can make us log, packets a second and at once. A flooder uses up its own.
const (
	flowRate, flowBurst       = 500, 1000  // flows between devices
	chatterRate, chatterBurst = 100, 300   // DHCP, mDNS, SSDP
	claimRate, claimBurst     = 100, 300   // ARP and ND: of their own, so that chatter cannot hide a lie
	firstRate, firstBurst     = 4000, 8000 // first packets of routed flows, up to 8 a flow
	earlyRate, earlyBurst     = 200, 400   // first data of TCP flows between devices
	youngRate, youngBurst     = 1, 4       // of them of one direction of one flow, while it is young
	youngFor                  = 10 * time.Second
)

// flagPSH is set in the segment that ends what a program wrote (RFC 9293 section 3.9.1.2): a greeting, a request, a banner.
const flagPSH = 0x08

// portPCP takes requests for port mappings by PCP and NAT-PMP (RFC 6887 section 19.3, RFC 6886 section 3).
const portPCP = 5351

// IGMP's protocol number and the MLD reports by which devices join groups (RFC 3376, RFC 2710, RFC 3810).
const (
	protoIGMP              = 2
	mldReport1, mldReport2 = 131, 143
)

// bridgeObserve logs what happens between devices. Neighbour discovery between two devices is unicast and never reaches
// the bridge's own interface: hence prerouting.
func (c *compiler) bridgeObserve() *r.Table {
	seen := func(name string, addr r.Type) *r.Set {
		return &r.Set{Name: name, Key: []r.Type{r.EtherAddr, addr, r.Proto, r.Service}, Dynamic: true, Expiring: true, Timeout: time.Minute, Size: 65535}
	}
	budget := func(name string) *r.Set {
		return &r.Set{Name: name, Key: []r.Type{r.IfIndex}, Dynamic: true, Expiring: true, Timeout: time.Minute, Size: 1024}
	}
	talk := &r.Set{Name: "talk", Key: []r.Type{r.Service}}
	for _, p := range []uint16{67, 68, 546, 547, 1900, 5353} {
		talk.Add(r.Element{Key: r.Key(r.PortKey(p)), Text: fmt.Sprint(p)})
	}
	nd := &r.Set{Name: "nd", Key: []r.Type{r.Proto}}
	for _, n := range []byte{routerSolicit, routerAdvert, neighborSolicit, neighborAdvert} {
		nd.Add(r.Element{Key: r.Key([]byte{n}), Text: fmt.Sprint(n)})
	}
	young := func(name string, addr r.Type) *r.Set {
		return &r.Set{Name: name, Key: []r.Type{addr, addr, r.Service, r.Service}, Dynamic: true, Expiring: true, Timeout: youngFor, Size: 16384}
	}
	mld := &r.Set{Name: "mld", Key: []r.Type{r.Proto}}
	for _, n := range []byte{mldReport1, mldReport2} {
		mld.Add(r.Element{Key: r.Key([]byte{n}), Text: fmt.Sprint(n)})
	}
	igmp := &r.Set{Name: "igmp", Key: []r.Type{r.Proto}}
	igmp.Add(r.Element{Key: r.Key([]byte{protoIGMP}), Text: fmt.Sprint(protoIGMP)})
	young4, young6, early := young("young4", r.IPv4Addr), young("young6", r.IPv6Addr), budget("early")
	tuple4 := []r.Field{r.IP4Src, r.IP4Dst, r.TCPSrc, r.TCPDst}
	tuple6 := []r.Field{r.IP6Src, r.IP6Dst, r.TCPSrc, r.TCPDst}
	data := r.Log("", GroupLAN, 1600, 1)
	seen4, seen6, flows, chatter := seen("seen4", r.IPv4Addr), seen("seen6", r.IPv6Addr), budget("flows"), budget("chatter")
	claims := budget("claims")
	key4 := []r.Field{r.EtherSrc, r.IP4Dst, r.L4, r.THDst}
	key6 := []r.Field{r.EtherSrc, r.IP6Dst, r.L4, r.THDst}
	log := r.Log("", GroupLAN, 128, 1)
	stations := stationsSet()
	return &r.Table{Family: r.Bridge, Name: tableObserve, Owner: true,
		Sets: []*r.Set{seen4, seen6, young4, young6, flows, early, chatter, claims, talk, nd, mld, igmp, stations},
		Chains: []*r.Chain{
			{Name: "prerouting", Type: "filter", Hook: "prerouting", Priority: -290, Rules: c.observePorts(stations, talk, nd, mld, igmp)},
			{Name: "talking", Rules: []r.Rule{
				c.rule(r.Bridge, r.Budget(chatter, chatterRate, chatterBurst, r.InIndex), r.Log("", GroupLAN, 1600, 1)),
			}},
			{Name: "claiming", Rules: []r.Rule{
				c.rule(r.Bridge, r.Budget(claims, claimRate, claimBurst, r.InIndex), r.Log("", GroupLAN, 1600, 1)),
			}},
			{Name: "forward", Type: "filter", Hook: "forward", Priority: -190, Rules: []r.Rule{
				c.rule(r.Bridge, r.Flags(flagSYN|flagRST|flagPSH, 0, "! syn,rst,psh"), r.Accept()),
				c.rule(r.Bridge, r.Flags(flagSYN|flagRST, 0, "! syn,rst"), r.Goto("tcp_data")),
				c.rule(r.Bridge, r.TCP(), r.Budget(flows, flowRate, flowBurst, r.InIndex), r.Goto("tcp_new")),
				c.rule(r.Bridge, r.UDP(), r.Goto("udp_flow")),
			}},
			// what each side says first; its limit comes with the key that tcp_new put there. Only what ends a write is
			// looked up: the bulk of a transfer pays for nothing
			{Name: "tcp_data", Rules: []r.Rule{
				c.rule(r.Bridge, r.Within(young4, tuple4...), r.Budget(early, earlyRate, earlyBurst, r.InIndex), data),
				c.rule(r.Bridge, r.Within(young6, tuple6...), r.Budget(early, earlyRate, earlyBurst, r.InIndex), data),
			}},
			{Name: "tcp_new", Rules: []r.Rule{
				c.rule(r.Bridge, r.Flags(flagSYN, flagSYN, "& syn == syn"), r.Budget(young4, youngRate, youngBurst, tuple4...)),
				c.rule(r.Bridge, r.Flags(flagSYN, flagSYN, "& syn == syn"), r.Budget(young6, youngRate, youngBurst, tuple6...)),
				c.rule(r.Bridge, log),
			}},
			// once a minute for each far port of each pair; a key is only remembered within the port's budget, so that
			// nobody fills the set alone
			{Name: "udp_flow", Rules: []r.Rule{
				c.rule(r.Bridge, r.Within(talk, r.UDPDst), r.Return()), // logged in prerouting
				c.rule(r.Bridge, r.Within(seen4, key4...), r.Return()),
				c.rule(r.Bridge, r.Within(seen6, key6...), r.Return()),
				c.rule(r.Bridge, r.Budget(flows, flowRate, flowBurst, r.InIndex), r.Goto("udp_new")),
			}},
			{Name: "udp_new", Rules: []r.Rule{
				c.rule(r.Bridge, r.Remember(seen4, key4...)),
				c.rule(r.Bridge, r.Remember(seen6, key6...)),
				c.rule(r.Bridge, log),
			}},
		}}
}

// observePorts is the one chain that every frame from the LAN passes while nobody is contained: it notes the port, and
// lets ordinary packets go at once. While somebody is contained, `bridge cardea` has noted the port already.
func (c *compiler) observePorts(stations, talk, nd, mld, igmp *r.Set) []r.Rule {
	var out []r.Rule
	if !c.contain {
		out = append(out, c.rule(r.Bridge, r.SetPort()))
	}
	out = append(out,
		c.rule(r.Bridge, r.TCP(), r.Accept()),
		c.rule(r.Bridge, r.Within(talk, r.UDPDst), r.Goto("talking")),
		c.rule(r.Bridge, r.Port(r.UDPSrc, 1900), r.Goto("talking")), // answers to an SSDP search
		c.rule(r.Bridge, r.UDP(), r.Accept()))
	out = append(out, c.learn(stations)...)
	return append(out,
		c.rule(r.Bridge, r.ARP(), r.Goto("claiming")),
		c.rule(r.Bridge, r.Within(nd, r.ICMP6), r.Goto("claiming")),
		c.rule(r.Bridge, r.Within(mld, r.ICMP6), r.Goto("talking")),
		c.rule(r.Bridge, r.Within(igmp, r.L4), r.Goto("talking")))
}

// inetObserve diverts DNS and logs first packets. tproxy, not nat: a nat mapping outlives its table, and without the
// agent a client that keeps its source port would stay without names. Each chain begins with what lets most packets go.
func (c *compiler) inetObserve() *r.Table {
	flows := &r.Set{Name: "flows", Key: []r.Type{r.MarkType}, Dynamic: true, Expiring: true, Timeout: time.Minute, Size: 4096}
	transport := &r.Set{Name: "transport", Key: []r.Type{r.Proto}}
	for _, p := range []byte{home.ProtoTCP, home.ProtoUDP} {
		transport.Add(r.Element{Key: r.Key([]byte{p}), Text: home.ProtoName(p)})
	}
	fromLAN, free := r.Is(r.In, c.cfg.Bridge), r.Unmarked(MarkContained)
	budget := r.Budget(flows, firstRate, firstBurst, r.PortMark)
	log := r.Log("", GroupFirst, 1600, 16)
	return &r.Table{Family: r.Inet, Name: tableObserve, Owner: true, Sets: []*r.Set{flows, transport}, Chains: []*r.Chain{
		{Name: "divert", Type: "filter", Hook: "prerouting", Priority: -151, Rules: []r.Rule{
			c.rule(r.Inet, r.Port(r.THDst, 53), fromLAN, r.Goto("names")),
		}},
		{Name: "names", Rules: []r.Rule{
			c.rule(r.Inet, free, r.Port(r.UDPDst, 53), r.Divert(c.cfg.ResolverPort), r.SetMark(MarkDivert), r.Accept()),
			c.rule(r.Inet, free, r.Port(r.TCPDst, 53), r.Divert(c.cfg.ResolverPort), r.SetMark(MarkDivert), r.Accept()),
		}},
		{Name: "forward", Type: "filter", Hook: "forward", Priority: -9, Rules: []r.Rule{
			c.rule(r.Inet, r.Running(8), r.Accept()),
			c.rule(r.Inet, fromLAN, r.Young(8), r.Within(transport, r.L4), budget, log),
			c.rule(r.Inet, r.IsNot(r.In, c.cfg.Bridge), r.Is(r.Out, c.cfg.Bridge), r.NewFlow(), budget, log),
		}},
		// what devices begin with the gateway itself: of TCP the first packets, because port mappings are asked for in them,
		// and each request to the port mapper, whose clients keep their source port. Diverted DNS is the resolver's to see
		{Name: "input", Type: "filter", Hook: "input", Priority: -9, Rules: []r.Rule{
			c.rule(r.Inet, r.TCP(), fromLAN, r.Unmarked(MarkDivert), free, r.Young(8), budget, log, r.Accept()),
			c.rule(r.Inet, r.Port(r.UDPDst, portPCP), fromLAN, budget, log, r.Accept()),
			c.rule(r.Inet, fromLAN, r.Unmarked(MarkDivert), r.NewFlow(), budget, log),
		}},
	}}
}
