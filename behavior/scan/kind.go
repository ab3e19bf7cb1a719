package scan

import (
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
)

// kind of a first contact: how telling it is that nobody answers.
type kind uint8

const (
	kindIgnored kind = iota
	// kindRemote: remote control of somebody else's machine. No home device goes to telnet, SMB or a router's management
	// port of an internet address that it was not told by DNS; a bot tries thousands.
	kindRemote
	// kindService: another service. The paper's hypothesis with the design's numbers: θ0 .98, θ1 .1, 5 failures.
	kindService
	// kindWeb: ports that apps reach without DNS (DNS over HTTPS, lists of addresses in the program, time servers). Their
	// hosts come and go: θ0 .8 as in the paper, θ1 .05: 11 failures in a row.
	kindWeb
	// kindHigh: where peer-to-peer programs live. Two of three peers that a node is told of are gone: θ0 .3; of random
	// addresses one in a hundred answers: θ1 .01. 47 in a row, and of one port: a swarm's peers have one each, a scanner's
	// victims share theirs. Up to 90 of 100 may be dead without a drift upwards. Pings are here, too.
	kindHigh
	// kindLAN: hosts of the home, also asked for by ARP or ND only. θ0 .8, θ1 .2 (Jung et al., section 5): 12 failures.
	kindLAN
	// kindLANRemote: telnet, SSH, SMB … of the home's hosts: 6 failures.
	kindLANRemote
	// kindSweep weighs nothing in a walk: high UDP ports of the home's hosts, of which only a sweep is told.
	kindSweep
	kinds
)

// steps of each kind. θ0 of kindRemote is what makes three silent telnet hosts enough: real bots at one host a second
// (Mirai's descendants on slow devices) must not take longer than five seconds.
var steps = [kinds]odds{
	kindRemote:    newOdds(.998, .1),
	kindService:   newOdds(.98, .1),
	kindWeb:       newOdds(.8, .05),
	kindHigh:      newOdds(.3, .01),
	kindLAN:       newOdds(.8, .2),
	kindLANRemote: newOdds(.95, .2),
	kindSweep:     newOdds(.5, .5),
}

// usual is the median time to an answer. Mobile uplinks and busy peers are slow, so the cautious kinds wait longer.
var usual = [kinds]time.Duration{
	kindRemote: 60 * time.Millisecond, kindService: 60 * time.Millisecond, kindWeb: 250 * time.Millisecond,
	kindHigh: 300 * time.Millisecond, kindLAN: 100 * time.Millisecond, kindLANRemote: 50 * time.Millisecond,
	kindSweep: 100 * time.Millisecond,
}

func wanKind(proto uint8, port uint16) kind {
	switch proto {
	case home.ProtoTCP:
		switch {
		case evidence.Remote(port):
			return kindRemote
		case port == 80, port == 443, port == 53, port == 853:
			return kindWeb
		case port < 1024, evidence.WebLike(port):
			return kindService
		}
		return kindHigh
	case home.ProtoUDP:
		switch {
		case port == 123:
			// Time servers are volunteers' pools whose members fall silent together when a home's clock client asks too
			// often (seen: 30 in 45 minutes, two cameras). Nobody scans for them from a home.
			return kindIgnored
		case port == 443, port == 80, port == 853, port == 500:
			return kindIgnored // QUIC and the like: blocked altogether in some networks, and nothing bots look for
		case port == 53:
			return kindWeb
		case port < 1024:
			return kindService
		}
		return kindHigh
	case home.ProtoICMP, home.ProtoICMPv6:
		return kindHigh
	}
	return kindIgnored
}

// lanKind: UDP within the home is answers to broadcasts, discovery and streams; single silences say nothing.
func lanKind(proto uint8, port uint16) kind {
	switch proto {
	case home.ProtoTCP:
		if evidence.Remote(port) || port == 22 || port == 2222 {
			return kindLANRemote
		}
		return kindLAN
	case home.ProtoUDP:
		switch port {
		case 53, 67, 68, 123, 137, 138, 546, 547:
			return kindIgnored
		}
		if port < 1024 {
			return kindLAN
		}
		return kindSweep
	case home.ProtoICMP, home.ProtoICMPv6:
		return kindLAN
	}
	return kindIgnored
}
