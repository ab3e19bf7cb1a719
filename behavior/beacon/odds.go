package beacon

import (
	"math"
	"time"

	"cardea/home"
)

// A sequential test as in Wald, "Sequential Tests of Statistical Hypotheses" (Annals of Mathematical Statistics 16, 1945), as Jung
// et al. use it for scans: each thing that a call shows multiplies the likelihood ratio by Pr[it|malware calls home]/Pr[it|healthy],
// here as sums of natural logarithms that never fall below 0 and leak with time. The probabilities are assumptions of magnitude,
// set with the captures in mind that gateway/judge/captures_test.go names as tuned on; what counts is that no single fact is enough.

// alpha is the probability that a healthy device's calls cross the threshold by chance.
const alpha = 1e-4

var threshold = math.Log(1 / alpha) // 9.2 nats

// leak: a whole threshold fades in this time, so that one silent call in a quarter of an hour never adds up.
const leak = 2 * time.Hour

// kind of a call by its port.
type kind uint8

const (
	ignored kind = iota // services that people and programs are known to reach by bare addresses, dead ones too
	web                 // web servers' ports: weak, and only of a device that calls few hosts
	odd                 // no well-known service: nothing healthy calls such a port of an address that nobody named, but a swarm
	known               // where remote controls of machines and botnets' chat servers listen by custom
	telnet              // telnet and its like: nobody's program; who calls many of them is a scanner and told as such
	kinds
)

// odds are the steps of a kind.
type odds struct {
	first   float64 // such an address is called at all
	dead    float64 // the call is not answered, or refused
	ok      float64 // it is answered
	persist float64 // it is called again within persistSpan after it was dead
	stays   float64 // it is answered, and kept open for longer than heldSpan
	churn   float64 // it was answered, and is called again within churnSpan: a session that fails at once, over and over
	// most that silence and churn may add. Of a named server neither alone is enough: dead clouds are tried for days.
	deadMost, churnMost float64
}

func ln(malware, healthy float64) float64 { return math.Log(malware / healthy) }

var bare = [kinds]odds{
	web:    {first: ln(.8, .1), dead: ln(.6, .1), ok: ln(.4, .9), persist: ln(.95, .3), deadMost: 20},
	odd:    {first: ln(.7, .02), dead: ln(.6, .1), ok: ln(.4, .9), persist: ln(.95, .3), churn: ln(.45, .1), deadMost: 20, churnMost: 8},
	known:  {first: ln(.7, .005), dead: ln(.6, .1), ok: ln(.4, .9), persist: ln(.95, .3), churn: ln(.45, .1), stays: ln(.7, .2), deadMost: 20, churnMost: 8},
	telnet: {first: ln(.7, .0005), dead: ln(.6, .1), ok: ln(.4, .9), persist: ln(.95, .3), stays: ln(.7, .03), deadMost: 20}, // hanging up at once is password guessing
}

var byName = odds{
	first: ln(.5, .3), dead: ln(.6, .3), ok: ln(.4, .7), persist: ln(.95, .9), churn: ln(.45, .1), deadMost: 4, churnMost: 8,
}

// both: one bare address is called on a web port and on an odd one, as who fetches its program where it takes its orders.
var both = ln(.3, .1)

const (
	persistSpan = 10 * time.Minute
	churnSpan   = 20 * time.Second
	heldSpan    = time.Minute
	// apart: calls closer together are one program's parallel connections.
	apart = 800 * time.Millisecond
	// useBytes: a session on an odd port that moved so much was of use.
	useBytes = 64 << 10
)

// useful is the step for a session that was of use.
var useful = ln(.1, .5)

func kindOf(proto uint8, port uint16) kind {
	switch {
	case port == 80, port == 443, port == 8080, port == 8443, port == 8000, port == 8008, port == 8081, port == 8088, port == 8888:
		return web
	case service(port):
		return ignored
	case proto != home.ProtoTCP:
		return odd
	}
	switch port {
	case 23, 26, 2323, 5358, 7547, 9527, 9530, 23231, 37215, 52869, 60023: // as evidence.Remote has them
		return telnet
	case 1177, 5552, 1604, 3460, 4444, 1337, 31337, 48101, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 7000:
		// njRAT, DarkComet, Poison Ivy and Metasploit as they are delivered; Mirai; IRC, which people's programs reach by names
		return known
	}
	return odd
}

// service: ports that IANA or custom give to what homes use, so that a bare address there is explained by a setting somebody made or
// by a list in the program: mail, file transfer, remote shells, name and time, VPN, calls, messengers' and makers' push, brokers, games.
func service(port uint16) bool {
	switch port {
	case 20, 21, 22, 25, 53, 110, 119, 123, 143, 465, 587, 853, 990, 989, 992, 993, 995, 554, 563, 873,
		500, 1194, 1701, 1723, 4500, 51820, 51821, 1080, 3128, // VPN, proxies
		1883, 8883, 8886, 5671, 5672, 61613, 61614, // brokers (8886: Tuya's)
		3389, 5900, 5901, 5938, 7070, 6568, 4070, // remote desktops, AnyDesk, TeamViewer; Spotify
		3478, 3479, 5349, 5350, 19302, 5060, 5061, 10001, // STUN, TURN, SIP; cameras' P2P
		5222, 5223, 5224, 5228, 5229, 5230, 2195, 2196, 2197, // XMPP and push of Apple, Google
		1119, 25565, 3724, 9339, // games
		8123, 32400, 5000, 5001, 5006, 8096, 8920, 8554, 9000, 34567, 37777, // people's own servers and cameras, called from home as from afar
		50443, 32100, 32700, 6881, 4662, 8333, 18080, 30303, 9001, 9030, 9735: // TP-Link's cloud, cameras' P2P, swarms, Tor
		return true
	}
	return port >= 27015 && port <= 27050 // Steam
}
