package hello

import "cardea/home"

// Limits bound what a Namer keeps of flows whose first message is not complete. Zero means the default.
type Limits struct {
	Flows     int // half-assembled flows; default 4,096
	FlowBytes int // bytes of one flow; default 16 KiB
	Bytes     int // buffers of all flows together, in bytes; default 4 MiB
}

func (l Limits) withDefaults() Limits {
	if l.Flows <= 0 {
		l.Flows = 4096
	}
	if l.FlowBytes <= 0 {
		l.FlowBytes = 16 << 10
	}
	if l.Bytes <= 0 {
		l.Bytes = 4 << 20
	}
	return l
}

// Stats are a Namer's counters since it was made; Flows and Bytes are what it holds now.
type Stats struct {
	Flows, Bytes int
	Evicted      uint64 // half-assembled flows that made room for newer ones
	GivenUp      uint64 // flows whose first message was too long, too scattered or no ClientHello after all
}

// Found is what a flow's first packets said. Host is clean (home.CleanName); it is "" when only the rest is known: a
// request to a bare address, a ClientHello without a server name.
type Found struct {
	Source home.NameSource
	Host   string
	// ECH says that Host is believed to be the outer name of an encrypted ClientHello (home.Name.ECH): the extension is
	// there and Host is one that providers use as an outer name (see Namer.Outer).
	ECH bool
	// ECHOffered says that the extension is there; most often that is noise which browsers send to every server.
	ECHOffered bool
	Agent      string // User-Agent, printable ASCII, at most 256 bytes
	JA4        string // of a complete ClientHello
	Basic      bool   // an HTTP request carried a user name and a password in the clear
	TLS        uint16 // newest version that a ClientHello offers; 0 when there was none
}

// Namer finds names in the packets that clients send. It is not safe for concurrent use.
type Namer struct {
	limit   Limits
	table   table
	syns    syns
	names   interned
	outer   outerNames
	ja4     ja4
	opener  opener
	hello   Hello
	request request
	scratch []byte // handshake message out of several records; FlowBytes
	quick   stream // CRYPTO frames of one datagram
	givenUp uint64
}

// NewNamer makes a Namer; it holds about 150 KB before the first flow.
func NewNamer(limit Limits) *Namer {
	limit = limit.withDefaults()
	n := &Namer{limit: limit, scratch: make([]byte, 0, limit.FlowBytes)}
	n.table = table{limit: limit, flows: make(map[uint64]*flow)}
	n.outer.init()
	return n
}

// Stats gives the counters.
func (n *Namer) Stats() Stats {
	return Stats{Flows: len(n.table.flows), Bytes: n.table.bytes, Evicted: n.table.evicted, GivenUp: n.givenUp}
}

// Forget drops what is kept of a flow.
func (n *Namer) Forget(id uint64) {
	n.syns.drop(id)
	if f := n.table.get(id); f != nil {
		n.table.remove(f)
	}
}

// Finish says what an unfinished first message tells, and forgets the flow: call it when a flow ends, or after TCP or
// UDP said false for a packet that the capture cut off.
func (n *Namer) Finish(id uint64, out *Found) bool {
	f := n.table.get(id)
	if f == nil {
		n.syns.drop(id)
		return false
	}
	ok := n.judge(f, true, out) == found
	n.Forget(id)
	return ok
}

// Outer tells the Namer of a public name from an ECHConfig (dnsmsg.Message.Outer): a ClientHello with the ECH extension
// and this server name is taken for an encrypted one. The 64 last learned are kept beside the built-in ones.
func (n *Namer) Outer(name string) { n.outer.learn(name) }

// give fills out from a ClientHello. One that is not complete must name its host.
func (n *Namer) give(source home.NameSource, out *Found) bool {
	host, ok := n.names.host(n.hello.ServerName)
	fingerprint := n.ja4.of(&n.hello, source)
	if !ok && (fingerprint == "" || len(n.hello.offer.ciphers) == 0) { // bytes without a cipher suite are no ClientHello
		return false
	}
	*out = Found{Source: source, Host: host, ECHOffered: n.hello.ECH, JA4: fingerprint, TLS: n.hello.newest()}
	out.ECH = n.hello.ECH && n.outer.has(host)
	return true
}

// giveRequest fills out from a request or a CHLO.
func (n *Namer) giveRequest(source home.NameSource, out *Found) bool {
	host, _ := n.names.host(n.request.host)
	agent := n.names.agent(n.request.agent)
	if host == "" && agent == "" && !n.request.basic {
		return false
	}
	*out = Found{Source: source, Host: host, Agent: agent, Basic: n.request.basic}
	return true
}

// judge reads what a flow has so far. With final, or when the capture cut bytes off or left a hole, a name whose bytes
// are there counts even though the message is not complete.
func (n *Namer) judge(f *flow, final bool, out *Found) verdict {
	b := f.stream.prefix()
	if len(b) == 0 {
		return more
	}
	final = final || f.cut || f.stream.holes() || len(b) >= n.limit.FlowBytes
	switch f.kind {
	case kindQUIC:
		return n.cryptoStream(b, final, out)
	case kindDTLS:
		return n.dtlsMessage(b, f.total, final, out)
	}
	return n.tcpBytes(b, final, out)
}

// keep charges a flow's growth and gives it up when it has become too long, or has had too many packets.
func (n *Namer) keep(f *flow) {
	f.pieces++
	if f.pieces > maxSpans || len(f.stream.prefix()) >= n.limit.FlowBytes {
		n.givenUp++
		n.table.remove(f)
		return
	}
	n.table.charge(f)
}

// message reads a handshake message and gives its name when it is complete, or final and the name is there.
func (n *Namer) message(msg []byte, final bool, source home.NameSource, out *Found) verdict {
	if !n.hello.Parse(msg) {
		if len(msg) < 4 && (len(msg) == 0 || msg[0] == typeClientHello) {
			return more
		}
		return notOurs
	}
	return n.settle(final, source, out)
}

// settle turns a parsed hello into a verdict.
func (n *Namer) settle(final bool, source home.NameSource, out *Found) verdict {
	if !n.hello.Complete && !final {
		return more
	}
	if n.give(source, out) {
		return found
	}
	if n.hello.Complete {
		return notOurs
	}
	return more
}
