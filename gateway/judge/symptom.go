package judge

import (
	"net/netip"
	"slices"

	"cardea/home"
)

// Matches says whether an observation shows a symptom still. It is asked about the device that has the symptom, also
// while it is contained (EventDropped), and errs towards yes where one packet cannot tell: a device is clean when
// nothing like its symptom is seen, and a healthy one does nothing like it.
func (j *Judge) Matches(sym home.Symptom, o *home.Observation) bool {
	if o.Device == nil {
		return false
	}
	switch o.Kind {
	case home.EventFlow:
		return o.Flow.State == home.FlowNew && matchesFlow(&sym, o)
	case home.EventDropped:
		return matchesFlow(&sym, o)
	case home.EventName:
		return byEndpoint(sym.Detector) && slices.Contains(sym.Names, o.Name.Host)
	case home.EventLookup:
		return matchesLookup(&sym, o)
	case home.EventMapping:
		return sym.Detector == home.DetectMapping && !o.Mapping.Answer && !o.Mapping.Delete
	case home.EventNeighbor:
		return matchesNeighbor(&sym, o)
	case home.EventLease:
		return sym.Detector == home.DetectRogueDHCP && o.Lease.Server
	case home.EventRouter:
		return sym.Detector == home.DetectRogueRouter
	}
	return false
}

// byEndpoint: detectors whose symptom is contact with what it names.
func byEndpoint(d home.Detector) bool {
	switch d {
	case home.DetectIndicator, home.DetectBeacon, home.DetectNovelty, home.DetectUsual, home.DetectVolume, home.DetectHours:
		return true
	}
	return false
}

func matchesLookup(sym *home.Symptom, o *home.Observation) bool {
	const noSuchName = 3 // RFC 1035 section 4.1.1
	switch {
	case byEndpoint(sym.Detector):
		return !o.Lookup.Answer && slices.Contains(sym.Names, o.Lookup.Question)
	case sym.Detector == home.DetectNames: // which names comes next nobody can say
		return o.Lookup.Answer && o.Lookup.Rcode == noSuchName
	case sym.Detector == home.DetectDNSSpoof:
		return o.Lookup.Answer && o.Source == o.Device.MAC && !o.Source.IsZero()
	}
	return false
}

func matchesFlow(sym *home.Symptom, o *home.Observation) bool {
	fl := o.Flow
	if sym.Proto != 0 && fl.Proto != sym.Proto {
		return false
	}
	dropped := o.Kind == home.EventDropped
	port := len(sym.Ports) == 0 || slices.Contains(sym.Ports, fl.Dst.Port())
	addr := len(sym.Addrs) == 0 || contains(sym.Addrs, fl.Dst.Addr())
	switch sym.Detector {
	case home.DetectScanWAN:
		// A contained device's own services time out too: only blind contacts on the scanned ports count.
		return o.Direction == home.Outbound && port && (o.Fresh || dropped && o.Far.Name == "") && !o.Resolved
	case home.DetectScanLAN:
		return o.Direction == home.Local && port && (o.Fresh || dropped) && !o.Resolved && !group(fl.Dst.Addr())
	case home.DetectScanPorts, home.DetectFlood, home.DetectBruteForce:
		return o.Direction != home.Inbound && port && addr
	case home.DetectInbound, home.DetectPort:
		return o.Direction == home.Inbound && (port || fl.ReplySrc.IsValid() && slices.Contains(sym.Ports, fl.ReplySrc.Port()))
	}
	if byEndpoint(sym.Detector) {
		if o.Direction == home.Local || sym.Detector != home.DetectIndicator && !port {
			return false
		}
		return len(sym.Names) > 0 && slices.Contains(sym.Names, o.Far.Name) ||
			len(sym.Addrs) > 0 && contains(sym.Addrs, o.Far.IP)
	}
	return false
}

func matchesNeighbor(sym *home.Symptom, o *home.Observation) bool {
	n := o.Neighbor
	switch sym.Detector {
	case home.DetectARPSpoof, home.DetectNDSpoof:
		return len(sym.Addrs) > 0 && n.SenderAddr.IsValid() && contains(sym.Addrs, n.SenderAddr)
	case home.DetectScanLAN: // looking for hosts: only where the scan was seen so
		return len(sym.Ports) == 0 && sym.Proto == 0 && n.Op == home.NeighborRequest && n.SenderAddr.IsValid() &&
			o.Peer == nil && n.SenderAddr != n.TargetAddr
	}
	return false
}

func contains(list []netip.Addr, a netip.Addr) bool { return slices.Contains(list, a.Unmap()) }

// group: multicast, or IPv4 broadcast as far as it can be told without the netmask.
func group(a netip.Addr) bool {
	a = a.Unmap()
	if a.IsMulticast() {
		return true
	}
	if !a.Is4() {
		return false
	}
	b := a.As4()
	return b[3] == 255
}
