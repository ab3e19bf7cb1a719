package dnsmsg

import "cardea/gateway/capture/ascii"

// asked takes a question of an mDNS message.
func (m *Message) asked(n *nameBuf, typ uint16) {
	if s := m.serviceType(n); s != "" {
		if typ == TypePTR && !m.Response {
			m.Sought = add(m.Sought, s, MaxNames)
		}
		m.Asked = add(m.Asked, s, MaxNames)
		return
	}
	m.Asked = add(m.Asked, m.cache.free(n.bytes()), MaxNames)
}

// announced takes a record of an mDNS message. A query's authority section is what a probing device claims as its own
// (RFC 6762 section 8.2).
func (m *Message) announced(b []byte, s section, r *record) {
	if !m.Response && s != authority || r.class != 1 {
		return
	}
	switch r.typ {
	case TypeA, TypeAAAA:
		if a, ok := address(r); ok {
			m.addAddr(a)
			m.host(r.name)
		}
	case TypePTR:
		if _, ok := m.text[1].read(b, r.at); ok {
			m.pointer(r.name, &m.text[1])
		}
	case TypeSRV: // priority, weight, port, target (RFC 2782)
		m.instance(r.name)
		if len(r.data) < 7 {
			return
		}
		if _, ok := m.text[1].read(b, r.at+6); ok {
			m.host(&m.text[1])
		}
	case TypeTXT:
		m.instance(r.name)
		m.details(r.data)
	}
}

// pointer takes a PTR record: an instance of a service type, a type in the list of types (RFC 6763 section 9), or an
// address's host.
func (m *Message) pointer(owner, target *nameBuf) {
	switch {
	case string(owner.labelAt(0)) == "_services":
		m.Services = add(m.Services, m.serviceType(target), MaxNames)
	case ascii.EqualFold(owner.labelAt(-1), "arpa"):
		m.host(target)
	default:
		m.Services = add(m.Services, m.serviceType(owner), MaxNames)
		m.instance(target)
	}
}

// serviceAt is where the service type begins in a name: the label before _tcp or _udp (RFC 6763 section 4.1); -1 without.
func serviceAt(n *nameBuf) int {
	for i := n.count - 1; i > 0; i-- {
		l, before := n.labelAt(i), n.labelAt(i-1)
		if (ascii.EqualFold(l, "_tcp") || ascii.EqualFold(l, "_udp")) && len(before) > 1 && before[0] == '_' {
			return i - 1
		}
	}
	return -1
}

// serviceType is the service type in a name, "_ipp._tcp", or "" without.
func (m *Message) serviceType(n *nameBuf) string {
	i := serviceAt(n)
	if i < 0 {
		return ""
	}
	return m.cache.free(n.b[n.start(i):n.ends[i+1]])
}

// instance takes an instance name, "Living Room._hap._tcp.local": what stands before the type, and the type.
func (m *Message) instance(n *nameBuf) {
	i := serviceAt(n)
	if i < 0 {
		return
	}
	m.Services = add(m.Services, m.serviceType(n), MaxNames)
	if i == 0 || n.labelAt(0)[0] == '_' { // a subtype or the type itself
		return
	}
	m.Instances = add(m.Instances, m.cache.free(n.b[:n.ends[i-1]]), MaxNames)
}

// host takes a machine's name, without ".local".
func (m *Message) host(n *nameBuf) {
	if n.count > 1 && ascii.EqualFold(n.labelAt(-1), "local") {
		m.Hosts = add(m.Hosts, m.cache.free(n.b[:n.ends[n.count-2]]), MaxNames)
		return
	}
	m.Hosts = add(m.Hosts, m.cache.free(n.bytes()), MaxNames)
}

// details takes the strings of a TXT record (RFC 6763 section 6).
func (m *Message) details(b []byte) {
	for len(b) > 0 {
		n := int(b[0])
		if 1+n > len(b) {
			return
		}
		if kv := b[1 : 1+n]; n > 0 && kv[0] != '=' {
			m.Details = add(m.Details, m.cache.free(kv), MaxDetails)
		}
		b = b[1+n:]
	}
}
