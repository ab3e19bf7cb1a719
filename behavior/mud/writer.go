package mud

import "fmt"

// writer writes the entries of one of the four lists.
type writer struct {
	version int  // of IP
	outward bool // from the device
}

func (w *writer) name() string {
	way := "to"
	if w.outward {
		way = "from"
	}
	return fmt.Sprintf("%s-ipv%d", way, w.version)
}

// matches is the entry that lets a rule's packets pass in the list's direction: what is asked and what is answered.
func (w *writer) matches(r Rule) (matches, bool) {
	if r.Net.IsValid() && r.Net.Addr().Is4() != (w.version == 4) || r.Proto == 1 && w.version == 6 || r.Proto == 58 && w.version == 4 {
		return matches{}, false
	}
	var m matches
	n := &network{}
	if r.Proto != 0 {
		n.Protocol = &r.Proto
	}
	w.farEnd(&m, n, r)
	if w.version == 4 {
		m.IPv4 = n
	} else {
		m.IPv6 = n
	}
	asks := w.outward != r.Inbound
	if r.Port != 0 {
		t := &transport{Target: r.ports()}
		if !asks {
			t = &transport{Source: r.ports()}
		}
		switch r.Proto {
		case tcp:
			t.Direction = "from-device"
			if r.Inbound {
				t.Direction = "to-device"
			}
			m.TCP = t
		case udp:
			m.UDP = t
		}
	}
	return m, asks || m.TCP != nil || m.UDP != nil
}

// farEnd says whom the device talks to.
func (w *writer) farEnd(m *matches, n *network, r Rule) {
	switch r.Scope {
	case Local:
		m.MUD = &abstraction{Local: []any{nil}}
	case Controller:
		m.MUD = &abstraction{Controller: r.Class}
		if r.Class == "" {
			m.MUD = &abstraction{Mine: []any{nil}}
		}
	}
	if r.Name != "" {
		if w.outward {
			n.ToName = r.Name
		} else {
			n.FromName = r.Name
		}
	}
	if r.Net.IsValid() {
		net := r.Net.String()
		switch {
		case w.version == 4 && w.outward:
			n.To4 = net
		case w.version == 4:
			n.From4 = net
		case w.outward:
			n.To6 = net
		default:
			n.From6 = net
		}
	}
}

func (r *Rule) ports() *ports {
	if r.Port == r.Last {
		return &ports{Operator: "eq", Port: r.Port}
	}
	return &ports{Operator: "range", Lower: r.Port, Upper: r.Last}
}
