// Package endpoint names what a contact reaches at four grains, from the finest to the coarsest, so that what was learned of one
// endpoint says something of its kin: the host by its collapsed name, the registrable domain, the network, the service. It is
// what behavior's parts share; it is pure and may import home only. Nothing here allocates.
package endpoint

import (
	"strconv"

	"cardea/home"
)

// Grain is how finely an endpoint is named.
type Grain uint8

// Grains, the finest first.
const (
	Host    Grain = iota // collapsed name, else the address, with port and protocol: home.Endpoint.Hash
	Domain               // registrable domain, else the address's /24 or /48, with port and protocol
	Network              // the operator's number (ASN) with port and protocol; 0 where it is not known
	// Service is port and protocol. Ports from 1024 that nobody registered for a service are one, and by TCP to a bare address
	// another: to reach its maker's server by name on a port of the maker's own is usual, to call an address there is not.
	Service
	Grains
)

// Flags are what matters of an endpoint beside its name.
type Flags uint8

// Flags of an endpoint.
const (
	Named   Flags = 1 << iota // it has a name; without one it is a bare address
	Shared                    // the domain is shared by many customers (hosting, content networks, clouds, dynamic DNS): says nothing of who is behind
	Wide                      // the domain is one that devices of all kinds use (large platforms, time, connectivity checks)
	Usual                     // the port is 443, 853, 123 or 53
	LAN                       // it is in the home: a key space of its own
	Inbound                   // the far end began it
)

// Chain names an endpoint at every grain; 0 where it has no name of that grain. Equal chains are equal endpoints.
type Chain struct {
	Keys  [Grains]uint64
	Flags Flags
}

// Of names the endpoint of a contact. local: it is in the home, and named by its service only (addresses differ between homes);
// inbound: the far end began it.
func Of(e *home.Endpoint, local, inbound bool) Chain {
	var c Chain
	if usualPort(e.Port) {
		c.Flags |= Usual
	}
	space := "" // key spaces apart
	switch {
	case local && inbound:
		space = "lan-in "
	case local:
		space = "lan "
	case inbound:
		space = "in "
	}
	if local {
		c.Flags |= LAN
	}
	if inbound {
		c.Flags |= Inbound
	}
	if space == "" && e.Name == "" && e.Proto == "tcp" && e.Port >= 1024 && !registered(e.Port) {
		space = "bare "
	}
	c.Keys[Service] = service(space, e.Port, e.Proto)
	if local || inbound { // who it was says nothing: neighbours differ between homes, scanners between days
		c.Keys[Host] = home.HashPort(space+"port", e.Port, e.Proto)
		return c
	}
	c.Keys[Host] = e.Hash()
	if e.Name != "" {
		c.Flags |= Named
		if e.Domain != "" {
			c.Keys[Domain] = home.HashPort(e.Domain, e.Port, e.Proto)
		}
		if shared(e.Name) {
			c.Flags |= Shared
		} else if wide(e.Name) {
			c.Flags |= Wide
		}
	} else if e.IP.IsValid() {
		bits := 24
		if e.IP.Unmap().Is6() {
			bits = 48
		}
		if p, err := e.IP.Unmap().Prefix(bits); err == nil {
			c.Keys[Domain] = (&home.Endpoint{IP: p.Addr(), Port: e.Port, Proto: e.Proto}).Hash() ^ prefixed
		}
	}
	if e.ASN != 0 {
		c.Keys[Network] = network(e.ASN, e.Port, e.Proto)
	}
	return c
}

// prefixed keeps a block's key apart from that of its first address.
const prefixed = 0x9e3779b97f4a7c15

func usualPort(p uint16) bool { return p == 443 || p == 853 || p == 123 || p == 53 }

func network(asn uint32, port uint16, proto string) uint64 {
	var buf [16]byte
	b := strconv.AppendUint(append(buf[:0], "AS"...), uint64(asn), 10)
	return home.HashPort(string(b), port, proto)
}

// service folds ports that mean nothing into one.
func service(space string, port uint16, proto string) uint64 {
	if port >= 1024 && !registered(port) {
		port = 65535
	}
	return home.HashPort(space+"any", port, proto)
}

// registered are ports from 1024 by which homes' devices use a service (IANA service names and port numbers; MQTT, SIP, STUN,
// push services, casting, printing, game and voice platforms).
func registered(p uint16) bool {
	switch p {
	case 1194, 1400, 1443, 1883, 1900, 1935, 3074, 3478, 3479, 3480, 4070, 4244, 4433, 4460, 4500, 5000, 5004, 5060, 5061, 5222, 5223, 5228, 5229, 5230, 5242,
		5353, 5355, 5349, 5540, 5671, 5672, 5683, 5684, 7000, 7100, 8000, 8008, 8009, 8080, 8081, 8443, 8801, 8883, 8886, 9000, 9100, 9443, 19302, 32100, 51820:
		return true
	}
	return false
}
