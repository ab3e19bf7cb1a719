package usual

import (
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/evidence"
	"cardea/behavior/profile"
	"cardea/home"
)

// The first contact with a command server is told at once where it is known what is normal. All must hold:
//
//   - the device is of a class without a browser; its very model was learnt, or, of bare addresses, it was active itself on three days
//     before;
//   - the device itself never used the endpoint, nor its address under another name;
//   - by name: nobody at all is known to use the host, its domain or its network on that port, and the model's own kind does not
//     use the domain on another port; the port is no web port and none that a service has by registration;
//   - by a bare address: nobody's device uses the service, or only others do, less often within the model's kind than at large.
//     To call bare addresses on ports that no service has is a service of its own (endpoint.Service). Of a kind that has such
//     ports by name the name may only have been missed: there DNS was heard long enough to know;
//   - on a web port: the device goes by names, was never seen to do without, and DNS was heard long enough to know.
//
// What benign devices meet for the first time is left out: time and DNS servers, mail servers that people enter, UDP between
// cameras and phones, the maker's own domain, platforms that all use, another maker's broker on the port that brokers have. Real
// units of 26 models were looked through for these.
const (
	// unheard is from how many bits on nobody at all is known to use any name of an endpoint. The cap itself, less rounding.
	unheard = 19.5
	// heardFor is how long DNS must have been heard, since devices go on to use what they were told before.
	heardFor  = time.Hour
	heardFrom = 3 // look-ups that were answered
)

// reasons to tell at first contact.
const (
	whyPort = "port" // a service that its model does not use
	whyBare = "bare" // an address without a name, where its model goes by names
)

// found is a contact that is judged.
type found struct {
	dev      *Device
	who      who
	far      *home.Endpoint
	chain    *endpoint.Chain
	met      Met
	moment   evidence.Moment
	resolved bool // DNS gave the address, or it has answered before
}

func (d *Detector) first(f *found) (string, bool) {
	now := f.moment.Time.UnixNano()
	heard := f.dev.names >= heardFrom && f.dev.since != 0 && now-f.dev.since >= int64(heardFor)
	blind := !f.resolved // to have been answered before, on another port, excuses no odd port: command servers have several
	if !f.met.New || f.dev.Gateway || !blind && (web(f.far) || served(f.who.profile, f.chain, f.far)) {
		return "", false
	}
	return First(f.who.profile, f.who.all, f.chain, f.far, &f.dev.State, f.who.class, heard)
}

// served: a bare address on a port that a service has by registration, and that its kind is known to use. If DNS gave the address or it
// answered before, that is no blind contact: a broker's next address, whose name was told long ago.
func served(p *profile.Profile, c *endpoint.Chain, far *home.Endpoint) bool {
	if c.Flags&endpoint.Named != 0 || odd(c, far) || c.Keys[endpoint.Service] == unassigned(far.Proto) {
		return false
	}
	k := endpoint.Chain{Flags: c.Flags}
	k.Keys[endpoint.Service] = c.Keys[endpoint.Service]
	return p.Bits(&k) < unheard
}

// First says whether a contact that the device never made before is to be told at once, and why. p is of its model or what is
// nearest to it, all of all devices; heard: the device's look-ups were heard for so long that an address without a name has none.
func First(p, all *profile.Profile, c *endpoint.Chain, far *home.Endpoint, s *State, class home.DeviceClass, heard bool) (string, bool) {
	if c.Flags&(endpoint.LAN|endpoint.Inbound|endpoint.Wide) != 0 || !Headless(class) || p.Homes() == 0 {
		return "", false
	}
	model := p.Level().Model != ""
	if !model && (s.active <= ownFirst || s.odd > 0) {
		return "", false
	}
	bare := c.Flags&endpoint.Named == 0
	switch {
	case web(far):
		return whyBare, bare && heard && far.Proto == "tcp" && s.bare == 0 && s.named > 0 && unheardOf(p, c)
	case c.Flags&endpoint.Usual != 0:
		return "", false
	case odd(c, far):
		return whyPort, stray(p, all, c, s, class, model, heard)
	case bare:
		return whyPort, model && strange(p, all, c, far, class)
	}
	return whyPort, model && !assigned(c, far) && !mail(far.Port) && unheardOf(p, c) && !sameMaker(p, c, far)
}

// ownFirst is on how many days before a device of a model that nobody knows was active itself. Its vendor's and its class's
// devices, or at least all devices, are known.
const ownFirst = 3

// odd: a bare address on a TCP port that no service has.
func odd(c *endpoint.Chain, far *home.Endpoint) bool {
	return c.Flags&endpoint.Named == 0 && far.Proto == "tcp" && c.Keys[endpoint.Service] == strayService
}

// strayService is the key of such.
var strayService = endpoint.Of(&home.Endpoint{Port: 65535, Proto: "tcp"}, false, false).Keys[endpoint.Service]

// stray: its kind does not call bare addresses on odd ports. Of a kind that calls names there the name may have been told unheard, and
// cameras meet people's phones: of these DNS must have been heard, and the device itself must never have done it. So must a device
// of a model that nobody knows, whose class is only asked whether it does so more often than others.
func stray(p, all *profile.Profile, c *endpoint.Chain, s *State, class home.DeviceClass, model, heard bool) bool {
	never := heard && s.odd == 0
	if !model {
		return never && !commoner(p, all, c)
	}
	return rarer(p, all, c, strayService) && (never || rarer(p, all, c, unassignedTCP) && (!peers(class) || p.Bits(c) >= unheard))
}

// unheardOf: nobody is known to use the host, its domain (of an address its neighbours) or its network on that port. The port
// alone excuses nobody.
func unheardOf(p *profile.Profile, c *endpoint.Chain) bool {
	k := *c
	k.Keys[endpoint.Service] = 0
	return p.Bits(&k) >= unheard
}

// strange: nobody uses the service, or the model's kind does so less often than devices at large. What is folded into "any high
// port" is not strange of a device that talks to peers, nor by UDP.
func strange(p, all *profile.Profile, c *endpoint.Chain, far *home.Endpoint, class home.DeviceClass) bool {
	if p.Bits(c) >= unheard {
		return true
	}
	return far.Proto == "tcp" && !peers(class) && class != home.ClassHub && rarer(p, all, c, c.Keys[endpoint.Service])
}

// rarer: nobody uses the service, or the model's kind does so less often than devices at large; and the endpoint is known by no
// better name.
func rarer(p, all *profile.Profile, c *endpoint.Chain, service uint64) bool {
	k := *c
	k.Keys[endpoint.Service] = service
	best := p.Bits(&k)
	k = endpoint.Chain{Flags: c.Flags}
	k.Keys[endpoint.Service] = service
	bits := p.Bits(&k)
	return best >= bits && (bits >= unheard || bits > all.Bits(&k)+less)
}

// commoner: its neighbours are known, or its kind calls bare addresses on odd ports more often than devices at large.
func commoner(p, all *profile.Profile, c *endpoint.Chain) bool {
	k := endpoint.Chain{Flags: c.Flags}
	k.Keys[endpoint.Service] = c.Keys[endpoint.Service]
	bits := p.Bits(&k)
	return p.Bits(c) < bits || bits < all.Bits(&k)-less
}

// less is how much less often, in bits, a kind must use a service than devices at large for that to say that it does not.
const less = 1

// mail: people enter their own mail server into cameras and printers.
func mail(port uint16) bool {
	switch port {
	case 25, 110, 143, 465, 587, 993, 995:
		return true
	}
	return false
}

// assigned: a port that a service has by registration, from 1024 on, where makers' brokers and relays are.
func assigned(c *endpoint.Chain, far *home.Endpoint) bool {
	return far.Port >= 1024 && c.Keys[endpoint.Service] != unassigned(far.Proto)
}

var unassignedTCP, unassignedUDP = home.HashPort("any", 65535, "tcp"), home.HashPort("any", 65535, "udp")

func unassigned(proto string) uint64 {
	if proto == "tcp" {
		return unassignedTCP
	}
	return unassignedUDP
}

// sameMaker: its model, its vendor or its class uses the domain on a usual port.
func sameMaker(p *profile.Profile, c *endpoint.Chain, far *home.Endpoint) bool {
	if c.Flags&endpoint.Shared != 0 || far.Domain == "" {
		return false
	}
	k := endpoint.Chain{Flags: c.Flags}
	for _, at := range [...]struct {
		port  uint16
		proto string
	}{{443, "tcp"}, {80, "tcp"}, {8883, "tcp"}, {123, "udp"}, {443, "udp"}, {8443, "tcp"}, {50443, "tcp"}} {
		k.Keys[endpoint.Domain] = home.HashPort(far.Domain, at.port, at.proto)
		if p.Bits(&k) < unheard {
			return true
		}
	}
	return false
}

// peers: classes whose devices talk to people's phones directly, by addresses that a relay gives.
func peers(class home.DeviceClass) bool {
	return class == home.ClassCamera || class == home.ClassDoorbell
}

// Headless says whether devices of a class do only what their makers thought of: there is no browser, and nobody installs programs.
func Headless(class home.DeviceClass) bool { return evidence.Headless(class) }
