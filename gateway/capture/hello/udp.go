package hello

import "cardea/home"

// UDP takes a datagram that a client sent on flow id, to port dstPort. QUIC and DTLS are recognised on any port but those
// of DNS. Datagrams may come in any order, twice, or not at all; those of a server are recognised as such by their keys
// and ignored. It says true, and fills out, when the datagram made a name known.
func (n *Namer) UDP(id uint64, dstPort uint16, payload []byte, out *Found) bool {
	if len(payload) < 18 || dstPort == 53 || dstPort == 5353 {
		return false
	}
	switch {
	case payload[0] == recordHandshake && payload[1] == 0xfe:
		return n.dtls(id, payload, out)
	case looksQUIC(payload):
		return n.quic(id, payload, out)
	case looksGoogle(payload):
		v := googleHello(payload, &n.request)
		return v != notOurs && n.giveRequest(home.NameQUIC, out)
	}
	return false
}

// initials is what the Initial packets of one datagram brought.
type initials struct {
	version uint32
	dcid    connID // the keys' one
	some    bool   // CRYPTO frames came
	cut     bool   // the capture cut one of the packets off
}

// quic reads a datagram with QUIC packets.
func (n *Namer) quic(id uint64, b []byte, out *Found) bool {
	f := n.table.get(id)
	if f != nil && f.kind != kindQUIC {
		n.table.remove(f)
		f = nil
	}
	s := &n.quick
	if f != nil {
		s = &f.stream
	} else {
		s.reset()
	}
	got := n.readInitials(b, f, s)
	if !got.some {
		return false
	}
	return n.quicResult(id, f, got, out)
}

// readInitials adds the CRYPTO frames of all Initial packets of a datagram to s.
func (n *Namer) readInitials(b []byte, f *flow, s *stream) (got initials) {
	for len(b) > 0 {
		p, rest, ok := parseLong(b)
		if !ok {
			break
		}
		b = rest
		if !p.initial {
			continue
		}
		frames, with, ok := n.openInitial(&p, f)
		if !ok {
			continue
		}
		if f != nil && with != f.dcid { // a Retry, or a new connection on the same ports: what is there is of the old one
			s.reset()
			f.dcid, f.version = with, p.version
		}
		if cryptoFrames(frames, s, n.limit.FlowBytes) {
			got.some, got.version, got.dcid = true, p.version, with
			got.cut = got.cut || p.cut
		}
	}
	return got
}

// openInitial tries the keys of the flow's first DCID, then those of the packet's own.
func (n *Namer) openInitial(p *longPacket, f *flow) (frames []byte, with connID, ok bool) {
	own := makeConnID(p.dcid)
	if f != nil && f.version == p.version {
		if frames, ok = n.opener.open(p, f.dcid); ok && (!p.cut || plausible(frames)) {
			return frames, f.dcid, true
		}
		if f.dcid == own {
			return nil, own, false
		}
	}
	frames, ok = n.opener.open(p, own)
	return frames, own, ok && (!p.cut || plausible(frames))
}

// plausible says whether frames that were decrypted without proof start as an Initial's do.
func plausible(frames []byte) bool {
	for _, c := range frames {
		switch c {
		case 0, 1:
			continue
		case 2, 3, 6:
			return true
		}
		return false
	}
	return false
}

// quicResult judges the CRYPTO stream so far, and keeps it when it is not complete.
func (n *Namer) quicResult(id uint64, f *flow, got initials, out *Found) bool {
	if f == nil {
		if b := n.quick.prefix(); len(b) > 0 {
			if v := n.cryptoStream(b, got.cut, out); v == found || v == notOurs || got.cut {
				return v == found
			}
		}
		f = n.table.add(id, kindQUIC)
		f.version, f.dcid = got.version, got.dcid
		f.stream.buf = append(f.stream.buf, n.quick.buf...)
		f.stream.spans = append(f.stream.spans, n.quick.spans...)
		n.keep(f)
		return false
	}
	f.cut = f.cut || got.cut
	b := f.stream.prefix()
	v := more
	if len(b) > 0 {
		// A hole is no reason to be content with less: CRYPTO frames come in any order.
		v = n.cryptoStream(b, f.cut || len(b) >= n.limit.FlowBytes, out)
	}
	if v == more {
		n.keep(f)
		return false
	}
	n.table.remove(f)
	return v == found
}

// cryptoStream reads the client's first CRYPTO bytes: a ClientHello, or Google's CHLO.
func (n *Namer) cryptoStream(b []byte, final bool, out *Found) verdict {
	if b[0] != 'C' {
		return n.message(b, final, home.NameQUIC, out)
	}
	if len(b) >= 4 && string(b[:4]) != "CHLO" {
		return notOurs
	}
	v := chlo(b, &n.request)
	if v == more && !final || v == notOurs {
		return v
	}
	if n.giveRequest(home.NameQUIC, out) {
		return found
	}
	return v
}

// dtls reads a datagram with a ClientHello or a fragment of one.
func (n *Namer) dtls(id uint64, b []byte, out *Found) bool {
	d, ok := parseDTLS(b)
	if !ok || d.total > n.limit.FlowBytes {
		return false
	}
	f := n.table.get(id)
	if f == nil && d.off == 0 && len(d.data) == d.total {
		return n.dtlsMessage(d.data, d.total, false, out) == found
	}
	if f != nil && (f.kind != kindDTLS || f.total != d.total) {
		n.table.remove(f)
		f = nil
	}
	if f == nil {
		f = n.table.add(id, kindDTLS)
		f.total = d.total
	}
	if !f.stream.add(d.off, d.data, n.limit.FlowBytes) {
		n.table.remove(f)
		return false
	}
	v := n.judge(f, false, out)
	if v == more {
		n.keep(f)
		return false
	}
	n.table.remove(f)
	return v == found
}

// dtlsMessage reads a ClientHello without its handshake header.
func (n *Namer) dtlsMessage(b []byte, total int, final bool, out *Found) verdict {
	n.hello.reset()
	n.hello.Complete = len(b) >= total
	if !n.hello.body(b, true) {
		return notOurs
	}
	return n.settle(final, home.NameSNI, out)
}
