package normal

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"cardea/behavior/endpoint"
	"cardea/behavior/herd"
	"cardea/home"
	"cardea/wire/pb"
)

// target is an endpoint of a finding, in plain text: a finding is a case, and names whom a device dealt with.
type target struct{ herd.Endpoint }

const (
	maxTargets = 32 // endpoints of one finding
	maxCard    = 64 << 10
)

// targetsOf are the endpoints that a finding tells of: what has to fall silent, and what was seen. What cannot be one is left out.
func targetsOf(f *pb.Finding) (out []target) {
	s := f.GetSymptom()
	proto := map[uint32]string{6: "tcp", 17: "udp"}[s.GetProto()]
	for _, port := range s.GetPorts()[:min(len(s.GetPorts()), 16)] {
		for _, name := range s.GetNames()[:min(len(s.GetNames()), 16)] {
			out = addTarget(out, name, netip.Addr{}, port, proto)
		}
		for _, text := range s.GetAddrs()[:min(len(s.GetAddrs()), 16)] {
			if a, err := netip.ParseAddr(text); err == nil {
				out = addTarget(out, "", a, port, proto)
			}
		}
	}
	var card home.Card
	if len(f.GetCard()) == 0 || len(f.GetCard()) > maxCard || json.Unmarshal(f.GetCard(), &card) != nil {
		return out
	}
	for _, c := range card.Seen[:min(len(card.Seen), 16)] {
		out = addTarget(out, c.Endpoint.Name, c.Endpoint.IP, uint32(c.Endpoint.Port), c.Endpoint.Proto)
	}
	return out
}

func addTarget(list []target, name string, addr netip.Addr, port uint32, proto string) []target {
	t := target{herd.Endpoint{Name: strings.TrimSuffix(strings.ToLower(name), "."), Port: uint16(port), Proto: proto}}
	if t.Name == "" {
		t.Addr = addr.Unmap().WithZone("")
	}
	if port == 0 || port > 0xffff || len(list) >= maxTargets || !t.fits() || slices.Contains(list, t) {
		return list
	}
	return append(list, t)
}

// fits says whether it can be an endpoint in the internet.
func (t *target) fits() bool {
	if t.Proto != "tcp" && t.Proto != "udp" {
		return false
	}
	if t.Name == "" {
		return t.Addr.IsGlobalUnicast() && !t.Addr.IsPrivate()
	}
	_, err := netip.ParseAddr(t.Name)
	return err != nil && len(t.Name) <= 253 && plain(t.Name) && !strings.ContainsAny(t.Name, ":/#") && strings.Contains(t.Name, ".")
}

// who is its host.
func (t *target) who() string {
	if t.Name != "" {
		return t.Name
	}
	return t.Addr.String()
}

func (t *target) String() string { return t.who() + " " + strconv.Itoa(int(t.Port)) + " " + t.Proto }

// targetsText is how they are stored: a line each.
func targetsText(list []target) []byte {
	out := []byte{}
	for i := range list {
		out = append(append(out, list[i].String()...), '\n')
	}
	return out
}

func parseTargets(b []byte) (out []target) {
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		port, err := strconv.ParseUint(f[1], 10, 16)
		if err != nil {
			continue
		}
		name, addr := f[0], netip.Addr{}
		if a, err := netip.ParseAddr(f[0]); err == nil {
			name, addr = "", a
		}
		out = addTarget(out, name, addr, uint32(port), f[2])
	}
	return out
}

// endpoint is it as gateways tell of it.
func (t *target) endpoint() *home.Endpoint {
	e := &home.Endpoint{Name: t.Name, IP: t.Addr, Port: t.Port, Proto: t.Proto}
	if t.Name != "" {
		e.Domain = domainOf(t.Name)
	}
	return e
}

// chain is it at every grain that can be known here.
func (t *target) chain() endpoint.Chain { return endpoint.Of(t.endpoint(), false, false) }

// wide says whether any domain above it is one that devices of all kinds use: some of those are public suffixes, too.
func (t *target) wide() bool {
	e := t.endpoint()
	for rest := t.Name; rest != ""; {
		e.Domain = rest
		if c := endpoint.Of(e, false, false); c.Flags&endpoint.Wide != 0 {
			return true
		}
		_, rest, _ = strings.Cut(rest, ".")
	}
	return false
}

func (t *target) hash() uint64 { return t.endpoint().Hash() }
